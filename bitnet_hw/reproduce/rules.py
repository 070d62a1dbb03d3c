"""How the papers count energy and memory, as closed formulas."""

from bitnet_hw.model import Model
from bitnet_hw.technology import Technology

__all__ = [
    "FIGURE_TOKENS",
    "KERNEL_BITS",
    "arithmetic_ratio",
    "matmul_energy_j",
    "matmul_energy_ratio",
    "memory_ratio",
]

FIGURE_TOKENS = 512
"""Tokens of the published energy figures."""

KERNEL_BITS = 2
"""Bits of a weight in the published GPU kernel."""


def arithmetic_ratio(technology: Technology) -> float:
    """Return the energy of an FP16 multiply-add over that of an 8-bit addition.

    71.4 with `jouppi7`, the "71.4 times" of arXiv 2402.17764, section 3: one addition for each
    ternary weight, without accumulator growth, memory or control.
    """
    return _fp16_mac_pj(technology) / technology.energy_pj.int8_add.nominal


def matmul_energy_j(
    model: Model, technology: Technology, *, ternary: bool, tokens: int = FIGURE_TOKENS
) -> float:
    """Return the arithmetic energy in J of a forward pass over `tokens` tokens.

    tokens x (W e + layers x 2 tokens x q_dim x fp16): an operation of energy e for each of the W
    weights of the linear layers, an 8-bit addition if they are ternary, else an FP16 multiply-add;
    attention (scores and values over all pairs of tokens, causal or not) in FP16. With this rule
    all six energies of arXiv 2504.12285, table 1, come out to their last digit, so it is taken for
    the rule of arXiv 2402.17764, figure 3, too; neither paper states one. Embedding, lm_head, norms
    and every memory are left out.

    Parameters
    ----------
    model : Model
        Shapes.
    technology : Technology
        Energies of operations.
    ternary : bool
        Whether the linear layers are.
    tokens : int
        Length of the sequence.
    """
    fp16 = _fp16_mac_pj(technology)
    weight = technology.energy_pj.int8_add.nominal if ternary else fp16
    attention = model.layers * 2 * tokens * model.q_dim * fp16
    return tokens * (model.ternary_parameters * weight + attention) * 1e-12


def matmul_energy_ratio(model: Model, technology: Technology, tokens: int = FIGURE_TOKENS) -> float:
    """Return the ratio of `matmul_energy_j`, FP16 over ternary."""
    fp16 = matmul_energy_j(model, technology, ternary=False, tokens=tokens)
    return fp16 / matmul_energy_j(model, technology, ternary=True, tokens=tokens)


def memory_ratio(model: Model, fp16_gb: float | None = None) -> float:
    """Return the ratio of memories if only the BitLinear weights shrink, to the kernel's 2 bits.

    Parameters
    ----------
    model : Model
        Shapes.
    fp16_gb : float, optional
        Published memory of the FP16 model in 10^9 bytes; without it, all weights and nothing else.
    """
    fp16 = model.parameters * 2.0 if fp16_gb is None else fp16_gb * 1e9
    saved = model.ternary_parameters * (2 - KERNEL_BITS / 8)
    return fp16 / (fp16 - saved)


def _fp16_mac_pj(technology: Technology) -> float:
    energy = technology.energy_pj
    return energy.fp16_multiply.nominal + energy.fp16_add.nominal
