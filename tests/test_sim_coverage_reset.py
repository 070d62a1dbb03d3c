"""What a reset interrupts."""

from sim.coverage_reset import PHASES, interrupted

QUIET = {
    "idle": False,
    "queued": 0,
    "jobs": [],
    "loading": False,
    "loaded": 0,
    "word": 0,
    "vectors": 0,
    "offered": False,
    "held": False,
    "activity": None,
}


def phases(**state):
    return set(interrupted(**QUIET | state))


def test_nothing_under_way():
    assert phases(idle=True, activity="idle") == {"idle"}


def test_loading():
    # Output tile, K tile and token of the next step; steps; output tiles; K tiles.
    job = ((0, 0, 0), 0, 3, 2)
    assert phases(jobs=[job], loading=True) == {"loading, nothing there"}
    assert phases(jobs=[job], loading=True, loaded=1, queued=1) == {"loading", "command queued"}
    assert phases(jobs=[job, job], loading=True, loaded=1) == {"loading", "loading ahead"}
    assert phases(jobs=[job, job], activity="weight_wait") == {
        "both halves full",
        "after weight_wait",
    }


def test_at_work():
    assert phases(jobs=[((0, 0, 1), 1, 3, 2)], activity="busy") == {
        "first output tile",
        "between tokens",
        "after busy",
    }
    assert phases(jobs=[((1, 1, 0), 6, 3, 2)], word=1) == {
        "middle output tile",
        "final pass over K",
        "within a tile of words",
    }
    assert phases(jobs=[((2, 0, 0), 8, 3, 2)], vectors=1, offered=True, held=True) == {
        "last output tile",
        "result offered",
        "result held back",
    }


def test_at_the_end():
    assert phases(vectors=1, activity="pipeline") == {"pipeline only"}
    assert phases(vectors=1, offered=True) == {"result offered", "results only"}


def test_every_phase_has_a_name():
    everything = phases(
        idle=True,
        queued=1,
        jobs=[((0, 0, 0), 0, 1, 1)] * 2,
        loading=True,
        word=1,
        vectors=1,
        offered=True,
        held=True,
        activity="output_wait",
    )
    assert everything <= set(PHASES)
    assert len(PHASES) == len(set(PHASES)) == 20
