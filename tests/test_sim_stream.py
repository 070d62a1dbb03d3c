"""The stream parts without a simulator: all that they need of one is handles with a value."""

from itertools import chain, cycle, repeat

import pytest

from sim.stream import StreamChecker, StreamMonitor, StreamPort, StreamSink, StreamSource


class Handle:
    def __init__(self):
        self.writes = []
        self._value = 0

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, value):
        self._value = value
        self.writes.append(value)


class Unknown:
    """What cocotb gives for X: text, but no number."""

    def __int__(self):
        raise ValueError

    def __str__(self):
        return "X"


class Dut(dict):
    def __init__(self):
        super().__init__({f"s__{name}": Handle() for name in ("payload", "valid", "ready")})


@pytest.fixture
def dut():
    return Dut()


@pytest.fixture
def port(dut):
    return StreamPort(dut, "s")


def offered(dut, port, source, readies):
    """Return what the stream shows in each cycle: the payload if valid, else None."""
    shown = []
    for ready in readies:
        source.drive()
        dut["s__ready"].value = int(ready)
        shown.append(dut["s__payload"].value if dut["s__valid"].value else None)
        port.sample()
    return shown


def test_source_sends_back_to_back(dut, port):
    source = StreamSource(port)
    source.send([1, 2])
    source.send(iter([3]))
    assert offered(dut, port, source, [1] * 5) == [1, 2, 3, None, None]
    assert port.transfers == 3


def test_source_holds_an_item_until_it_is_taken(dut, port):
    source = StreamSource(port, pause=chain([False], repeat(True)))
    source.send([5, 6])
    # A pattern that pauses takes back nothing that is already offered.
    assert offered(dut, port, source, [0, 0, 1, 1, 1]) == [5, 5, 5, None, None]
    assert not source.done


def test_source_is_done_with_the_last_transfer(dut, port):
    source = StreamSource(port)
    assert source.done
    source.send([5])
    assert not source.done
    offered(dut, port, source, [0])
    assert not source.done
    offered(dut, port, source, [1])
    assert source.done
    offered(dut, port, source, [1])
    assert source.done


def test_source_pauses(dut, port):
    source = StreamSource(port, pause=cycle([True, False]))
    source.send([1, 2])
    assert offered(dut, port, source, [1] * 5) == [None, 1, None, 2, None]


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        ((1, 1), [0, 1, 2, 3, 4, None, None, None]),
        # Item u from cycle ceil(3 u / 2) on: 0, 2, 3, 5, 6.
        ((2, 3), [0, None, 1, 2, None, 3, 4, None]),
        ((3, 2), [0, 1, 2, 3, 4, None, None, None]),
        ((1, 3), [0, None, None, 1, None, None, 2, None]),
    ],
)
def test_source_with_a_rate(dut, port, rate, shown):
    source = StreamSource(port, rate=rate)
    source.send(range(5))
    assert offered(dut, port, source, [1] * 8) == shown


def test_source_with_a_rate_runs_ahead_while_it_is_held_up(dut, port):
    source = StreamSource(port, rate=(1, 3))
    source.send(range(4))
    shown = offered(dut, port, source, [0] * 9 + [1] * 4)
    assert shown == [0] * 10 + [1, 2, 3]


def test_idle_payload(dut, port):
    source = StreamSource(port, pause=cycle([True, False]), idle_payload=lambda: 99)
    source.send([1])
    offered(dut, port, source, [1] * 3)
    assert dut["s__payload"].writes == [99, 1, 99]


def test_handles_are_written_only_on_a_change(dut, port):
    source, sink_dut = StreamSource(port), Dut()
    source.send([7, 7])
    offered(dut, port, source, [0] * 5 + [1] * 4)
    assert dut["s__payload"].writes == [7, 7]
    assert dut["s__valid"].writes == [0, 1, 0]
    sink = StreamSink(StreamPort(sink_dut, "s"))
    for _ in range(5):
        sink.drive()
    assert sink_dut["s__ready"].writes == [0, 1]


def test_sink_follows_its_pattern(dut, port):
    sink = StreamSink(port, pause=cycle([True, False, False]))
    seen = []
    for _ in range(6):
        sink.drive()
        seen.append(dut["s__ready"].value)
    assert seen == [0, 1, 1, 0, 1, 1]


def test_monitor_sees_transfers_only(dut, port):
    seen = []
    monitor = StreamMonitor(port, seen.append)
    for valid, ready, payload in ((1, 0, 1), (1, 1, 2), (0, 1, 3), (0, 0, 4), (1, 1, 5)):
        dut["s__valid"].value, dut["s__ready"].value = valid, ready
        dut["s__payload"].value = payload
        port.sample()
        monitor.observe()
    assert seen == [2, 5]


def check(dut, port, cycles):
    checker = StreamChecker(port)
    for valid, ready, payload in cycles:
        dut["s__valid"].value, dut["s__ready"].value = valid, ready
        dut["s__payload"].value = payload
        port.sample()
        checker.observe()


def test_checker_accepts_what_is_allowed(dut, port):
    check(dut, port, [(0, 0, 1), (1, 0, 2), (1, 1, 2), (1, 0, 3), (1, 1, 3), (0, 1, 4)])


def test_checker_finds_valid_falling(dut, port):
    with pytest.raises(AssertionError, match=r"^s: valid fell before the transfer$"):
        check(dut, port, [(1, 0, 2), (0, 0, 2)])


def test_checker_finds_the_payload_changing(dut, port):
    message = r"^s: payload changed before the transfer, from 0x2 to 0x12$"
    with pytest.raises(AssertionError, match=message):
        check(dut, port, [(1, 0, 2), (1, 1, 0x12)])


@pytest.mark.parametrize("name", ["valid", "ready"])
def test_an_unknown_handshake_is_an_error(dut, port, name):
    dut[f"s__{name}"].value = Unknown()
    with pytest.raises(AssertionError, match=rf"^s: {name} is X$"):
        port.sample()


def test_an_unknown_payload_is_an_error_only_in_a_transfer(dut, port):
    monitor = StreamMonitor(port, print)
    dut["s__payload"].value = Unknown()
    port.sample()
    monitor.observe()
    dut["s__valid"].value = dut["s__ready"].value = 1
    port.sample()
    with pytest.raises(AssertionError, match=r"^s: payload is X$"):
        monitor.observe()
