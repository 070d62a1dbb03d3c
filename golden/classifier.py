"""A small classifier of ternary layers, and the same network in fp32 to compare it with."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.bitlinear import BitLinear
from golden.threads import one_thread

__all__ = ["Classifier", "Linear", "TrainingPlan", "accuracy", "train"]

Linear = Literal["ternary", "float"]
"""Kind of the linear layers: `golden.bitlinear.BitLinear` or ``nn.Linear``, both without bias."""

NORM_EPSILON = 1e-5
"""Added to the mean square in RMSNorm, as in the BitNet b1.58 2B4T model."""


class Classifier(nn.Module):
    """A multi-layer perceptron: RMSNorm, linear, ReLU, RMSNorm, linear, ... logits.

    Each linear layer sees normalised inputs, as the FAQ of BitNet b1.58 puts an RMSNorm into each
    BitLinear, here too without weights of its own. Both kinds have the same parameters and the same
    initial values under the same seed.

    Parameters
    ----------
    widths : sequence of int
        Inputs, outputs of each hidden layer, classes; at least two.
    linear : str
        Kind of the linear layers, ``"ternary"`` or ``"float"``.

    Raises
    ------
    ValueError
        If there are fewer than two widths, or `linear` is neither kind.
    """

    def __init__(self, widths: Sequence[int], *, linear: Linear) -> None:
        super().__init__()
        if len(widths) < 2:
            raise ValueError(f"widths must be at least two numbers, not {list(widths)}")
        if linear not in ("ternary", "float"):
            raise ValueError(f"linear must be 'ternary' or 'float', not {linear!r}")
        kind = BitLinear if linear == "ternary" else nn.Linear
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for index, (inputs, outputs) in enumerate(pairwise(widths)):
            if index:
                layers[f"relu{index - 1}"] = nn.ReLU()
            layers[f"norm{index}"] = nn.RMSNorm(inputs, eps=NORM_EPSILON, elementwise_affine=False)
            layers[f"linear{index}"] = kind(inputs, outputs, bias=False)
        self.layers = nn.Sequential(layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, fp32 [M, classes], of `images`, fp32 [M, inputs]."""
        logits: Tensor = self.layers(images)
        return logits


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """Shape of the network and of its training; the defaults suit scikit-learn's digits.

    AdamW with a learning rate that falls linearly to zero, over shuffled batches, on cross-entropy.

    Parameters
    ----------
    hidden : tuple of int
        Outputs of each hidden layer.
    epochs : int
        Passes over the training set.
    batch_size : int
        Images per step.
    learning_rate : float
        At the first step.
    weight_decay : float
        Decoupled weight decay of AdamW.
    """

    hidden: tuple[int, ...] = (128, 128)
    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.01


def train(
    images: Tensor,
    labels: Tensor,
    *,
    linear: Linear,
    plan: TrainingPlan | None = None,
    seed: int = 0,
    progress: Callable[[int, float], None] | None = None,
) -> Classifier:
    """Train a classifier from scratch.

    The same arguments give the same network on the same machine. The global random state and the
    number of threads are left as they were.

    Parameters
    ----------
    images : Tensor
        fp32, [images, inputs].
    labels : Tensor
        int64, [images], classes from 0; the largest one sets the number of classes.
    linear : str
        ``"ternary"`` or ``"float"``.
    plan : TrainingPlan, optional
        Everything else; by default the defaults of `TrainingPlan`.
    seed : int
        Of the initial weights and of the order of the images.
    progress : callable, optional
        Called after each epoch with the number of epochs done and their last mean loss.

    Returns
    -------
    Classifier
        In evaluation mode.
    """
    plan = plan or TrainingPlan()
    widths = (images.shape[1], *plan.hidden, int(labels.max()) + 1)
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Classifier(widths, linear=linear)
        steps = plan.epochs * -(-len(images) // plan.batch_size)
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LinearLR(
            optimizer, start_factor=1.0, end_factor=0.0, total_iters=steps
        )
        for epoch in range(1, plan.epochs + 1):
            total = 0.0
            for batch in torch.split(torch.randperm(len(images)), plan.batch_size):
                loss = functional.cross_entropy(model(images[batch]), labels[batch])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
                optimizer.step()
                schedule.step()
                total += float(loss.detach()) * len(batch)
            if progress is not None:
                progress(epoch, total / len(images))
    return model.eval()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the fraction of `images` to which `model` gives the right label, from 0 to 1."""
    with torch.no_grad():
        return int((model(images).argmax(dim=-1) == labels).sum()) / len(labels)
