"""What one step of a model asks of the hardware, operator by operator.

Tokens travel through the model in chunks of at most ``max_tokens``: each chunk passes all layers
before the next one enters, so that only keys and values ever leave the chip. The weights are
streamed once for each chunk.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bitnet_hw.errors import ConfigError
from bitnet_hw.model import FP16_BYTES, Model
from rtl.geometry import Geometry
from rtl.job import Job

__all__ = ["PHASES", "TernaryOperator", "VectorOperator", "Workload", "build_workload"]

PHASES = ("decode", "prefill")

# Operations of functions that multipliers and adders have to compose, as (multiplications,
# additions). The exponential: a range reduction and a polynomial of degree 3. Our assumption;
# element-wise work is below 1 % of every total.
_EXPONENTIAL = (4, 4)
# Of a softmax, for each score: scale, exponential, normalise; maximum, subtraction, sum.
_SOFTMAX = (1 + _EXPONENTIAL[0] + 1, 1 + 1 + _EXPONENTIAL[1] + 1)
# RMSNorm, for each element: square, scale by the reciprocal root, weight; sum up.
_NORM = (3, 1)
# Activation quantisation: scale; find the maximum, round.
_QUANTIZE = (1, 2)
# Dequantisation of a result: scale; convert from int32.
_DEQUANTIZE = (1, 1)
# Rotary embedding: a rotation takes 4 multiplications and 2 additions for 2 elements.
_ROTARY = (2, 1)
# x * sigmoid(x): exponential, reciprocal, product; 1 + exp. The square of ReLU: product; compare.
_ACTIVATION = {"silu": (_EXPONENTIAL[0] + 2, _EXPONENTIAL[1] + 1), "relu2": (1, 1)}


@dataclass(frozen=True, kw_only=True)
class TernaryOperator:
    """BitLinear layers that are queued back to back on the array.

    Parameters
    ----------
    name : str
        Name in reports.
    jobs : tuple of Job
        The queue.
    repeat : int
        How often it runs in the step.
    """

    name: str
    jobs: tuple[Job, ...]
    repeat: int


@dataclass(frozen=True, kw_only=True)
class VectorOperator:
    """Work of the vector unit.

    Parameters
    ----------
    name : str
        Name in reports.
    repeat : int
        How often it runs in the step.
    macs : int
        Multiply-accumulates of matrix products, FP16.
    multiplies, adds : int
        Element-wise operations, FP16.
    dram_bytes : mapping of str to int
        Bytes read and written, by what they are.
    """

    name: str
    repeat: int
    macs: int = 0
    multiplies: int = 0
    adds: int = 0
    dram_bytes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One step: a token for each sequence (decode), or all tokens of the prompts (prefill).

    Parameters
    ----------
    tokens : int
        Tokens that the step processes.
    kv_tokens : int
        Tokens in the KV caches of all sequences when it ends.
    operators : tuple
        Everything it does. Sampling is not included.
    """

    tokens: int
    kv_tokens: int
    operators: tuple[TernaryOperator | VectorOperator, ...]


@dataclass(frozen=True)
class _Chunk:
    """Tokens that pass the model together.

    Each of them attends to tokens up to itself: `attended` in sum. The keys and values of `cached`
    tokens are read for that.
    """

    tokens: int
    attended: int
    cached: int


def build_workload(
    model: Model, geometry: Geometry, *, phase: str, batch: int, context: int
) -> Workload:
    """Return the operators of one step.

    Parameters
    ----------
    model : Model
        Shapes.
    geometry : Geometry
        Gives the tokens of a chunk, and the longest job.
    phase : str
        ``"decode"``: each sequence gets one more token, the last of `context`. ``"prefill"``: each
        sequence gets `context` tokens and an empty cache.
    batch : int
        Sequences.
    context : int
        Tokens of each sequence when the step ends.

    Raises
    ------
    ConfigError
        If a parameter is out of range, or a layer does not fit the array.
    """
    _check(model, geometry, phase, batch, context)
    if phase == "decode":
        chunks = Counter(_decode_chunks(batch, context, geometry.max_tokens))
        tokens = batch
    else:
        chunks = Counter(dict.fromkeys(_prefill_chunks(context, geometry.max_tokens), batch))
        tokens = batch * context
    sizes: Counter[int] = Counter()
    for chunk, count in chunks.items():
        sizes[chunk.tokens] += count
    operators: list[TernaryOperator | VectorOperator] = []
    for size, count in sizes.items():
        operators += _ternary(model, size, count)
        operators += _element_wise(model, size, count)
    operators += [_attention(model, chunk, count) for chunk, count in chunks.items()]
    # Only the last token of a sequence needs its logits.
    for size, count in Counter(_split(batch, geometry.max_tokens)).items():
        operators += _head(model, size, count)
    return Workload(tokens=tokens, kv_tokens=batch * context, operators=tuple(operators))


