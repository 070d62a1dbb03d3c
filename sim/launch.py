"""One build or run of a simulator through cocotb's runner, as a process of its own.

cocotb's runner takes its settings from the environment of its process and has no timeouts; a
process of its own gets an environment made for it and can be ended from outside. Called as
``python -m sim.launch REQUEST.json``.
"""

import json
import sys
from pathlib import Path
from typing import Any

from cocotb_tools.runner import VerilatorControlFile, get_runner

__all__ = ["main"]

# Amaranth's Verilog names no time scale, and the simulators' default of 1 s is too coarse.
_TIMESCALE = ("1ns", "1ps")


def main(request_path: str) -> None:
    """Carry out the request in a JSON file."""
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    carry_out = _build if request.pop("action") == "build" else _test
    try:
        carry_out(**request)
    except RuntimeError as error:
        # A command failed: what it said is in the log already, and a traceback would hide it.
        sys.exit(str(error))


def _build(
    simulator: str, sources: list[str], top: str, directory: str, build_args: list[str], waves: bool
) -> None:
    get_runner(simulator).build(
        sources=[
            VerilatorControlFile(source) if source.endswith(".vlt") else Path(source)
            for source in sources
        ],
        hdl_toplevel=top,
        build_dir=directory,
        build_args=build_args,
        always=True,
        timescale=_TIMESCALE,
        # On Icarus it would add a module that is not Verilog 2005; `build_args` has ours.
        waves=waves and simulator == "verilator",
    )


def _test(simulator: str, waves: bool, **arguments: Any) -> None:
    get_runner(simulator).test(hdl_toplevel_lang="verilog", waves=waves, **arguments)


if __name__ == "__main__":
    main(sys.argv[1])
