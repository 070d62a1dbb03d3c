"""Simulators and synthesis that crash, hang or talk nonsense: one error, and no orphans."""

import json
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from bitnet_hw.cli import main
from bitnet_hw.errors import BuildFailed, SimulationFailed
from bitnet_hw.gates import activity, synthesis, tools
from bitnet_hw.gates.activity import measure_activity
from bitnet_hw.gates.library import find_library
from bitnet_hw.gates.netlist import Netlist
from bitnet_hw.gates.parts import Part
from bitnet_hw.gates.stimulus import Stimulus
from bitnet_hw.gates.synthesis import synthesize
from sim import build, simulate

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))

CRASH, HANG = "kill -SEGV $$", "sleep 60 & sleep 60"
GARBAGE = r"head -c 5000 /dev/urandom; head -c 500 /dev/urandom > results.xml"


@pytest.fixture
def script(tmp_path):
    """Write an executable shell script, whose processes are known by its folder."""

    def write(text, name="program", folder="scripts"):
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


@pytest.fixture(autouse=True)
def no_orphans(tmp_path, monkeypatch):
    """Check that no process is left; they are known by their environment."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TOOL_FAULTS", str(tmp_path))
    yield
    mark = f"TOOL_FAULTS={tmp_path}".encode()
    deadline = time.monotonic() + 5
    while left := [path for path, text in environments() if mark in text]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def environments():
    for path in Path("/proc").glob("[0-9]*"):
        # Processes end, and some belong to others. This one was started without the variable.
        with suppress(OSError):
            yield path.name, (path / "environ").read_bytes().split(b"\0")


@pytest.fixture
def simulator(script, tmp_path, monkeypatch):
    """Put a script in the place of the accelerator that a simulator has compiled."""

    def use(text, simulator):
        if simulator == "icarus":
            script("echo Icarus Verilog", "iverilog", "bin")
            script(text, "vvp", "bin")
            monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        else:
            script(text, "bitnet_accelerator", "built")

        def built(verilog, *, top, simulator, waves, **_):
            toolchain = build.find_toolchain(simulator, verilog=verilog, top=top, waves=waves)
            return build.Build(
                directory=tmp_path / "built", top=top, toolchain=toolchain, waves=waves
            )

        (tmp_path / "built").mkdir(exist_ok=True)
        (tmp_path / "cache" / "bitnet-hw" / "simulators").mkdir(parents=True)
        monkeypatch.setattr(simulate, "build", built)
        monkeypatch.setitem(simulate.simulate_lists.__kwdefaults__, "timeout_s", 3.0)

    return use


@pytest.mark.long
@pytest.mark.parametrize("name", ["verilator", "icarus"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CRASH, "error: sim.tb_accelerator on {} with seed 1 failed; log: "),
        (HANG, "error: Running sim.tb_accelerator on {} took longer than 3 s; log: "),
        (GARBAGE, "error: sim.tb_accelerator on {} with seed 1 failed; log: "),
        ("exit 0", "error: sim.tb_accelerator on {} with seed 1 failed; log: "),
    ],
    ids=["crash", "hang", "garbage", "nothing"],
)
def test_a_simulator(simulator, capsys, tmp_path, name, text, message):
    simulator(text, name)
    assert main(["simulate", "tiny", "--shape", "1x8x4", "--simulator", name]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    first, *others = err.splitlines()
    assert first.startswith(message.format(name))
    assert "Traceback" not in err
    # What the simulator said last, if anything.
    assert len(others) <= 15
    # The folder of the run stays for its log, under the name that the message says.
    log = Path(first.partition("; log: ")[2])
    assert log.is_file()
    assert [path.name for path in log.parent.parent.iterdir()] == [log.parent.name]


@pytest.fixture
def counted(tmp_path):
    """Measure the activity of a wire, in a given simulator."""
    wire = Netlist(instances=(), inputs={"a": [3]}, outputs={"b": [3]}, clock=2)
    bits = np.zeros((1, 8, 1), bool)
    stimulus = Stimulus({"a": bits}, expected={"b": bits}, skipped=1, steps=7)
    return lambda program: measure_activity(wire, stimulus, program)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CRASH, r"^Measuring activity was ended by signal 11 \(Segmentation fault\)$"),
        (HANG, r"^Measuring activity took longer than 0\.5 s; log: "),
        (
            "head -c 33 /dev/urandom > outputs",
            r"^The simulator of the netlist must write 8 outputs and 64 counts, not 8 and 0$",
        ),
        ("echo no; exit 1", r"^Measuring activity failed:\nno$"),
    ],
    ids=["crash", "hang", "garbage", "error"],
)
def test_a_simulator_of_gates(counted, script, monkeypatch, text, message):
    monkeypatch.setattr(activity, "_TIMEOUT_S", 0.5)
    with pytest.raises(SimulationFailed, match=message):
        counted(script(text))


def test_a_simulator_of_gates_that_is_right(counted, script):
    assert counted(script("head -c 32 /dev/zero > outputs; head -c 512 /dev/zero > counts"))


YOSYS = {
    "crash": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "hang": "import subprocess; subprocess.run(['sleep', '60'])",
    "nothing": "",
    "garbage": "open('generic.json', 'wb').write(b'\\xff{')",
    "no design": "open('generic.json', 'w').write('[]')",
    "no netlist": """\
