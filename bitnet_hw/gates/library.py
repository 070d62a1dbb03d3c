"""Standard-cell libraries: the Liberty files of a folder, or of a name."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bitnet_hw.errors import ConfigError
from bitnet_hw.gates.cells import Cell, Corner
from bitnet_hw.gates.liberty import LibertyText
from bitnet_hw.gates.read_cells import read_cells, read_corner, time_unit_s

__all__ = ["LIBRARIES", "Library", "find_library"]

_DIGEST_CHARACTERS = 16

# Of a compressed file: a few kilobytes can claim to be terabytes. The largest we know has 60 MB.
_MOST_BYTES = 1 << 28


@dataclass(frozen=True)
class _Known:
    """A library that we know: where it may lie, where to get it, and what of it not to use."""

    folders: tuple[str, ...]
    source: str
    dont_use: tuple[str, ...] = ()


LIBRARIES = {
    "asap7": _Known(
        folders=(),
        source=(
            "the five files asap7sc7p5t_*_RVT_TT_nldm_*.lib.gz of "
            "github.com/The-OpenROAD-Project/OpenROAD-flow-scripts, folder "
            "flow/platforms/asap7/lib/NLDM"
        ),
        # The flip-flop with an inverter in it is larger than the one without and an inverter.
        dont_use=("DFFHQx4_*",),
    ),
    "ihp-sg13g2": _Known(
        folders=(),
        source=(
            "sg13g2_stdcell_typ_1p20V_25C.lib of github.com/IHP-GmbH/IHP-Open-PDK, folder "
            "ihp-sg13g2/libs.ref/sg13g2_stdcell/lib"
        ),
    ),
    "osu018": _Known(
        folders=("/usr/share/qflow/tech/osu018",),
        source="Debian: apt-get install qflow-tech-osu018",
    ),
}
"""Libraries that the tool knows by name. A folder called like one gets its settings, too."""

# Beside standard cells: memories, pads, and corners and thresholds that nobody asked for.
_NOT_CELLS = ("RM_*", "*_io_*", "*_SRAM_*")


@dataclass(frozen=True)
class Library:
    """Standard cells from one or more Liberty files.

    Parameters
    ----------
    name : str
        Name of the folder.
    files : tuple of Path
        The files, sorted by name; as they are or compressed with gzip.
    dont_use : tuple of str
        Patterns of cells that synthesis must not use.
    """

    name: str
    files: tuple[Path, ...]
    dont_use: tuple[str, ...] = ()
    # Every cell that was asked for.
    _read: dict[str, Cell] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def contents(self) -> dict[str, bytes]:
        """The files uncompressed, by their names without ``.gz``.

        Raises
        ------
        ConfigError
            If a file is not what its name says.
        """
        return {path.name.removesuffix(".gz"): _read(path) for path in self.files}

    @cached_property
    def texts(self) -> list[LibertyText]:
        """The files, ready to look cells up."""
        return [
            LibertyText(content.decode(errors="replace"), name)
            for name, content in self.contents.items()
        ]

    @cached_property
    def digest(self) -> str:
        """Digest of all files, however compressed."""
        digest = hashlib.sha256()
        for content in self.contents.values():
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()[:_DIGEST_CHARACTERS]

    @cached_property
    def corner(self) -> Corner:
        """Voltage and temperature; all files must agree.

        Raises
        ------
        ConfigError
            If they do not.
        """
        corners = [read_corner(text) for text in self.texts]
        if len({(corner.voltage_v, corner.temperature_c) for corner in corners}) > 1:
            listed = ", ".join(
                f"{corner.library} {corner.voltage_v:g} V {corner.temperature_c:g} C"
                for corner in corners
            )
            raise ConfigError(f"Library {self.name} must have one corner, not {listed}")
        return corners[0]

    @property
    def time_unit_s(self) -> float:
        """The first file's unit of time, which tools that read all of them print in."""
        return time_unit_s(self.texts[0])

    def cells(self, names: set[str]) -> dict[str, Cell]:
        """Return the named cells.

        Raises
        ------
        ConfigError
            If one is missing or broken.
        """
        for text in self.texts:
            self._read.update(read_cells(text, names - self._read.keys()))
        if missing := sorted(names - self._read.keys()):
            raise ConfigError(f"Library {self.name} must have the cells {', '.join(missing)}")
        return {name: self._read[name] for name in sorted(names)}

    def provenance(self) -> dict[str, object]:
        """Return what the figures come from, ready for JSON."""
        return {
            "name": self.name,
            "files": list(self.contents),
            "sha256": self.digest,
            "voltage_v": self.corner.voltage_v,
            "temperature_c": self.corner.temperature_c,
        }


def find_library(reference: str) -> Library:
    """Return the library in a folder, or of a name.

    Parameters
    ----------
    reference : str
        A folder with Liberty files (``.lib`` or ``.lib.gz``), or a name in `LIBRARIES`.

    Raises
    ------
    ConfigError
        If there is none; the message says where to get it.
    """
    known = LIBRARIES.get(reference)
    folders = [Path(reference)]
    if known is not None:
        folders += [Path(folder) for folder in known.folders]
    for folder in folders:
        if files := _liberty_files(folder):
            name = folder.resolve().name
            if known is None:
                known = LIBRARIES.get(name)
            return Library(name, tuple(files), known.dont_use if known else ())
    if known is not None:
        raise ConfigError(
            f"Library {reference} is not here; give the folder that holds its Liberty files. "
            f"Get it from {known.source}"
        )
    if Path(reference).is_dir():
        raise ConfigError(f"Folder {reference} must hold Liberty files: *.lib or *.lib.gz")
    raise ConfigError(
        f"--library must be a folder with Liberty files or one of {', '.join(LIBRARIES)}, "
        f"not {reference!r}"
    )


def _liberty_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.endswith((".lib", ".lib.gz"))
        and not any(path.match(pattern) for pattern in _NOT_CELLS)
    )


def _read(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{path.name} must be a whole gzip file: {error}") from error
    if len(content) > _MOST_BYTES:
        raise ConfigError(f"{path.name} must hold at most {_MOST_BYTES >> 20} MB")
    return content
