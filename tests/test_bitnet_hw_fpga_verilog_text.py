from bitnet_hw.fpga.verilog_text import without_brackets, without_zeros

MEMORIES = """\
  reg [63:0] store [1:0];
  initial begin
    store[0] = 64'h0000000000000000;
    store[1] = 64'h0000000000000000;
  end
  reg [1:0] table [1:0];
  initial begin
    table[0] = 2'h0;
    table[1] = 2'h1;
  end
"""


def test_memories_of_zeros_are_not_spelled_out():
    text = without_zeros(MEMORIES)

    assert text.startswith("  reg [63:0] store [1:0];\n  reg [1:0] table [1:0];\n")
    assert "store[0]" not in text
    # All or nothing: one word of this table is not zero.
    assert text.endswith("table [1:0];\n" + MEMORIES[MEMORIES.rindex("  initial") :])


def test_names_do_not_look_like_bits():
    assert (
        without_brackets(
            "  wire [1:0] \\row1.weights[2] ;\n  assign \\a[0][1]  = \\b.c [3] | d[4];\n"
        )
        == "  wire [1:0] \\row1.weights<2> ;\n  assign \\a<0><1>  = \\b.c [3] | d[4];\n"
    )
