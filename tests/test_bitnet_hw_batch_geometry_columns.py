"""Columns of geometries: every property that of each geometry."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bitnet_hw.batch.geometry_columns import COLUMNS, GeometryColumns
from rtl.geometry import Geometry
from rtl.lane_style import LANE_STYLES
from rtl.word_check import WEIGHT_CHECKS


def geometries(style, check):
    return st.integers(1, 300).flatmap(lambda rows: _of_rows(rows, style, check))


def _of_rows(rows, style, check):
    return st.builds(
        Geometry,
        rows=st.just(rows),
        lanes=st.integers(1, 300),
        weight_bus_bits=st.integers(2, 999).map(lambda count: 8 * count),
        max_k=st.integers(1, 1 << 20),
        output_bus_words=st.integers(1, rows),
        tree_register_every=st.integers(1, 16),
        lane_style=st.just(style),
        weight_check=st.just(check),
    )


# Nothing in the estimator reads the width of a token number.
PROPERTIES = [
    name
    for name, item in vars(Geometry).items()
    if isinstance(item, property) and name not in ("token_bits", "tree_adders", "style")
]


@given(
    st.tuples(st.sampled_from(sorted(LANE_STYLES)), st.sampled_from(WEIGHT_CHECKS)).flatmap(
        lambda shared: st.lists(geometries(*shared), min_size=1, max_size=6)
    )
)
def test_every_property(geometries):
    columns = GeometryColumns(
        geometries[0],
        {name: np.array([getattr(g, name) for g in geometries]) for name in COLUMNS},
    )
    for name in PROPERTIES:
        value = np.broadcast_to(getattr(columns, name), len(geometries))
        assert value.tolist() == [getattr(geometry, name) for geometry in geometries], name
    for index, geometry in enumerate(geometries):
        adders = [(bits, int(count[index])) for bits, count in columns.tree_adders]
        assert tuple(pair for pair in adders if pair[1]) == geometry.tree_adders


def test_literal():
    geometry = Geometry(rows=4, lanes=4, weight_bus_bits=32, max_k=16, output_bus_words=4)
    columns = GeometryColumns(geometry, {"lanes": np.array([1, 2, 3, 20, 64])})
    assert columns.tree_levels.tolist() == [0, 1, 2, 5, 6]
    assert columns.macs_per_cycle.tolist() == [4, 8, 12, 80, 256]
