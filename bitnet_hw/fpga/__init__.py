"""An array on an FPGA: placed, routed and measured with open tools."""
