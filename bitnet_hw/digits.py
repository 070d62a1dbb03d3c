"""Handwritten digits from scikit-learn, split for training and test."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bitnet_hw.errors import ToolMissing

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TEST_IMAGES", "DigitsSplit", "load_digits_split"]

TEST_IMAGES = 360
"""Images kept for the test: a fifth of the 1797."""


@dataclass(frozen=True, eq=False)
class DigitsSplit:
    """Images, fp32 [images, 64] from 0 to 1, and labels, int64 [images] from 0 to 9."""

    train_images: "Tensor"
    train_labels: "Tensor"
    test_images: "Tensor"
    test_labels: "Tensor"


def load_digits_split(seed: int = 0) -> DigitsSplit:
    """Load the 8x8 digits that ship with scikit-learn; nothing is downloaded.

    They are the test part of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, UCI
    Machine Learning Repository, 1998): 1797 images of 8 x 8 pixels, each a number from 0 to 16. The
    split is stratified: both parts have the same share of each digit.

    Parameters
    ----------
    seed : int
        Of the split: the same seed gives the same images.

    Raises
    ------
    ToolMissing
        If scikit-learn or torch is not installed.
    """
    try:
        import torch
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise ToolMissing(
            "The digits need scikit-learn and torch, of which one is not installed "
            f"({error}): pip install 'bitnet-hw[sim]'"
        ) from error
    pixels, digits = load_digits(return_X_y=True)
    parts = train_test_split(
        pixels / 16, digits, test_size=TEST_IMAGES, stratify=digits, random_state=seed
    )
    train_pixels, test_pixels, train_digits, test_digits = parts
    return DigitsSplit(
        train_images=torch.tensor(train_pixels, dtype=torch.float32),
        train_labels=torch.tensor(train_digits, dtype=torch.int64),
        test_images=torch.tensor(test_pixels, dtype=torch.float32),
        test_labels=torch.tensor(test_digits, dtype=torch.int64),
    )
