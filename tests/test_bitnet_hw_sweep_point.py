"""A point of a sweep gives one flat row, and its key names everything that the row depends on."""

import dataclasses
import json
import pickle

import pytest

from bitnet_hw import sweep_point
from bitnet_hw.estimate import estimate
from bitnet_hw.sweep import load_sweep
from bitnet_hw.sweep_point import evaluate_point, point_key

TEXT = "base: edge\nmodel: bitnet-b1.58-3b\ncontext: 64\n"


@pytest.fixture
def point(tmp_path):
    def make(text, index=0, name="s.yaml"):
        (tmp_path / name).write_text(TEXT + text)
        return load_sweep(tmp_path / name).point(index)

    return make


def test_row_holds_what_the_estimate_reports(point):
    a_point = point("sweep: {array.rows: [16, 32], batch: [1, 3]}", 3)
    row = evaluate_point(a_point)
    result = estimate(
        a_point.config(), a_point.model(), phase="decode", batch=3, context=64
    ).to_dict()
    assert list(row)[:3] == ["array.rows", "batch", "error"]
    assert (row["array.rows"], row["batch"], row["error"]) == (32, 3, None)
    for name in ("model", "cycles", "tokens_per_second", "energy_per_token_j", "macs_per_cycle"):
        assert row[name] == result[name]
    assert row["array.lanes"] == 20
    assert row["energy_breakdown_j.adder_tree"] == result["energy_breakdown_j"]["adder_tree"]
    assert row["baselines.fp16.ratios.energy"] == result["baselines"]["fp16"]["ratios"]["energy"]
    assert all(isinstance(value, int | float | str | None) for value in row.values())


def test_a_block_is_shown_as_json(point):
    row = evaluate_point(point("sweep: {memory: [{base: ddr4-64, efficiency: 0.5}]}"))
    assert json.loads(row["memory"]) == {"base": "ddr4-64", "efficiency": 0.5}
    assert row["error"] is None


def test_a_wrong_point_is_a_row_with_its_error(point, tmp_path):
    row = evaluate_point(point("sweep:\n  array.rows: [2, 0]", 1))
    assert dict(row) == {
        "array.rows": 0,
        "error": f"{tmp_path}/s.yaml:5: array.rows must be an integer from 1 to 4096, not 0",
    }
    assert point_key(point("sweep: {array.rows: [2, 0]}", 1)) is None


def test_a_crash_is_a_row_with_its_error(point, monkeypatch):
    monkeypatch.setattr(sweep_point, "estimate", lambda *_, **__: 1 / 0)
    row = evaluate_point(point("sweep: {batch: [2]}"))
    assert dict(row) == {"batch": 2, "error": "ZeroDivisionError: division by zero"}


def test_points_and_rows_travel(point):
    points = [point("sweep: {batch: [1, 2]}", index) for index in range(2)]
    rows = [evaluate_point(each) for each in pickle.loads(pickle.dumps(points))]
    assert pickle.loads(pickle.dumps(rows)) == [evaluate_point(each) for each in points]


def test_key_names_what_the_row_depends_on(point, tmp_path):
    text = "sweep: {array.rows: [16, 32], memory: [ddr4-64]}"
    key = point_key(point(text))
    assert key == evaluate_point(point(text))["key"]
    assert key == point_key(point(text, name="other-name.yaml"))
    # More values, or a different order of files, change nothing.
    assert key == point_key(point("sweep: {array.rows: [8, 16], memory: [ddr4-64]}", 1))
    others = [
        point(text, 1),
        point("sweep: {array.rows: [16], memory: [hbm3-stack]}"),
        point("sweep: {array.rows: [16], memory: [ddr4-64], clock_mhz: 500}"),
        point("batch: 2\n" + text),
        point("phase: prefill\n" + text),
        # The same configuration, but the row has other columns.
        point("sweep: {array.rows: [16], memory: [ddr4-64], batch: 1}"),
    ]
    keys = [key, *(point_key(other) for other in others)]
    assert len(set(keys)) == len(keys)


def test_key_depends_on_the_content_of_files(point, tmp_path):
    memory = tmp_path / "memory.yaml"
    memory.write_text("peak_gb_per_s: 10\nenergy_pj_per_bit: 3\n")
    text = "sweep: {memory: ./memory.yaml}"
    key = point_key(point(text))
    memory.write_text("peak_gb_per_s: 10\nenergy_pj_per_bit: 3.5\n")
    assert point_key(point(text)) != key


def test_key_depends_on_the_model_and_the_program(point, monkeypatch):
    a_point = point("sweep: {batch: [1]}")
    key = point_key(a_point)
    other = dataclasses.replace(
        a_point, workload={**a_point.workload, "model": "bitnet-b1.58-1.3b"}
    )
    assert point_key(other) != key
    monkeypatch.setattr(sweep_point, "_program_digest", lambda: "another version")
    assert point_key(a_point) != key


def test_all_of_the_program_counts(monkeypatch, tmp_path):
    (tmp_path / "gates").mkdir()
    inside = tmp_path / "gates" / "flow.py"
    monkeypatch.setattr(sweep_point, "__file__", str(tmp_path / "sweep_point.py"))
    digests = set()
    for text in ("a = 1", "a = 2"):
        inside.write_text(text)
        digests.add(sweep_point._program_digest.__wrapped__())
    assert len(digests) == 2
