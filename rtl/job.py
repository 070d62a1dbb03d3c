"""One matmul job, as the command stream carries it."""

from dataclasses import dataclass

from rtl.geometry import FLAG_BITS, OUTPUTS_BITS, Geometry

__all__ = ["Job"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """An ``m x k`` activation matrix times a ``k x n`` ternary weight matrix.

    Parameters
    ----------
    k : int
        Inputs (the summed dimension).
    n : int
        Outputs (channels).
    m : int
        Token vectors.
    flags : int
        8 bits that the accelerator does not interpret and returns with every result beat of the
        job: a tag for the host.

    Raises
    ------
    TypeError
        If a field is not an integer in its range.
    """

    k: int
    n: int
    m: int = 1
    flags: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("k", 1, 1 << 20),
            ("n", 1, (1 << OUTPUTS_BITS) - 1),
            ("m", 1, 1 << 20),
            ("flags", 0, (1 << FLAG_BITS) - 1),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise TypeError(f"{name} must be an integer from {low} to {high}, not {value!r}")

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the job."""
        return self.k * self.n * self.m

    def steps(self, geometry: Geometry) -> int:
        """Return the cycles in which the array works on the job."""
        return geometry.k_tiles(self.k) * geometry.n_tiles(self.n) * self.m

    def tiles(self, geometry: Geometry) -> int:
        """Return the weight tiles that the job takes from the weight stream."""
        return geometry.k_tiles(self.k) * geometry.n_tiles(self.n)

    def check(self, geometry: Geometry) -> None:
        """Raise ValueError if the job does not fit the accelerator."""
        if self.k > geometry.max_k:
            raise ValueError(f"k must be at most max_k ({geometry.max_k}), not {self.k}")
        if self.m > geometry.max_tokens:
            raise ValueError(f"m must be at most max_tokens ({geometry.max_tokens}), not {self.m}")
