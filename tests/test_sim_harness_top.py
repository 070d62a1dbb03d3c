from rtl.geometry import Geometry
from sim.harness_top import harness_directives, harness_verilog

GEOMETRY = Geometry(rows=4, lanes=5, weight_bus_bits=16, max_k=14, max_tokens=3, output_bus_words=3)


def test_ports_have_the_widths_of_the_streams():
    lines = harness_verilog(GEOMETRY).splitlines()
    assert lines[0].startswith("module harness_top(clk, next_rst, next_commands_valid, ")
    # k 0 to 14, n of 24 bits, m 0 to 3, 8 flags; 5 int8; 3 int32, their number 0 to 3, flags, last.
    assert "  input [37:0] next_commands_payload;" in lines
    assert "  input [15:0] next_weights_payload;" in lines
    assert "  input [39:0] next_activations_payload;" in lines
    assert "  output [106:0] results_payload;" in lines
    assert "  output [47:0] output_wait;" in lines
    assert "    commands_payload <= next_commands_payload;" in lines
    assert "    .results__ready(1'b1)" in harness_verilog(GEOMETRY).replace(",", "").splitlines()


def test_directives_name_only_modules_that_exist():
    verilog = (
        "module bitnet_accelerator_row(weights);\nendmodule\n"
        "module \\bitnet_accelerator_row.dot (weights);\nendmodule\n"
        "module bitnet_accelerator_trit2_decoder(code);\nendmodule\n"
    )
    lines = harness_directives(verilog).splitlines()
    assert lines[0] == "`verilator_config"
    assert 'no_inline -module "bitnet_accelerator_row"' in lines
    assert 'inline -module "bitnet_accelerator_row.dot"' in lines
    assert 'inline -module "bitnet_accelerator_row.accumulator"' not in lines
    assert 'public_flat_rd -module "bitnet_accelerator_trit2_decoder" -var "code"' in lines
    assert not any("trit5" in line for line in lines)
