"""What all rows share of the activations, in numbers: what the hardware's `Operands` must make."""

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import Geometry
from rtl.lane_style import LANE_STYLES

__all__ = ["shared_bits"]


def shared_bits(geometry: Geometry, activations: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return what the rows share in each step.

    Parameters
    ----------
    geometry : Geometry
        The array.
    activations : array
        int8 [steps, lanes].

    Returns
    -------
    array
        bool [steps, geometry.shared_bits].
    """
    style = LANE_STYLES[geometry.lane_style]
    steps = len(activations)
    missing = -geometry.lanes % style.lanes
    padded = np.pad(activations.astype(np.int64), ((0, 0), (0, missing)))
    lanes = padded.reshape(steps, geometry.tree_operands, style.lanes)
    patterns = [(1,)] if style.carries else style.patterns
    choices = [lanes @ np.array(pattern) for pattern in patterns]
    centers = np.array([style.center(i, geometry.lanes) for i in range(geometry.tree_operands)])
    numbers = np.stack([(choice + centers) ^ centers for choice in choices], axis=2)
    places = np.arange(style.operand_bits)
    bits = (numbers[..., None] >> places & 1).astype(bool)
    return bits.reshape(steps, geometry.shared_bits)
