"""Do the tests of the models bite? mutmut on the golden, cycle and energy models.

It works in a copy of the repository; the working tree is never touched.

Example: python -m benchmarks.mutate_python --module bitnet_hw/cycles.py
"""

import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bitnet_hw.cli import run_guarded
from bitnet_hw.errors import BitnetHwError, ConfigError, ToolMissing
from bitnet_hw.output import json_text, write
from sim.process import last_lines, run_logged

__all__ = ["MODULES", "run_mutmut", "survivor_diffs"]

# A module that others build on is held by their tests, too; what is listed here suffices.
MODULES: dict[str, tuple[str, ...]] = {
    "bitnet_hw/cycles.py": ("test_bitnet_hw_cycles",),
    "bitnet_hw/energy.py": ("test_bitnet_hw_energy", "test_bitnet_hw_gate_terms"),
    "bitnet_hw/gate_terms.py": ("test_bitnet_hw_gate_terms",),
    "bitnet_hw/gate_counts.py": ("test_bitnet_hw_gate_counts",),
    "bitnet_hw/area.py": ("test_bitnet_hw_area", "test_bitnet_hw_gate_terms"),
    "bitnet_hw/timing.py": ("test_bitnet_hw_timing",),
    "rtl/trit.py": ("test_rtl_trit",),
    "rtl/geometry.py": ("test_rtl_geometry",),
    "rtl/job.py": ("test_rtl_job",),
    "golden/bitlinear.py": ("test_golden_bitlinear",),
    "golden/classifier.py": ("test_golden_classifier",),
    "golden/language_model.py": ("test_golden_language_model",),
    "golden/matmul.py": ("test_golden_matmul",),
    "golden/network.py": ("test_golden_network",),
    "golden/quantize.py": ("test_golden_quantize",),
    "golden/ternarize.py": ("test_golden_ternarize",),
    "golden/threads.py": ("test_golden_threads",),
}

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("bitnet_hw", "golden", "rtl", "sim")
_COPIED = (*_PACKAGES, "benchmarks", "configs", "docs", "examples", "tests")
_TIMEOUT_S = 7200.0
_SETTINGS = """
[tool.mutmut]
source_paths = {sources}
only_mutate = {modules}
also_copy = {copied}
pytest_add_cli_args = ["-m", "not long", "-p", "no:xdist", "-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = {tests}
# PyTorch's threads do not survive a fork.
process_isolation = "forkserver"
"""
_RESULT = re.compile(r"^\s+(\S+): ([a-z ]+)$", re.MULTILINE)
# Verdicts of mutmut beside "killed" that mean that the tests noticed.
_NOTICED = ("killed", "timeout", "suspicious", "segfault", "caught by type check")


def run_mutmut(modules: Iterable[str], folder: Path, *, jobs: int = 1) -> dict[str, str]:
    """Mutate modules in a folder, which gets a copy of the repository.

    Returns
    -------
    dict
        What became of each mutant, by mutmut's name for it.

    Raises
    ------
    ToolMissing
        If mutmut is not installed.
    BitnetHwError
        If it fails; for one, because the tests fail without a mutation.
    """
    modules = list(modules)
    for name in _COPIED:
        shutil.copytree(_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "LICENSE"):
        shutil.copy(_ROOT / name, folder / name)
    tests = [f"tests/{test}.py" for module in modules for test in MODULES[module]]
    settings = _SETTINGS.format(
        sources=list(_PACKAGES),
        modules=modules,
        copied=[name for name in _COPIED if name not in _PACKAGES],
        tests=tests,
    )
    project = (_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(project + settings, encoding="utf-8")
    _mutmut(["run", "--max-children", str(jobs)], folder)
    return dict(_RESULT.findall(_mutmut(["results", "--all", "true"], folder)))


def survivor_diffs(verdicts: dict[str, str], folder: Path) -> dict[str, str]:
    """Return what was changed in each mutant that no test noticed."""
    left = [name for name, verdict in verdicts.items() if verdict not in _NOTICED]
    return {name: _mutmut(["show", name], folder) for name in left}


def _mutmut(arguments: list[str], folder: Path) -> str:
    log = folder / "mutmut.log"
    if shutil.which("mutmut", path=Path(sys.executable).parent) is None:
        raise ToolMissing(
            f"Mutating Python needs mutmut; install it with: {sys.executable} -m pip install mutmut"
        )
    status = run_logged(
        [sys.executable, "-m", "mutmut", *arguments],
        what="Mutating Python",
        environment=os.environ,
        directory=folder,
        log=log,
        timeout_s=_TIMEOUT_S,
    )
    if status:
        raise BitnetHwError(f"mutmut failed:\n{last_lines(log, 10)}")
    return log.read_text(encoding="utf-8")


def main(
    module: Annotated[
        list[str] | None, typer.Option(help="Repeatable; default: all of them.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at the same time.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the survivors as JSON.")] = False,
) -> None:
    """Mutate modules of Python, and count which mutants their tests notice."""
    if unknown := sorted(set(module or ()) - set(MODULES)):
        raise ConfigError(f"--module must be one of {', '.join(MODULES)}, not {unknown[0]}")
    names = module or list(MODULES)
    with tempfile.TemporaryDirectory(prefix="mutmut-") as directory:
        verdicts = run_mutmut(names, Path(directory), jobs=jobs)
        diffs = survivor_diffs(verdicts, Path(directory))
    rows = []
    for name in names:
        prefix = name.removesuffix(".py").replace("/", ".") + "."
        own = Counter(v for mutant, v in verdicts.items() if mutant.startswith(prefix))
        noticed = sum(own[verdict] for verdict in _NOTICED)
        rows.append({
            "module": name,
            "mutants": own.total(),
            "killed": noticed,
            "timeouts": own["timeout"],
        })
    if as_json:
        write(json_text({"modules": rows, "survivors": diffs}))
        return
    print(f"{'module':28} mutants  killed  (by timeout)   score")
    for row in rows:
        # mutmut leaves decorated functions and constants alone.
        share = f"{row['killed'] / row['mutants']:.1%}" if row["mutants"] else "none"
        counts = f"{row['mutants']:7} {row['killed']:7} {row['timeouts']:13}"
        print(f"{row['module']:28} {counts} {share:>8}")
    for diff in diffs.values():
        print(f"\n{diff}")


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
