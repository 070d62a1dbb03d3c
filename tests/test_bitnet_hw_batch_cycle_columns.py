"""The cycle model on columns of geometries, against the closed form of each."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bitnet_hw.batch.cycle_columns import cycle_columns
from bitnet_hw.batch.geometry_columns import COLUMNS, GeometryColumns
from bitnet_hw.cycles import WeightRate, cycles
from rtl.geometry import Geometry
from rtl.job import Job

MAX_TOKENS = 4
GEOMETRIES = st.builds(
    lambda rows, **sizes: Geometry(
        rows=rows,
        max_tokens=MAX_TOKENS,
        **{**sizes, "output_bus_words": 1 + sizes["output_bus_words"] % rows},
    ),
    rows=st.integers(1, 40),
    lanes=st.integers(1, 70),
    weight_bus_bits=st.integers(1, 200).map(lambda count: 8 * count),
    max_k=st.integers(300, 9000),
    output_bus_words=st.integers(0, 39),
    tree_register_every=st.integers(1, 4),
)
JOBS = st.builds(Job, k=st.integers(1, 300), n=st.integers(1, 300), m=st.integers(1, MAX_TOKENS))
RATES = st.tuples(st.integers(1, 1000), st.integers(1, 1000)).map(
    lambda pair: WeightRate(min(pair), max(pair))
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(GEOMETRIES, RATES), min_size=1, max_size=12),
    st.lists(JOBS, min_size=1, max_size=5),
)
def test_equal_to_the_closed_form(designs, jobs):
    geometries = [geometry for geometry, _ in designs]
    columns = GeometryColumns(
        geometries[0],
        {name: np.array([getattr(g, name) for g in geometries]) for name in COLUMNS},
    )
    words, in_cycles = (
        np.array([getattr(rate, name) for _, rate in designs]) for name in ("words", "cycles")
    )
    end, busy = cycle_columns(columns, jobs, words, in_cycles)
    expected = [cycles(geometry, jobs, rate) for geometry, rate in designs]
    assert end.tolist() == [count.cycles for count in expected]
    assert busy.tolist() == [count.busy for count in expected]


def test_literal():
    # One tile of one word: docs/architecture.md, "Time".
    geometry = Geometry(rows=4, lanes=4, weight_bus_bits=32, max_k=16, output_bus_words=4)
    columns = GeometryColumns(geometry, {"rows": np.array([4, 4]), "lanes": np.array([4, 4])})
    end, busy = cycle_columns(columns, [Job(k=4, n=4)], np.array([1, 1]), np.array([1, 7]))
    assert busy.tolist() == [1, 1]
    assert end.tolist() == [cycles(geometry, [Job(k=4, n=4)]).cycles] * 2 == [7, 7]
