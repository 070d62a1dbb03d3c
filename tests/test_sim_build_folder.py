from bitnet_hw import simulation
from sim.build_folder import build_folder


def test_it_follows_the_cache_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert build_folder() == tmp_path / "bitnet-hw" / "simulators"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert str(build_folder()) == "/home/somebody/.cache/bitnet-hw/simulators"


def test_the_tool_keeps_its_builds_there():
    assert simulation.build_folder is build_folder
