import gguf

from bitnet_hw.checkpoint.ggml_types import GGML_TYPES, I2_S


def test_types_are_those_of_the_package():
    for number, kind in GGML_TYPES.items():
        if kind.name != I2_S:
            theirs = gguf.GGMLQuantizationType(number)
            assert theirs.name == kind.name
            assert gguf.constants.GGML_QUANT_SIZES[theirs] == (
                kind.block_weights,
                kind.block_bytes,
            )
            assert kind.tail_bytes == 0


def test_four_weights_in_a_byte_and_the_scale_after_them():
    kind = GGML_TYPES[36]
    assert (kind.name, kind.block_weights, kind.block_bytes, kind.tail_bytes) == ("I2_S", 4, 1, 32)
