"""From arrays and a library to a technology: everything is measured, kept, and put together."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bitnet_hw.config import Config
from bitnet_hw.errors import ConfigError
from bitnet_hw.gates.check_figures import measure_check
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.parts import CHECK_GROUP
from bitnet_hw.gates.sram_macros import memories_of
from bitnet_hw.gates.technology_file import NODES_NM, technology_mapping, technology_text
from bitnet_hw.gates.training import measure_arrays, training_configs, training_operands
from bitnet_hw.gates.unit_parts import UNITS, measure_unit

__all__ = ["characterize_technology", "write_technology"]

_COMMENT = """\
Written by bitnet-hw characterize, from gates; docs/gates.md says how. The table serves vector
units and baselines; the ternary array is the sum of the terms below, each times its count."""


def characterize_technology(
    configs: Sequence[Config],
    library: Library,
    *,
    node_nm: float | None = None,
    jobs: int = 1,
    root: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Return the content of a technology file.

    Parameters
    ----------
    configs : sequence of Config
        The arrays that it is fitted to; all have one clock.
    library : Library
        The cells.
    node_nm : float
        The process node, for libraries that are not known by name.
    jobs : int
        Processes that measure arrays.
    root : Path
        Folder of everything that is kept; without it in the user's cache directory.
    progress : callable
        Called with the number of arrays that are done.

    Raises
    ------
    BitnetHwError
        If the library is broken, a tool is missing or fails, or a netlist computes nonsense.
    """
    clock_mhz = configs[0].clock_mhz
    memories = memories_of(library)
    units = {name: measure_unit(name, library, clock_mhz=clock_mhz, root=root) for name in UNITS}
    units[CHECK_GROUP] = measure_check(library, clock_mhz=clock_mhz, root=root)
    operands = training_operands()
    reports = measure_arrays(configs, library, operands, jobs=jobs, root=root, progress=progress)
    return technology_mapping(
        library, clock_mhz, reports, operands, units, memories, node_nm=node_nm
    )


def write_technology(
    configs: Sequence[Config],
    library: Library,
    file: Path,
    *,
    training: bool = True,
    node_nm: float | None = None,
    jobs: int = 1,
) -> int:
    """Write a technology file, and return how many arrays it is fitted to.

    Parameters
    ----------
    configs : sequence of Config
        The arrays; all have one clock.
    library : Library
        The cells.
    file : Path
        The file.
    training : bool
        Measure the training arrays as well, in each lane style of the given ones.
    node_nm, jobs
        As of `characterize_technology`.

    Raises
    ------
    BitnetHwError
        If the arrays do not fit together, or cannot be measured.
    """
    from bitnet_hw.atomic_files import prepare_folder, write_files
    from bitnet_hw.progress import late_progress

    if len(clocks := {config.clock_mhz for config in configs}) > 1:
        listed = ", ".join(f"{clock:g}" for clock in sorted(clocks))
        raise ConfigError(f"clock_mhz of all arrays of a technology must be one, not {listed}")
    if node_nm is None and library.name not in NODES_NM:
        raise ConfigError(f"--node-nm must be given for the library {library.name}")
    prepare_folder(file.parent)
    configs = list(configs)
    if training:
        styles = {config.array.lane_style: config for config in configs}
        configs += [added for config in styles.values() for added in training_configs(config)]
    with late_progress(f"{library.name}: arrays", len(configs)) as progress:
        content = characterize_technology(
            configs, library, node_nm=node_nm, jobs=jobs, progress=progress
        )
    write_files(file.parent, {file.name: technology_text(content, _COMMENT).encode()})
    return len(configs)
