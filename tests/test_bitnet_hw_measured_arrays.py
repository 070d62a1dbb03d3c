"""The clock of an array, from those of measured ones."""

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.measured_arrays import MeasuredArray, clock_limit_mhz


def measured(lanes, mhz, every=2):
    return MeasuredArray(
        rows=4,
        lanes=lanes,
        weight_encoding="trit5",
        weight_bus_bits=64,
        max_tokens=8,
        max_k=1024,
        tree_register_every=every,
        lane_style="select",
        fmax_mhz_by_part={"row": mhz, "loader": 1.0} if mhz else {},
        netlists_sha256={},
    )


ARRAYS = [
    measured(8, 800.0),
    measured(32, 600.0),
    measured(32, 500.0),
    measured(16, 900.0, every=1),
]


@pytest.mark.parametrize(
    ("lanes", "every", "mhz"),
    [
        (8, 2, 800),
        (4, 2, 800),
        (32, 2, 500),
        (64, 2, 500),
        (16, 2, 650),
        (16, 4, 650),
        (64, 1, 900),
    ],
)
def test_between_measured_arrays(lanes, every, mhz):
    changes = {"array.lanes": lanes, "array.tree_register_every": every}
    array = load_config("tiny", changes).array
    assert clock_limit_mhz(ARRAYS, array) == pytest.approx(mhz)


def test_nothing_was_measured():
    assert clock_limit_mhz([measured(8, None)], load_config("tiny").array) is None
