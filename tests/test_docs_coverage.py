"""docs/coverage.md shows the plan that there is, and every waiver."""

import re
from pathlib import Path

from benchmarks.coverage_designs import DESIGNS
from benchmarks.coverage_waivers import WAIVERS
from sim.cover_plan import cover_points
from sim.cover_sizes import label

PAGE = (Path(__file__).parents[1] / "docs" / "coverage.md").read_text(encoding="utf-8")


def test_every_point_is_shown_with_all_its_bins_hit():
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    shown = [(group, point, int(bins), int(hit)) for group, point, bins, hit in rows]
    points = cover_points(DESIGNS)
    assert shown == [(p.group, p.name, len(p.bins), len(p.bins)) for p in points]
    total = sum(len(point.bins) for point in points)
    assert f"| **all** | | **{total}** | **{total}** |" in PAGE


def test_every_accelerator_and_every_waiver_is_shown():
    for geometry in DESIGNS:
        tokens = f"{geometry.words_per_tile} | {geometry.max_tokens}"
        assert f"| {label(geometry)} | {tokens} |" in PAGE
    for waiver in WAIVERS:
        assert f" | {waiver.reason} |" in PAGE