def _check(model: Model, geometry: Geometry, phase: str, batch: int, context: int) -> None:
    if phase not in PHASES:
        raise ConfigError(f"phase must be one of {', '.join(PHASES)}, not {phase!r}")
    if not 1 <= batch <= 65536:
        raise ConfigError(f"batch must be an integer from 1 to 65536, not {batch!r}")
    if not 1 <= context <= model.context:
        raise ConfigError(
            f"context must be an integer from 1 to {model.context}, "
            f"the longest sequence of {model.name}, not {context!r}"
        )
    widest = max(model.projections, key=lambda projection: projection.k)
    if widest.k > geometry.max_k:
        raise ConfigError(
            f"array.max_k must be at least {widest.k} for {widest.name} of {model.name}, "
            f"not {geometry.max_k}"
        )


def _split(tokens: int, size: int) -> Iterator[int]:
    for start in range(0, tokens, size):
        yield min(size, tokens - start)


def _decode_chunks(batch: int, context: int, size: int) -> Iterator[_Chunk]:
    for tokens in _split(batch, size):
        yield _Chunk(tokens, attended=tokens * context, cached=tokens * (context - 1))


def _prefill_chunks(context: int, size: int) -> Iterator[_Chunk]:
    start = 0
    for tokens in _split(context, size):
        attended = tokens * start + tokens * (tokens + 1) // 2
        yield _Chunk(tokens, attended=attended, cached=start)
        start += tokens


def _ternary(model: Model, tokens: int, chunks: int) -> Iterator[TernaryOperator]:
    for name, projections in model.projection_groups.items():
        jobs = tuple(Job(k=layer.k, n=layer.n, m=tokens) for layer in projections)
        yield TernaryOperator(name=name, jobs=jobs, repeat=chunks * model.layers)


def _element_wise(model: Model, tokens: int, chunks: int) -> Iterator[VectorOperator]:
    normed = 2 * model.hidden + (model.q_dim + model.ffn if model.sub_norms else 0)
    inputs = sum(group[0].k for group in model.projection_groups.values())
    outputs = sum(projection.n for projection in model.projections)
    multiplies, adds = _ACTIVATION[model.activation]
    elements = {
        "norms": (normed, _NORM, {"norms": normed * FP16_BYTES}),
        "quantize": (inputs, _QUANTIZE, {}),
        "dequantize": (outputs, _DEQUANTIZE, {}),
        "rotary": (model.q_dim + model.kv_dim, _ROTARY, {}),
        "activation": (model.ffn, (multiplies + model.gated, adds), {}),
        "residual": (2 * model.hidden, (0, 1), {}),
    }
    for name, (count, (multiplies, adds), dram_bytes) in elements.items():
        yield VectorOperator(
            name=name,
            repeat=chunks * model.layers,
            multiplies=tokens * count * multiplies,
            adds=tokens * count * adds,
            dram_bytes=dram_bytes,
        )
    gathered = {"embedding": tokens * model.hidden * FP16_BYTES}
    yield VectorOperator(name="embedding", repeat=chunks, dram_bytes=gathered)


def _attention(model: Model, chunk: _Chunk, count: int) -> VectorOperator:
    token_bytes = model.kv_cache_bytes(1) // model.layers
    scores = model.heads * chunk.attended
    return VectorOperator(
        name="attention",
        repeat=count * model.layers,
        # One product for the scores, one for the values.
        macs=2 * chunk.attended * model.q_dim,
        multiplies=scores * _SOFTMAX[0],
        adds=scores * _SOFTMAX[1],
        dram_bytes={"kv_cache": (chunk.cached + chunk.tokens) * token_bytes},
    )


def _head(model: Model, tokens: int, chunks: int) -> Iterator[VectorOperator]:
    multiplies, adds = _NORM
    yield VectorOperator(
        name="final_norm",
        repeat=chunks,
        multiplies=tokens * model.hidden * multiplies,
        adds=tokens * model.hidden * adds,
        dram_bytes={"norms": model.hidden * FP16_BYTES},
    )
    yield VectorOperator(
        name="lm_head",
        repeat=chunks,
        macs=tokens * model.embedding_parameters,
        dram_bytes={"lm_head": model.embedding_parameters * FP16_BYTES},
    )
