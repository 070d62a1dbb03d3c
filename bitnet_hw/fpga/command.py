"""``bitnet-hw characterize --target``: from the options to the report."""

from collections.abc import Sequence
from pathlib import Path

from bitnet_hw.atomic_files import prepare_folder, write_files
from bitnet_hw.config import Config
from bitnet_hw.fpga.flow import implement
from bitnet_hw.fpga.report import implementation_tables
from bitnet_hw.fpga.target import find_target
from bitnet_hw.fpga.tools import require_tools
from bitnet_hw.output import json_text, write, write_tables
from bitnet_hw.progress import late_progress

__all__ = ["report_implementation"]


def report_implementation(
    config: Config,
    target_name: str,
    *,
    seeds: Sequence[int],
    jobs: int | None = None,
    output: Path | None = None,
    bitstream: Path | None = None,
    as_json: bool = False,
) -> None:
    """Place and route an array, write what was asked for, and print the report.

    Parameters
    ----------
    config : Config
        The array.
    target_name : str
        The device.
    seeds : sequence of int
        A placement for each.
    jobs : int
        Placements at the same time; default: one for each processor.
    output, bitstream : Path
        Files for the report as JSON, and for the bitstream of the best placement.
    as_json : bool
        Print JSON instead of tables.

    Raises
    ------
    BitnetHwError
        If the device is unknown or too small, a tool is missing or fails, or a file cannot be
        written.
    """
    target = find_target(target_name)
    require_tools(target.family)
    for path in (output, bitstream):
        if path is not None:
            prepare_folder(path.parent)
    title = f"{config.name} on {target.name}: synthesis, {len(seeds)} x place and route"
    with late_progress(title, 1 + len(seeds)) as progress:
        result = implement(config, target, seeds, jobs=jobs, progress=progress)
    report = json_text(result.to_dict())
    places = []
    if output is not None:
        write_files(output.parent, {output.name: report.encode()})
        places.append(f"{output}: report as JSON")
    if bitstream is not None:
        write_files(bitstream.parent, {bitstream.name: result.best.bitstream.read_bytes()})
        places.append(f"{bitstream}: bitstream of seed {result.best.seed}")
    if as_json:
        write(report)
    else:
        write_tables([*implementation_tables(result), *places])
