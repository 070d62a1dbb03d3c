"""Builds of the compiled packer: shared, found again, and none where there is no compiler."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from sim import packer_build
from sim.errors import SimulatorBuildFailed, SimulatorMissing
from sim.packer_build import build_packer


def test_two_processes_build_at_once(tmp_path):
    program = (
        "import sys; from pathlib import Path; from sim.packer_build import build_packer;"
        "print(build_packer(Path(sys.argv[1])))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "new")],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    paths = {process.communicate()[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    (library,) = (tmp_path / "new").iterdir()
    assert paths == {str(library)}
    assert hasattr(ctypes.CDLL(str(library)), "pack_matrix")


def test_a_build_is_found_again_until_something_changes(monkeypatch, tmp_path, build_root):
    first = build_packer(build_root)
    compile_ = packer_build._compile
    compiled = []

    def compile_seen(work, *arguments):
        if "-shared" in arguments:
            compiled.append(arguments)
            (work / "packer.so").touch()
        else:
            compile_(work, *arguments)

    monkeypatch.setattr(packer_build, "_compile", compile_seen)
    assert build_packer(build_root) == first
    assert not compiled
    monkeypatch.setattr(packer_build, "_OPTIONS", (*packer_build._OPTIONS, "-DOTHER"))
    other = build_packer(tmp_path)
    assert other.name != first.name
    assert len(compiled) == 1
    # Another processor, or another compiler: other macros.
    monkeypatch.setattr(
        packer_build,
        "_compile",
        lambda work, *arguments: (
            compile_seen(work, *arguments),
            "-dM" in arguments and (work / "macros").write_text("#define __AVX3__ 1\n"),
        ),
    )
    assert build_packer(tmp_path).name not in {first.name, other.name}
    assert len(compiled) == 2


def test_no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        SimulatorMissing,
        match=r"^Packing weights in compiled code needs the program g\+\+; "
        r"install it with: apt-get install g\+\+$",
    ):
        build_packer(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_failed_build_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(packer_build, "_MAIN", "missing.cpp")
    with pytest.raises(
        SimulatorBuildFailed,
        match=r"^Compiling the packer of weights with g\+\+ failed:\n(.*\n)*.*missing\.cpp",
    ):
        build_packer(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("options", ["-march=x86-64", "-march=x86-64-v3"])
def test_other_processors_give_the_same_bytes(monkeypatch, tmp_path, options):
    """The code without vectors, and that with AVX2 only, in a process that loads them."""
    test = (
        "import sys; import numpy as np; from pathlib import Path;"
        "from rtl.geometry import Geometry;"
        "from sim import packer_build; from sim.native_packer import NativePacker;"
        "from sim.packing import pack_weights;"
        "packer_build._options = lambda: [*packer_build._OPTIONS, sys.argv[2]]\n"
        "for encoding in ('trit2', 'trit5'):\n"
        "  for rows, lanes, size in ((64, 64, 1024), (5, 7, 3), (33, 96, 100)):\n"
        "    array = Geometry(rows=rows, lanes=lanes, weight_bus_bits=8 * size, max_k=9999,\n"
        "                     weight_encoding=encoding, output_bus_words=1)\n"
        "    weights = np.random.default_rng(1).integers(-1, 2, (500, 700), np.int8)\n"
        "    packed = NativePacker(array, root=Path(sys.argv[1])).pack(weights)\n"
        "    assert (packed == pack_weights(array, weights)).all()\n"
    )
    if options.endswith("v3") and "avx2" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this processor has no AVX2")
    subprocess.run([sys.executable, "-c", test, str(tmp_path), options], check=True)
