"""The scenarios that every mutant of the accelerator goes through.

Every pause of every stream is drawn, and so are bytes that are no code, commands that are no job,
and resets in flight; where nothing pauses, the cycle model knows every counter.
"""

import random
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from benchmarks.mutate_ports import GEOMETRY, OUTPUTS_BITS, STATUS, STREAMS
from benchmarks.mutate_scenario import IN_FLIGHT, PAUSES, STANDING, Scenario
from bitnet_hw.cycles import WeightRate, cycles
from rtl.counters import COUNTERS, ERRORS
from rtl.job import Job
from sim.operands import JobOperands, draw_job
from sim.pauses import PATTERNS

__all__ = ["scenarios"]

_RATES = ((1, 1), (1, 1), (3, 2), (2, 3), (1, 7))


def scenarios(seed: int = 1) -> list[Scenario]:
    """Return all scenarios, in order."""
    rng = np.random.default_rng(seed)
    return [
        *(_under_pauses(rng, resets=number % 2 == 0) for number in range(40)),
        *(_at_full_speed(rng, resets=n % 3 == 0, long=n % 4 == 0) for n in range(60)),
        *(scenario for _ in range(60) for scenario in _cut_off(rng)),
        *(_stalled(rng, tokens) for tokens in (1, 2, 3)),
        _dropped(rng),
        *(_starved(rng, name, n) for name in ("activations", "weights") for n in (230, 250)),
    ]


def _under_pauses(rng: np.random.Generator, *, resets: bool) -> Scenario:
    """Return jobs among commands that are none, with bytes spoilt, under random flow."""
    flow = random.Random(int(rng.integers(1 << 32)))
    scenario = Scenario(resets, waits=flow.random() < 0.2)
    scenario.pauses = _pauses(flow)
    spoil = flow.random() < 0.4
    for _ in range(flow.randint(1, 5)):
        if flow.random() < 0.2:
            scenario.command(**_no_job(flow), flags=flow.randrange(256))
        operands = JobOperands.random(_job(rng), rng)
        scenario.job(operands, rng, flow.choice(_RATES), spoil=spoil)
    return scenario


def _at_full_speed(rng: np.random.Generator, *, resets: bool, long: bool) -> Scenario:
    """Return jobs whose every counter the cycle model knows."""
    rate = _RATES[int(rng.integers(len(_RATES)))]
    scenario = Scenario(resets)
    jobs = []
    for _ in range(int(rng.integers(1, 6))):
        # Enough to set the highest bits of the counters, now and then.
        job = Job(k=1, n=63, m=3) if long else _job(rng)
        operands = JobOperands.random(job, rng)
        jobs.append(operands.job)
        scenario.job(operands, rng, rate, spoil=False)
    # A memory that is faster than the stream is one of a word per cycle.
    words, every = (1, 1) if rate[0] > rate[1] else rate
    count = asdict(cycles(GEOMETRY, jobs, WeightRate(words, every)))
    scenario.status |= {name: count[name] for name in COUNTERS}
    scenario.known = set(STATUS)
    return scenario


def _cut_off(rng: np.random.Generator) -> Iterator[Scenario]:
    """Yield busy work that ends with a reset in flight, and a job after it."""
    scenario = _under_pauses(rng, resets=True)
    scenario.stops, scenario.cycles = IN_FLIGHT, int(rng.integers(1, 150))
    yield scenario
    after = Scenario(True)
    after.job(JobOperands.random(_job(rng), rng), rng, (1, 1), spoil=False)
    yield after


def _stalled(rng: np.random.Generator, tokens: int) -> Scenario:
    """Return work whose results nobody takes: it must stand when all slots are full, not before."""
    scenario = Scenario(True, cycles=400, stops=STANDING, known={"idle", "busy", *ERRORS})
    scenario.pauses[:] = 1 << STREAMS.index("results")
    job = Job(k=GEOMETRY.max_k, n=1 << OUTPUTS_BITS - 1, m=tokens)
    scenario.job(JobOperands.random(job, rng), rng, (1, 1), spoil=False)
    # Each output tile takes its last steps only while there are slots.
    vectors, earlier = GEOMETRY.result_slots, GEOMETRY.k_tiles(job.k) - 1
    scenario.status |= {"idle": 0, "busy": vectors + (vectors // tokens + 1) * earlier * tokens}
    return scenario


def _starved(rng: np.random.Generator, stream: str, length: int) -> Scenario:
    """Return work that lacks activations or weights: every cycle is counted as just that wait."""
    scenario = Scenario(True, cycles=length, stops=STANDING, known=set(STATUS))
    scenario.job(JobOperands.random(Job(k=14, n=3, m=1), rng), rng, (1, 1), spoil=False)
    scenario.items[stream] = []
    # The command comes in cycle 0 and is taken in 1; an activation can serve from 4 on.
    waits = {"activations": (length - 2, 0), "weights": (2, length - 4)}[stream]
    scenario.status |= {"idle": 0, "cycles": length - 1, "busy": 0}
    scenario.status |= dict(zip(("activation_wait", "weight_wait"), waits, strict=True))
    return scenario


def _dropped(rng: np.random.Generator) -> Scenario:
    """Return a job behind which so many commands queue that are none that it ends before them."""
    scenario = Scenario(True, known=set(STATUS))
    scenario.job(JobOperands.random(Job(k=1, n=1, m=1), rng), rng, (1, 1), spoil=False)
    scenario.items["activations"][0][0] = 20
    for _ in range(30):
        scenario.command(k=0, n=1, m=1)
    # The activation comes in cycle 20 and serves from 22 on; from 21 to 50 commands are dropped.
    scenario.status |= {"cycles": 50, "activation_wait": 20}
    return scenario


def _job(rng: np.random.Generator) -> Job:
    """Draw a job; now and then one of many outputs, or of as much data as there can be."""
    job = draw_job(GEOMETRY, rng)
    style = rng.integers(6)
    if style == 0:
        n = int(rng.integers(1, 1 << OUTPUTS_BITS))
        return Job(k=job.k, n=n, m=job.m, flags=job.flags)
    if style == 1:
        k = int(rng.integers(GEOMETRY.max_k - GEOMETRY.lanes, GEOMETRY.max_k + 1))
        return Job(k=k, n=job.n, m=GEOMETRY.max_tokens, flags=job.flags)
    return job


def _no_job(flow: random.Random) -> dict[str, int]:
    """Draw a command of a size that is 0 or too large."""
    sizes = {
        "k": flow.randint(1, GEOMETRY.max_k),
        "n": flow.randint(1, 63),
        "m": flow.randint(1, 3),
    }
    wrong = flow.choice([{"k": 0}, {"n": 0}, {"m": 0}, {"k": GEOMETRY.max_k + 1}])
    return sizes | wrong


def _pauses(flow: random.Random) -> NDArray[np.uint32]:
    """Draw the pauses of all streams, a bit for each."""
    total = np.zeros(PAUSES, np.uint32)
    for place in range(len(STREAMS)):
        pattern = PATTERNS[flow.choice(sorted(PATTERNS))](flow)
        bits = [next(pattern) for _ in range(PAUSES)]
        total |= np.array(bits, np.uint32) << np.uint32(place)
    return total
