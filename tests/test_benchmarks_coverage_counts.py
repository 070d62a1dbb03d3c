"""Reading the counts of Verilator, from a file written by hand."""

import pytest

from benchmarks.coverage_counts import Toggle, read_counts

VERILOG = """\
module top(clk);
  always @* begin
    if (\\$auto$verilog_backend.cc:2355:dump_module$1 ) begin end
    if (a) begin
"""


def entry(kind, module, line, what, hits):
    values = {"f": "top.v", "l": line, "n": 3, "t": kind, "page": f"v_{kind}/{module}", "o": what}
    text = "".join(f"\x01{key}\x02{value}" for key, value in values.items())
    return f"C '{text}\x01h\x02top.row*' {hits}\n"


def read(tmp_path, *entries):
    path = tmp_path / "coverage.dat"
    path.write_text("# SystemC::Coverage-3\n" + "".join(entries), encoding="latin-1")
    return read_counts(path, VERILOG)


def test_lines_branches_and_toggles_by_module(tmp_path):
    modules = read(
        tmp_path,
        entry("line", "top", 2, "block", 7),
        entry("branch", "top", 3, "if", 0),
        entry("branch", "top", 4, "else", 0),
        entry("toggle", "top.counters", 9, "status___05Fbusy[10]:0->1", 3),
        entry("toggle", "top.counters", 9, "clk:1->0", 0),
        entry("toggle", "top.counters", 9, "store[2][31]:1->0", 1),
        entry("toggle", "top.counters", 9, "shared__0248__05b1__05d[19]:0->1", 5),
        entry("toggle", "top.counters", 9, "__02412[3]:0->1", 2),
    )
    assert set(modules) == {"top", "top.counters"}
    assert modules["top"].lines == {(2, "block"): 7}
    # The branch of line 3 is one that Yosys adds.
    assert modules["top"].branches == {(4, "else"): 0}
    counters = modules["top.counters"]
    assert counters.toggles == {
        Toggle("status__busy", (10,), "0->1"): 3,
        Toggle("clk", (), "1->0"): 0,
        Toggle("store", (2, 31), "1->0"): 1,
        Toggle("shared$8[1]", (19,), "0->1"): 5,
    }
    assert counters.unnamed == {Toggle("$12", (3,), "0->1"): 2}


def test_the_same_point_in_two_places_adds_up(tmp_path):
    point = entry("line", "top", 2, "block", 2)
    assert read(tmp_path, point, point)["top"].lines == {(2, "block"): 4}


def test_a_name_of_a_toggle():
    assert str(Toggle("store", (2, 31), "1->0")) == "store[2][31] 1->0"


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "coverage.dat"
    path.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match=r"must be a coverage file of Verilator$"):
        read_counts(path, VERILOG)
    with pytest.raises(ValueError, match=r"must hold lines, branches and toggles, not v_user$"):
        read(tmp_path, entry("user", "top", 1, "cover", 1))
    with pytest.raises(ValueError, match=r"^clk must be a bit and a direction$"):
        read(tmp_path, entry("toggle", "top", 1, "clk", 1))
