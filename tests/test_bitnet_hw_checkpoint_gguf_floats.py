import sys

import gguf
import numpy as np
import pytest

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.ggml_types import GGML_TYPES
from bitnet_hw.checkpoint.gguf_floats import read_gguf_floats
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.errors import ToolMissing


def stored(tmp_path, dtype, shape, data):
    path = tmp_path / "m.gguf"
    path.write_bytes(b"1234" + data)
    return StoredTensor(path, "token_embd.weight", dtype, shape, 4, len(data))


@pytest.mark.parametrize(
    ("dtype", "data"),
    [
        ("F32", np.array([[1, -2.5], [0, 3]], "<f4").tobytes()),
        ("F16", np.array([[1, -2.5], [0, 3]], "<f2").tobytes()),
        ("BF16", bytes.fromhex("803f 20c0 0000 4040")),
    ],
)
def test_floats(tmp_path, dtype, data):
    values = read_gguf_floats(stored(tmp_path, dtype, (2, 2), data))
    assert values.dtype == np.float32
    assert values.tolist() == [[1, -2.5], [0, 3]]


def test_q8_0_by_hand(tmp_path):
    # A scale of 0.5 and 32 signed bytes.
    block = np.float16(0.5).tobytes() + bytes([1, 254, *[0] * 29, 127])
    values = read_gguf_floats(stored(tmp_path, "Q8_0", (2, 32), 2 * block))
    assert values.shape == (2, 32)
    assert values[1, [0, 1, 2, 31]].tolist() == [0.5, -1, 0, 63.5]


def test_q6_k_by_hand(tmp_path):
    # Low halves 1 and 2 in the first byte, no high bits, 16 scales of 3, a scale of 0.25 for all.
    block = bytes([0x21, *[0] * 127, *[0] * 64, *[3] * 16]) + np.float16(0.25).tobytes()
    values = read_gguf_floats(stored(tmp_path, "Q6_K", (1, 256), block))
    # Weights are stored plus 32; the second half of a byte belongs 64 places on.
    assert values[0, [0, 1, 64]].tolist() == [0.75 * -31, 0.75 * -32, 0.75 * -30]


def test_every_type_is_decoded_as_the_package_does(tmp_path):
    for kind in GGML_TYPES.values():
        if kind.name in ("F32", "F16", "BF16", "I2_S"):
            continue
        # Bytes below 0x40 are no infinite scales in half precision, wherever a scale may be.
        blocks = np.random.default_rng(5).integers(0, 0x40, (3, 2 * kind.block_bytes), np.uint8)
        shape = (3, 2 * kind.block_weights)
        values = read_gguf_floats(stored(tmp_path, kind.name, shape, blocks.tobytes()))
        expected = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType[kind.name])
        np.testing.assert_array_equal(values, expected)
        assert values.shape == shape


@pytest.mark.parametrize("dtype", ["I2_S", "type 99"])
def test_unknown_types(tmp_path, dtype):
    with pytest.raises(
        CheckpointError,
        match=(
            r"m\.gguf: 'token_embd\.weight' must be one of F32, F16, Q4_0, .*, TQ2_0, "
            rf"not {dtype} of ggml$"
        ),
    ):
        read_gguf_floats(stored(tmp_path, dtype, (1, 4), b"\0"))


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_numbers_must_be_finite(tmp_path, value):
    data = np.array([1, float(value)], "<f2").tobytes()
    with pytest.raises(
        CheckpointError,
        match=r"m\.gguf: 'token_embd\.weight' must hold finite numbers, but has inf or nan$",
    ):
        read_gguf_floats(stored(tmp_path, "F16", (2,), data))


def test_a_file_that_became_shorter(tmp_path):
    tensor = stored(tmp_path, "Q8_0", (1, 32), bytes(34))
    tensor.path.write_bytes(bytes(20))
    with pytest.raises(CheckpointError, match=r" must hold all 34 bytes of 'token_embd\.weight'"):
        read_gguf_floats(tensor)


def test_missing_package(tmp_path, monkeypatch):
    tensor = stored(tmp_path, "Q8_0", (1, 32), bytes(34))
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(ToolMissing, match=r"^Decoding Q8_0 needs the package gguf: pip install "):
        read_gguf_floats(tensor)
