"""What an exploration tells about its rows."""

from bitnet_hw.exploration import Exploration
from bitnet_hw.row import Row


def exploration(*rows, **changes):
    fields = {
        "axes": ("array.rows",),
        "objectives": {"speed": "max", "energy_j": "min"},
        "rows": [Row(row) for row in rows],
        "points": len(rows),
    }
    return Exploration(**(fields | changes))


ROWS = (
    {"array.rows": 1, "error": None, "speed": 1, "energy_j": 0.5},
    {"array.rows": 2, "error": "wrong"},
    {"array.rows": 3, "error": None, "speed": 3.0, "energy_j": 0.7, "more": "x"},
    {"array.rows": 4, "error": None, "speed": 3, "energy_j": 0.9},
    {"array.rows": 5, "error": None, "speed": 3.0, "energy_j": 0.7},
)


def test_front_is_best_first_without_failed_points():
    assert exploration(*ROWS).front == (2, 4, 0)
    assert exploration(*ROWS, objectives={"energy_j": "min"}).front == (0,)
    assert exploration(*ROWS, objectives={"more": "min"}).front == ()
    assert exploration().front == ()


def test_failed_and_columns():
    found = exploration(*ROWS)
    assert found.failed == (1,)
    assert found.columns == ("array.rows", "error", "speed", "energy_j", "more")
    assert found.summary_fields() == ("array.rows", "speed", "energy_j")
    assert found.displays["energy_j"].title == "energy (mJ)"


def test_columns_of_no_rows():
    found = exploration()
    assert found.columns == ("array.rows",)
    assert found.displays["energy_j"].title == "energy (J)"
