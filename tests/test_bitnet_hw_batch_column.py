"""Tables that are filled part by part."""

import numpy as np

from bitnet_hw.batch.column import ColumnTable


def test_parts_of_different_rows():
    table = ColumnTable(4)
    table.fill(None, {"model": "a", "rows": np.array([1, 2, 3, 4]), "error": None})
    table.fill(np.array([0, 2]), {"cycles": np.array([10, 30]), "bound": "memory"})
    table.fill(np.array([3]), {"cycles": 4.5, "error": "wrong"})
    cells = {name: [column.cell(row) for row in range(4)] for name, column in table.columns.items()}
    assert cells == {
        "model": ["a"] * 4,
        "rows": [1, 2, 3, 4],
        "error": [None, None, None, "wrong"],
        # An integer and a fraction in one column are both floats.
        "cycles": [10.0, None, 30.0, 4.5],
        "bound": ["memory", None, "memory", None],
    }
    assert isinstance(cells["rows"][0], int)


def test_numbers():
    table = ColumnTable(3)
    table.fill(np.array([0, 2]), {"cycles": np.array([1, 3]), "fits": np.array([True, False])})
    table.fill(None, {"name": "x"})
    assert np.array_equal(table.columns["cycles"].numbers(), [1, np.nan, 3], equal_nan=True)
    assert np.array_equal(table.columns["fits"].numbers(), [1, np.nan, 0], equal_nan=True)
    assert np.isnan(table.columns["name"].numbers()).all()


def test_one_value_for_all_takes_no_memory():
    table = ColumnTable(1_000_000)
    table.fill(None, {"clock_mhz": 1000.0})
    column = table.columns["clock_mhz"]
    assert column.values.strides == (0,)
    table.fill(np.array([5]), {"clock_mhz": 7.0})
    assert (table.columns["clock_mhz"].cell(4), table.columns["clock_mhz"].cell(5)) == (1000.0, 7.0)
