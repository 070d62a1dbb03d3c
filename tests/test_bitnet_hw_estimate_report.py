"""The sections of an estimate show its numbers."""

from dataclasses import replace

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.estimate_report import estimate_sections
from bitnet_hw.model import load_model
from bitnet_hw.report import render_report
from bitnet_hw.report_sections import Chapter
from bitnet_hw.request import estimate_request


@pytest.fixture(scope="module")
def result():
    return estimate(load_config("edge"), load_model("bitnet-b1.58-3b"))


DESIGN = ("Roofline", "Timeline of one layer", "Operators of one step")


def titles(sections):
    return [section.title for section in sections]


def test_sections(result):
    sections = estimate_sections(result, title="Estimate", lead="Of a model.")
    assert sections[0] == Chapter(title="Estimate", lead="Of a model.")
    assert titles(sections[1:]) == [
        "Summary",
        *DESIGN,
        "Energy per token",
        "Memory",
        "Beside multiplier arrays",
        "Ours and multiplier arrays",
        "Against FP16, beside arXiv 2402.17764",
        "Why the ratios differ",
        "Assumptions",
        "Numbers from outside",
    ]
    assert "</html>" in render_report("t", sections)


def test_prefill_has_no_claims_of_the_paper():
    result = estimate(
        load_config("edge"), load_model("bitnet-b1.58-3b"), phase="prefill", context=8
    )
    assert titles(estimate_sections(result)) == [
        *("Summary", *DESIGN, "Energy per token", "Memory", "Beside multiplier arrays"),
        *("Ours and multiplier arrays", "Assumptions", "Numbers from outside"),
    ]


def test_facts(result):
    facts = {fact.label: fact for fact in estimate_sections(result)[0].facts}
    result = result.to_dict()
    assert facts["throughput"].value == f"{result['tokens_per_second']:.4g} tokens/s"
    assert facts["energy per token"].value == f"{result['energy_per_token_j'] * 1e3:.4g} mJ"
    assert facts["memory"].value == f"{result['memory_bytes']['total'] / 1e9:.4g} GB"
    assert "scope: system" in facts["energy per token"].note


def test_bars_add_up(result):
    figure = one(result, "Energy per token")
    result = result.to_dict()
    totals = [sum(bar) for bar in zip(*(trace["x"] for trace in figure.traces), strict=True)]
    assert totals == pytest.approx([
        1e3 * energy
        for energy in (
            result["energy_per_token_j"],
            result["baselines"]["int8"]["energy_per_token_j"],
            result["baselines"]["fp16"]["energy_per_token_j"],
        )
    ])


def one(result, title):
    [found] = [section for section in estimate_sections(result) if section.title == title]
    return found


def test_request(result):
    config, model = load_config("edge"), load_model("bitnet-b1.58-3b")
    request = estimate_request(config, model, prompt=64, generate=16, slots=4)
    sections = estimate_sections(replace(result, request=request))
    request = request.to_dict()
    assert titles(sections)[:2] == ["Summary", "A request: 64 tokens in, 16 out"]
    facts = {fact.label: fact for fact in sections[1].facts}
    assert facts["first token after"].value == f"{request['seconds_to_first_token'] * 1e3:.4g} ms"
    assert facts["energy"].note.endswith("over published figures; scope: system")
    assert facts["4 requests at once"].value.endswith(" tokens/s")
    assert "</html>" in render_report("t", sections)
