"""A space of twelve systems whose answers are worked out by hand.

The model stores 12288 bytes of ternary weights (2 layers x 6 projections x 64 x 64, 4 in a byte),
8192 of embeddings (64 x 64 x 2, the head is tied to them), 640 of norms ((2 x 2 x 64 + 64) x 2) and
2048 of keys and values (2 layers x 2 x 64 x 2 bytes x 4 tokens): 23168. Of two groups of layers the
fullest stores half of the layers and the table: (12288 + 640 + 2048) / 2 + 8192 = 15680. A memory
holds 10000 bytes and costs a dollar, a chip costs ten.

    chips  memories each   holds    stores   dollars
      1          1         10000    23168       11
      1          2         20000    23168       12
      1          3         30000    23168       13
      2          1         10000    15680       22
      2          2         20000    15680       24
      2          3         30000    15680       26

Each of the six comes with an array of 8 and of 16 rows.
"""

from pathlib import Path

MODEL = """\
hidden: 64
layers: 2
heads: 1
kv_heads: 1
head_dim: 64
ffn: 64
vocab: 64
context: 64
tied_embeddings: true
activation: relu2
gated: false
sub_norms: false
"""

SEARCH = """\
base:
  array: {rows: 8, lanes: 8, weight_encoding: trit2, weight_bus_bits: 128, max_k: 64, max_tokens: 4,
          output_bus_words: 4}
  memory: {peak_gb_per_s: 1, energy_pj_per_bit: 5, capacity_gb: 0.00001, dollars_per_gb: 100000}
sweep:
  chips.pipeline: [1, 2]
  memory.count: [1, 2, 3]
  array.rows: [8, 16]
costs: {dollars_per_mm2: 0, dollars_per_chip: 10}
"""


def write_tiny(folder: Path, search: str = SEARCH) -> tuple[str, str]:
    """Write the search file and the model, and return their paths."""
    paths = folder / "search.yaml", folder / "tiny.yaml"
    for path, text in zip(paths, (search, MODEL), strict=True):
        path.write_text(text)
    return str(paths[0]), str(paths[1])
