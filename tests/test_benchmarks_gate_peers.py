"""Operands of other cores, against bytes and sums worked out by hand, and the table of designs."""

import numpy as np
import pytest

from benchmarks import gate_peers
from benchmarks.gate_peer_designs import PEERS, rejunity_stimulus, ternfpga_stimulus
from bitnet_hw.errors import BitnetHwError
from bitnet_hw.gates.operands import Operands


def numbers(bits):
    return (bits[0] @ (1 << np.arange(bits.shape[2]))).tolist()


def operands(weights, activations):
    return Operands("by hand", "", np.array(weights, np.int8), np.array(activations, np.int8))


def test_rejunity_one_slice():
    # Five rows of two weights; the sums are 100, 56, 44, 0 and -100.
    weights = [[1, 0], [0, -1], [1, 1], [0, 0], [-1, 0]]
    taken = rejunity_stimulus(operands(weights, [[100, -56]]), slices=1, depth=2, tiles=1)
    digits = [1 * 81 + 0 * 27 + 1 * 9 + 0 * 3 + 2, 0 * 81 + 2 * 27 + 1 * 9 + 0 * 3 + 0]
    assert numbers(taken.inputs["ui_in"]) == [0] * 4 + 2 * [*digits, 0, 0]
    assert numbers(taken.inputs["uio_in"]) == [0] * 4 + 2 * [100, 200, 0, 0]
    assert numbers(taken.inputs["ena"]) == [1] * 4 + 2 * [1, 1, 1, 0]
    assert numbers(taken.inputs["rst_n"]) == [0] * 4 + 8 * [1]
    # Bits 8 to 15 of 100, 56, 44, 0; there is no time for that of -100.
    assert numbers(taken.expected["uo_out"])[8:] == [0, 0, 0, 0]
    assert (taken.skipped, taken.steps) == (8, 2)


def test_rejunity_shows_the_upper_byte():
    weights = [[1] * 6, [-1] * 6, [0] * 6, [1] * 6, [-1] * 6]
    taken = rejunity_stimulus(operands(weights, [[100] * 6]), slices=1, depth=6, tiles=1)
    # 600 is 2 x 256 + 88, -600 is -3 x 256 + 168.
    assert numbers(taken.expected["uo_out"])[12:18] == [2, 253, 0, 2, 253, 253]


def test_ternfpga_two_rows_of_two_tiles():
    weights = [[1, -1, 0, 1], [0, 0, -1, 1]]
    taken = ternfpga_stimulus(
        operands(weights, [[1, 2, 3, 4], [5, 6, 7, 8]]), lanes=2, tiles=2, rows=2, products=1
    )
    assert numbers(taken.inputs["start"]) == [0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert numbers(taken.inputs["w_tile_valid"]) == [0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1]
    # Codes 01 for +1 and 10 for -1, the first weight lowest.
    tiles = [0b1001, 0b0100, 0b0000, 0b0110]
    assert numbers(taken.inputs["w_tile"])[3:7] == tiles
    assert numbers(taken.inputs["x_flat"])[2] == 0x04030201
    assert numbers(taken.inputs["x_flat"])[8] == 0x08070605
    # First vector: 1 - 2 + 4 = 3, read behind its row, and 4 - 3 = 1, read as the next one starts;
    # second: 5 - 6 + 8 = 7.
    assert numbers(taken.expected["rd_data"]) == [0, 0, 0, 0, 0, 3, 3, 1, 0, 0, 7, 7]
    assert numbers(taken.inputs["rd_addr"]) == [0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert (taken.skipped, taken.steps) == (7, 4)


def test_negative_sums_fill_the_port():
    taken = ternfpga_stimulus(operands([[-1]], [[5]]), lanes=1, tiles=1, rows=2, products=1)
    assert numbers(taken.expected["rd_data"])[4] == 2**32 - 5


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.repository)
def test_ports_are_those_of_the_stimulus(peer):
    hand = operands(np.ones((8, 8)), np.ones((4, 8)))
    taken = peer.stimulus(hand)
    assert {name: bits.shape[2] for name, bits in taken.inputs.items()} == peer.inputs
    assert {name: bits.shape[2] for name, bits in taken.expected.items()} == peer.outputs


def test_sources_are_marked_and_come_in_order(tmp_path):
    peer = PEERS[1]
    for file in peer.files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(f"module {file.split('/')[1][:-3]} #(parameter K = 8) ();")
    text = peer.source(tmp_path)
    assert text.index("(* keep_hierarchy *) module ternary_dot #") < text.index(
        "(* keep_hierarchy *) module ternary_gemv_tiled #"
    )
    assert (
        "module peer(input clk, input [2047:0] x_flat, input [127:0] w_tile, input start, " in text
    )
    assert "ternary_gemv_tiled #(.K(64), .NT(4), .M(16)) core(.clk(clk), .x_flat(x_flat), " in text


def test_sizes():
    config = gate_peers.sized("large-biased", "16x16")
    array = config.array
    assert (array.rows, array.lanes, array.weight_bus_bits) == (16, 16, 416)
    # Four levels: the register is before the last one, as in the array of 64 lanes.
    assert array.tree_register_every == 3
    assert gate_peers.sized("large-biased", "64x64").array.tree_register_every == 5
    with pytest.raises(BitnetHwError, match="--size must be like 16x16, not '16'"):
        gate_peers.sized("large-biased", "16")


def test_table_has_a_line_for_each_group():
    row = gate_peers.Row("a", "b", 4, 1.5, 2.5, None, 1000.0, {"x": (1.0, 2.0), "y": (0.5, 0.5)})
    table = gate_peers.table_of([row], "t")
    assert [str(cell) for cell in table.columns[4].cells] == ["2.5", "2.0", "0.5"]
    assert [str(cell) for cell in table.columns[6].cells] == ["1,000", "", ""]
