"""TQ1_0 and TQ2_0, against the gguf package and byte by byte."""

import re

import gguf
import numpy as np
import pytest

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.checkpoint.tq_blocks import BLOCK_BYTES, open_tq_blocks

KINDS = ("TQ1_0", "TQ2_0")


def stored(tmp_path, data, kind, shape):
    path = tmp_path / "blocks"
    path.write_bytes(b"xyz" + data.tobytes())
    return StoredTensor(path, "w", kind, shape, 3, data.nbytes)


def opened(tmp_path, data, kind, shape, extra=1):
    tensor = stored(tmp_path, data, kind, shape)
    return open_tq_blocks(tensor, first_row=0, extra=np.float32(extra))


def quantized(weights, kind, scale):
    data = gguf.quants.quantize(
        weights.astype(np.float32) * np.float32(scale), gguf.GGMLQuantizationType[kind]
    )
    assert data.size == weights.size // 256 * BLOCK_BYTES[kind]
    return data


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(tmp_path, kind):
    """Bytes to weights and, quantised again by the package, to the same bytes."""
    weights = np.random.default_rng(0).integers(-1, 2, (24, 768)).astype(np.int8)
    data = quantized(weights, kind, 1.5)
    blocks = opened(tmp_path, data, kind, weights.shape)
    decoded = blocks.rows(0, 24).astype(np.int8) - 1
    np.testing.assert_array_equal(decoded, weights)
    np.testing.assert_array_equal(quantized(decoded, kind, 1.5), data)
    assert blocks.inverse_mean == np.float32(1) / np.float32(1.5)
    np.testing.assert_array_equal(blocks.rows(5, 7), blocks.rows(0, 24)[5:7])


def test_literal_tq2_0(tmp_path):
    """Weight 128 c + 32 n + b is in byte 32 c + b, bits 2 n, plus one."""
    data = np.full(66, 0b01010101, np.uint8)
    data[-2:] = np.frombuffer(np.float16(0.5).tobytes(), np.uint8)
    data[33] = 0b10_01_00_01
    codes = opened(tmp_path, data, "TQ2_0", (1, 256)).rows(0, 1)[0]
    assert {int(place): int(codes[place]) for place in np.flatnonzero(codes != 1)} == {
        128 + 32 + 1: 0,
        128 + 96 + 1: 2,
    }


def test_literal_tq1_0(tmp_path):
    """Byte b < 32 holds weights 32 n + b, the first in the highest of five base-3 digits."""
    data = np.full(54, 128, np.uint8)
    data[48:52] = 127  # 1 1 1 1 0 in base 3
    data[-2:] = np.frombuffer(np.float16(2).tobytes(), np.uint8)
    digits = (2, 0, 1, 1, 0)
    value = sum(digit * 3 ** (4 - place) for place, digit in enumerate(digits))
    data[7] = -(-value * 256 // 243)
    codes = opened(tmp_path, data, "TQ1_0", (1, 256)).rows(0, 1)[0]
    assert {int(place): int(codes[place]) for place in np.flatnonzero(codes != 1)} == {
        7: 2,
        32 + 7: 0,
        128 + 7: 0,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_were_not_ternary(tmp_path, kind):
    weights = np.random.default_rng(0).standard_normal((2, 512))
    data = quantized(weights, kind, 1)
    with pytest.raises(
        CheckpointError,
        match=r"^.*blocks: 'w' must have one scale for all its blocks, not from \d\.\d+ to "
        rf"\d\.\d+: weights were quantised to {kind} that were not ternary before, so the file "
        r"does not hold a BitNet matrix$",
    ):
        opened(tmp_path, data, kind, (2, 512))


@pytest.mark.parametrize("kind", KINDS)
def test_block_of_zeros_has_no_scale(tmp_path, kind):
    weights = np.ones((2, 512), np.int8)
    weights[0, :256] = 0
    data = quantized(weights, kind, 0.25)
    blocks = opened(tmp_path, data, kind, (2, 512), extra=2)
    np.testing.assert_array_equal(blocks.rows(0, 2), weights + 1)
    assert blocks.inverse_mean == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("scale", "shown"), [(0, "0.0"), (-1, "-1.0"), (np.nan, "nan"), (np.inf, "inf")]
)
def test_impossible_scale(tmp_path, kind, scale, shown):
    data = quantized(np.ones((1, 256), np.int8), kind, 1)
    data[0, -2:] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
    what = "'w' must have one scale" if np.isnan(scale) else "The scale of 'w' must be positive"
    with pytest.raises(CheckpointError, match=f"^.*: {what}.*{re.escape(shown)}"):
        opened(tmp_path, data, kind, (1, 256))


def test_code_three(tmp_path):
    data = quantized(np.ones((1, 256), np.int8), "TQ2_0", 1)
    data[0, 5] = 0b11111111
    blocks = opened(tmp_path, data, "TQ2_0", (1, 256))
    with pytest.raises(
        CheckpointError, match=r"^.*blocks: 'w' must have the two-bit codes 0, 1 and 2, not 3$"
    ):
        blocks.rows(0, 1)
