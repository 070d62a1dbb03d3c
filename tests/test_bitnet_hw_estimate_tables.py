"""An estimate for people to read."""

import io

from rich.console import Console

from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.estimate_tables import estimate_tables
from bitnet_hw.model import load_model


def rendered(sources=False, **step):
    result = estimate(load_config("edge"), load_model("bitnet-b1.58-3b"), **step)
    console = Console(file=io.StringIO(), width=80, markup=False, highlight=False)
    for part in estimate_tables(result, sources=sources):
        console.print(part, soft_wrap=isinstance(part, str))
    return console.file.getvalue()


def test_decode():
    text = rendered()
    for expected in (
        "bitnet-b1.58-3b on edge",
        "decode, 1 sequence, 512 tokens each",
        "16 rows x 20 lanes, trit5 weights",
        "56.64",
        "43.88 mJ, scope system",
        "34.76 mJ to 75.12 mJ",
        "the stream of ternary weights (63% of the time)",
        "total in scope array",
        "204.8 MB",
        "6.67x",
        "21.7x",
        "Not counted: registers",
    ):
        assert expected in text
    assert "Numbers from outside" not in text
    # Nothing is cut off.
    assert "\u2026" not in text


def test_prefill_is_not_compared_with_the_paper():
    text = rendered(phase="prefill", batch=2, context=16)
    assert "prefill, 2 sequences, 16 tokens each" in text
    assert "2402.17764" not in text


def test_sources():
    text = rendered(sources=True)
    assert "  memory.energy_pj_per_bit: 5 (4.2 to 8.5) pJ/bit; unverified: 4.2 (LPDDR5X)" in text
    assert "  technology.energy_pj.fp16_multiply: 0.34 pJ; unverified: Jouppi" in text
