"""The prover: it proves what holds, names what fails, and does not believe a twin that passes."""

import dataclasses
import json

import pytest
from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofs import __main__ as command
from proofs import reset, stream_ports
from proofs.catalogue import PROOFS
from proofs.claims import claim, name_checks
from proofs.prover import METHODS, Proof, check
from proofs.trit_decoders import illegal_codes, page_digits

# The first run of Yosys on a machine compiles it for a minute.
pytestmark = pytest.mark.long


class Count(wiring.Component):
    """A counter to `last`, claimed to stay below ten and, if so asked, never to be seven."""

    step: In(1)

    def __init__(self, last=9, *, never_seven=False):
        self._last = last
        self._never_seven = never_seven
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        count = Signal(4)
        with m.If(self.step):
            with m.If(count == self._last):
                m.d.sync += count.eq(0)
            with m.Else():
                m.d.sync += count.eq(count + 1)
        claim(m, "below_ten", count < 10)
        if self._never_seven:
            claim(m, "never_seven", count != 7)
        return m


def proof(spec, **more):
    common = {"name": "count", "promise": "", "method": "induction", "size": ""}
    return Proof(spec=spec, **{**common, **more})


def test_what_holds_is_proven_and_a_twin_refuted():
    verdict = check(proof(Count, broken={"below_ten": lambda: Count(12)}))
    assert verdict.proven
    assert verdict.refuted == {"below_ten": "below_ten"}
    assert verdict.good


def test_what_fails_is_named():
    verdict = check(proof(lambda: Count(never_seven=True), steps=9))
    assert not verdict.good
    assert verdict.failed == "never_seven"


def test_a_twin_that_passes_is_not_believed():
    verdict = check(proof(Count, broken={"below_ten": lambda: Count(9)}))
    assert verdict.proven
    assert verdict.refuted == {"below_ten": ""}
    assert not verdict.good


def test_a_twin_is_refuted_by_the_one_claim():
    # "never_seven" fails sooner, but is not what is asked for.
    verdict = check(proof(Count, broken={"below_ten": lambda: Count(12, never_seven=True)}))
    assert verdict.refuted == {"below_ten": "below_ten"}
    early = check(proof(Count, broken={"below_ten": lambda: Count(12)}, depth=9))
    assert early.refuted == {"below_ten": ""}


def test_a_claim_that_is_not_there():
    with pytest.raises(ValueError, match="There is no claim odd"):
        name_checks("", "odd")


def test_every_proof_has_a_twin_and_a_name():
    names = [each.name for each in PROOFS]
    assert len(set(names)) == len(names)
    for each in PROOFS:
        assert each.broken, each.name
        assert each.method in METHODS
        assert each.promise.endswith(".")


def test_the_page_is_read():
    assert len(illegal_codes()) == 13
    assert page_digits(0) == (0, 0, 0, 0, 0)
    # Written down by hand: 0001_1100 has T[4:2] = 111, so w4 = w3 = 2, and C = 00000.
    assert page_digits(0b0001_1100) == (0, 0, 0, 2, 2)
    legal = {page_digits(code) for code in range(256) if code not in illegal_codes()}
    assert len(legal) == 243


def test_ports_without_a_way_through():
    found = stream_ports.dependencies(stream_ports.Accelerator(stream_ports.GEOMETRY))
    assert found["results__valid"] <= {"clk", "rst"}
    assert found["weights__ready"] - {"clk", "rst"} == {"weights__valid"}
    assert {"commands__ready", "activations__ready", "status__idle"} <= found.keys()


def test_registers_that_keep_their_state_are_data():
    found = reset.unreset(reset.Accelerator(reset.GEOMETRY))
    names = {name for names in found for name in names}
    assert "tiles.tile" in names or "tile" in names
    assert not any(name.rpartition(".")[2] == "level" for name in names)


def test_the_command(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["proofs", "trit2", "--json"])
    assert command.main() == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["good"]
    assert row["refuted"] == {"weights_are_those_of_the_page": "weights_are_those_of_the_page"}


def test_the_command_fails_with_a_proof(capsys, monkeypatch):
    bad = dataclasses.replace(PROOFS[2], broken={"only_11_is_illegal": PROOFS[2].spec})
    monkeypatch.setattr(command, "PROOFS", (bad,))
    monkeypatch.setattr("sys.argv", ["proofs"])
    assert command.main() == 1
    assert "a twin passes: only_11_is_illegal" in capsys.readouterr().err
