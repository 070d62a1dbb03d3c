"""All cover points of the accelerator; docs/coverage.md shows them with their hits."""

from collections.abc import Sequence

from rtl.geometry import Geometry
from sim.cover_data import data_points
from sim.cover_flow import flow_points
from sim.cover_jobs import job_points
from sim.cover_points import CoverPoint
from sim.cover_sizes import size_points
from sim.cover_status import status_points

__all__ = ["GROUPS", "cover_points"]

GROUPS = ("sizes", "codes", "operands", "flow", "jobs", "status", "commands", "reset")
"""What the points are about, in the order in which they are shown."""


def cover_points(geometries: Sequence[Geometry]) -> list[CoverPoint]:
    """Return the cover points of accelerators that are verified together."""
    points = [
        *size_points(geometries),
        *data_points(),
        *flow_points(),
        *job_points(),
        *status_points(),
    ]
    return sorted(points, key=lambda point: GROUPS.index(point.group))
