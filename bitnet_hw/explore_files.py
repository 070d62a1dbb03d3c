"""Everything that an exploration leaves behind, as the content of files."""

from bitnet_hw import __version__
from bitnet_hw.exploration import Exploration
from bitnet_hw.plot import pareto_png
from bitnet_hw.report import render_report
from bitnet_hw.result_files import csv_bytes, parquet_bytes
from bitnet_hw.sweep import Sweep
from bitnet_hw.sweep_copy import sweep_copy
from bitnet_hw.sweep_design import best_design
from bitnet_hw.sweep_point import WORKLOAD
from bitnet_hw.sweep_report import sweep_sections

__all__ = ["RESULTS", "explore_files", "workload_text"]

RESULTS = "results.parquet"


def explore_files(sweep: Sweep, exploration: Exploration) -> dict[str, bytes]:
    """Return the files of an exploration by name: table, plot, report and the sweep itself."""
    workload = workload_text(sweep)
    name = sweep.file.path.stem
    sections = sweep_sections(
        exploration, yaml_text=sweep.text, design=best_design(sweep, exploration)
    )
    report = render_report(
        name, sections, subtitle=f"{workload}. Explored by bitnet-hw {__version__}."
    )
    return {
        **({} if exploration.streamed else {RESULTS: parquet_bytes(exploration)}),
        "results.csv": csv_bytes(exploration),
        "pareto.png": pareto_png(exploration, title=f"{name}: {workload}"),
        "report.html": report.encode(),
        "sweep.yaml": sweep_copy(sweep).encode(),
    }


def workload_text(sweep: Sweep) -> str:
    """Return the part of the workload that is the same for all points, in words."""
    if shapes := sweep.settings.get("shapes"):
        return ", ".join(f"{m}x{k}x{n}" for m, k, n in shapes)
    if library := sweep.settings.get("library"):
        return f"in the cells of {library}, operands {sweep.settings['operands']}"
    fixed = {**sweep.workload, **{name: values[0] for name, values in sweep.values.items()}}
    names = [name for name in WORKLOAD if name not in sweep.axes]
    return ", ".join(
        str(fixed[name]) if name in ("model", "phase") else f"{name} {fixed[name]}"
        for name in names
    )
