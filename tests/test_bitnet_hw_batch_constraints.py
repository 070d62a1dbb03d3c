"""Which rows hold to constraints."""

import numpy as np

from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.batch.constraints import holds_all
from bitnet_hw.expression import parse_expression


def holds(*texts):
    table = ColumnTable.of_rows([
        {"power_w": 1.0, "memory": "hbm", "error": None},
        {"power_w": 9.0, "memory": "ddr", "error": None},
        {"memory": "hbm", "error": "no"},
    ])
    return holds_all([parse_expression(text) for text in texts], table).tolist()


def test_all_constraints_together():
    assert holds() == [True, True, True]
    assert holds("power_w < 5") == [True, False, False]
    assert holds("power_w < 50", "memory == 'ddr'") == [False, True, False]
    assert holds("1 < 2") == [True, True, True]


def test_what_is_missing_does_not_hold():
    assert holds("power_w > 0") == [True, True, False]
    assert holds("no_such_field > 0") == [False, False, False]
    # Unless its value does not matter.
    assert holds("power_w > 0 or memory == 'hbm'") == [True, True, True]


def test_a_table_of_no_rows():
    table = ColumnTable(0)
    assert holds_all([parse_expression("power_w > 0")], table).shape == (0,)
    assert holds_all([], table).dtype == np.bool_
