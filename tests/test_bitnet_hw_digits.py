"""The digits and their split."""

import subprocess
import sys

import pytest
import torch

from bitnet_hw.digits import load_digits_split
from bitnet_hw.errors import ToolMissing


def test_split():
    split = load_digits_split()
    assert list(split.train_images.shape) == [1437, 64]
    assert list(split.test_images.shape) == [360, 64]
    assert split.train_images.dtype == split.test_images.dtype == torch.float32
    assert split.train_labels.dtype == split.test_labels.dtype == torch.int64
    images = torch.cat([split.train_images, split.test_images])
    assert (float(images.min()), float(images.max())) == (0.0, 1.0)
    # 16 grey levels and white, exact in fp32: the sum over the data set is a known whole number.
    assert float((images * 16).to(torch.float64).sum()) == 561718
    assert split.test_labels.bincount().tolist() == [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]


def test_split_is_fixed_by_its_seed():
    first, again, other = (load_digits_split(seed) for seed in (0, 0, 1))
    assert torch.equal(first.test_images, again.test_images)
    assert torch.equal(first.train_labels, again.train_labels)
    assert not torch.equal(first.test_images, other.test_images)


@pytest.mark.parametrize("package", ["sklearn.datasets", "torch"])
def test_missing_package(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ToolMissing,
        match=r"^The digits need scikit-learn and torch, of which one is not installed "
        rf"\(.*{package}.*\): pip install 'bitnet-hw\[sim\]'$",
    ):
        load_digits_split()


def test_import_loads_nothing_heavy():
    code = "import sys, bitnet_hw.digits; print({'torch', 'sklearn', 'numpy'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"
