"""Search files: what they say, what the command line changes, and what is wrong with them."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.plan.costs import Costs
from bitnet_hw.plan.file import DEFAULT_SEARCH, SMALLEST, load_plan
from bitnet_hw.presets import preset_names
from bitnet_hw.yaml_file import read_yaml

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_plan.py"))))
WORKLOAD = {"phase": "decode", "batch": 1, "context": 4}


@pytest.fixture
def load(tmp_path):
    def loaded(search=tiny.SEARCH, **options):
        path, model = tiny.write_tiny(tmp_path, search)
        return load_plan(path, {"model": model, **WORKLOAD}, **options)

    return loaded


def preset(model="llama-1t", **options):
    return load_plan("systems", {"model": model, **WORKLOAD}, **options)


def changed(old, new):
    assert old in tiny.SEARCH
    return tiny.SEARCH.replace(old, new)


def test_presets():
    assert DEFAULT_SEARCH in preset_names("plans")
    plan = preset()
    assert tuple(size.text for size in plan.smallest) == SMALLEST
    assert plan.base == "large"
    assert [requirement.text for requirement in plan.requirements] == [
        "chip_memory_bytes <= memory_capacity_bytes"
    ]


def test_prices_of_the_preset_are_the_defaults():
    file = read_yaml(preset().sweep.file.path)
    for name, (figure, _) in Costs().figures.items():
        assert file.data["costs"][name] == figure.model_dump()


def test_requirements_in_order(load):
    plan = load(
        tiny.SEARCH + "require: [bound == 'weights', 1 <= chips.count <= 4]\n",
        limits={"--watts": "total_power_w <= 5"},
        require=["tokens_per_second > 1"],
    )
    assert [requirement.text for requirement in plan.requirements] == [
        "total_power_w <= 5",
        "tokens_per_second > 1",
        "bound == 'weights'",
        "1 <= chips.count",
        "chips.count <= 4",
        "chip_memory_bytes <= memory_capacity_bytes",
    ]
    assert plan.requirements[0].origin == "--watts"
    assert plan.requirements[3].origin.endswith("search.yaml:10: require[1]")


def test_widest_layer_of_a_chip():
    plan = preset()
    # 86016 inputs of down_proj in 1, 2 and 3 parts; from 4 parts on, the 25600 of all others.
    assert plan.sweep.values["array.max_k"] == (86016, 43008, 28672, 25600)
    [meant, *_] = plan.where
    assert meant.fields == {"array.max_k", "chips.tensor"}
    assert meant({"array.max_k": 28672, "chips.tensor": 3})
    assert not meant({"array.max_k": 28672, "chips.tensor": 4})
    assert meant({"array.max_k": 25600, "chips.tensor": 16})
    alone = preset(settings={"chips.tensor": 2})
    assert alone.sweep.values["array.max_k"] == (43008,)
    assert preset(settings={"chips": {"tensor": 4}}).sweep.values["array.max_k"] == (25600,)


def test_settings(load):
    plan = load(settings={"memory.count": 2, "clock_mhz": 500, "chips": {"pipeline": 2}})
    # What varies gets one value, what does not is changed in the base.
    assert dict(plan.sweep.values) == {"memory.count": (2,), "array.rows": (8, 16)}
    config = plan.sweep.point(0).config()
    assert (config.clock_mhz, config.chips.pipeline, config.memory.count) == (500, 2, 2)
    assert plan.settings == {"clock_mhz": 500, "chips": {"pipeline": 2}}


def test_setting_inside_a_block_that_varies():
    plan = preset(settings={"memory.energy_pj_per_bit": 7})
    energies = {
        plan.sweep.point(index).config().memory.energy_pj_per_bit.nominal
        for index in range(0, plan.sweep.points, plan.sweep.points // 50)
    }
    assert energies == {7}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"chips.tensr": 2}, "command line: chips.tensr must be a known key of chips; did you "),
        ({"memory.efficiency": 2}, "command line: memory.efficiency must be above 0 and at most 1"),
        ({"memory.efficency": 1}, "command line: memory.efficency must be a known key of memory"),
        ({"array.rows": 0}, "command line: array.rows must be an integer from 1 to 4096, not 0"),
        ({"memory": "ddr9"}, "command line: memory must be the name of a preset or the path"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ConfigError) as raised:
        preset("bitnet-b1.58-3b", settings=settings)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (tiny.SEARCH + "reqire: []\n", ":10: reqire must be a known key of the file; did you mean"),
        (changed("  array.rows: [8, 16]", "  array.rws: [8]"), ":8: sweep.array.rws must be a "),
        (
            changed("  array.rows: [8, 16]", "  batch: [1, 2]"),
            ":8: sweep must be of fields of a configuration, not batch: the command line gives it",
        ),
        (
            changed("  array.rows: [8, 16]", "  array.max_k: [auto, 64]"),
            ":8: sweep.array.max_k must be auto or numbers, not both",
        ),
        *(
            (
                changed("array.rows: [8, 16]", f"array.max_k: auto\n  chips.tensor: [1, {value}]"),
                f":9: sweep.chips.tensor must be integers from 1, not {shown}",
            )
            for value, shown in (("[2]", "a list of 1"), ("true", "True"), ("0", "0"))
        ),
        (
            changed(
                "array.rows: [8, 16]",
                "array.rows: {from: 1, to: 9000, step: 1}\n"
                "  array.lanes: {from: 1, to: 9000, step: 1}\n"
                "  clock_mhz: {from: 1, to: 9000, step: 1}",
            ),
            ":5: sweep must have at most 20000 values, not more",
        ),
        (tiny.SEARCH + "where: []\nrequire: ['a <']\n", ":11: require[0] must be an expression "),
        (
            changed(
                "array.rows: [8, 16]",
                "array.rows: {from: 1, to: 4096, step: 1}\n"
                "  array.lanes: {from: 1, to: 4096, step: 1}",
            ),
            ":5: sweep must have at most 100000000 designs, not 100663296",
        ),
        (tiny.SEARCH + "where: [power_w < 3]\n", ":10: where[0] must read fields of sweep only, "),
        (tiny.SEARCH + "where: ['3 <']\n", ":10: where[0] must be an expression such as"),
        (tiny.SEARCH + "smallest: []\n", ":10: smallest must be a list of at least 1"),
        (tiny.SEARCH + "smallest: ['a b']\n", ":10: smallest[0] must be an expression such as"),
        (tiny.SEARCH + "require: [power_w]\n", None),
        (tiny.SEARCH + "require: [power_w * 2]\n", ":10: require[0] must be a condition such as"),
        (
            changed("dollars_per_chip: 10", "dollars_per_chip: -1"),
            ":9: costs.dollars_per_chip must be at least 0",
        ),
    ],
)
def test_wrong_files(load, search, message):
    if message is None:
        load(search)
        return
    with pytest.raises(ConfigError) as raised:
        load(search)
    assert f"search.yaml{message}" in str(raised.value)


def test_wrong_names(load):
    with pytest.raises(ConfigError, match=r"^search file must be the name of a preset or the path"):
        load_plan("system", {"model": "llama-1t", **WORKLOAD})
    with pytest.raises(ConfigError, match=r"^model must be the name of a preset.*'llama-1t'\?"):
        preset("llama-2t")
    with pytest.raises(
        ConfigError,
        match=r"^--each must be a field that .*search.yaml varies, not 'chips.tensor'; ",
    ):
        load(each="chips.tensor")
    with pytest.raises(ConfigError, match=r"^--smallest must be an expression such as"):
        load(smallest=["("])
