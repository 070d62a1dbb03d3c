import numpy as np
import pytest
from amaranth.hdl import Const
from hypothesis import given
from hypothesis import strategies as st

from rtl.dispatcher import job_layout
from rtl.geometry import Geometry
from rtl.job import Job
from rtl.result_buffer import beat_layout
from sim.payloads import command_word, split_beat, split_command

GEOMETRY = Geometry(rows=4, lanes=4, weight_bus_bits=16, max_k=10, max_tokens=5, output_bus_words=3)


def bits(layout, values):
    return Const.cast(layout.const(values)).value


@given(st.integers(1, 10), st.integers(1, (1 << 24) - 1), st.integers(1, 5), st.integers(0, 255))
def test_commands_have_the_hardware_s_layout(k, n, m, flags):
    word = command_word(GEOMETRY, k=k, n=n, m=m, flags=flags)
    assert word == bits(job_layout(GEOMETRY), {"k": k, "n": n, "m": m, "flags": flags})
    assert split_command(GEOMETRY, word) == Job(k=k, n=n, m=m, flags=flags)


def test_command_by_hand():
    # 4 bits of k, 24 of n, 3 of m.
    assert command_word(GEOMETRY, k=9, n=2, m=5, flags=0xAB) == (9 | 2 << 4 | 5 << 28 | 0xAB << 31)


@pytest.mark.parametrize("wrong", [{"k": 0}, {"k": 11}, {"n": 0}, {"m": 0}, {"m": 6}])
def test_impossible_commands_are_dropped(wrong):
    assert (
        split_command(GEOMETRY, command_word(GEOMETRY, **{"k": 1, "n": 1, "m": 1, **wrong})) is None
    )


def test_values_must_fit():
    with pytest.raises(ValueError, match=r"^k must fit 4 bits, not 16$"):
        command_word(GEOMETRY, k=16, n=1, m=1)


@given(
    st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=3, max_size=3),
    st.integers(0, 3),
    st.integers(0, 255),
    st.booleans(),
)
def test_beats_have_the_hardware_s_layout(values, count, flags, last):
    word = bits(
        beat_layout(GEOMETRY), {"data": values, "count": count, "flags": flags, "last": last}
    )
    beat = split_beat(GEOMETRY, word)
    assert beat.results.dtype == np.int32
    assert beat.results.tolist() == values[:count]
    assert (beat.flags, beat.last) == (flags, last)
