"""The sections of the report that show the digits in the hardware."""

from bitnet_hw.digits_run import DigitsRun
from bitnet_hw.quantity import Quantity
from bitnet_hw.report_sections import Chapter, Fact, Facts, Section, Table

__all__ = ["digits_sections"]


def digits_sections(run: DigitsRun) -> list[Section]:
    """Return the chapter on the digits: accuracies, what was compared, cycles."""
    verdict = run.verdict
    result = verdict.to_dict()
    measured, predicted = result["counters_measured"], result["counters_predicted"]
    names = {
        "cycles": "cycles, first command to last result",
        "busy": "busy",
        "weight_wait": "waiting for weights",
        "activation_wait": "waiting for activations",
        "output_wait": "waiting for the result stream",
    }
    return [
        Chapter(
            title="Digits through the Verilog",
            lead=f"A network of {len(run.layers)} ternary layers, trained on scikit-learn's "
            f"digits. Every sum of its {run.images} test images was computed by the simulated "
            f"Verilog of {verdict.config.name} and compared with the golden PyTorch model.",
        ),
        Facts(
            title="Outcome",
            facts=[
                Fact(
                    label="accuracy of the hardware",
                    value=f"{run.hardware_accuracy:.2%}",
                    note="logits bit-identical to the golden model's"
                    if run.logits_equal
                    else "logits DIFFER from the golden model's",
                ),
                Fact(
                    label="accuracy, golden ternary",
                    value=f"{run.ternary_accuracy:.2%}",
                    note=f"{run.float_accuracy:.2%} in fp32, trained the same way",
                ),
                Fact(
                    label="accumulators compared",
                    value=f"{result['outputs_checked']:,}",
                    note=f"{result['mismatches']:,} mismatches, in {result['jobs']:,} jobs",
                ),
                Fact(
                    label="utilization",
                    value=f"{verdict.utilization:.1%}",
                    note="of peak; these layers are small and ragged for the array",
                ),
            ],
        ),
        Table(
            title="Cycles",
            columns=[
                Quantity("counter"),
                Quantity("hardware"),
                Quantity("cycle model"),
                Quantity("difference"),
            ],
            rows=[
                [names[key], measured[key], predicted[key], measured[key] - predicted[key]]
                for key in names
            ],
        ),
        Table(
            title="Layers",
            columns=[Quantity("layer"), Quantity("inputs"), Quantity("outputs")],
            rows=[[layer["name"], layer["k"], layer["n"]] for layer in run.layers],
        ),
    ]
