"""Compiles the packer of weights into a library; found again by its content."""

import hashlib
import os
import platform
import shutil
from pathlib import Path

from sim.errors import SimulatorBuildFailed, SimulatorMissing
from sim.process import failure, run_logged
from sim.scratch import scratch_folder

__all__ = ["build_packer"]

_COMPILER = "g++"
_SOURCES = Path(__file__).with_name("packer")
_MAIN = "packer.cpp"
_OPTIONS = ("-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden", "-pthread")
_TIMEOUT_S = 300.0


def build_packer(root: Path) -> Path:
    """Return the shared library of the packer; build it if it is not there yet.

    It is made for the processor of this machine. Libraries are kept in `root` under a digest of the
    sources and of all that the compiler says about itself and the processor, so that machines can
    share `root`. A build happens in a temporary directory and its library is renamed when complete,
    so that processes can.

    Parameters
    ----------
    root : Path
        Directory of builds; made if it does not exist.

    Raises
    ------
    SimulatorMissing
        If there is no C++ compiler.
    SimulatorBuildFailed
        If it fails.
    SimulationTimedOut
        If it takes minutes.
    """
    if shutil.which(_COMPILER) is None:
        raise SimulatorMissing(
            f"Packing weights in compiled code needs the program {_COMPILER}; "
            f"install it with: apt-get install {_COMPILER}"
        )
    root.mkdir(parents=True, exist_ok=True)
    with scratch_folder(root) as work:
        _compile(work, "-dM", "-E", "-x", "c++", os.devnull, "-o", "macros")
        sources = [path.read_bytes() for path in sorted(_SOURCES.iterdir())]
        digest = hashlib.sha256(repr([_options(), platform.libc_ver(), sources]).encode())
        digest.update((work / "macros").read_bytes())
        library = root.resolve() / f"packer-{digest.hexdigest()[:24]}.so"
        if not library.is_file():
            _compile(work, "-shared", str(_SOURCES.resolve() / _MAIN), "-o", "packer.so")
            (work / "packer.so").replace(library)
    return library


def _options() -> list[str]:
    # Compilers for other processors make the most of them unasked, or know another option.
    native = platform.machine().lower() in {"x86_64", "amd64"}
    return [*_OPTIONS, *["-march=native"] * native]


def _compile(work: Path, *arguments: str) -> None:
    what = f"Compiling the packer of weights with {_COMPILER}"
    log = work / "build.log"
    status = run_logged(
        [_COMPILER, *_options(), *arguments],
        what=what,
        environment=os.environ,
        directory=work,
        log=log,
        timeout_s=_TIMEOUT_S,
    )
    if status:
        raise SimulatorBuildFailed(failure(what, status, log))
