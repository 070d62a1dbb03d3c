"""What a model takes in memory: in all, and on the fullest chip."""

from collections.abc import Mapping

from bitnet_hw.config import Config
from bitnet_hw.elementwise import larger
from bitnet_hw.formats import FORMAT_BITS
from bitnet_hw.model import FP16_BYTES, Model

__all__ = ["fullest_chip_bytes", "stored_bytes"]


def stored_bytes(config: Config, part: Model, kv_tokens: int) -> dict[str, int]:
    """Return the bytes of each kind on the chips that share a layer, all layers together.

    Ternary weights take whole tiles, as they are streamed. The table of embeddings is FP16; a head
    that is tied to it has bytes of its own only if its format is another.

    Parameters
    ----------
    config : Config
        Encoding of the weights, and formats of the rest.
    part : Model
        What one of the chips holds of each layer.
    kv_tokens : int
        Tokens in the KV caches.
    """
    array, formats = config.array, config.formats
    tiles = sum(array.k_tiles(layer.k) * array.n_tiles(layer.n) for layer in part.projections)
    if formats.lm_head == "ternary":
        head_tiles = array.k_tiles(part.hidden) * array.n_tiles(part.vocab)
        lm_head = head_tiles * array.tile_bytes
    elif formats.lm_head == "fp16":
        lm_head = part.lm_head_parameters * FP16_BYTES
    else:
        lm_head = part.embedding_parameters * FORMAT_BITS[formats.lm_head] // 8
    sizes = {
        "ternary_weights": part.layers * tiles * array.tile_bytes,
        "embeddings": part.embedding_parameters * FP16_BYTES,
        "lm_head": lm_head,
        "norms": part.norm_parameters * FP16_BYTES,
        "kv_cache": part.kv_cache_bytes(kv_tokens, formats.kv_cache_bits),
    }
    return {kind: config.chips.tensor * size for kind, size in sizes.items()}


def fullest_chip_bytes(config: Config, part: Model, stored: Mapping[str, int]) -> int:
    """Return the bytes on the chip that holds most: most layers, and table or head.

    A head that is tied to the table of embeddings is where the table is.
    """
    chips = config.chips
    layers = -(-part.layers // chips.pipeline)
    layered = stored["ternary_weights"] + stored["norms"] + stored["kv_cache"]
    table, head = stored["embeddings"], stored["lm_head"]
    once = table + head if chips.pipeline == 1 else larger(table, head)
    return -(-(layered * layers // part.layers + once) // chips.tensor)
