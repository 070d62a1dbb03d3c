"""What one step of a model asks of a machine, operator by operator."""

from dataclasses import dataclass

from bitnet_hw.model import Model

__all__ = ["PHASES", "Work", "model_work"]

PHASES = ("decode", "prefill")


@dataclass(frozen=True, kw_only=True)
class Work:
    """One operator over all layers of a step.

    Parameters
    ----------
    operator : str
        Name, one of `bitnet_hw.system_routes.OPERATORS`.
    vectors : int
        Token vectors that it is applied to.
    runs : int
        Times that it starts in one pass over the model.
    macs : int
        Multiply-accumulates.
    elements : int
        Elements of element-wise work.
    weights : int
        Weights that one pass reads.
    cached : int
        Keys and values that are read from the cache or written to it.
    """

    operator: str
    vectors: int
    runs: int
    macs: int = 0
    elements: int = 0
    weights: int = 0
    cached: int = 0


def model_work(
    model: Model, *, phase: str, batch: int, context: int, kv_heads: int | None = None
) -> tuple[Work, ...]:
    """Return the operators of a step, in the order of `bitnet_hw.system_routes.OPERATORS`.

    In decode each of `batch` sequences gets one more token, the last of `context`. In prefill each
    gets all of its `context` tokens; the lm_head runs for the last of them. Sampling is left out.

    Parameters
    ----------
    model : Model
        Shapes.
    phase : str
        ``"decode"`` or ``"prefill"``.
    batch, context : int
        Sequences, and tokens of each at the end.
    kv_heads : int, optional
        Heads whose keys and values are stored, if not the model's own: software without grouped
        queries stores those of all heads.
    """
    if phase not in PHASES:
        raise ValueError(f"phase must be decode or prefill, not {phase!r}")
    decode = phase == "decode"
    tokens = batch if decode else batch * context
    pairs = batch * context if decode else batch * context * (context + 1) // 2
    layers, hidden, q_dim = model.layers, model.hidden, model.q_dim
    kv_dim = model.kv_dim if kv_heads is None else kv_heads * model.head_dim
    head = model.vocab * hidden

    def elementwise(operator: str, elements: int) -> Work:
        count = elements * tokens * layers
        return Work(operator=operator, vectors=tokens, runs=layers, elements=count)

    return (
        Work(operator="embedding", vectors=tokens, runs=1, elements=tokens * hidden),
        elementwise("norms", 2 * hidden),
        elementwise("quantize", 2 * hidden + q_dim + model.ffn),
        Work(
            operator="linear",
            vectors=tokens,
            runs=layers * len(model.projection_groups),
            macs=tokens * model.ternary_parameters,
            weights=model.ternary_parameters,
        ),
        elementwise("rotary", q_dim + model.kv_dim),
        Work(
            operator="attention",
            vectors=tokens,
            runs=layers,
            macs=layers * 2 * q_dim * pairs,
            cached=batch * context * layers * 2 * kv_dim,
        ),
        elementwise("sub_norms", q_dim + model.ffn if model.sub_norms else 0),
        elementwise("activation", model.ffn),
        elementwise("residual", 2 * hidden),
        Work(operator="lm_head", vectors=batch, runs=1, macs=batch * head, weights=head),
    )
