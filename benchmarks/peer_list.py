"""The other estimators, and what they are asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bitnet_hw.estimate import DEFAULT_CONTEXT
from bitnet_hw.model import load_model

__all__ = ["MODEL", "PEERS", "WHOLE_MODEL", "Peer", "Question", "layers", "whole_model"]

MODEL = "bitnet-b1.58-3b"
WHOLE_MODEL = "whole model"
QUICK_SIZE = 640
WARM_UP_SIZE = 64


@dataclass(frozen=True)
class Question:
    """What a tool evaluates.

    Parameters
    ----------
    name : str
        Inputs x outputs of the layer, or `WHOLE_MODEL`.
    asked, warm_up : dict
        For the tool's program: what is measured, and something small to begin with.
    """

    name: str
    asked: Mapping[str, Any]
    warm_up: Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """An estimator that is published as a Python package.

    Parameters
    ----------
    title : str
        Its name in tables.
    requirements : tuple of str
        What is installed: its version, and what it needs without saying so.
    program : str
        File under peer_programs/ that asks it.
    covers : str
        What one of its evaluations is.
    python : tuple of int
        The version that it needs; any that runs this project if empty.
    settings : dict
        Part of every question.
    model : bool
        It takes the whole model, and no single layer.
    """

    title: str
    requirements: tuple[str, ...]
    program: str
    covers: str
    python: tuple[int, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    model: bool = False

    @property
    def environment(self) -> str:
        """Name of the folder with its virtual environment, which settings share."""
        return self.requirements[0].replace("==", "-")

    def questions(self, *, quick: bool) -> Iterator[Question]:
        """Yield what it is asked, the smallest first."""
        for question in [whole_model()] if self.model else layers(quick=quick):
            yield Question(
                question.name,
                {**question.asked, **self.settings},
                {**question.warm_up, **self.settings},
            )


def layers(*, quick: bool) -> list[Question]:
    """Return a small layer and, unless in a hurry, each shape of the model's layers; one token."""
    shapes = [(QUICK_SIZE, QUICK_SIZE)]
    if not quick:
        shapes += [(layer.k, layer.n) for layer in load_model(MODEL).projections]
    warm_up = {"m": 1, "k": WARM_UP_SIZE, "n": WARM_UP_SIZE}
    return [
        Question(f"{k}x{n}", {"m": 1, "k": k, "n": n}, warm_up) for k, n in dict.fromkeys(shapes)
    ]


def whole_model() -> Question:
    """Return the question for a token of the model."""
    model = load_model(MODEL)
    sizes = {name: getattr(model, name) for name in ("name", "hidden", "heads", "ffn", "vocab")}
    asked = {**sizes, "layers": model.layers, "context": DEFAULT_CONTEXT}
    return Question(WHOLE_MODEL, asked, {**asked, "layers": 1})


_SCALESIM = ("scalesim==3.0.0", "numpy<2")
_SCALESIM_COVERS = "one layer: cycles and buffer traffic of a 32x32 array, DRAM never in the way"

PEERS = {
    "scalesim-os": Peer(
        "SCALE-Sim, OS",
        _SCALESIM,
        "scalesim_layer.py",
        f"{_SCALESIM_COVERS}, output-stationary; no energy",
        settings={"dataflow": "os"},
    ),
    "scalesim-ws": Peer(
        "SCALE-Sim, WS",
        _SCALESIM,
        "scalesim_layer.py",
        f"{_SCALESIM_COVERS}, weight-stationary; no energy",
        settings={"dataflow": "ws"},
    ),
    "zigzag": Peer(
        "ZigZag",
        ("zigzag-dse==3.9.1", "six"),
        "zigzag_layer.py",
        "one layer: search for the loop order with the least cycles; energy with DRAM",
    ),
    "accelforge": Peer(
        "AccelForge",
        ("accelforge==1.0.467",),
        "accelforge_layer.py",
        "one layer: search for the mapping with the least time; energy with DRAM",
        python=(3, 12),
    ),
    "genz": Peer(
        "GenZ",
        ("genz-llm==0.0.16",),
        "genz_model.py",
        "whole model: roofline of matrix products, attention and lm_head; no array, no energy",
        model=True,
    ),
}
