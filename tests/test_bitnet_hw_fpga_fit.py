from pathlib import Path

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.fpga.fit import check_fit, check_log
from bitnet_hw.fpga.synthesis import Synthesis
from bitnet_hw.fpga.target import find_target

ECP5 = find_target("ecp5-25k")


def cells(**accelerator):
    return Synthesis(Path(), "00", accelerator, {"LUT4": 300, "TRELLIS_FF": 900}, {}, 1.0)


def test_cells_that_cannot_fit_are_not_placed():
    # 20000 + 300 + 2 * 1000 + 4 * 500 = 24,300 of 24,288.
    with pytest.raises(
        ConfigError,
        match=r"^Array edge must fit into ecp5-25k: it needs 24,300 look-up tables, wrapper "
        r"included, and there are 24,288$",
    ):
        check_fit("edge", cells(LUT4=20000, CCU2C=1000, TRELLIS_DPR16X4=500), ECP5)
    with pytest.raises(ConfigError, match=r"it needs 57 block RAMs, .* there are 56$"):
        check_fit("edge", cells(DP16KD=57), ECP5)
    check_fit("edge", cells(LUT4=20000, CCU2C=1000, TRELLIS_DPR16X4=497), ECP5)


def test_a_log_of_a_design_that_fits_is_no_error(tmp_path):
    log = tmp_path / "nextpnr.log"
    check_log("edge", ECP5, log)
    log.write_text("Info: \t        TRELLIS_COMB:   24288/  24288   100%\n")
    check_log("edge", ECP5, log)
