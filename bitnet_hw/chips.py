"""Several chips that hold one model together, and the link between them."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from bitnet_hw.errors import ConfigError
from bitnet_hw.model import FP16_BYTES, Model
from bitnet_hw.operators import LinkOperator, Workload
from bitnet_hw.schema import Block, Figure

__all__ = ["Chips", "Link", "exchanges", "shard"]

# A partial sum of a row, or the largest magnitude of a token.
_SUM_BYTES = 4


class Link(Block):
    """Connection of a chip to its neighbours.

    Parameters
    ----------
    gb_per_s : Figure
        Rate in each direction, in 10^9 bytes per second.
    latency_us : Figure
        Time until the first byte of a message arrives.
    energy_pj_per_bit : Figure
        Energy of a bit that crosses it, both ends together.
    """

    gb_per_s: Figure = Figure(
        nominal=32, source="PCIe 4.0 x16: 16 GT/s x 16 lanes x 128/130 / 8", status="derived"
    )
    latency_us: Figure = Figure(nominal=1, source="a switched PCIe write", status="assumption")
    energy_pj_per_bit: Figure = Figure(
        nominal=6, source="a PCIe 4.0 transceiver, both ends", status="assumption"
    )

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.gb_per_s.nominal <= 0:
            raise ValueError("a link whose gb_per_s is above 0")
        return self

    @property
    def figures(self) -> dict[str, tuple[Figure, str]]:
        """Every number with its unit, by its key."""
        return {
            "gb_per_s": (self.gb_per_s, "GB/s"),
            "latency_us": (self.latency_us, "us"),
            "energy_pj_per_bit": (self.energy_pj_per_bit, "pJ/bit"),
        }


class Chips(Block):
    """How a model is divided. Each chip has its own array, vector unit and memory.

    Parameters
    ----------
    tensor : int
        Chips that share each layer: heads, feed-forward channels and vocabulary are divided among
        them. The sums of o_proj and down_proj are added up over a ring of links.
    pipeline : int
        Groups of layers, one after the other.
    link : Link
        What connects neighbours.
    """

    tensor: Annotated[int, Field(ge=1, le=4096)] = 1
    pipeline: Annotated[int, Field(ge=1, le=4096)] = 1
    link: Link = Link()

    @property
    def count(self) -> int:
        """Chips in all."""
        return self.tensor * self.pipeline


def shard(model: Model, chips: Chips) -> Model:
    """Return the part of every layer that one chip holds: the largest, where parts differ.

    Keys and values of a head that several chips need are on each of them.

    Raises
    ------
    ConfigError
        If the model cannot be divided so often.
    """
    for key, limit, what in (
        ("tensor", model.heads, "heads"),
        ("pipeline", model.layers, "layers"),
    ):
        value = getattr(chips, key)
        if value > limit:
            raise ConfigError(
                f"chips.{key} must be at most {limit}, the {what} of {model.name}, not {value}"
            )
    if chips.tensor == 1:
        return model
    kv_heads = -(-model.kv_heads // chips.tensor)
    heads = -(-model.heads // chips.tensor)
    return model.model_copy(
        update={
            # Whole groups of query heads that share a key head.
            "heads": -(-heads // kv_heads) * kv_heads,
            "kv_heads": kv_heads,
            "ffn": -(-model.ffn // chips.tensor),
            "vocab": -(-model.vocab // chips.tensor),
        }
    )


def exchanges(model: Model, chips: Chips, workload: Workload) -> Iterator[LinkOperator]:
    """Yield what chips exchange in a step.

    An all-reduce over a ring of T chips takes 2 (T - 1) messages one after the other, and each chip
    sends 2 (T - 1) / T of what is reduced. In each layer the int32 sums of o_proj and of down_proj
    are added up; before, the largest magnitude of each token is found, which scales its
    activations.

    Parameters
    ----------
    model : Model
        The whole model.
    chips : Chips
        How it is divided.
    workload : Workload
        The step.
    """
    ring = 2 * (chips.tensor - 1)
    for tokens, chunks in Counter(workload.chunks).items():
        if chips.tensor > 1:
            for name, numbers in (
                ("scale_exchange", tokens),
                ("sum_exchange", tokens * model.hidden),
            ):
                yield LinkOperator(
                    name=name,
                    repeat=2 * model.layers * chunks,
                    link_bytes=-(-ring * numbers * _SUM_BYTES // chips.tensor),
                    messages=ring,
                )
        if chips.pipeline > 1:
            yield LinkOperator(
                name="stage_handover",
                repeat=(chips.pipeline - 1) * chunks,
                # Each chip of a group hands its share to its counterpart, which all then gather.
                link_bytes=tokens * model.hidden * FP16_BYTES,
                messages=1,
            )
