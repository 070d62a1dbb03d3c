"""Predicts the results of the accelerator from what went into it, and compares what comes out."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import Geometry
from rtl.job import Job
from sim.packing import unpack_weights
from sim.payloads import split_beat, split_command
from sim.weight_check import corrupt

__all__ = ["Reference", "Scoreboard"]

Reference = Callable[[NDArray[np.int8], NDArray[np.int8]], NDArray[np.int32]]
"""The truth: activations int8 [m, k] and weights int8 [n, k] to results int32 [m, n]."""

# A design that is wrong everywhere needs no more messages than this.
_MAX_MESSAGES = 20


class _Job:
    """A job under way, with the operands that have come."""

    def __init__(self, index: int, job: Job, geometry: Geometry) -> None:
        self.index = index
        self.job = job
        self.results = np.zeros((job.m, job.n), np.int32)
        self._lanes = geometry.lanes
        self._k_tiles = geometry.k_tiles(job.k)
        self._activations = np.zeros((self._k_tiles, job.m, geometry.lanes), np.int8)
        self._activation_count = 0
        # Of the output tile at work: its weights once they are all there, and the tokens predicted.
        self.weights: NDArray[np.int8] | None = None
        self.first_output = 0
        self.tokens_predicted = 0

    @property
    def loaded(self) -> bool:
        """Whether all activations have come."""
        return self._activation_count == self._k_tiles * self.job.m

    @property
    def tokens_loaded(self) -> int:
        """Tokens of which all activations have come: each is complete with its last K tile."""
        return max(0, self._activation_count - (self._k_tiles - 1) * self.job.m)

    def load(self, word: bytes) -> None:
        """Take the next activation word."""
        k_tile, token = divmod(self._activation_count, self.job.m)
        self._activations[k_tile, token] = np.frombuffer(word, np.int8)
        self._activation_count += 1

    def activations(self, first: int, end: int) -> NDArray[np.int8]:
        """Return the activations of tokens `first` to `end` - 1, int8 [end - first, k]."""
        tokens = self._activations[:, first:end].swapaxes(0, 1)
        return tokens.reshape(end - first, -1)[:, : self.job.k].copy()


@dataclass
class _Vector:
    """Expected results of one token and one output tile, and how many of them have come."""

    job: _Job
    token: int
    first_output: int
    expected: NDArray[np.int32]
    last: bool
    come: int = 0


class Scoreboard:
    """In-order checker of whole jobs, fed with the words seen on the four streams.

    Predictions come from the words that the design was given, not from what a driver meant to give:
    a fault of a driver cannot hide one of the design. The results of an output tile are predicted
    when its last weight word and the last activation of a token have passed, which is before the
    design can know them.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    reference : callable
        Exact matrix product.

    Attributes
    ----------
    jobs : int
        Jobs whose results have come, all of them.
    outputs_checked : int
        Results compared.
    mismatches : int
        Results that differ, and beats that nothing predicts or whose count, flags or end mark is
        wrong.
    messages : list of str
        The first mismatches, in words.
    results : list of arrays
        int32 [m, n] for each job, as the design gave them.
    illegal_code, bad_command, corrupt_word, dropped_valid : bool
        Whether the design has been given one; the last is never so, as only transfers are seen.
    """

    def __init__(self, geometry: Geometry, reference: Reference) -> None:
        self._geometry = geometry
        self._reference = reference
        self.jobs = 0
        self.outputs_checked = 0
        self.mismatches = 0
        self.messages: list[str] = []
        self.results: list[NDArray[np.int32]] = []
        self.illegal_code = False
        self.bad_command = False
        self.corrupt_word = False
        self.dropped_valid = False
        # Jobs whose activations, and whose weights, are still to come in full.
        self._loading: deque[_Job] = deque()
        self._computing: deque[_Job] = deque()
        self._activation_words: deque[bytes] = deque()
        self._weight_words: deque[bytes] = deque()
        self._expected: deque[_Vector] = deque()

    @property
    def idle(self) -> bool:
        """Whether all jobs are complete."""
        return not (self._loading or self._computing or self._expected)

    def on_command(self, word: int) -> None:
        """Take a word of the command stream."""
        job = split_command(self._geometry, word)
        if job is None:
            self.bad_command = True
            return
        item = _Job(len(self.results), job, self._geometry)
        self.results.append(item.results)
        self._loading.append(item)
        self._computing.append(item)
        self._predict()

    def on_activation(self, word: int) -> None:
        """Take a word of the activation stream."""
        self._activation_words.append(word.to_bytes(self._geometry.lanes, "little"))
        self._predict()

    def on_weight(self, word: int) -> None:
        """Take a word of the weight stream."""
        self._weight_words.append(word.to_bytes(self._geometry.weight_bus_bits // 8, "little"))
        self._predict()

    def on_result(self, word: int) -> None:
        """Take a beat of the result stream and compare it."""
        beat = split_beat(self._geometry, word)
        if not self._expected:
            self._mismatch(f"a beat of {len(beat.results)} results which nothing predicts")
            return
        vector = self._expected[0]
        item = vector.job
        left = len(vector.expected) - vector.come
        count = min(left, self._geometry.output_bus_words)
        ends_vector = count == left
        where = f"job {item.index}, token m={vector.token}, output n={{}}"
        first = vector.first_output + vector.come
        side = (len(beat.results), beat.flags, beat.last)
        expected_side = (count, item.job.flags, vector.last and ends_vector)
        for name, actual, expected in zip(
            ("count", "flags", "last"), side, expected_side, strict=True
        ):
            if actual != expected:
                self._mismatch(f"{where.format(first)}: expected {name} {expected}, got {actual}")
        actuals = beat.results[:count]
        expecteds = vector.expected[vector.come : vector.come + len(actuals)]
        for place in np.flatnonzero(actuals != expecteds):
            self._mismatch(
                f"{where.format(first + place)}: expected {expecteds[place]}, got {actuals[place]}"
            )
        item.results[vector.token, first : first + len(actuals)] = actuals
        self.outputs_checked += len(actuals)
        vector.come += count
        if ends_vector:
            self._expected.popleft()
            self.jobs += vector.last

    def finish(self) -> list[str]:
        """Return what is wrong at the end: the mismatches, and whatever is left over."""
        problems = list(self.messages)
        if self.mismatches > len(self.messages):
            problems.append(f"and {self.mismatches - len(self.messages)} more mismatches")
        for name, left in (
            ("jobs without all their activations", self._loading),
            ("jobs without all their weights", self._computing),
            ("activation words that belong to no job", self._activation_words),
            ("weight words that belong to no job", self._weight_words),
            ("result vectors that did not come", self._expected),
        ):
            if left:
                problems.append(f"{len(left)} {name}")
        return problems

    def _predict(self) -> None:
        """Predict whatever the operands that have come determine."""
        geometry = self._geometry
        while self._loading and self._activation_words:
            self._loading[0].load(self._activation_words.popleft())
            if self._loading[0].loaded:
                self._loading.popleft()
        while self._computing:
            item = self._computing[0]
            if item.weights is None:
                count = geometry.k_tiles(item.job.k) * geometry.words_per_tile
                if len(self._weight_words) < count:
                    return
                outputs = min(geometry.rows, item.job.n - item.first_output)
                words = _take(self._weight_words, count, geometry.weight_bus_bits // 8)
                item.weights, illegal = unpack_weights(geometry, words, outputs, item.job.k)
                self.illegal_code |= illegal
                self.corrupt_word |= bool(corrupt(geometry, words).any())
            self._predict_tokens(item, item.weights)
            if item.tokens_predicted < item.job.m:
                return
            item.first_output += geometry.rows
            item.weights, item.tokens_predicted = None, 0
            if item.first_output >= item.job.n:
                self._computing.popleft()

    def _predict_tokens(self, item: _Job, weights: NDArray[np.int8]) -> None:
        """Predict the results of an output tile for the tokens whose activations have come."""
        first, end = item.tokens_predicted, item.tokens_loaded
        if first == end:
            return
        products = self._reference(item.activations(first, end), weights)
        ends_job = item.first_output + len(weights) == item.job.n
        for token in range(first, end):
            last = ends_job and token == item.job.m - 1
            expected = products[token - first]
            self._expected.append(_Vector(item, token, item.first_output, expected, last))
        item.tokens_predicted = end

    def _mismatch(self, message: str) -> None:
        self.mismatches += 1
        if len(self.messages) < _MAX_MESSAGES:
            self.messages.append(message)


def _take(queue: deque[bytes], count: int, size: int) -> NDArray[np.uint8]:
    """Take `count` words of `size` bytes from a queue."""
    data = b"".join(queue.popleft() for _ in range(count))
    return np.frombuffer(data, np.uint8).reshape(count, size)
