import pytest

from bitnet_hw.fpga.critical_path import CriticalPath, read_critical_path


def step(kind, delay, start, end):
    (cell, port), (other, pin) = start, end
    return {
        "type": kind,
        "delay": delay,
        "from": {"cell": cell, "port": port, "loc": [1, 2]},
        "to": {"cell": other, "port": pin, "loc": [1, 2]},
    }


def paths(first, last):
    found = [
        step("clk-to-q", 5.83, (first, "DOB2"), (first, "DOB2")),
        step("routing", 0.972, (first, "DOB2"), ("lut", "C")),
        step("logic", 0.236, ("lut", "C"), ("lut", "F")),
        step("routing", 1.5, ("lut", "F"), (last, "DI")),
        step("setup", 0.0, (last, "DI"), (last, "DI")),
    ]
    return [
        {"from": "<async>", "to": "posedge clk", "path": []},
        {"from": "posedge clk", "to": "posedge clk", "path": found},
    ]


def test_cells_and_wires_are_told_apart():
    path = read_critical_path(
        paths("design.store.0.59", "design.row3.dot.tree.level2_1_sum_TRELLIS_FF_Q_8"), "clk"
    )

    assert path.start == "design.store"
    assert path.end == "design.row3.dot.tree.level2_1_sum"
    # 5.83 + 0.236 and 0.972 + 1.5.
    assert (path.logic_ns, path.routing_ns) == (6.066, 2.472)
    assert path.total_ns == pytest.approx(8.538)
    assert not path.in_wrapper
    assert path.steps[1] == {
        "type": "routing",
        "delay_ns": 0.972,
        "from": "design.store.0.59.DOB2",
        "to": "lut.C",
    }


@pytest.mark.parametrize(
    ("first", "last", "in_wrapper"),
    [
        ("chain_TRELLIS_FF_Q_3", "held_TRELLIS_FF_Q", True),
        ("chain_TRELLIS_FF_Q_3", "design.loader.word_TRELLIS_FF_Q", False),
        ("design.counters.busy_SB_DFFESR_Q_4", "seen_SB_DFF_Q", False),
    ],
)
def test_only_a_path_from_wrapper_to_wrapper_is_the_wrappers(first, last, in_wrapper):
    path = read_critical_path(paths(first, last), "clk")

    assert path.in_wrapper is in_wrapper
    assert path.start == first.split("_")[0]
    assert isinstance(path, CriticalPath)
