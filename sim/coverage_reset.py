"""What a reset interrupts."""

from collections.abc import Sequence

__all__ = ["PHASES", "interrupted"]

PHASES = (
    "idle",
    "command queued",
    "loading, nothing there",
    "loading",
    "loading ahead",
    "both halves full",
    "first output tile",
    "middle output tile",
    "last output tile",
    "final pass over K",
    "between tokens",
    "within a tile of words",
    "result offered",
    "result held back",
    "pipeline only",
    "results only",
    "after busy",
    "after weight_wait",
    "after activation_wait",
    "after output_wait",
)
"""All that a reset can interrupt; several hold at once."""


def interrupted(
    *,
    idle: bool,
    queued: int,
    jobs: Sequence[tuple[tuple[int, int, int], int, int, int]],
    loading: bool,
    loaded: int,
    word: int,
    vectors: int,
    offered: bool,
    held: bool,
    activity: str | None,
) -> frozenset[str]:
    """Return what a reset interrupts.

    Parameters
    ----------
    idle : bool
        It was idle.
    queued : int
        Commands that the loader had not taken.
    jobs : sequence
        Of each job taken and not ended: position of the next step (output tile, K tile, token),
        steps taken, output tiles, K tiles.
    loading : bool
        Activations were being loaded.
    loaded : int
        Words of them that were there.
    word : int
        Words of the next tile that were there.
    vectors : int
        Result vectors under way or waiting.
    offered, held : bool
        A result was offered; and not taken.
    activity : str or None
        What the cycle before was counted as.
    """
    found = {
        "idle": idle,
        "command queued": queued > 0,
        "loading, nothing there": loading and loaded == 0,
        "loading": loading and loaded > 0,
        "loading ahead": loading and len(jobs) > 1,
        "both halves full": len(jobs) > 1 and not loading,
        "within a tile of words": word > 0,
        "result offered": offered,
        "result held back": held,
        "pipeline only": not jobs and not queued and vectors > 0 and not offered,
        "results only": not jobs and not queued and offered,
        f"after {activity}": activity not in (None, "idle", "pipeline"),
    }
    if jobs:
        (n_tile, k_tile, token), steps, n_tiles, k_tiles = jobs[0]
        found |= {
            "first output tile": n_tile == 0 and steps > 0 and n_tiles > 1,
            "middle output tile": 0 < n_tile < n_tiles - 1,
            "last output tile": n_tile == n_tiles - 1 and n_tiles > 1,
            "final pass over K": k_tile == k_tiles - 1 and steps > 0,
            "between tokens": token > 0,
        }
    return frozenset(name for name, holds in found.items() if holds)
