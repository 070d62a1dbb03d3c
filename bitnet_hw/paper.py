"""What "The Era of 1-bit LLMs" (arXiv 2402.17764) reports, beside an estimate.

Every figure compares BitNet b1.58 with LLaMA in FP16 of the same size.
"""

from dataclasses import dataclass

from bitnet_hw.model import Model
from bitnet_hw.reproduce.rules import (
    FIGURE_TOKENS,
    arithmetic_ratio,
    matmul_energy_ratio,
    memory_ratio,
)
from bitnet_hw.technology import Technology

__all__ = [
    "PUBLISHED",
    "Comparison",
    "Published",
    "arithmetic_ratio",
    "compare",
    "matmul_energy_ratio",
    "memory_ratio",
]


@dataclass(frozen=True)
class Published:
    """Ratios of one model size; None where the paper has no figure.

    Parameters
    ----------
    memory, speed : float
        Table 1; for 70B figure 2 and the text.
    energy : float, optional
        Figure 3. Figures 2 and 3 are drawings; their numbers are quoted second-hand.
    fp16_gb : float, optional
        Memory of LLaMA of the same size, table 1.
    """

    memory: float
    speed: float
    energy: float | None = None
    fp16_gb: float | None = None


PUBLISHED = {
    "bitnet-b1.58-700m": Published(memory=2.60, speed=1.23, fp16_gb=2.08),
    "bitnet-b1.58-1.3b": Published(memory=2.93, speed=1.67, energy=18.6, fp16_gb=3.34),
    "bitnet-b1.58-3b": Published(memory=3.55, speed=2.71, energy=21.7, fp16_gb=7.89),
    # Compared with LLaMA 3B, as there is none of 3.9B.
    "bitnet-b1.58-3.9b": Published(memory=3.32, speed=2.40),
    "bitnet-b1.58-70b": Published(memory=7.16, speed=4.1, energy=41.2),
}


@dataclass(frozen=True)
class Comparison:
    """One published ratio beside ours.

    Parameters
    ----------
    quantity : str
        ``"energy"``, ``"memory"`` or ``"speed"``.
    paper : float or None
        The published ratio.
    reproduced : float or None
        What the paper's own way of counting gives with our shapes, where it is arithmetic.
    ours : float
        The ratio of this estimate.
    why : str
        One sentence on the difference.
    """

    quantity: str
    paper: float | None
    reproduced: float | None
    ours: float
    why: str


def compare(
    model: Model, technology: Technology, *, energy: float, memory: float, speed: float
) -> tuple[Comparison, ...]:
    """Return our ratios beside the paper's; none if the paper does not report the model."""
    published = PUBLISHED.get(model.name)
    if published is None:
        return ()
    other_size = model.name == "bitnet-b1.58-3.9b"
    against = " The paper compares with LLaMA 3B, as there is none of 3.9B." if other_size else ""
    return (
        Comparison(
            "energy",
            published.energy,
            matmul_energy_ratio(model, technology),
            energy,
            f"The paper counts the arithmetic of {FIGURE_TOKENS} tokens alone, one 8-bit addition "
            "for a ternary weight; we count sums of their true width, SRAM, and the DRAM traffic, "
            "which takes most of the energy of decoding and shrinks only as the bytes do.",
        ),
        Comparison(
            "memory",
            published.memory,
            None if other_size else memory_ratio(model, published.fp16_gb),
            memory,
            "The paper stores a ternary weight in 2 bits and reports all that a GPU run allocates; "
            "we store it as the weight stream does, and count weights, embeddings, norms and the "
            f"KV cache of this batch and context.{against}",
        ),
        Comparison(
            "speed",
            published.speed,
            None,
            speed,
            "The paper measures GPU kernels, with unpacking and launches; we compare two arrays of "
            "equal multiply-accumulates per cycle on the same memory, so that the ratio follows "
            f"the bytes streamed for each token.{against}",
        ),
    )
