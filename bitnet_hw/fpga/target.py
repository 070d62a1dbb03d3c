"""The FPGAs that the flow knows: their resources, and what the tools call them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bitnet_hw.errors import ConfigError

__all__ = ["ECP5", "ICE40", "TARGETS", "Family", "Target", "find_target"]


@dataclass(frozen=True)
class Family:
    """What the devices of a family have in common.

    Attributes
    ----------
    name : str
        In the names of packages and files.
    synthesis : str
        Command of Yosys, without the top module.
    cells : dict
        Kinds of resource, and the beginnings of the names of the cells that are one. The kinds are
        ``lut``, ``carry``, ``register``, ``lut_ram``, ``block_ram`` and ``dsp``.
    sites : dict
        Kinds of place on the device, by their names in nextpnr: ``logic``, ``register``,
        ``block_ram`` and ``dsp``. Where a register shares its place with a look-up table, the first
        two are one.
    logic_per_cell : dict
        Places for logic that a cell of a kind takes at least.
    packer : str
        Function of the place-and-route package that writes the bitstream.
    configuration : str
        Option of nextpnr for the packer's input.
    """

    name: str
    synthesis: str
    cells: Mapping[str, tuple[str, ...]]
    sites: Mapping[str, str]
    logic_per_cell: Mapping[str, int]
    packer: str
    configuration: str

    def kind(self, cell: str) -> str | None:
        """Return the kind of a cell; None if it takes no resource of its own."""
        for kind, names in self.cells.items():
            if cell.startswith(names):
                return kind
        return None


# `-nowidelut` builds wide functions of look-up tables, not of multiplexers between two of them,
# which takes less.
ECP5 = Family(
    name="ecp5",
    synthesis="synth_ecp5 -nowidelut",
    cells={
        "lut": ("LUT4",),
        "carry": ("CCU2C",),
        "register": ("TRELLIS_FF",),
        "lut_ram": ("TRELLIS_DPR16X4",),
        "block_ram": ("DP16KD", "PDPW16KD"),
        "dsp": ("MULT18X18D", "ALU54B"),
    },
    sites={
        "logic": "TRELLIS_COMB",
        "register": "TRELLIS_FF",
        "block_ram": "DP16KD",
        "dsp": "MULT18X18D",
    },
    # A carry cell adds two bits in two look-up tables; 16 words of 4 bits are one in each of four.
    logic_per_cell={"lut": 1, "carry": 2, "lut_ram": 4},
    packer="ecppack",
    configuration="--textcfg",
)
ICE40 = Family(
    name="ice40",
    synthesis="synth_ice40",
    cells={
        "lut": ("SB_LUT4",),
        "carry": ("SB_CARRY",),
        "register": ("SB_DFF",),
        "lut_ram": (),
        "block_ram": ("SB_RAM40_4K",),
        "dsp": ("SB_MAC16",),
    },
    sites={
        "logic": "ICESTORM_LC",
        "register": "ICESTORM_LC",
        "block_ram": "ICESTORM_RAM",
        "dsp": "ICESTORM_DSP",
    },
    logic_per_cell={"lut": 1},
    packer="icepack",
    configuration="--asc",
)


@dataclass(frozen=True)
class Target:
    """One device, in one package and speed grade.

    Attributes
    ----------
    name : str
        What ``--target`` takes.
    title : str
        What the vendor calls it.
    family : Family
        What it shares with others.
    available : dict
        Places by kind, as in `Family.sites`.
    synthesis : tuple of str
        Further options of Yosys.
    placement : tuple of str
        Device options of nextpnr.
    target_mhz : float
        Clock that placement aims at, above what any array reaches.
    """

    name: str
    title: str
    family: Family
    available: Mapping[str, int]
    placement: tuple[str, ...]
    target_mhz: float
    synthesis: tuple[str, ...] = field(default=())


def _ecp5(size: str, logic: int, block_ram: int, dsp: int) -> Target:
    return Target(
        name=f"ecp5-{size}",
        title=f"Lattice LFE5U-{size[:2]}F, CABGA381, speed grade 6",
        family=ECP5,
        available={"logic": logic, "register": logic, "block_ram": block_ram, "dsp": dsp},
        placement=(f"--{size}", "--package", "CABGA381", "--speed", "6"),
        target_mhz=100.0,
    )


# Places as nextpnr counts them. Block RAMs are of 18 kbit (ECP5, 16 kbit at widths of 4 bits and
# less) and 4 kbit (iCE40).
_ALL = (
    _ecp5("85k", 83640, 208, 156),
    _ecp5("45k", 43848, 108, 72),
    _ecp5("25k", 24288, 56, 28),
    Target(
        name="ice40-hx8k",
        title="Lattice iCE40HX8K, CT256",
        family=ICE40,
        available={"logic": 7680, "register": 7680, "block_ram": 32, "dsp": 0},
        placement=("--hx8k", "--package", "ct256"),
        target_mhz=100.0,
        synthesis=("-device hx",),
    ),
    Target(
        name="ice40-up5k",
        title="Lattice iCE40UP5K, SG48",
        family=ICE40,
        available={"logic": 5280, "register": 5280, "block_ram": 30, "dsp": 8},
        placement=("--up5k", "--package", "sg48"),
        target_mhz=50.0,
        synthesis=("-device u",),
    ),
)
TARGETS = {target.name: target for target in _ALL}
"""All devices by name."""


def find_target(name: str) -> Target:
    """Return a device by its name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in TARGETS:
        raise ConfigError(f"Target must be one of {', '.join(TARGETS)}, not {name!r}")
    return TARGETS[name]
