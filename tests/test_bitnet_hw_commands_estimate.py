"""The command line of an estimate: settings, requests, and what the documentation shows."""

import json
import re
from pathlib import Path

import pytest

from bitnet_hw.cli import main
from bitnet_hw.memory import Memory
from bitnet_hw.presets import load_block, preset_names

EDGE = ("estimate", "edge", "--model", "bitnet-b1.58-3b")


def run(capsys, *arguments):
    code = main([*EDGE, *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def report(capsys, *arguments):
    code, out, err = run(capsys, *arguments, "--format", "json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_settings(capsys):
    found = report(
        *(capsys, "--memory", "ddr4-64", "--set", "memory.efficiency=0.5"),
        *("--set", "array.max_tokens=4", "--set", "formats.lm_head=ternary"),
    )
    assert found["array"]["max_tokens"] == 4
    assert found["formats"]["lm_head"] == "ternary"
    assert {source["figure"]: source["nominal"] for source in found["sources"]}[
        "memory.efficiency"
    ] == 0.5


def test_request(capsys):
    found = report(capsys, "--prompt", "100", "--generate", "50", "--batch", "4")
    request = found["request"]
    assert (request["prompt"], request["generate"], request["load"]["slots"]) == (100, 50, 4)
    # The step is one in the middle of the request.
    assert (found["phase"], found["batch"], found["context"]) == ("decode", 4, 125)
    step = found["energy_per_token_j"]
    assert request["energy_per_output_token_j"] > step > request["energy_per_total_token_j"] / 10


@pytest.mark.parametrize(
    ("arguments", "context"),
    [
        ((), 512),
        (("--prompt", "100", "--generate", "50", "--context", "7"), 7),
        (("--prompt", "100", "--generate", "50", "--phase", "prefill"), 100),
    ],
)
def test_context(capsys, arguments, context):
    assert report(capsys, *arguments)["context"] == context


def test_request_table(capsys):
    code, out, _ = run(capsys, "--prompt", "100", "--generate", "50", "--batch", "4")
    assert code == 0
    for text in ("A request: 100 tokens in, 50 out", "one of 4 at once", "time to first token"):
        assert text in out


@pytest.mark.parametrize("option", ["--prompt", "--generate"])
def test_half_a_request_is_wrong_usage(capsys, option):
    code, out, err = run(capsys, option, "5")
    assert (code, out) == (2, "")
    assert "A request must have both" in err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ("--prompt", "2000", "--generate", "49"),
            (
                "prompt + generate must be at most 2048, the longest sequence of bitnet-b1.58-3b, "
                "not 2049"
            ),
        ),
        (("--set", "array.rows"), "--set must be KEY=VALUE, not 'array.rows'"),
        (
            ("--set", "chips.tensor=0"),
            "command line: chips.tensor must be at least 1, not 0",
        ),
    ],
)
def test_user_errors(capsys, arguments, error):
    assert run(capsys, *arguments) == (1, "", f"error: {error}\n")


@pytest.mark.parametrize("option", ["--report", "-o"])
def test_report(capsys, tmp_path, option):
    file = tmp_path / "new" / "edge.html"
    code, out, err = run(capsys, option, str(file), "--format", "json")
    assert (code, err) == (0, f"{file}\n")
    assert json.loads(out)["name"] == "edge"
    page = file.read_text(encoding="utf-8")
    for title in ("Summary", "Roofline", "Timeline of one layer", "Numbers from outside"):
        assert f"<h3>{title}</h3>" in page
    assert list(file.parent.iterdir()) == [file]


def test_report_must_be_a_file(capsys, tmp_path):
    error = f"error: --report must be a file, not the folder {str(tmp_path)!r}\n"
    assert run(capsys, "--report", str(tmp_path)) == (1, "", error)


def test_example_of_the_documentation(capsys, tmp_path):
    page = (Path(__file__).parents[1] / "docs/estimation.md").read_text()
    array = tmp_path / "desk.yaml"
    array.write_text(page.partition("```yaml\n")[2].partition("```")[0])
    [command] = re.findall(r"^    bitnet-hw (estimate desk\.yaml .*)$", page, re.MULTILINE)
    arguments = command.replace("desk.yaml", str(array)).split()
    assert main([*arguments, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    energies = found["energy_per_token_by_scope_j"]
    for text in (
        f"\n{found['tokens_per_second']:.1f} tokens/s in a decode step of {found['batch']} seq",
        f"{1e3 * energies['system']:.4g} mJ for a token in scope `system`",
        f"{1e3 * energies['board']:.4g} mJ with the board",
        f"takes {found['request']['load']['seconds']:.4g} s",
    ):
        assert text in page


def test_memories_of_the_documentation():
    page = (Path(__file__).parents[1] / "docs/estimation.md").read_text()
    for name in preset_names("memories"):
        memory = load_block(Memory, "memories", name, where=lambda keys: "")
        shown = (memory.peak_gb_per_s, memory.efficiency)
        energy, capacity = memory.energy_pj_per_bit, memory.capacity_gb
        row = " | ".join([name, *(f"{figure.nominal:.6g}" for figure in shown)])
        energies = f"{energy.nominal:g} ({energy.at('low'):g} to {energy.at('high'):g})"
        assert f"| {row} | {energies} | " in page
        assert f" | {capacity.nominal:g} | {memory.dollars_per_gb.nominal:g} (" in page


def test_beside_another_machine(capsys):
    code, out, _ = run(capsys, "--beside", "a100-80gb")
    assert code == 0
    assert "Other machines" in out
    code, out, _ = run(capsys, "--beside", "a100-80gb", "--format", "json")
    assert [machine["weights"] for machine in json.loads(out)["machines"]] == ["fp16", "ternary"]
    code, out, err = run(capsys, "--beside", "a100")
    # Nothing is printed before the mistake is found.
    assert (code, out) == (1, "")
    assert err == (
        "error: system must be the name of a preset or the path of a .yaml file, not 'a100'; "
        "did you mean 'a100-40gb'?\n"
    )
