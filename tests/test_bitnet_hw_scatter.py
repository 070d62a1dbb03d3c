"""What the Pareto plot shows."""

import pytest

from bitnet_hw.exploration import Exploration
from bitnet_hw.log_axis import log_ticks
from bitnet_hw.row import Row
from bitnet_hw.scatter import scatter_of


def exploration(rows, objectives, axes=("array.rows",)):
    return Exploration(
        axes=axes,
        objectives=objectives,
        rows=[Row({"error": None, **row}) for row in rows],
        points=len(rows),
    )


def point(rows, lanes, speed, energy, memory="ddr"):
    return {
        "array.rows": rows,
        "array.lanes": lanes,
        "memory": memory,
        "macs_per_cycle": rows * lanes,
        "tokens_per_second": speed,
        "energy_j": energy,
    }


SPEED_AND_ENERGY = {"tokens_per_second": "max", "energy_j": "min"}


def test_two_objectives():
    scatter = scatter_of(
        exploration(
            [
                point(8, 8, 10.0, 0.001),
                {"array.rows": 0, "error": "wrong"},
                point(8, 16, 20.0, 0.002),
                point(16, 8, 15.0, 0.003),
            ],
            SPEED_AND_ENERGY,
        )
    )
    assert scatter.x_title == "throughput (tokens/s), higher is better"
    assert scatter.y_title == "energy (mJ), lower is better"
    assert [(each.row, each.x, each.y, each.on_front) for each in scatter.points] == [
        (0, 10.0, 1.0, True),
        (2, 20.0, 2.0, True),
        (3, 15.0, 3.0, False),
    ]
    assert [each.label for each in scatter.points] == [
        "8\u00d78",
        "8\u00d716",
        "16\u00d78",
    ]
    assert (scatter.group_field, scatter.size_field) == ("", "")
    assert (scatter.log_x, scatter.log_y) == (False, False)
    assert (scatter.x_range, scatter.y_range) == (None, None)


@pytest.mark.parametrize(
    ("directions", "expected"),
    [
        # Faster takes more energy: up to the next speed only that point's energy buys anything.
        (("max", "min"), ([1, 1, 2, 2, 3], [1, 3, 3, 7, 7])),
        (("min", "max"), ([1, 2, 2, 3, 3], [1, 1, 3, 3, 7])),
    ],
)
def test_staircase(directions, expected):
    rows = [{"x": 2, "y": 3}, {"x": 1, "y": 1}, {"x": 3, "y": 7}, {"x": 2, "y": 3}]
    scatter = scatter_of(exploration(rows, dict(zip("xy", directions, strict=True))))
    assert scatter.staircase() == expected


def test_no_staircase_where_the_axes_do_not_decide_the_front():
    rows = [{"x": 1, "y": 1, "z": 1, "macs_per_cycle": 1}, {"x": 2, "y": 2, "z": 0}]
    assert scatter_of(exploration(rows, {"x": "min", "y": "min", "z": "min"})).staircase() is None
    assert scatter_of(exploration(rows, {"y": "min"})).staircase() is None


def test_one_objective_is_drawn_over_the_size_of_the_array():
    scatter = scatter_of(exploration([point(8, 8, 10.0, 0.001)], {"energy_j": "min"}))
    assert scatter.x_title == "array size (MAC/cycle)"
    assert scatter.y_title == "energy (mJ), lower is better"
    scatter = scatter_of(exploration([point(8, 8, 10.0, 0.001)], {"macs_per_cycle": "min"}))
    assert scatter.x_title == "array size (MAC/cycle), lower is better"


def test_third_objective_gives_the_size():
    scatter = scatter_of(
        exploration(
            [point(8, 8, 1.0, 1.0), point(16, 16, 2.0, 2.0), point(32, 32, 3.0, 3.0)],
            {**SPEED_AND_ENERGY, "macs_per_cycle": "min"},
        )
    )
    assert scatter.size_field == "macs_per_cycle"
    assert [each.size for each in scatter.points] == pytest.approx([0, 0.5, 1])


def test_groups_are_the_first_axis_of_texts():
    rows = [point(8, 8, 1.0, 1.0, "ddr"), point(8, 8, 2.0, 2.0, "hbm"), point(8, 8, 3.0, 3.0)]
    scatter = scatter_of(exploration(rows, SPEED_AND_ENERGY, ("array.rows", "memory")))
    assert (scatter.group_field, list(scatter.groups)) == ("memory", ["ddr", "hbm"])
    assert [each.group for each in scatter.points] == [0, 1, 0]
    many = [point(8, 8, 1.0, 1.0, f"memory {number}") for number in range(9)]
    assert scatter_of(exploration(many, SPEED_AND_ENERGY, ("memory",))).group_field == ""


def test_wide_axes_are_logarithmic():
    scatter = scatter_of(
        exploration([point(8, 8, 1.0, 0.1), point(8, 8, 100.0, 0.2)], SPEED_AND_ENERGY)
    )
    assert (scatter.log_x, scatter.log_y) == (True, False)
    low, high = scatter.x_range
    assert low < 1 < 100 < high
    assert log_ticks(low, high) == [1, 2, 5, 10, 20, 50, 100]


def test_equal_points_take_one_label_above_and_one_below():
    rows = [point(8, 8, 1.0, 1.0), point(4, 16, 1.0, 1.0), point(2, 32, 1.0, 1.0)]
    scatter = scatter_of(exploration(rows, SPEED_AND_ENERGY))
    assert [each.label_side for each in scatter.points] == ["above", "below", ""]


def test_nothing_to_draw():
    scatter = scatter_of(exploration([{"error": "wrong"}], SPEED_AND_ENERGY))
    assert list(scatter.points) == []
    assert scatter.staircase() == ([], [])
