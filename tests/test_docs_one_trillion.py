"""docs/one-trillion.md: every table is what the command above it finds, its other numbers hold."""

import contextlib
import functools
import io
import json
import re
import shlex
from pathlib import Path

import pytest

from bitnet_hw.cli import main
from bitnet_hw.memory import Memory
from bitnet_hw.model import load_model
from bitnet_hw.presets import load_block
from bitnet_hw.quantity import format_number

PAGE = (Path(__file__).parents[1] / "docs" / "one-trillion.md").read_text()

SYSTEMS = (
    "| system | chips | array | vector | tokens/s | W (low to high) | J/token | $ | limited by |"
)
BINDING = "| requirement | best where all else holds | limit | possible without it |"
STEP = "| tokens/s | seconds | W | limited by |"


def sections(page):
    """Return the commands of a page, each with the table that follows it."""
    found = re.findall(r"^    (bitnet-hw (?:[^\n]*\\\n)*[^\n]*)\n\n((?:\|[^\n]*\n)+)", page, re.M)
    return [(command.replace("\\\n", " "), table) for command, table in found]


@functools.cache
def result(command):
    """Return exit code and JSON of a command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*shlex.split(command)[1:], "--format", "json"])
    return code, json.loads(out.getvalue())


def table_of(command):
    """Return the table that the page shows below a command."""
    code, data = result(command)
    if command.split()[1] == "estimate":
        rows = [STEP, step_row(data)]
    elif data["possible"]:
        assert code == 0
        rows = [SYSTEMS, *system_rows(data)]
    else:
        assert code == 1
        rows = [BINDING, *(binding_row(item) for item in data["binding"]["requirements"])]
    head, *body = rows
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *body]) + "\n"


def system_rows(data):
    if not data["each"]:
        return [system_row(data["smallest"])]
    [choices] = data["each"].values()
    return [
        system_row(choice["design"]) if choice["possible"] else none_row(choice)
        for choice in choices
    ]


def memories(design):
    return f"{design['memory_count']} x {design['memory']}"


def system_row(design):
    chips, array = design["chips"], design["array"]
    power = design["total_power_range_w"]
    cells = (
        memories(design),
        f"{chips['tensor']} x {chips['pipeline']}",
        f"{array['rows']} x {array['lanes']}",
        design["values"]["vector_unit.fp16_macs_per_cycle"],
        f"{design['tokens_per_second']:.2f}",
        f"{design['total_power_w']:.1f} ({power['low']:.1f} to {power['high']:.1f})",
        format_number(design["energy_per_token_j"]),
        f"{design['total_dollars']:.0f}",
        design["bound"],
    )
    return f"| {' | '.join(map(str, cells))} |"


def none_row(choice):
    design = choice["design"]
    missed = [
        f"`{margin['requirement']}` ({format_number(margin['value'])})"
        for margin in design["margins"]
        if not margin["holds"]
    ]
    return f"| {choice['value']}: none; the closest misses {' and '.join(missed)} |" + " |" * 8


def binding_row(item):
    best, limit = item["best_where_all_others_hold"], item["limit"]
    without = "yes" if item["possible_without_it"] else "no"
    return (
        f"| `{item['requirement']}` | {format_number(best)} | {format_number(limit)} | {without} |"
    )


def step_row(data):
    return (
        f"| {data['tokens_per_second']:.2f} | {data['seconds']:.1f} | {data['power_w']:.1f} | "
        f"{data['bound']} |"
    )


COMMANDS = sections(PAGE)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        pytest.param(*section, marks=[] if number < 2 else pytest.mark.long, id=str(number))
        for number, section in enumerate(COMMANDS)
    ],
)
def test_table(command, shown):
    assert shown == table_of(command)


def test_every_command_has_a_table():
    assert len(COMMANDS) == len(re.findall(r"^    bitnet-hw ", PAGE, re.M)) >= 10


def numbers_of(first, data):
    """Return the numbers in the text that no table shows, by what the text calls them."""
    stored, moved = first["memory_bytes"], first["dram_bytes"]
    by_memory = {choice["value"]: choice["design"] for choice in data["each"]["memory"]}
    large, small = by_memory["lpddr5x-256"], by_memory["lpddr5x-256-32gb"]
    ddr5 = by_memory["ddr5-8ch"]
    scopes = [choice["energy_per_token_by_scope_j"] for choice in by_memory.values()]
    shares = sorted(scope["core"] / scope["system"] for scope in scopes)
    return {
        "searched": format_number(data["designs_searched"]),
        "possible": format_number(data["designs_possible"]),
        "moved": f"{moved['total'] / 1e9:.0f}",
        "core": f"{100 * shares[0]:.1f} to {100 * shares[-1]:.1f}",
        "hbm3e": f"{6 * rate('hbm3e-stack'):.1f}",
        "hbm3": f"{8 * load('hbm3-stack').capacity_bytes / 1e9:.1f}",
        "two": f"{8 * rate('lpddr5x-256'):.2f}",
        "three": f"{12 * rate('lpddr5x-256'):.2f}",
        "times": f"{12 * load('lpddr5x-256').capacity_bytes / stored['total']:.1f}",
        "price": f"{large['total_dollars'] / small['total_dollars']:.1f}",
        "waits": f"{100 * ddr5['energy_breakdown_j']['dram_background'] / energy(ddr5):.0f}",
        "kv": f"{load_model('llama-1t').kv_cache_bytes(8192) / 1e9:.1f}",
    }


def load(memory):
    return load_block(Memory, "memories", memory, where=lambda keys: "")


def rate(memory):
    """Return the sustained rate of a memory in TB/s."""
    return load(memory).bytes_per_second / 1e12


def energy(design):
    return design["energy_per_token_j"]


def test_text():
    _, data = result(COMMANDS[0][0])
    first = data["smallest"]
    numbers = numbers_of(first, data)
    model = load_model("llama-1t")
    stored, moved = first["memory_bytes"], first["dram_bytes"]
    text = re.sub("[ \\n]+", " ", PAGE)
    for sentence in (
        f"{numbers['searched']} designs in",
        f"of which {numbers['possible']} do it",
        f"For each token {numbers['moved']} GB move",
        f"take {numbers['core']} % of the energy",
        f"which sustain {numbers['hbm3e']} TB/s",
        f"beside one chip hold {numbers['hbm3']} GB",
        f"sustain {numbers['two']} TB/s, three {numbers['three']}",
        f"hold {numbers['times']} times what is stored and cost {numbers['price']} times",
        f"draw {numbers['waits']} % of their",
        f"is {numbers['kv']} GB of keys and values",
        f"{model.layers} layers, {model.hidden} wide",
        f"{model.heads} heads of {model.head_dim}, {model.kv_heads} key heads",
        f"a feed-forward block of {model.ffn}",
        f"{model.ternary_parameters:.3e} ternary weights".replace("e+", "e"),
        f"{stored['ternary_weights'] / 1e9:.1f} GB of ternary weights",
        f"{first['bits_per_weight']:.3f} bits",
        f"{stored['lm_head'] / 1e9:.2f} GB each",
        f"{stored['kv_cache'] / 1e9:.2f} GB of keys and values",
        f"{stored['total'] / 1e9:.1f} GB in all",
        f"{moved['total'] / 1e9:.1f} GB move for each token",
        f"ask for {moved['total'] / 1e11:.2f} TB/s",
        f"are {moved['total'] * 8 * 5e-12:.1f} J for a token, so {moved['total'] * 4e-10:.0f} W",
    ):
        assert sentence in text
    assert 0.025 < moved["lm_head"] / moved["total"] < 0.035
