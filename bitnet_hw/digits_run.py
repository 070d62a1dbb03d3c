"""Train the digits classifier and put its test images through an accelerator's Verilog."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bitnet_hw.digits import DigitsSplit, load_digits_split
from bitnet_hw.simulation import Simulation, Verdict, simulation_errors

if TYPE_CHECKING:
    from torch import Tensor, nn

    from golden.network import LayerTrace
    from sim.operands import JobOperands

__all__ = ["DigitsModels", "DigitsRun", "run_digits", "train_digits"]


@dataclass(frozen=True, eq=False)
class DigitsModels:
    """The same network in fp32 and with ternary weights, trained the same way.

    Attributes
    ----------
    split : DigitsSplit
        The images.
    frozen : Module
        The ternary network, frozen to integers.
    float_accuracy, ternary_accuracy : float
        On the test images, from 0 to 1.
    """

    split: DigitsSplit
    frozen: "nn.Module"
    float_accuracy: float
    ternary_accuracy: float


@dataclass(frozen=True, eq=False)
class DigitsRun:
    """What came out of the hardware.

    Attributes
    ----------
    images : int
        Test images.
    layers : list of dict
        ``name``, ``k`` and ``n`` of each ternary layer.
    float_accuracy, ternary_accuracy, hardware_accuracy : float
        On the test images: in fp32, golden, and with every sum taken from the hardware.
    logits_equal : bool
        Whether the hardware's logits are bit for bit the golden ones.
    verdict : Verdict
        The simulation.
    """

    images: int
    layers: list[dict[str, Any]]
    float_accuracy: float
    ternary_accuracy: float
    hardware_accuracy: float
    logits_equal: bool
    verdict: Verdict

    @property
    def passed(self) -> bool:
        """Whether hardware and golden model agree in everything."""
        return self.verdict.passed and self.logits_equal

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        fields = {key: value for key, value in vars(self).items() if key != "verdict"}
        return fields | {"passed": self.passed, "simulation": self.verdict.to_dict()}


def train_digits(
    *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
) -> DigitsModels:
    """Train both networks on scikit-learn's digits.

    Parameters
    ----------
    seed : int
        Of the initial weights and the order of the images; the split is always the same.
    progress : callable
        Called with ``"float"`` or ``"ternary"``, epochs done, and epochs in all.
    """
    split = load_digits_split()
    from golden.classifier import Linear, TrainingPlan, accuracy, train
    from golden.network import freeze

    plan = TrainingPlan()

    def trained(linear: Linear) -> "nn.Module":
        def epoch_done(done: int, loss: float) -> None:
            if progress is not None:
                progress(linear, done, plan.epochs)

        return train(
            split.train_images,
            split.train_labels,
            linear=linear,
            plan=plan,
            seed=seed,
            progress=epoch_done,
        )

    in_float, frozen = trained("float"), freeze(trained("ternary"))
    return DigitsModels(
        split=split,
        frozen=frozen,
        float_accuracy=accuracy(in_float, split.test_images, split.test_labels),
        ternary_accuracy=accuracy(frozen, split.test_images, split.test_labels),
    )


def run_digits(
    models: DigitsModels, simulation: Simulation, verilog: str, **settings: Any
) -> DigitsRun:
    """Put all test images through the Verilog, layer by layer, and rebuild the logits.

    The sums of a layer come from the hardware; scaling, normalisation and ReLU between the layers
    are the golden model's. `settings` go to `Simulation.run`.

    Raises
    ------
    SimulationFailed, ToolMissing
        If the simulation did not come to its end.
    """
    from golden.network import replay, trace

    split = models.split
    golden_logits, calls = trace(models.frozen, split.test_images)
    tokens = simulation.config.array.max_tokens
    operands = [item for index, call in enumerate(calls) for item in _jobs(call, index, tokens)]
    verdict = simulation.run(operands, verilog, **settings)
    logits = golden_logits
    if verdict.run.mismatches == 0:
        logits = replay(models.frozen, split.test_images, _from_hardware(calls, verdict))
    equal = verdict.run.mismatches == 0 and bool((logits == golden_logits).all())
    correct = logits.argmax(dim=-1) == split.test_labels
    return DigitsRun(
        images=len(split.test_images),
        layers=[
            {"name": call.name, "k": call.ternary.shape[1], "n": call.ternary.shape[0]}
            for call in calls
        ],
        float_accuracy=models.float_accuracy,
        ternary_accuracy=models.ternary_accuracy,
        hardware_accuracy=int(correct.sum()) / len(correct),
        logits_equal=equal,
        verdict=verdict,
    )


def _jobs(call: "LayerTrace", index: int, tokens: int) -> "list[JobOperands]":
    """Cut a layer's activations into jobs of as many tokens as the array takes."""
    with simulation_errors():
        from sim.operands import JobOperands

    import torch

    weights = call.ternary.numpy()
    return [
        JobOperands(part.numpy(), weights, flags=index)
        for part in torch.split(call.activations, tokens)
    ]


def _from_hardware(calls: "Sequence[LayerTrace]", verdict: Verdict) -> "list[LayerTrace]":
    """Return the calls with the accumulators that the hardware computed."""
    import torch

    by_layer: list[list[Tensor]] = [[] for _ in calls]
    for job, result in zip(verdict.jobs, verdict.run.results, strict=True):
        by_layer[job.flags].append(torch.from_numpy(result))
    return [
        replace(call, accumulators=torch.cat(parts))
        for call, parts in zip(calls, by_layer, strict=True)
    ]
