"""Sweeps chunk by chunk: the same rows whatever the chunks and the threads."""

import numpy as np
import pytest

from bitnet_hw.batch.stream import column_chunks
from bitnet_hw.expression import parse_expression
from bitnet_hw.sweep import load_sweep

SWEEP = """base: edge
model: bitnet-b1.58-700m
sweep:
  memory: [lpddr5x-64, hbm3-stack]
  array.rows: [8, 16, 32]
  array.lanes: [10, 20, 30, 40]
"""


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(SWEEP)
    return load_sweep(path)


@pytest.mark.parametrize(("jobs", "chunk"), [(1, 1000), (1, 7), (3, 5), (2, 1)])
def test_order_and_values(sweep, jobs, chunk):
    progress, numbers, cycles = [], [], []
    chunks = column_chunks(sweep, jobs=jobs, chunk=chunk, on_progress=progress.append)
    for indices, table in chunks:
        numbers += indices.tolist()
        cycles += table.columns["cycles"].values.tolist()
    [(_, whole)] = column_chunks(sweep, jobs=1)
    assert numbers == list(range(24))
    assert cycles == whole.columns["cycles"].values.tolist()
    assert progress[-1] == 24
    assert progress == sorted(progress)


def test_what_is_left_out_beforehand(sweep):
    beforehand = [
        parse_expression("array.rows < array.lanes"),
        parse_expression("memory == 'hbm3-stack'"),
    ]
    parts = [indices for indices, _ in column_chunks(sweep, jobs=2, chunk=5, beforehand=beforehand)]
    assert np.concatenate(parts).tolist() == [12, 13, 14, 15, 17, 18, 19, 23]


def test_a_reader_may_stop(sweep):
    chunks = column_chunks(sweep, jobs=2, chunk=2)
    next(chunks)
    chunks.close()
