"""The answers of a plan: by hand on a tiny space, and against scalar estimates on random ones."""

import itertools
import json
import random
import shlex
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from bitnet_hw.cli import main
from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.estimate import estimate
from bitnet_hw.model import load_model
from bitnet_hw.plan.costs import Costs
from bitnet_hw.plan.file import load_plan
from bitnet_hw.plan.solve import solve
from bitnet_hw.plan.totals import totals
from bitnet_hw.settings import parse_settings

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_plan.py"))))


@pytest.fixture
def ask(tmp_path):
    def asked(*require, search=tiny.SEARCH, top=5, **options):
        path, model = tiny.write_tiny(tmp_path, search)
        workload = {"model": model, "phase": "decode", "batch": 1, "context": 4}
        return solve(load_plan(path, workload, require=require, **options), top=top)

    return asked


def picked(design):
    return (
        design.values["chips.pipeline"],
        design.values["memory.count"],
        design.values["array.rows"],
    )


def test_smallest_by_hand(ask):
    found = ask()
    # One chip needs three memories, two chips two each.
    assert (found.searched, found.wrong, found.possible) == (12, 0, 6)
    assert [picked(design) for design in found.designs] == [
        (1, 3, 8),
        (1, 3, 16),
        (2, 2, 8),
        (2, 3, 8),
        (2, 2, 16),
    ]
    first = found.designs[0]
    assert first.fields["chip_memory_bytes"] == 23168
    assert first.fields["memory_capacity_bytes"] == pytest.approx(30000)
    assert first.fields["total_dollars"] == pytest.approx(13)
    assert first.fields["memory_dollars"] == pytest.approx(3)
    assert first.fields["power_scope"] == "system"
    [margin] = first.margins
    assert (margin.holds, margin.value, margin.limit) == (True, 23168, pytest.approx(30000))
    assert margin.room == pytest.approx(6832 / 30000)
    assert first.memory == "3 x inline"
    assert first.command is None
    assert found.binding is None


def test_smallest_by_something_else(ask):
    found = ask(smallest=["-memory_count", "total_dollars"], top=2)
    assert [picked(design) for design in found.designs] == [(1, 3, 8), (1, 3, 16)]
    found = ask("chips.count == 2", smallest=["total_dollars"], top=1)
    assert [picked(design) for design in found.designs] == [(2, 2, 8)]
    assert found.designs[0].fields["total_dollars"] == pytest.approx(24)


def test_equally_small_designs_in_the_order_of_the_file(ask):
    found = ask(smallest=["1"], top=100)
    assert [design.index for design in found.designs] == [4, 5, 8, 9, 10, 11]


def test_either_of_two_requirements_binds(ask):
    found = ask("total_dollars <= 12")
    assert found.designs == ()
    dollars, capacity = found.binding.relaxed
    assert dollars.requirement.text == "total_dollars <= 12"
    assert (dollars.margin.value, picked(dollars.design)) == (pytest.approx(13), (1, 3, 8))
    assert (capacity.margin.value, capacity.margin.limit) == (23168, pytest.approx(20000))
    assert [item.requirement.text for item in found.binding.alone] == [
        "total_dollars <= 12",
        "chip_memory_bytes <= memory_capacity_bytes",
    ]
    assert found.binding.sentence().endswith(
        "search.yaml does it: 'total_dollars <= 12' binds: total_dollars is at least 13 where all "
        "else holds; dropping 'chip_memory_bytes <= memory_capacity_bytes' instead is enough, too"
    )
    # 13 / 12 is less than 23168 / 20000.
    assert picked(found.binding.closest) == (1, 3, 8)


def test_only_one_requirement_binds(ask):
    found = ask("memory_count * chips.count <= 2", "chips.count == 2")
    # One memory each holds 10000 of 15680 bytes, 1.57 times too few; two each are four, twice two.
    assert [item.requirement.text for item in found.binding.alone] == [
        "chip_memory_bytes <= memory_capacity_bytes",
        "memory_count * chips.count <= 2",
    ]
    found = ask("array.rows >= 32")
    [rows] = found.binding.alone
    assert (rows.margin.value, rows.margin.limit) == (16, 32)
    assert "array.rows is at most 16 where all else holds" in found.binding.sentence()


