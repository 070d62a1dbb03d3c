"""All proofs, in the order of the data's way through the hardware."""

from proofs import (
    activation_loading,
    netlist,
    order_of_work,
    queue,
    reset,
    result_beats,
    stream_ports,
    sums,
    trit_decoders,
    weight_check,
    weight_tiles,
)

__all__ = ["PROOFS"]

PROOFS = (
    *trit_decoders.PROOFS,
    *weight_check.PROOFS,
    *activation_loading.PROOFS,
    *weight_tiles.PROOFS,
    *sums.PROOFS,
    *queue.PROOFS,
    *order_of_work.PROOFS,
    *result_beats.PROOFS,
    *reset.PROOFS,
    *stream_ports.PROOFS,
    *netlist.PROOFS,
)
