import gzip
from pathlib import Path
from runpy import run_path

import pytest

from bitnet_hw.cli import main
from bitnet_hw.errors import ConfigError
from bitnet_hw.gates import library as library_module
from bitnet_hw.gates.library import find_library

_LIBERTY = run_path(str(Path(__file__).with_name("tiny_liberty.py")))
TINY = _LIBERTY["TINY"]
write_tiny = _LIBERTY["write_tiny"]


def test_a_folder_of_files_compressed_or_not(tmp_path):
    write_tiny(tmp_path / "tiny")
    plain = find_library(str(tmp_path / "tiny"))
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "tiny.lib.gz").write_bytes(gzip.compress(TINY.encode()))
    packed = find_library(str(tmp_path / "packed"))

    assert plain.name == "tiny"
    assert plain.contents == packed.contents == {"tiny.lib": TINY.encode()}
    assert plain.digest == packed.digest
    assert plain.provenance() == {
        "name": "tiny",
        "files": ["tiny.lib"],
        "sha256": plain.digest,
        "voltage_v": 1.0,
        "temperature_c": 25.0,
    }


def test_memories_are_not_cells(tmp_path):
    write_tiny(tmp_path)
    (tmp_path / "RM_1P_64x64.lib").write_text("library (sram) {}")

    assert [file.name for file in find_library(str(tmp_path)).files] == ["tiny.lib"]


def test_a_missing_library_comes_with_its_source(monkeypatch):
    known = {"osu018": library_module._Known(folders=(), source="Debian: apt-get install x")}
    monkeypatch.setattr(library_module, "LIBRARIES", known)

    with pytest.raises(ConfigError, match=r"osu018 is not here.*Get it from Debian: apt-get"):
        find_library("osu018")


def test_an_unknown_name_and_an_empty_folder(tmp_path):
    with pytest.raises(ConfigError, match="must be a folder with Liberty files or one of asap7"):
        find_library("no-such-library")
    with pytest.raises(ConfigError, match=r"must hold Liberty files: \*.lib or \*.lib.gz"):
        find_library(str(tmp_path))


def test_corners_must_agree(tmp_path):
    write_tiny(tmp_path)
    hot = TINY.replace("nom_temperature : 25", "nom_temperature : 125").replace("tiny", "hot")
    (tmp_path / "hot.lib").write_text(hot)

    with pytest.raises(ConfigError, match=r"must have one corner, not hot 1 V 125 C, tiny 1 V 25"):
        _ = find_library(str(tmp_path)).corner


def test_a_truncated_gzip_file(tmp_path):
    (tmp_path / "tiny.lib.gz").write_bytes(gzip.compress(TINY.encode())[:100])

    with pytest.raises(ConfigError, match=r"tiny.lib.gz must be a whole gzip file"):
        _ = find_library(str(tmp_path)).contents


def test_a_compressed_file_is_not_larger_than_any_library(tmp_path):
    (tmp_path / "tiny.lib.gz").write_bytes(gzip.compress(bytes((1 << 28) + 1), compresslevel=1))

    with pytest.raises(ConfigError, match=r"^tiny.lib.gz must hold at most 256 MB$"):
        _ = find_library(str(tmp_path)).contents


def test_missing_cells_are_named(tmp_path):
    with pytest.raises(ConfigError, match="must have the cells XOR2"):
        find_library(str(write_tiny(tmp_path))).cells({"INV", "XOR2"})


def test_the_command_says_it_in_one_line(capsys):
    assert main(["characterize", "tiny", "--library", "asap7"]) == 1

    message = capsys.readouterr().err
    assert message.startswith("error: Library asap7 is not here")
    assert "OpenROAD-flow-scripts" in message
    assert message.count("\n") == 1
