"""An estimate for people to read."""

import io

from rich.console import Console

from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.estimate_tables import estimate_tables
from bitnet_hw.model import load_model


def rendered(sources=False, **step):
    result = estimate(load_config("edge"), load_model("bitnet-b1.58-3b"), **step)
    console = Console(file=io.StringIO(), width=80, markup=False, highlight=False)
    for part in estimate_tables(result, sources=sources):
        console.print(part, soft_wrap=isinstance(part, str))
    return console.file.getvalue()


def test_decode():
    text = rendered()
    for expected in (
        "bitnet-b1.58-3b on edge",
        "decode, 1 sequence, 512 tokens each",
        "16 rows x 20 lanes, trit5 weights",
        "56.64",
        "43.91 mJ, scope system",
        "34.78 mJ to 75.17 mJ",
        "over 45% to 25% zeros",
        "0.0711 mm2",
        "fp16 same area",
        "the stream of ternary weights (63% of the time)",
        "total in scope array",
        "204.8 MB",
        "6.67x",
        "21.7x",
        "Not counted: the weight decoder, the lane select, wires",
    ):
        assert expected in text
    assert "Numbers from outside" not in text
    # Nothing is cut off.
    assert "\u2026" not in text


def test_prefill_is_not_compared_with_the_paper():
    text = rendered(phase="prefill", batch=2, context=16)
    assert "prefill, 2 sequences, 16 tokens each" in text
    assert "2402.17764" not in text


def test_sources():
    text = rendered(sources=True)
    assert "  memory.energy_pj_per_bit: 5 (4.2 to 8.5) pJ/bit; unverified: 4.2 (LPDDR5X)" in text
    assert "  technology.energy_pj.fp16_multiply: 0.34 pJ; unverified: Jouppi" in text


def test_too_large_for_the_memory():
    config = load_config("edge", {"memory.capacity_gb": 0.5})
    result = estimate(config, load_model("bitnet-b1.58-3b"))
    texts = [part for part in estimate_tables(result) if isinstance(part, str)]
    assert texts[-1] == (
        "The model does not fit: the fullest chip stores 1.225 GB, "
        "and lpddr5x-64 (changed) holds 500 MB."
    )
