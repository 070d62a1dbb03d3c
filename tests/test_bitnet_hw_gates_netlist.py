import json

import pytest

from bitnet_hw.gates.netlist import read_netlist

GROUPS = {"dot.tree": "tree", "dot": "lanes", "": "rest"}


def cell(kind, **pins):
    return {"type": kind, "connections": {pin: [bit] for pin, bit in pins.items()}}


def netlist_text(**cells):
    ports = {
        "clk": {"direction": "input", "bits": [2]},
        "a": {"direction": "input", "bits": [3, 4]},
        "y": {"direction": "output", "bits": [5, "0", 3]},
    }
    return json.dumps({"modules": {"top": {"ports": ports, "cells": cells}}})


def read(**cells):
    return read_netlist(netlist_text(**cells), "top", GROUPS)


def test_cells_belong_to_the_longest_path_that_fits():
    netlist = read_netlist(
        netlist_text(**{
            "$flatten\\it.\\dot.\\tree.$abc$1$auto$blifparse.cc:1:x$2": cell("INV", A=3, Y=5),
            "$flatten\\it.\\dot.$abc$2": cell("INV", A=4, Y=6),
            "$flatten\\it.$auto$3": cell("DFF", CK=2, D=6, Q=7),
            "$auto$ff.cc:1:y": cell("DFF", CK=2, D=3, Q=8),
        }),
        "top",
        GROUPS,
    )

    assert [instance.group for instance in netlist.instances] == ["tree", "lanes", "rest", None]


def test_nets_without_clock_and_constants():
    netlist = read(x=cell("NAND2", A=3, B="1", Y=5))

    assert netlist.nets == [3, 4, 5]
    assert netlist.clock == 2
    assert netlist.inputs == {"a": [3, 4]}
    assert netlist.outputs == {"y": [5, -1, 3]}
    assert netlist.cells == {"NAND2"}
    assert (netlist.input_words, netlist.output_words, netlist.net_words) == (1, 1, 1)


def test_verilog_without_vectors():
    verilog = read(x=cell("NAND2", A=3, B="1", Y=5)).verilog_for_timing("top")

    assert verilog.splitlines() == [
        "module top(n2, n3, n4, n5);",
        "input n2;",
        "input n3;",
        "input n4;",
        "output n5;",
        "wire n5;",
        "NAND2 u0 (.A(n3), .B(1'b1), .Y(n5));",
        "endmodule",
    ]


def test_verilog_with_all_nets_as_ports():
    verilog = read(x=cell("NAND2", A=3, B="1", Y=5)).verilog_for_activity("top")

    ports = "input [31:0] i0,\noutput [31:0] o0,\noutput [31:0] p0"
    assert f"module top(input n2,\n{ports}\n);" in verilog
    assert "assign n4 = i0[1];" in verilog
    assert "assign o0 = {n3, 1'b0, n5};" in verilog
    assert "assign p0 = {n5, n4, n3};" in verilog


def test_an_instance_that_no_group_has_is_an_error():
    text = netlist_text(**{"$flatten\\it.\\other.$1": cell("INV", A=3, Y=5)})

    with pytest.raises(KeyError, match="other"):
        read_netlist(text, "top", {"dot": "lanes"})


def test_what_an_inner_cell_drives_moves():
    text = netlist_text(**{
        "$flatten\\it.\\dot.$1": cell("FA", A=3, Y=5),
        "$flatten\\it.\\dot.$2": cell("INV", A=5, Y=6),
        "$flatten\\it.\\dot.$3": cell("INV", A=3, Y=7),
        "$flatten\\it.\\dot.$4": cell("INV", A=6, Y=8),
    })
    netlist = read_netlist(text, "top", {"dot": "lanes"})
    moved = netlist.moved("lanes", "tree", {"FA"}, {"FA": ["Y"], "INV": ["Y"]})
    assert [item.group for item in netlist.instances] == ["lanes"] * 4
    assert [item.group for item in moved.instances] == ["tree", "tree", "lanes", "tree"]
