"""The copy of a sweep explores the same points from any folder."""

from bitnet_hw.sweep import load_sweep
from bitnet_hw.sweep_copy import sweep_copy
from bitnet_hw.sweep_point import evaluate_point, point_key


def copied(sweep, folder):
    folder.mkdir()
    path = folder / "sweep.yaml"
    path.write_text(sweep_copy(sweep), encoding="utf-8")
    return load_sweep(path)


def test_shipped_sweep(tmp_path):
    sweep = load_sweep("array-size")
    copy = copied(sweep, tmp_path / "out")
    assert copy.points == sweep.points
    assert copy.objectives == sweep.objectives
    keys = [point_key(sweep.point(index)) for index in range(sweep.points)]
    assert None not in keys
    assert [point_key(copy.point(index)) for index in range(sweep.points)] == keys


def test_paths_and_small_numbers(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "array.yaml").write_text("base: edge\nmemory: memory.yaml\n")
    (tmp_path / "in" / "memory.yaml").write_text(
        "peak_gb_per_s: 10\nenergy_pj_per_bit: 0.00000012\ntitle: 'no'\n"
    )
    (tmp_path / "in" / "s.yaml").write_text(
        "base: array.yaml\nmodel: bitnet-b1.58-3b\nsweep:\n"
        "  memory: [./memory.yaml, {base: ./memory.yaml, efficiency: 0.00000025}, ddr4-64]\n"
        "  clock_mhz: {from: 0.00001, to: 0.00003, step: 0.00001}\n"
        "  technology: {base: jouppi7, node_nm: 5.0}\n"
    )
    monkeypatch.chdir(tmp_path / "in")
    sweep = load_sweep("s.yaml")
    expected = [evaluate_point(sweep.point(index)) for index in range(sweep.points)]
    copy = copied(sweep, tmp_path / "out")
    monkeypatch.chdir("/")
    found = [evaluate_point(copy.point(index)) for index in range(copy.points)]
    assert [row["error"] for row in found] == [None] * 9
    # Paths, which are part of the rows and keys, have become absolute.
    unlike = {"memory", "key"}
    assert [{name: row[name] for name in row if name not in unlike} for row in found] == [
        {name: row[name] for name in row if name not in unlike} for row in expected
    ]
    assert found[0]["memory"] == str(tmp_path / "in" / "memory.yaml")
