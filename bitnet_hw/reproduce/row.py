"""One published figure beside ours."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Row"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A published figure and what our formulas give for it.

    Parameters
    ----------
    group : str
        The set of figures that it belongs to.
    system : str
        The machine that ours is predicted for; empty if it is a formula.
    figure, unit, source : str
        What it is, in what unit, and where it stands.
    published : float
        The published value.
    ours : float or None
        Our value; None if what was published does not suffice to compute it.
    scope : str
        What the figure includes.
    assumptions : tuple of str
        What we had to assume.
    missing : str
        The fact that was not published and explains the difference; empty if none is needed.
    decimals : int, optional
        Digits after the point that the source prints.
    kind : str
        ``"reproduced"``; ``"unseen"``: no whole-model figure of the system went into a constant;
        ``"calibration"``: a constant was derived from this very figure, so it proves nothing;
        ``"gates"``: the paper's question, put to our own gates: another answer is no error.
    """

    group: str
    system: str = ""
    figure: str
    unit: str
    source: str
    published: float
    ours: float | None
    scope: str
    assumptions: tuple[str, ...] = ()
    missing: str = ""
    decimals: int | None = None
    kind: str = "reproduced"

    @property
    def relative_error(self) -> float | None:
        """Ours over the published value, less one."""
        return None if self.ours is None else self.ours / self.published - 1

    @property
    def agrees_as_printed(self) -> bool | None:
        """Whether ours, rounded to the printed digits, is the published value."""
        if self.ours is None or self.decimals is None:
            return None
        return round(self.ours, self.decimals) == round(self.published, self.decimals)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON-ready values."""
        return {
            "group": self.group,
            "system": self.system,
            "figure": self.figure,
            "unit": self.unit,
            "source": self.source,
            "published": self.published,
            "ours": self.ours,
            "relative_error": self.relative_error,
            "agrees_as_printed": self.agrees_as_printed,
            "kind": self.kind,
            "scope": self.scope,
            "assumptions": list(self.assumptions),
            "missing": self.missing,
        }
