"""The fuzzer finds what it is there to find, in parsers that are wrong on purpose."""

import os
import socket
import time

import pytest

from benchmarks import fuzz_worker
from benchmarks.fuzz import main
from benchmarks.fuzz_targets import TARGETS, Target
from benchmarks.fuzz_worker import finding_name, fuzz, inputs_of
from bitnet_hw.errors import BitnetHwError, ConfigError


def wrong(content, folder):
    """Do what the first byte says."""
    match content[:1]:
        case b"a":
            return
        case b"r":
            raise ConfigError("a must be b")
        case b"t":
            raise KeyError("a")
        case b"c":
            raise ConfigError("\x1b[31m")
        case b"l":
            raise ConfigError("x" * 3000)
        case b"x":
            exec("1")
        case b"n":
            socket.getaddrinfo("localhost", 1)
        case b"m":
            bytes(1 << 40)
        case b"d":
            os._exit(3)
        case b"h":
            time.sleep(60)
        case b"s":
            while time.process_time() < 60:
                pass


def one_of(*contents):
    return Target("wrong", 1000, lambda chance: b"a", wrong, lambda: iter(contents))


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(fuzz_worker, "LIMIT_S", 0.2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"t", "KeyError: "),
        (b"c", "message has control characters: "),
        (b"l", "message is too long: "),
        (b"x", "_Forbidden: "),
        (b"n", "_Forbidden: "),
        (b"m", "MemoryError: "),
        (b"d", "process ended (3)"),
        (b"h", "hang of more than 1 s"),
        (b"s", "hang of more than 1 s"),
    ],
)
def test_what_is_found(content, reason):
    tally = fuzz(one_of(b"a", b"t", content, b"a"), 6, seed=0)
    # What was found before the process died is not lost, and what comes after is fed.
    assert any(found.startswith("KeyError: ") for found in tally.findings)
    [found] = [finding for name, finding in tally.findings.items() if name.startswith(reason)]
    assert found.content == content
    assert tally.inputs == 6


def test_what_is_none():
    tally = fuzz(one_of(b"r", b"r", b"a"), 10, seed=0)
    assert (tally.inputs, tally.accepted, tally.refused) == (10, 8, 2)
    assert tally.findings == {}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_same_seed_gives_the_same_inputs(target):
    start = sum(1 for _ in target.first()) - 2
    several = list(inputs_of(target, 5, max(start, 0), 40))
    assert several[10:20] == list(inputs_of(target, 5, max(start, 0) + 10, 10))
    assert len(set(several)) > 20
    assert several != list(inputs_of(target, 6, max(start, 0), 40))


def test_command(tmp_path, capsys):
    arguments = ["--inputs", "200", "--parser", "expression", "--json", str(tmp_path / "a.json")]
    main([*arguments, "--findings", str(tmp_path / "findings")])
    assert "expression" in capsys.readouterr().out
    assert list((tmp_path / "findings").iterdir()) == []
    assert '"inputs": 200' in (tmp_path / "a.json").read_text()


def test_findings_are_saved(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.fuzz.TARGETS", [one_of(b"t")])
    with pytest.raises(BitnetHwError, match=r"^There must be no findings, not 1$"):
        main(["--inputs", "3", "--findings", str(tmp_path)])
    [finding] = fuzz(one_of(b"t"), 3, seed=0).findings.values()
    assert (tmp_path / f"{finding_name(finding)}.input").read_bytes() == b"t"
    assert "KeyError" in (tmp_path / f"{finding_name(finding)}.txt").read_text()
