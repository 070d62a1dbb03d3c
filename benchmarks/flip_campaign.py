"""Weight words with flipped bits in the compiled accelerator, and what came of them."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import Geometry
from rtl.job import Job
from rtl.word_check import width_for
from sim.compiled import CompiledModel
from sim.compiled_build import build_library
from sim.compiled_run import CompiledRun
from sim.operands import JobOperands
from sim.packing import pack_activations, unpack_weights

__all__ = ["DESIGNS", "Campaign", "flipped", "run_campaign"]

Bytes = NDArray[np.uint8]

# Ragged on both sides; tiles of two words.
_JOB = Job(k=40, n=12, m=2)
_RUNS_WITH_THE_SAME_OPERANDS = 50


def _geometry(encoding: str, check: str) -> Geometry:
    codes = {"trit2": 16, "trit5": 13}[encoding]
    return Geometry(
        rows=8,
        lanes=16,
        weight_encoding=encoding,
        weight_bus_bits=width_for(codes, check),
        max_tokens=2,
        max_k=64,
        output_bus_words=4,
        weight_check=check,
    )


DESIGNS = {
    (encoding, check): _geometry(encoding, check)
    for encoding in ("trit5", "trit2")
    for check in ("none", "hamming")
}
"""An array for each encoding and check; as many weights in a word with a check as without."""


@dataclass
class Campaign:
    """What so many flips in one word did, over many runs of one array.

    Attributes
    ----------
    encoding, check, flips : str, str, int
        The array's, and bits flipped in one word of each run.
    injected : int
        Runs.
    corrupt_word, illegal_code : int
        Runs whose status told so.
    wrong : int
        Runs with a result that differs from that of the weights as they were.
    escaped : int
        Runs with such a result, of which no status told.
    surprises : int
        Runs whose results are not those of the flipped words, decoded.
    wrong_results : int
        Results that differ, over all runs.
    results : int
        Results, over all runs.
    errors : list
        Their differences, relative to the root mean square of the right results.
    """

    encoding: str
    check: str
    flips: int
    injected: int = 0
    corrupt_word: int = 0
    illegal_code: int = 0
    wrong: int = 0
    escaped: int = 0
    surprises: int = 0
    wrong_results: int = 0
    results: int = 0
    errors: list[float] = field(default_factory=list)

    def count(self, run: CompiledRun, right: NDArray[np.int64], decoded: NDArray[np.int64]) -> None:
        """Take what a run did, beside the right results and those of the flipped words."""
        [found] = run.matrices()
        difference = found[found != right] - right[found != right]
        noticed = run.corrupt_word or run.illegal_code
        self.injected += 1
        self.corrupt_word += run.corrupt_word
        self.illegal_code += run.illegal_code
        self.wrong += bool(len(difference))
        self.escaped += bool(len(difference)) and not noticed
        self.surprises += not np.array_equal(found, decoded)
        self.wrong_results += len(difference)
        self.results += found.size
        size = float(np.sqrt(np.mean(np.square(right.astype(np.float64)))))
        self.errors += (np.abs(difference) / size).tolist()

    def summary(self) -> dict[str, str | int | float | None]:
        """Return the counts, and the middle and largest error."""
        counts = {key: value for key, value in vars(self).items() if key != "errors"}
        middle, most = (
            (float(np.median(self.errors)), max(self.errors)) if self.errors else (None, None)
        )
        return {**counts, "median_error": middle, "largest_error": most}


def flipped(word: Bytes, flips: int, rng: np.random.Generator) -> Bytes:
    """Return a word with so many bits flipped, at different places."""
    bits = np.unpackbits(word, bitorder="little")
    bits[rng.choice(len(bits), flips, replace=False)] ^= 1
    return np.packbits(bits, bitorder="little")


def run_campaign(
    encoding: str,
    check: str,
    runs: int,
    *,
    seed: int = 1,
    root: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Campaign]:
    """Flip one, two and three bits of a word, `runs` times each, anywhere in a job's words.

    Parameters
    ----------
    encoding, check : str
        A key of `DESIGNS`.
    runs : int
        Runs for each number of flips.
    seed : int
        Of operands and places.
    root : Path
        Where compiled accelerators are kept; without it in the user's cache directory.
    progress : callable
        Called with the number of runs that are done.
    """
    geometry = DESIGNS[encoding, check]
    model = CompiledModel(geometry, build_library(geometry, root=root))
    campaigns = [Campaign(encoding, check, flips) for flips in (1, 2, 3)]
    try:
        cases = _cases(model, np.random.default_rng(seed))
        for number, campaign in enumerate(itertools.chain(*itertools.repeat(campaigns, runs)), 1):
            words, activations, right, rng = next(cases)
            words = words.copy()
            place = rng.integers(len(words))
            words[place] = flipped(words[place], campaign.flips, rng)
            run = model.run([_JOB], [words], [pack_activations(geometry, activations)])
            weights, _ = unpack_weights(geometry, words, _JOB.n, _JOB.k)
            campaign.count(run, right, _product(activations, weights))
            if progress is not None:
                progress(number)
    finally:
        model.close()
    return campaigns


def _cases(
    model: CompiledModel, rng: np.random.Generator
) -> Iterator[tuple[Bytes, NDArray[np.int8], NDArray[np.int64], np.random.Generator]]:
    """Yield packed weights, activations, their product, and the generator."""
    while True:
        operands = JobOperands.random(_JOB, rng)
        words = model.pack_weights(operands.weights)
        right = _product(operands.activations, operands.weights)
        for _ in range(_RUNS_WITH_THE_SAME_OPERANDS):
            yield words, operands.activations, right, rng


def _product(activations: NDArray[np.int8], weights: NDArray[np.int8]) -> NDArray[np.int64]:
    product: NDArray[np.int64] = activations.astype(np.int64) @ weights.astype(np.int64).T
    return product
