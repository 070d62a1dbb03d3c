"""The kinds of work in a step: matrix products on the array, exchanges of chips, all the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtl.job import Job

__all__ = ["LinkOperator", "Operator", "TernaryOperator", "VectorOperator", "Workload"]


@dataclass(frozen=True, kw_only=True)
class TernaryOperator:
    """Ternary layers that are queued back to back on the array.

    Parameters
    ----------
    name : str
        Name in reports.
    jobs : tuple of Job
        The queue.
    repeat : int
        How often it runs in the step.
    kind : str
        What the weights are in reports of bytes: ``"ternary_weights"``, or ``"lm_head"``.
    """

    name: str
    jobs: tuple[Job, ...]
    repeat: int
    kind: str = "ternary_weights"


@dataclass(frozen=True, kw_only=True)
class VectorOperator:
    """Work of the vector unit, or of the host.

    Parameters
    ----------
    name : str
        Name in reports.
    repeat : int
        How often it runs in the step.
    macs : int
        Multiply-accumulates of matrix products.
    number : str
        Their operands: ``"fp16"`` or ``"int8"``.
    multiplies, adds : int
        Element-wise operations, FP16.
    dram_bytes : mapping of str to int
        Bytes read and written, by what they are.
    """

    name: str
    repeat: int
    macs: int = 0
    number: str = "fp16"
    multiplies: int = 0
    adds: int = 0
    dram_bytes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LinkOperator:
    """An exchange between chips.

    Parameters
    ----------
    name : str
        Name in reports.
    repeat : int
        How often it happens in the step.
    link_bytes : int
        Bytes that a chip sends.
    messages : int
        Messages one after the other.
    """

    name: str
    repeat: int
    link_bytes: int
    messages: int


Operator = TernaryOperator | VectorOperator | LinkOperator


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One step: a token for each sequence (decode), or all tokens of the prompts (prefill).

    Parameters
    ----------
    tokens : int
        Tokens that the step processes.
    kv_tokens : int
        Tokens in the KV caches of all sequences when it ends.
    chunks : tuple of int
        Tokens of each pass through the model.
    operators : tuple
        Everything it does. Sampling is not included.
    """

    tokens: int
    kv_tokens: int
    chunks: tuple[int, ...]
    operators: tuple[Operator, ...]
