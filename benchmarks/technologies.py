"""Write the technology files that ship, from gates, and check each on arrays it was not fitted to.

    python -m benchmarks.technologies --pdk ../pdk

Needs the folders asap7 and ihp-sg13g2 of docs/gates.md in one folder, and Debian's
qflow-tech-osu018. What was measured before is taken from the cache: an interrupted run goes on.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import held_out
from bitnet_hw.cli import run_guarded
from bitnet_hw.config import load_config
from bitnet_hw.gates.library import find_library
from bitnet_hw.gates.technology_flow import write_technology
from bitnet_hw.presets import configs_folder

STYLES = {
    "select": {},
    "biased": {"array.lane_style": "biased", "array.tree_register_every": 5},
}
"""What makes of `ARRAY` one of each lane style that the file is for."""

ARRAY = "edge"
CLOCKS_MHZ = {"asap7": 1000, "ihp-sg13g2": 200, "osu018": 150}
"""Clocks that mapping is asked for: about what the arrays reach."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write and check each file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pdk", type=Path, required=True, help="folder of the libraries' folders")
    parser.add_argument("--jobs", type=int, default=2, help="arrays measured at the same time")
    parser.add_argument("names", nargs="*", default=list(CLOCKS_MHZ), help="which; default: all")
    options = parser.parse_args(arguments)
    for name in options.names:
        folder = options.pdk / name
        reference = str(folder) if folder.is_dir() else name
        library = find_library(reference)
        clock = {"clock_mhz": CLOCKS_MHZ[name]}
        configs = [load_config(ARRAY, {**clock, **style}) for style in STYLES.values()]
        file = configs_folder() / "technologies" / f"{name}.yaml"
        arrays = write_technology(configs, library, file, jobs=options.jobs)
        print(f"{file}: fitted to {arrays} arrays", flush=True)
        given = ["--technology", str(file), "--library", reference, "--jobs", str(options.jobs)]
        for style in STYLES:
            held_out.main([*given, "--lane-style", style])


if __name__ == "__main__":
    sys.exit(run_guarded(main))
