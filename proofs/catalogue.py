"""All proofs, in the order of the data's way through the hardware."""

from proofs import order_of_work, queue, sums, trit_decoders

__all__ = ["PROOFS"]

PROOFS = (*trit_decoders.PROOFS, *sums.PROOFS, *queue.PROOFS, *order_of_work.PROOFS)
