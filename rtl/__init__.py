"""The hardware, written in Amaranth; `Geometry` is the one source of widths, depths and latencies."""