def test_several_requirements_bind(ask):
    found = ask("total_dollars <= 12", "chips.count >= 3")
    binding = found.binding
    assert binding.alone == ()
    assert [item.design for item in binding.relaxed] == [None, None, None]
    # 22 dollars are 1.83 times 12; three chips 1.5 times two; 15680 bytes 1.57 times 10000.
    assert picked(binding.closest) == (2, 1, 8)
    # Two are missed by (2, 2), by twice at most; by (1, 3) chips are missed three times.
    assert binding.fewest == ("total_dollars <= 12", "chips.count >= 3")
    assert binding.sentence().endswith(
        "search.yaml does it, whichever requirement is dropped: 2 must be, such as "
        "'total_dollars <= 12' and 'chips.count >= 3'; the closest design misses "
        "'total_dollars <= 12' (22), 'chips.count >= 3' (2) and "
        "'chip_memory_bytes <= memory_capacity_bytes' (15\u202f680)"
    )


def test_a_condition_that_is_no_comparison_binds(ask):
    found = ask("bound == 'nothing'")
    assert "'bound == 'nothing'' does not hold where all else does" in found.binding.sentence()
    assert found.binding.to_dict()["requirements"][0]["best_where_all_others_hold"] is None


def test_each(ask):
    found = ask("chips.count <= 1", each="memory.count")
    assert [(choice.value, choice.possible) for choice in found.each] == [
        (1, False),
        (2, False),
        (3, True),
    ]
    # Two chips with one memory miss both, by 1.57 and 2; one chip misses one, by 2.32.
    assert picked(found.each[0].design) == (2, 1, 8)
    assert picked(found.each[1].design) == (1, 2, 8)
    found = ask(each="memory.count", search=tiny.SEARCH + "where: ['memory.count != 2']\n")
    assert [choice.design is None for choice in found.each] == [False, True, False]
    assert found.searched == 8


def test_designs_that_cannot_be_built(ask):
    search = tiny.SEARCH.replace(
        "array.rows: [8, 16]", "array.rows: [2, 8]\n  chips.tensor: [1, 2]"
    )
    found = ask(search=search)
    # Four words of results need four rows, and one head is not for two chips.
    assert (found.searched, found.wrong) == (24, 18)
    assert picked(found.designs[0]) == (1, 3, 8)
    with pytest.raises(
        ConfigError,
        match=r"search.yaml: No design of the search can be built; the first: .*search.yaml:\d+: "
        r"array.output_bus_words must be at most rows \(2\), not 4$",
    ):
        ask(search=tiny.SEARCH.replace("array.rows: [8, 16]", "array.rows: 2"))
    with pytest.raises(ConfigError, match=r"search.yaml:\d+: where must leave at least one design"):
        ask(search=tiny.SEARCH + "where: ['array.rows == 3']\n")


def test_fields_that_are_not_reported(ask):
    with pytest.raises(ConfigError) as raised:
        ask("tokens_per_secnd >= 10")
    assert str(raised.value) == (
        "--require must read fields that are reported, not 'tokens_per_secnd'; "
        "did you mean 'tokens_per_second'?"
    )


def test_technology_without_areas(ask):
    technology = {
        "node_nm": 7,
        "energy_pj": dict.fromkeys(
            ("int8_add", "int32_add", "int8_multiply", "fp16_add", "fp16_multiply"), 1
        ),
        "sram_pj_per_64_bits": [{"kilobytes": 8, "nominal": 5}],
    }
    found = ask(settings={"technology": technology}, top=1)
    assert picked(found.designs[0])[:2] == (1, 3)
    assert found.designs[0].to_dict()["total_area_mm2"] is None
    assert found.designs[0].to_dict()["total_dollars"] is None
    found = ask("total_area_mm2 <= 1", settings={"technology": technology})
    assert found.binding.sentence().endswith(
        "does it: 'total_area_mm2 <= 1' cannot be told: technology or memory lack the figures for "
        "total_area_mm2"
    )


