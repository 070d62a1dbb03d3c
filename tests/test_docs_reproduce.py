"""docs/reproduce.md shows what the command prints."""

from pathlib import Path

from bitnet_hw.reproduce.reproduction import reproduce
from bitnet_hw.reproduce.table import error_text

PAGE = (Path(__file__).parents[1] / "docs" / "reproduce.md").read_text()


def test_every_figure_is_there_with_its_error():
    result = reproduce()
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and " | " in line]
    # A heading for each set.
    assert len(lines) == len(result.rows) + len({row.group for row in result.rows})
    shown = iter(line for line in lines if not line.startswith("| figure |"))
    for row, line in zip(result.rows, shown, strict=True):
        assert line.startswith(f"| {row.figure}")
        assert line.endswith(f"| {error_text(row)} |")


def test_headline():
    for summary in reproduce().summaries:
        assert f"{100 * summary.median_error:.1f} %" in PAGE
        assert f"{100 * summary.worst.relative_error:.1f} %" in PAGE
