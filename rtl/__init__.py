"""The hardware, in Amaranth; `Geometry` is the one source of widths, depths and latencies."""
