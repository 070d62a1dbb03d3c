import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.fpga.target import ECP5, ICE40, TARGETS, find_target


def test_a_device_is_found_by_its_name():
    device = find_target("ecp5-85k")

    assert device.title == "Lattice LFE5U-85F, CABGA381, speed grade 6"
    assert device.available == {"logic": 83640, "register": 83640, "block_ram": 208, "dsp": 156}
    assert device.placement == ("--85k", "--package", "CABGA381", "--speed", "6")
    assert list(TARGETS) == ["ecp5-85k", "ecp5-45k", "ecp5-25k", "ice40-hx8k", "ice40-up5k"]


def test_an_unknown_device_is_one_error():
    with pytest.raises(
        ConfigError,
        match=r"^Target must be one of ecp5-85k, ecp5-45k, ecp5-25k, ice40-hx8k, ice40-up5k, "
        r"not 'virtex'$",
    ):
        find_target("virtex")


@pytest.mark.parametrize(
    ("family", "cell", "kind"),
    [
        (ECP5, "LUT4", "lut"),
        (ECP5, "CCU2C", "carry"),
        (ECP5, "TRELLIS_DPR16X4", "lut_ram"),
        (ECP5, "MULT18X18D", "dsp"),
        (ECP5, "PFUMX", None),
        (ICE40, "SB_DFFESR", "register"),
        (ICE40, "SB_RAM40_4KNR", "block_ram"),
        (ICE40, "SB_GB", None),
    ],
)
def test_cells_are_of_a_kind(family, cell, kind):
    assert family.kind(cell) == kind