def test_board_gives_the_scope(ask):
    found = ask(settings={"board": {"idle_w": 7}}, top=1)
    fields = found.designs[0].fields
    assert fields["power_scope"] == "board"
    assert fields["total_power_w"] == pytest.approx(fields["power_w"] + 7)


FIELDS = ("tokens_per_second", "total_power_w", "total_area_mm2", "total_dollars")


def test_equals_scalar_estimates_of_every_design(tmp_path):
    choose = random.Random(7)
    axes = {
        "chips.tensor": [1, 2, 5],
        "chips.pipeline": [1, 3],
        "memory": ["lpddr5x-64", "hbm3-stack", "gddr7-256"],
        "memory.count": [1, 2],
        "array.rows": [16, 32, 48, 64],
        "array.lanes": [16, 32, 64],
        "array.max_k": [2560, 6912],
        "formats.lm_head": ["fp16", "int8", "ternary"],
        "vector_unit.fp16_macs_per_cycle": [64, 512],
    }
    model = load_model("bitnet-b1.58-2b-4t")
    for _ in range(4):
        varied = {"array.max_k", *choose.sample(list(axes), 6)}
        values = {
            name: sorted(choose.sample(range(len(items)), 2 if name in varied else 1))
            for name, items in axes.items()
        }
        values = {name: [axes[name][place] for place in places] for name, places in values.items()}
        search = tmp_path / "search.yaml"
        search.write_text(json.dumps({"base": "large", "sweep": values}))
        bounds = (choose.choice([50, 200, 400]), choose.choice([3, 10, 40]))
        require = [f"tokens_per_second >= {bounds[0]}", f"total_power_w <= {bounds[1]}"]
        workload = {"model": model.name, "phase": "decode", "batch": 2, "context": 100}
        plan = load_plan(str(search), workload, require=require)
        expected, wrong = [], 0
        for index, combination in enumerate(itertools.product(*values.values())):
            try:
                config = load_config("large", dict(zip(values, combination, strict=True)))
                result = estimate(config, model, batch=2, context=100)
            except ConfigError:
                wrong += 1
                continue
            sums = totals(result, Costs())
            if (
                result.tokens_per_second >= bounds[0]
                and sums["total_power_w"] <= bounds[1]
                and result.memory_fits
            ):
                size = (config.chips.count, sums["total_area_mm2"], sums["total_power_w"])
                fields = [result.tokens_per_second, *(sums[name] for name in FIELDS[1:])]
                expected.append((*size, index, fields))
        expected.sort()
        found = solve(plan, top=5, jobs=2)
        assert (found.wrong, found.possible) == (wrong, len(expected))
        assert [
            (design.index, [design.fields[name] for name in FIELDS]) for design in found.designs
        ] == [item[3:] for item in expected[:5]]
        assert (found.binding is None) == bool(expected)


def test_a_small_chip():
    workload = {"model": "bitnet-b1.58-3b", "phase": "decode", "batch": 1, "context": 512}
    found = solve(load_plan("edge", workload, require=["tokens_per_second >= 20"]), top=1)
    first = found.designs[0]
    # 3.2e9 ternary weights in less than a twentieth of a second take 70 lanes at 1 GHz.
    assert first.fields["macs_per_cycle"] * first.fields["clock_mhz"] * 1e6 > 20 * 3.2e9
    assert first.fields["total_power_w"] < 2
    assert first.fields["chips"]["count"] == 1


def test_command_estimates_the_same_design(capsys):
    workload = {"model": "llama3-8b-1.58", "phase": "decode", "batch": 1, "context": 64}
    plan = load_plan(
        "systems",
        workload,
        require=["tokens_per_second >= 100"],
        settings=parse_settings(["formats.lm_head=int8", "memory=hbm3-stack", "memory.count=1"]),
    )
    first = solve(plan, top=1).designs[0]
    program, *words = shlex.split(first.command)
    assert program == "bitnet-hw"
    assert main([*words, "--format", "json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["tokens_per_second"] == first.fields["tokens_per_second"]
    assert result["power_w"] == first.fields["total_power_w"]
    assert result["formats"]["lm_head"] == "int8"
