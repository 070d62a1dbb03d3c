"""What a summary of a sweep found, in the terms of the rows that are kept of it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.batch.summary import SweepSummary
from bitnet_hw.sweep import Sweep

__all__ = ["findings"]


def findings(sweep: Sweep, summary: SweepSummary, kept: NDArray[np.int64]) -> dict[str, Any]:
    """Return constraints, best points and effects as fields of an `Exploration`.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    summary : SweepSummary
        What was found of its points.
    kept : array
        int64: numbers of the points whose rows are kept, increasing; the best are among them.
    """
    some = summary.seen > summary.failed + summary.outside
    return {
        "constraints": sweep.constraints,
        "outside": summary.outside,
        "best": {
            name: tuple(np.searchsorted(kept, best).tolist())
            for name, best in summary.best().items()
        },
        "effects": summary.effects() if some else {},
    }
