import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bitnet_hw.array_work import SCOPE, ArrayWork
from bitnet_hw.config import load_config
from bitnet_hw.inference_result import Inference, Phase
from bitnet_hw.inference_table import inference_notes, inference_table

TINY = load_config("tiny")


def phase(tokens, *, ran=True):
    # One step: eight cycles (tests of ArrayWork count them by hand).
    work = ArrayWork(TINY, Counter({(1, 8, 4): 1}))
    return Phase(tokens, work, work.counters if ran else None)


def result(*, ran=True):
    return Inference(
        checkpoint=Path("m.gguf"),
        config=TINY,
        backend="rtl" if ran else "golden",
        layers=7,
        prompt="ab",
        text="c",
        tokens=2,
        stopped=False,
        prefill=phase(2, ran=ran),
        decode=phase(1, ran=ran),
        outputs_checked=1234,
        wall_seconds=1.0,
    )


def rows(inference):
    console = Console(file=io.StringIO(), width=100)
    console.print(inference_table(inference))
    cells = [line.split("\u2502") for line in console.file.getvalue().splitlines()]
    return {cell[1].strip(): [text.strip() for text in cell[2:4]] for cell in cells if cell[1:]}


def test_hardware():
    table = rows(result())
    assert table["tokens through the model"] == ["2", "1"]
    assert table["cycles simulated"] == table["cycles predicted"] == ["8", "8"]
    assert table["hardware's counters"] == ["all as predicted", "all as predicted"]
    assert inference_notes(result()) == [
        "1,234 sums compared with the golden model, 0 differ.",
        f"Time and energy: scope {SCOPE}; {TINY.technology.name}, {TINY.memory.name}.",
    ]


def test_counters_that_differ_are_named():
    right = result()
    counters = replace(right.decode.work.counters, cycles=9, output_wait=1)
    wrong = replace(right, decode=replace(right.decode, counters_simulated=counters))
    table = rows(wrong)
    assert table["cycles simulated"] == ["8", "9"]
    assert table["hardware's counters"] == [
        "all as predicted",
        "NOT as predicted: cycles, output_wait",
    ]
    assert not wrong.passed


def test_golden_model():
    table = rows(result(ran=False))
    assert "cycles simulated" not in table
    assert table["cycles predicted"] == ["8", "8"]
    assert len(inference_notes(result(ran=False))) == 1
