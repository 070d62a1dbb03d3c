"""The quantisers, against hand-worked cases, an independent NumPy model and transformers."""

from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from golden.quantize import TernaryWeight, absmax_int8, absmean_ternary, dequantize

# transformers' module is compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)


@pytest.fixture
def bitnet() -> Iterator[ModuleType]:
    """Import transformers' layers and run them eagerly: compiling each shape takes seconds."""
    import transformers.integrations.bitnet as module

    with torch.compiler.set_stance("force_eager"):
        yield module


def floats(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32)


# Weights.


def test_absmean_by_hand():
    # mean = (2 + 0.75 + 0.25 + 1) / 4 = 1, so W * s = W.
    weight = absmean_ternary(torch.tensor([[2.0, -0.75], [0.25, -1.0]]))
    assert weight.ternary.tolist() == [[1, -1], [0, -1]]
    assert weight.ternary.dtype == torch.int8
    assert weight.inverse_mean.dtype == torch.float32
    assert float(weight.inverse_mean) == 1.0

    # mean = 0.3: 1.67, -0.67, 0.33, -1.33 after scaling.
    weight = absmean_ternary(torch.tensor([[0.5, -0.2], [0.1, -0.4]]))
    assert weight.ternary.tolist() == [[1, -1], [0, -1]]
    assert float(weight.inverse_mean) == pytest.approx(1 / 0.3, rel=1e-6)
    assert float(weight.mean) == pytest.approx(0.3, rel=1e-6)


def test_absmean_tie_is_zero():
    # mean = (1 + 1 + 2 + 4) / 4 = 2: the ones are exactly half of it.
    weight = absmean_ternary(torch.tensor([[1.0, -1.0, 2.0, -4.0]]))
    assert weight.ternary.tolist() == [[0, 0, 1, -1]]
    assert float(weight.inverse_mean) == 0.5
    assert weight.dequantized().tolist() == [[0.0, 0.0, 2.0, -2.0]]

    above = np.nextafter(np.float32(1), np.float32(2))
    weight = absmean_ternary(torch.tensor([[float(above), -1.0, 2.0, -4.0]]))
    assert weight.ternary.tolist() == [[1, 0, 1, -1]]


def test_absmean_multiplies_by_the_rounded_reciprocal():
    # The mean is 25. One ulp above half of it, W / 25 would round to 1, but W * fl(1/25) is 0.5.
    above = float(np.nextafter(np.float32(12.5), np.float32(13)))
    weight = absmean_ternary(torch.tensor([[above, 37.5, -25.0, 25.0]]))
    assert weight.inverse_mean.numpy() == np.float32(1) / np.float32(25)
    assert weight.ternary.tolist() == [[0, 1, -1, 1]]


def test_absmean_floor():
    # s = 1 / 1e-5, so that 1e-6 scales to 0.1; zeros stay zeros.
    for value in (0.0, 1e-6, -1e-6):
        weight = absmean_ternary(torch.full((2, 3), value))
        assert weight.ternary.tolist() == [[0, 0, 0], [0, 0, 0]]
        assert float(weight.inverse_mean) == float(1 / np.float32(1e-5))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_absmean_widens_narrow_types(dtype):
    narrow = torch.randn(96, 128, generator=torch.Generator().manual_seed(1)).to(dtype)
    expected = absmean_ternary(narrow.to(torch.float32))
    assert torch.equal(absmean_ternary(narrow).ternary, expected.ternary)
    assert torch.equal(absmean_ternary(narrow).inverse_mean, expected.inverse_mean)


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=12),
        elements=st.floats(-(2.0**20), 2.0**20, width=32),
    )
)
def test_absmean_against_numpy(values):
    weight = absmean_ternary(torch.from_numpy(values))
    # The sum's order of additions is the library's own affair; from the scale on, all is defined.
    mean = max(float(np.abs(values).mean(dtype=np.float64)), 1e-5)
    scale = weight.inverse_mean.numpy()
    assert float(scale) == pytest.approx(1 / mean, rel=1e-6)
    expected = np.clip(np.rint(values * scale), -1, 1)
    assert (weight.ternary.numpy() == expected).all()


@pytest.mark.parametrize("shape", [(1, 1), (4, 3), (64, 64), (100, 257), (640, 2560)])
def test_absmean_is_weightquant_of_transformers(bitnet, shape):
    generator = torch.Generator().manual_seed(shape[1])
    for spread in (1e-9, 1e-3, 1.0, 1e6):
        master = torch.randn(shape, generator=generator) * spread
        weight = absmean_ternary(master)
        assert torch.equal(weight.dequantized(), bitnet.WeightQuant.apply(master))


