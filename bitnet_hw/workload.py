"""What one step of a model asks of the hardware, operator by operator.

Tokens travel through the model in chunks of at most ``max_tokens``: each chunk passes all layers
before the next one enters, so that only keys and values ever leave the chip. The weights are
streamed once for each chunk.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bitnet_hw.errors import ConfigError
from bitnet_hw.formats import FORMAT_BITS, FP16_BITS, Formats
from bitnet_hw.model import FP16_BYTES, Model
from bitnet_hw.operators import Operator, TernaryOperator, VectorOperator, Workload
from rtl.job import Job

__all__ = ["PHASES", "build_workload", "check_workload"]

PHASES = ("decode", "prefill")

_FP16 = Formats()

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
    model: Model,
    *,
    max_tokens: int,
    phase: str,
    batch: int,
    context: int,
    formats: Formats = _FP16,
) -> Workload:
    """Return the operators of one step.

    Parameters
    ----------
    model : Model
        Shapes.
    max_tokens : int
        The most tokens of a chunk.
    phase : str
        ``"decode"``: each sequence gets one more token, the last of `context`. ``"prefill"``: each
        sequence gets `context` tokens and an empty cache.
    batch : int
        Sequences.
    context : int
        Tokens of each sequence when the step ends.
    formats : Formats
        Widths of KV cache and lm_head.

    Raises
    ------
    ConfigError
        As `check_workload`.
    """
    check_workload(model, phase=phase, batch=batch, context=context)
    if phase == "decode":
        chunks = Counter(_decode_chunks(batch, context, max_tokens))
        tokens = batch
    else:
        chunks = Counter(dict.fromkeys(_prefill_chunks(context, max_tokens), batch))
        tokens = batch * context
    sizes: Counter[int] = Counter()
    for chunk, count in chunks.items():
        sizes[chunk.tokens] += count
    operators: list[Operator] = []
    for size, count in sizes.items():
        operators += _ternary(model, size, count)
        operators += _element_wise(model, size, count)
    operators += [_attention(model, formats, chunk, count) for chunk, count in chunks.items()]
    # Only the last token of a sequence needs its logits.
    for size, count in Counter(_split(batch, max_tokens)).items():
        operators += _head(model, formats, size, count)
    return Workload(
        tokens=tokens,
        kv_tokens=batch * context,
        chunks=tuple(sizes.elements()),
        operators=tuple(operators),
    )


def check_workload(model: Model, *, phase: str, batch: int, context: int) -> None:
    """Make sure that a step is one that the model can do.

    Raises
    ------
    ConfigError
        If a parameter is out of range.
    """
    if phase not in PHASES:
        raise ConfigError(f"phase must be one of {', '.join(PHASES)}, not {phase!r}")
    if not 1 <= batch <= 65536:
        raise ConfigError(f"batch must be an integer from 1 to 65536, not {batch!r}")
    if not 1 <= context <= model.context:
        raise ConfigError(
            f"context must be an integer from 1 to {model.context}, "
            f"the longest sequence of {model.name}, not {context!r}"
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


def _attention(model: Model, formats: Formats, chunk: _Chunk, count: int) -> VectorOperator:
    scores = model.heads * chunk.attended
    moved = (chunk.cached + chunk.tokens) * 2 * model.kv_dim
    # A number of another width is converted: a multiplication by its scale.
    converted = moved if formats.kv_cache_bits != FP16_BITS else 0
    return VectorOperator(
        name="attention",
        repeat=count * model.layers,
        # One product for the scores, one for the values.
        macs=2 * chunk.attended * model.q_dim,
        multiplies=scores * _SOFTMAX[0] + converted,
        adds=scores * _SOFTMAX[1],
        dram_bytes={"kv_cache": -(-moved * formats.kv_cache_bits // 8)},
    )


def _head(model: Model, formats: Formats, tokens: int, chunks: int) -> Iterator[Operator]:
    multiplies, adds = _NORM
    yield VectorOperator(
        name="final_norm",
        repeat=chunks,
        multiplies=tokens * model.hidden * multiplies,
        adds=tokens * model.hidden * adds,
        dram_bytes={"norms": model.hidden * FP16_BYTES},
    )
    quantized = formats.lm_head != "fp16"
    inputs, outputs = tokens * model.hidden * quantized, tokens * model.vocab * quantized
    multiplies, adds = (
        inputs * scale + outputs * rescale
        for scale, rescale in zip(_QUANTIZE, _DEQUANTIZE, strict=True)
    )
    if formats.lm_head == "ternary":
        job = Job(k=model.hidden, n=model.vocab, m=tokens)
        yield TernaryOperator(name="lm_head", jobs=(job,), repeat=chunks, kind="lm_head")
        yield VectorOperator(name="lm_head_scales", repeat=chunks, multiplies=multiplies, adds=adds)
        return
    yield VectorOperator(
        name="lm_head",
        repeat=chunks,
        macs=tokens * model.embedding_parameters,
        number=formats.lm_head,
        multiplies=multiplies,
        adds=adds,
        dram_bytes={"lm_head": model.embedding_parameters * FORMAT_BITS[formats.lm_head] // 8},
    )
