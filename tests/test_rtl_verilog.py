import hashlib
import json
import subprocess
import sys

import pytest

from rtl.geometry import Geometry
from rtl.verilog import emit

GEOMETRY = Geometry(rows=3, lanes=5, weight_bus_bits=24, max_tokens=2, max_k=20, output_bus_words=2)


def test_description_matches_the_verilog():
    text, description = emit(GEOMETRY, "tiny")
    assert description["name"] == "tiny"
    assert description["verilog_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert description["geometry"]["lanes"] == 5
    assert description["latencies_cycles"] == {"tree_latency": 1, "result_latency": 3}
    members = description["interface"]["members"]
    assert members["weights"]["members"]["payload"]["width"] == 24
    assert members["activations"]["members"]["payload"]["width"] == 40
    # k: 5 bits, n: 24, m: 2, flags: 8.
    assert members["commands"]["members"]["payload"]["width"] == 39
    for name in ("clk", "rst"):
        assert members[name]["width"] == 1
        assert f"  input {name};" in text[text.index("\nmodule tiny(") :]
    for stream in ("commands", "weights", "activations", "results"):
        for port in members[stream]["members"].values():
            assert f" {port['name']};" in text
    json.dumps(description)


def test_rows_and_decoders_share_one_module_each():
    text, _ = emit(GEOMETRY, "tiny")
    assert text.count("\nmodule tiny_row(") == 1
    assert text.count("  tiny_row ") == 3
    assert text.count("\nmodule tiny_trit5_decoder(") == 1
    assert text.count("  tiny_trit5_decoder ") == 3


def test_holds_no_source_paths():
    text, _ = emit(GEOMETRY, "tiny")
    assert "src =" not in text
    assert ".py" not in text


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_same_input_gives_the_same_bytes(hash_seed, tmp_path):
    program = (
        "from rtl.geometry import Geometry; from rtl.verilog import emit;"
        f"print(emit({GEOMETRY!r}, 'tiny')[1]['verilog_sha256'])"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": hash_seed, "AMARANTH_USE_YOSYS": "builtin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == emit(GEOMETRY, "tiny")[1]["verilog_sha256"]