def test_gaussian_zero_fraction():
    # P(|w| < mean/2) of a Gaussian is erf(1 / (2 sqrt(pi))) = 0.31006.
    master = torch.randn(1000, 1000, generator=torch.Generator().manual_seed(0))
    zeros = float((absmean_ternary(master).ternary == 0).to(torch.float32).mean())
    assert zeros == pytest.approx(0.31006, abs=0.002)


def test_scale_conventions_are_reciprocal():
    ternary = torch.tensor([[1, 0, -1]], dtype=torch.int8)
    weight = TernaryWeight.from_mean(ternary, torch.tensor(0.25))
    assert float(weight.inverse_mean) == 4.0
    assert float(weight.mean) == 0.25
    assert weight.dequantized().tolist() == [[0.25, 0.0, -0.25]]


def test_ternary_weight_wrong():
    scale = torch.tensor(1.0)
    with pytest.raises(
        TypeError, match=r"^ternary must be int8 with 2 dimensions, not .*32 with 2$"
    ):
        TernaryWeight(torch.zeros(2, 2), scale)
    with pytest.raises(
        TypeError, match=r"^ternary must be int8 with 2 dimensions, not .*8 with 1$"
    ):
        TernaryWeight(torch.zeros(2, dtype=torch.int8), scale)
    ternary = torch.zeros(2, 2, dtype=torch.int8)
    with pytest.raises(
        TypeError, match=r"^inverse_mean must be float32 with 0 dimensions, not .*float32 with 1$"
    ):
        TernaryWeight(ternary, torch.ones(1))
    with pytest.raises(
        TypeError, match=r"^inverse_mean must be float32 with 0 dimensions, not .*bfloat16 with 0$"
    ):
        TernaryWeight(ternary, torch.tensor(1.0, dtype=torch.bfloat16))
    with pytest.raises(ValueError, match=r"^ternary must be -1, 0 or \+1, not from 0 to 2$"):
        TernaryWeight(torch.tensor([[0, 2]], dtype=torch.int8), scale)
    with pytest.raises(ValueError, match=r"^ternary must be -1, 0 or \+1, not from -128 to 0$"):
        TernaryWeight(torch.tensor([[-128, 0]], dtype=torch.int8), scale)
    with pytest.raises(ValueError, match=r"^ternary must be -1, 0 or \+1, not from -2 to 1$"):
        TernaryWeight(torch.tensor([[-2, 1]], dtype=torch.int8), scale)
    for bad in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(
            ValueError, match=rf"^inverse_mean must be positive and finite, not {bad}$"
        ):
            TernaryWeight(ternary, torch.tensor(bad))


def test_absmean_wrong():
    with pytest.raises(
        TypeError, match=r"^weight must be float32, bfloat16 or float16, not torch\.float64$"
    ):
        absmean_ternary(torch.zeros(2, 2, dtype=torch.float64))
    with pytest.raises(TypeError, match=r"^weight must have 2 dimensions, not 1$"):
        absmean_ternary(torch.zeros(2))
    with pytest.raises(ValueError, match=r"^weight must not be empty, not \[0, 2\]$"):
        absmean_ternary(torch.zeros(0, 2))
    for bad in (float("inf"), float("nan")):
        with pytest.raises(
            ValueError, match=rf"^The mean of \|weight\| must be finite, not {bad}$"
        ):
            absmean_ternary(torch.tensor([[1.0, bad]]))


# Activations.


def test_absmax_by_hand():
    # The scale is exactly 1, so the ties are exact: half goes to even.
    q, scale = absmax_int8(floats(127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.4))
    assert q.tolist() == [127, 0, 2, 2, 0, -2, -2, 126]
    assert q.dtype == torch.int8
    assert scale.dtype == torch.float32
    assert scale.tolist() == [1.0]

    # One scale for each token: 127 / 1 and 127 / 2.
    q, scale = absmax_int8(torch.tensor([[[1.0, -0.5, 0.25]], [[0.0, -2.0, 0.5]]]))
    assert q.tolist() == [[[127, -64, 32]], [[0, -127, 32]]]
    assert scale.tolist() == [[[127.0]], [[63.5]]]


def test_absmax_scale_is_rounded_twice():
    # A single division gives 8.466666 and so 63; reciprocal and product give 8.466667 and 64.
    q, scale = absmax_int8(floats(15, 7.5))
    assert q.tolist() == [127, 64]
    assert scale.numpy()[0] > np.float32(127) / np.float32(15)
    assert np.rint(np.float32(7.5) * (np.float32(127) / np.float32(15))) == 63
    # And the other way round.
    q, scale = absmax_int8(floats(47, 23.5))
    assert q.tolist() == [127, 63]
    assert scale.numpy()[0] < np.float32(127) / np.float32(47)