import json
json.dump({'modules': {'top': {'ports': {}, 'cells': {}}}}, open('generic.json', 'w'))
open('netlist.json', 'w').write('{"modules": {}')
""",
}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("crash", r"Yosys was ended by signal 11 \(Segmentation fault\)$"),
        ("hang", r"Yosys took longer than 0\.5 s$"),
        ("nothing", r"Yosys must give a design of generic gates$"),
        ("garbage", r"Yosys must give a design of generic gates$"),
        ("no design", r"Yosys must give a design of generic gates$"),
        ("no netlist", r"Yosys must give a netlist of top$"),
    ],
)
def test_synthesis(tmp_path, monkeypatch, fault, message):
    monkeypatch.setattr(tools, "_START_YOSYS", YOSYS[fault])
    library = find_library(str(_LIBERTY["write_tiny"](tmp_path / "tiny")))
    part = Part("row", 1, "module top(input clk); endmodule", "top", {"": "row"})
    root = tmp_path / "root"
    root.mkdir()
    limit_s = 0.5 if fault == "hang" else 60
    with pytest.raises(BuildFailed, match=rf"^Synthesis of the row with {message}"):
        synthesize(part, library, clock_mhz=100, root=root, timeout_s=limit_s)
    assert not list(root.iterdir())


def test_a_command_that_cannot_synthesise(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tools, "_START_YOSYS", YOSYS["crash"])
    library = str(_LIBERTY["write_tiny"](tmp_path / "tiny"))
    arguments = ["characterize", "tiny", "--library", library, "--operands", "uniform"]
    assert main([*arguments, "-o", str(tmp_path / "out" / "x.json")]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: Synthesis of the ")
    assert err.endswith(" with Yosys was ended by signal 11 (Segmentation fault)\n")
    assert err.count("\n") == 1
    assert not list((tmp_path / "out").iterdir())


def test_half_a_netlist_in_the_cache_is_made_again(tmp_path, monkeypatch):
    """As a power failure leaves it."""
    whole = {"modules": {"top": {"ports": {"clk": {"direction": "input", "bits": [2]}}}}}
    whole["modules"]["top"]["cells"] = {}
    monkeypatch.setattr(
        synthesis,
        "run_yosys",
        lambda script, work, **_: [
            (work / name).write_text(json.dumps(whole)) for name in ("generic.json", "netlist.json")
        ],
    )
    library = find_library(str(_LIBERTY["write_tiny"](tmp_path / "tiny")))
    part = Part("row", 1, "module top(input clk); endmodule", "top", {"": "row"})
    root = tmp_path / "root"
    root.mkdir()
    first = synthesize(part, library, clock_mhz=100, flatten=True, root=root)
    [file] = root.iterdir()
    file.write_text(file.read_text()[:20])
    again = synthesize(part, library, clock_mhz=100, flatten=True, root=root)
    assert again.digest == first.digest
    assert json.loads(file.read_text()) == whole
