"""Files of published figures: what was reported, and how it is computed again."""

from pathlib import Path
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, model_validator

from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import printable
from bitnet_hw.presets import find_file, is_path, preset_names, read_cached
from bitnet_hw.reproduce.closed_forms import ArithmeticRatio, MatmulEnergy, Memory, MemoryRatio
from bitnet_hw.reproduce.design_ratio import DesignRatio
from bitnet_hw.reproduce.predictions import (
    Capacity,
    PeakRate,
    Predict,
    PredictRatio,
    Request,
    RequestRatio,
)
from bitnet_hw.reproduce.row import Row
from bitnet_hw.schema import Block, parse_block

__all__ = ["PublishedFigure", "PublishedFile", "load_published", "published_names"]


class _Computed(Protocol):
    def value(self) -> float:
        """Return the value."""


class PublishedFigure(Block):
    """One figure, and the one key that computes it.

    Parameters
    ----------
    figure, published, unit : str, float, str
        What was reported.
    decimals : int, optional
        Digits after the point that the source prints.
    source : str, optional
        Where it stands, if not where the file says.
    scope : str
        What it includes.
    assumptions : tuple of str
        What we had to assume.
    missing : str
        The fact that was not published and explains the difference.
    kind : str
        As in `Row`.
    arithmetic_ratio, matmul_energy, memory, memory_ratio, design_ratio, predict, predict_ratio, \
request, request_ratio, capacity, peak_rate : optional
        How it is computed. None of them if what is published does not suffice.
    """

    figure: str
    published: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    unit: str = ""
    decimals: Annotated[int, Field(ge=0, le=12)] | None = None
    source: str | None = None
    scope: str
    # YAML has lists only; everything else stays strict.
    assumptions: Annotated[tuple[str, ...], Field(strict=False)] = ()
    missing: str = ""
    kind: Literal["reproduced", "unseen", "calibration", "gates"] = "reproduced"
    arithmetic_ratio: ArithmeticRatio | None = None
    matmul_energy: MatmulEnergy | None = None
    memory: Memory | None = None
    memory_ratio: MemoryRatio | None = None
    design_ratio: DesignRatio | None = None
    predict: Predict | None = None
    predict_ratio: PredictRatio | None = None
    request: Request | None = None
    request_ratio: RequestRatio | None = None
    capacity: Capacity | None = None
    peak_rate: PeakRate | None = None

    @model_validator(mode="after")
    def _computed_in_one_way(self) -> Self:
        ways = [name for name in _WAYS if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"a figure that is computed in one way, not by {', '.join(ways)}")
        if not ways and not self.missing:
            raise ValueError(f"a figure with one of {', '.join(_WAYS)}, or with missing")
        return self

    @property
    def way(self) -> _Computed | None:
        """How it is computed."""
        ways = (getattr(self, name) for name in _WAYS)
        return next((way for way in ways if way is not None), None)


_WAYS = (
    "arithmetic_ratio",
    "matmul_energy",
    "memory",
    "memory_ratio",
    "design_ratio",
    "predict",
    "predict_ratio",
    "request",
    "request_ratio",
    "capacity",
    "peak_rate",
)


class PublishedFile(Block):
    """The figures of one publication or system.

    Parameters
    ----------
    name, title, source : str
        Name of the set, what it is about, and where it was published.
    assumptions : tuple of str
        Assumptions of all figures.
    figures : tuple of PublishedFigure
        The figures.
    """

    name: str = "inline"
    title: str
    source: str
    assumptions: Annotated[tuple[str, ...], Field(strict=False)] = ()
    figures: Annotated[tuple[PublishedFigure, ...], Field(min_length=1, strict=False)]

    def rows(self) -> tuple[Row, ...]:
        """Return each figure beside ours."""
        return tuple(self._row(index) for index in range(len(self.figures)))

    def _row(self, index: int) -> Row:
        figure = self.figures[index]
        try:
            ours = None if figure.way is None else float(figure.way.value())
        except ConfigError as error:
            place = f"{self.name}: figures[{index}] ({printable(figure.figure)})"
            raise ConfigError(f"{place}: {error}") from None
        return Row(
            group=self.name,
            system=getattr(figure.way, "system_name", ""),
            figure=figure.figure,
            unit=figure.unit,
            source=figure.source or self.source,
            published=figure.published,
            ours=ours,
            scope=figure.scope,
            assumptions=(*self.assumptions, *figure.assumptions),
            missing=figure.missing,
            decimals=figure.decimals,
            kind=figure.kind,
        )


def published_names() -> list[str]:
    """Return the names of the sets that ship, in the order in which they are printed."""
    names = preset_names("published")
    return sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else 99, name))


# The papers that the project starts from, then what was built; systems never looked at come last.
_ORDER = (
    "b1.58",
    "by-gates",
    "2b-4t",
    "bitnet-kv260",
    "ternfpga",
    "vitallm",
    "tom",
    "slim-llama",
    "rejunity",
)


def load_published(reference: str) -> PublishedFile:
    """Return a set of figures by its name or path.

    Raises
    ------
    ConfigError
        If there is no such set, or something in it is wrong.
    """
    path = Path(reference) if is_path(reference) else find_file("published", reference)
    file = read_cached(path)
    name = path.name.removesuffix(path.suffix)
    return parse_block(PublishedFile, {"name": name, **file.data}, where=file.where)
