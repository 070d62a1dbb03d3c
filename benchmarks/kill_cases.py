"""The commands that are killed, with the files that they work on."""

from dataclasses import dataclass
from pathlib import Path
from runpy import run_path

__all__ = ["CASES", "Case", "write_inputs"]

_TESTS = Path(__file__).resolve().parents[1] / "tests"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A command of ``bitnet-hw``, and how often it is killed.

    Parameters
    ----------
    name : str
        For the table.
    arguments : tuple of str
        With ``{in}`` for the folder of the inputs and ``{out}`` for that of the results.
    before : tuple of str
        The same for a run to the end before the kills, in every second round: what was there is
        then old or new, never half.
    resume : tuple of str
        More arguments for the runs after a kill.
    kills : int
        Kills by default.
    in_a_row : int
        Kills before the run that comes to its end.
    cold : bool
        Whether each round begins with an empty cache.
    """

    name: str
    arguments: tuple[str, ...]
    before: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    kills: int
    in_a_row: int = 1
    cold: bool = False


_EXPLORE = ("explore", "{in}/%s.yaml", "-o", "{out}", "--jobs", "2", "--format", "json")
_CHARACTERIZE = ("characterize", "{in}/array.yaml", "--library", "osu018")


def _explore(sweep: str) -> tuple[str, ...]:
    return tuple(argument.replace("%s", sweep) for argument in _EXPLORE)


CASES = (
    Case(
        name="generate",
        arguments=("generate", "{in}/array.yaml", "-o", "{out}", "--name", "x"),
        before=("generate", "tiny", "-o", "{out}", "--name", "x"),
        kills=70,
    ),
    Case(
        name="pack",
        arguments=("pack", "{in}/checkpoint", "edge", "-o", "{out}"),
        before=("pack", "{in}/checkpoint", "large", "-o", "{out}"),
        kills=70,
    ),
    Case(
        name="explore, 600 estimates",
        arguments=_explore("estimates"),
        before=_explore("others"),
        resume=("--resume",),
        kills=32,
    ),
    Case(
        name="explore, 20,200 estimates",
        arguments=_explore("many"),
        resume=("--resume",),
        kills=16,
    ),
    Case(
        name="explore, simulate",
        arguments=_explore("simulate"),
        resume=("--resume",),
        kills=8,
        in_a_row=4,
        cold=True,
    ),
    Case(
        name="explore, characterize",
        arguments=_explore("characterize"),
        resume=("--resume",),
        kills=8,
        in_a_row=4,
        cold=True,
    ),
    Case(
        name="characterize -o x.json",
        arguments=(*_CHARACTERIZE, "--operands", "uniform", "-o", "{out}/x.json"),
        kills=6,
        in_a_row=3,
        cold=True,
    ),
    Case(
        name="characterize -o x.yaml",
        arguments=(*_CHARACTERIZE, "--no-training", "-o", "{out}/x.yaml"),
        kills=8,
        in_a_row=4,
        cold=True,
    ),
)

_ARRAY = """\
array: {rows: 2, lanes: 4, weight_encoding: trit2, weight_bus_bits: 16, max_tokens: 2, max_k: 64,
        output_bus_words: 1}
clock_mhz: 100
"""
_ESTIMATES = """\
base: edge
model: bitnet-b1.58-3b
context: {context}
sweep:
  memory: [lpddr5x-64, hbm3-stack]
  array.rows: {{from: 8, to: 80, step: 8}}
  array.lanes: {{from: 8, to: 80, step: 8}}
  array.weight_bus_bits: auto
  clock_mhz: {clocks}
"""
_SIMULATE = """\
base: tiny
evaluate: simulate
shapes: [2x40x9, 1x64x8]
sweep:
  array.rows: [2, 4]
  array.weight_bus_bits: auto
  clock_mhz: [500, 1000, 1500]
"""
_GATES = """\
base: array.yaml
evaluate: characterize
library: osu018
operands: uniform
sweep:
  array.lane_style: [select, biased]
"""


def write_inputs(folder: Path) -> None:
    """Write configurations, sweeps and a checkpoint into a folder."""
    folder.mkdir(parents=True)
    texts = {
        "array": _ARRAY,
        "estimates": _ESTIMATES.format(context=512, clocks="[500, 1000, 1500]"),
        "others": _ESTIMATES.format(context=64, clocks="[500, 1000]"),
        "many": _ESTIMATES.format(context=512, clocks="{from: 200, to: 2000, points: 101}"),
        "simulate": _SIMULATE,
        "characterize": _GATES,
    }
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    tiny = run_path(str(_TESTS / "tiny_checkpoints.py"))
    sizes = {"hidden": 512, "ffn": 1408, "layers": 6, "heads": 8, "kv_heads": 8, "head_dim": 64}
    model = tiny["SHAPE"].model_copy(update=sizes)
    kind = {"linear_class": "autobitlinear"}
    tensors = tiny["hf_tensors"](model, tiny["masters"](model), **kind)
    tiny["write_hf"](folder / "checkpoint", tiny["hf_config"](model, **kind), tensors)
