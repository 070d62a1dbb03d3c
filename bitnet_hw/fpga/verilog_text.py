"""What is changed in the text of the Verilog before Yosys maps it; nothing that it computes."""

import re

__all__ = ["without_brackets", "without_zeros"]

_ZEROS = re.compile(r"^ *initial begin\n(?: *\S+\[\d+\] = \d+'h0+;\n)+ *end\n", re.MULTILINE)
_NAME = re.compile(r"\\\S+\[\d+\](?=\s)")
_TO_ANGLES = str.maketrans("[]", "<>")


def without_zeros(verilog: str) -> str:
    """Return Verilog whose memories are not set to zero at first.

    An FPGA's are when it has been configured, and Yosys takes minutes to read thousands of lines
    that say so.
    """
    return _ZEROS.sub("", verilog)


def without_brackets(verilog: str) -> str:
    r"""Return Verilog in which no name looks like one bit of another.

    Amaranth calls item 2 of an array ``\weights[2]``. When Yosys 0.70 maps logic, it can take that
    name for bit 2 of a wire called ``weights``, if there is one (YosysHQ/yosys, issue 4349). Then
    lanes of a row get each other's weights, without an error.
    """
    return _NAME.sub(lambda name: name[0].translate(_TO_ANGLES), verilog)
