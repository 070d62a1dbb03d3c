"""Area, clock and energy of the generated Verilog in standard cells: ``bitnet-hw characterize``."""
