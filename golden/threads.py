"""How many threads PyTorch uses."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch use one thread for a while.

    Several threads would add up gradients in another order, and on layers of a few hundred features
    they mostly wait for each other: on a busy machine by a factor of twenty.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
