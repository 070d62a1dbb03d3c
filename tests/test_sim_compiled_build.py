import pytest

from rtl.geometry import Geometry
from sim import compiled_build
from sim.compiled_build import build_library
from sim.errors import SimulatorBuildFailed

GEOMETRY = Geometry(rows=2, lanes=2, weight_bus_bits=8, max_k=4, max_tokens=1, output_bus_words=1)


def test_a_failed_build_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled_build, "emit", lambda *_: ("module no_accelerator; endmodule", {}))
    polls = []
    with pytest.raises(
        SimulatorBuildFailed,
        match=r"^Compiling bitnet_accelerator with verilator failed:\n(.*\n)*.*MODMISSING",
    ):
        build_library(GEOMETRY, root=tmp_path / "new", poll=lambda: polls.append(None))
    assert list((tmp_path / "new").iterdir()) == []


def test_what_shapes_a_library_shapes_its_name(monkeypatch, tmp_path):
    def work_instead(command, work, *_, **__):
        commands.append(command[0])
        (work / "model").mkdir(exist_ok=True)
        (work / "model" / "model.so").touch()

    commands = []
    monkeypatch.setattr(compiled_build, "_run", work_instead)
    monkeypatch.setattr(
        compiled_build, "emit", lambda *_: ("module bitnet_accelerator_row(a);", {})
    )
    first = build_library(GEOMETRY, root=tmp_path)
    assert commands == ["verilator", "make"]
    assert build_library(GEOMETRY, root=tmp_path) == first
    assert commands == ["verilator", "make"]
    monkeypatch.setitem(compiled_build._MAKE_VARIABLES, "OPT_FAST", "-O1")
    assert build_library(GEOMETRY, root=tmp_path) != first
    assert len(commands) == 4
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".so", ".so"]