def test_absmax_multiplies_by_the_scale():
    # Dividing by the reciprocal of the scale would give 63.
    q, _ = absmax_int8(floats(37, 18.5))
    assert q.tolist() == [127, 64]


def test_absmax_floor():
    q, scale = absmax_int8(torch.zeros(2, 3))
    assert q.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert scale[:, 0].tolist() == pytest.approx([1.27e7, 1.27e7], rel=1e-6)
    # Below the floor the range is not filled: 1e-6 * 1.27e7 = 12.7.
    assert absmax_int8(floats(1e-6, -5e-7))[0].tolist() == [13, -6]
    # Smallest subnormal number.
    assert absmax_int8(floats(1e-45))[0].tolist() == [0]


def test_absmax_never_reaches_minus_128():
    generator = torch.Generator().manual_seed(2)
    exponents = torch.rand(200_000, 1, generator=generator) * 76 - 38
    largest = (10.0**exponents).to(torch.float32)
    q, _ = absmax_int8(torch.cat([-largest, largest], dim=1)[largest[:, 0] >= 1e-5])
    assert q.unique().tolist() == [-127, 127]


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=9),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_absmax_against_numpy(values):
    q, scale = absmax_int8(torch.from_numpy(values))
    largest = np.maximum(np.abs(values).max(axis=-1, keepdims=True), np.float32(1e-5))
    expected_scale = np.float32(1) / largest * np.float32(127)
    expected = np.clip(np.rint(values * expected_scale), -128, 127)
    assert (scale.numpy() == expected_scale).all()
    assert (q.numpy() == expected).all()


def test_absmax_is_the_quantiser_of_transformers(bitnet):
    generator = torch.Generator().manual_seed(3)
    for features in (1, 3, 64, 2560, 8640):
        x = torch.randn(5, 7, features, generator=generator)
        x[0] *= 1e-7
        x[1] *= 1e20
        x[2, :, 0] = 300.0
        x[3] = 0.0
        q, scale = absmax_int8(x)
        expected_q, expected_scale = bitnet.BitLinear.activation_quant(None, x)
        assert torch.equal(q, expected_q)
        assert torch.equal(scale, expected_scale)
        assert torch.equal(q / scale, bitnet.ActQuant.apply(x))


def test_absmax_wrong():
    for dtype in (torch.bfloat16, torch.float16, torch.float64, torch.int8):
        with pytest.raises(TypeError, match=rf"^x must be float32, not {dtype}$"):
            absmax_int8(torch.zeros(2, 2, dtype=dtype))
    with pytest.raises(ValueError, match=r"^x must have at least one feature, not shape \[3, 0\]$"):
        absmax_int8(torch.zeros(3, 0))
    with pytest.raises(ValueError, match=r"^x must have at least one feature, not shape \[\]$"):
        absmax_int8(torch.tensor(1.0))
    for bad in (float("inf"), -float("inf"), float("nan")):
        with pytest.raises(ValueError, match=r"^x must be finite, not inf or nan$"):
            absmax_int8(floats(1.0, bad))


def test_absmax_of_no_tokens():
    q, scale = absmax_int8(torch.zeros(0, 4))
    assert list(q.shape) == [0, 4]
    assert list(scale.shape) == [0, 1]


# Outputs.


def test_dequantize_by_hand():
    accumulators = torch.tensor([[6, -3], [0, 1]], dtype=torch.int32)
    y = dequantize(accumulators, torch.tensor(2.0), torch.tensor([[1.5], [4.0]]))
    assert y.tolist() == [[2.0, -1.0], [0.0, 0.125]]
    assert y.dtype == torch.float32


def test_dequantize_divides_once():
    generator = torch.Generator().manual_seed(4)
    accumulators = torch.randint(-20_000, 20_000, (64, 256), generator=generator, dtype=torch.int32)
    weight_scale = torch.rand((), generator=generator) + 0.5
    scale = torch.rand(64, 1, generator=generator) * 100 + 1
    y = dequantize(accumulators, weight_scale, scale).numpy()
    product = weight_scale.numpy() * scale.numpy()
    assert (y == accumulators.numpy().astype(np.float32) / product).all()
    twice = accumulators.numpy().astype(np.float32) / scale.numpy() / weight_scale.numpy()
    assert 0.1 < (y != twice).mean() < 0.5
