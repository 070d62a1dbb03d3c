import json

import pytest

from bitnet_hw.errors import BuildFailed, ConfigError
from bitnet_hw.fpga import placement
from bitnet_hw.fpga.placement import place_and_route, read_report
from bitnet_hw.fpga.synthesis import Synthesis
from bitnet_hw.fpga.target import find_target

ECP5 = find_target("ecp5-25k")
END = {"cell": "design.a_TRELLIS_FF_Q", "port": "Q"}
REPORT = {
    "fmax": {"$glbnet$clk": {"achieved": 61.5, "constraint": 100}},
    "utilization": {
        "TRELLIS_COMB": {"used": 4000, "available": 24288},
        "TRELLIS_FF": {"used": 1500, "available": 24288},
        "DP16KD": {"used": 9, "available": 56},
    },
    "critical_paths": [
        {
            "from": "posedge $glbnet$clk",
            "to": "posedge $glbnet$clk",
            "path": [{"type": "clk-to-q", "delay": 0.5, "from": END, "to": END}],
        }
    ],
}


def synthesis(folder):
    netlist = folder / "netlist-x.json"
    return Synthesis(netlist, "00", {"LUT4": 4000}, {"LUT4": 300, "TRELLIS_FF": 900}, {}, 1.0)


@pytest.fixture
def nextpnr(monkeypatch):
    """Answer in place of nextpnr and the packer."""
    calls = []

    def answer(family, function, arguments, directory, **_):
        calls.append((function, list(arguments)))
        if answer.log:
            (directory / "nextpnr.log").write_text(answer.log)
            raise BuildFailed("nextpnr failed")
        (directory / "report.json").write_text(json.dumps(REPORT))
        (directory / "bitstream.bin").write_bytes(b"bits")

    answer.calls, answer.log = calls, ""
    monkeypatch.setattr(placement, "run_tool", answer)
    monkeypatch.setattr(placement, "tool_versions", lambda family: {"nextpnr": "1"})
    return answer


def test_the_report_is_read():
    found = read_report(REPORT, ECP5)

    assert found["fmax_mhz"] == 61.5
    assert found["used"] == {"logic": 4000, "register": 1500, "block_ram": 9, "dsp": 0}
    assert found["critical_path"]["start"] == "design.a"


@pytest.mark.parametrize(("clocks", "named"), [({}, "none"), ({"a": 1, "b": 2}, "a, b")])
def test_a_design_has_one_clock(clocks, named):
    with pytest.raises(BuildFailed, match=rf"^The design must have one clock, not {named}$"):
        read_report(REPORT | {"fmax": clocks}, ECP5)


def test_a_placement_is_made_once(nextpnr, tmp_path):
    netlist = synthesis(tmp_path)
    netlist.netlist.write_text("{}")

    first = place_and_route("edge", netlist, ECP5, 7, root=tmp_path)
    again = place_and_route("edge", netlist, ECP5, 7, root=tmp_path)

    assert first == again
    assert [function for function, _ in nextpnr.calls] == ["nextpnr_ecp5", "ecppack"]
    arguments = " ".join(nextpnr.calls[0][1])
    assert arguments.startswith("--25k --package CABGA381 --speed 6 --json netlist.json --seed 7 ")
    assert first.bitstream.read_bytes() == b"bits"
    assert first.bitstream_bytes == 4
    assert first.bitstream_sha256.startswith("e5e59d10")
    # Another seed is another placement.
    place_and_route("edge", netlist, ECP5, 8, root=tmp_path)
    assert len(nextpnr.calls) == 4


def test_what_nextpnr_finds_too_large_is_the_same_error(nextpnr, tmp_path):
    netlist = synthesis(tmp_path)
    netlist.netlist.write_text("{}")
    nextpnr.log = (
        "Info: Device utilisation:\n"
        "Info: \t        TRELLIS_COMB:   25000/  24288   102%\n"
        "Info: \t          TRELLIS_FF:    1500/  24288     6%\n"
        "ERROR: Unable to place cell 'x', no BELs remaining\n"
    )

    with pytest.raises(ConfigError, match=r"it needs 25,000 look-up tables, .* there are 24,288$"):
        place_and_route("edge", netlist, ECP5, 1, root=tmp_path)


def test_any_other_failure_stays_one(nextpnr, tmp_path):
    netlist = synthesis(tmp_path)
    netlist.netlist.write_text("{}")
    nextpnr.log = "ERROR: something else\n"

    with pytest.raises(BuildFailed, match=r"^nextpnr failed$"):
        place_and_route("edge", netlist, ECP5, 1, root=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["netlist-x.json"]
