"""Master weights, bit for bit the golden quantiser's, at the edges of rounding and in all types."""

import numpy as np
import pytest
import torch

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.master_weights import SMALLEST_MEAN, open_master_weights
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from golden.quantize import SMALLEST_SCALE, absmean_ternary

DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}


def stored(tmp_path, weight):
    [name] = [name for name, dtype in DTYPES.items() if dtype == weight.dtype]
    kind = torch.int32 if name == "F32" else torch.int16
    data = weight.contiguous().view(kind).numpy().tobytes()
    path = tmp_path / "weights"
    path.write_bytes(b"before" + data)
    return StoredTensor(path, "w", name, tuple(weight.shape), 6, len(data))


def compare(tmp_path, weight, expected=None):
    opened = open_master_weights(stored(tmp_path, weight), first_row=0, already_ternary=False)
    golden = absmean_ternary(weight)
    assert opened.inverse_mean == golden.inverse_mean.numpy()
    assert opened.inverse_mean.dtype == np.float32
    codes = opened.rows(0, len(weight))
    np.testing.assert_array_equal(codes.astype(np.int8) - 1, golden.ternary.numpy())
    if expected is not None:
        assert (codes.astype(np.int8) - 1).tolist() == expected


def test_literal_tie(tmp_path):
    """A weight of exactly half the mean is 0; the next number above is not."""
    above = float(np.nextafter(np.float32(0.5), np.float32(1)))
    weight = torch.tensor([[0.5, -0.5, 1.5, -1.5]])
    compare(tmp_path, weight, [[0, 0, 1, -1]])
    weight = torch.tensor([[above, -above, 1.5, -1.5]])
    compare(tmp_path, weight, [[1, -1, 1, -1]])


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (64, 65), (300, 1000)])
@pytest.mark.parametrize("scale", [1e-7, 1e-3, 1.0, 1e3])
def test_random(tmp_path, dtype, shape, scale):
    generator = torch.Generator().manual_seed(shape[1])
    compare(tmp_path, (torch.randn(shape, generator=generator) * scale).to(dtype))


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
def test_every_narrow_number(tmp_path, dtype):
    """All finite bfloat16 or float16 magnitudes below 2, and float32 from bfloat16."""
    narrow = dtype if dtype != torch.float32 else torch.bfloat16
    numbers = torch.arange(1 << 16, dtype=torch.int32).to(torch.int16).view(narrow)
    numbers = numbers[numbers.float().abs() < 2].to(dtype)
    compare(tmp_path, numbers.reshape(2, -1))


def test_zeros(tmp_path):
    compare(tmp_path, torch.zeros(4, 4))
    assert np.float32(SMALLEST_SCALE) == SMALLEST_MEAN


def test_rows(tmp_path):
    weight = torch.randn(20, 30, generator=torch.Generator().manual_seed(0))
    golden = absmean_ternary(weight).ternary.numpy() + 1
    opened = open_master_weights(stored(tmp_path, weight), first_row=4, already_ternary=False)
    np.testing.assert_array_equal(opened.rows(2, 9), golden[6:13])


def test_already_ternary(tmp_path):
    """The scale is the magnitude, not the mean, which zeros make smaller."""
    weight = torch.tensor([[0.0, 0.75, -0.75, 0.0]])
    for already, mean in ((True, 0.75), (False, 0.375)):
        opened = open_master_weights(stored(tmp_path, weight), first_row=0, already_ternary=already)
        assert opened.inverse_mean == np.float32(1) / np.float32(mean)
        assert opened.rows(0, 1).tolist() == [[1, 2, 0, 1]]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_mean(tmp_path, value):
    with pytest.raises(
        CheckpointError, match=rf"^.*weights: The mean of \|'w'\| must be finite, not {value}$"
    ):
        open_master_weights(
            stored(tmp_path, torch.tensor([[value, 1]])), first_row=0, already_ternary=False
        )
