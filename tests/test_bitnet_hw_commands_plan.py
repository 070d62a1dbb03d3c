"""``bitnet-hw plan`` from outside: what it prints, and how it ends."""

import csv
import io
import json
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from bitnet_hw.cli import main

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_plan.py"))))


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "160")
    search, model = tiny.write_tiny(tmp_path)

    def command(*arguments):
        words = ["plan", "--model", model, "--search", search, "--context", "4", *arguments]
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def test_table(run):
    code, out, err = run("--tokens-per-second", "5", "--watts", "100", "--each", "memory.count")
    assert (code, err) == (0, "")
    assert "The smallest system" in out
    assert "3 x inline" in out
    assert "scope system" in out
    assert "tokens_per_second >= 5" in out
    assert "total_power_w <= 100" in out
    assert "The next ones" in out
    assert "The smallest for each memory.count" in out
    # One memory holds the model on neither number of chips.
    assert "no: chip_memory_bytes <= memory_capacity_bytes" in out
    assert "6 of 12 designs of" in out
    assert "Prices are assumptions" in out


def test_json(run):
    code, out, _ = run("--dollars", "13.5", "--top", "2", "--format", "json")
    assert code == 0
    result = json.loads(out)
    assert result["possible"] is True
    assert (result["designs_searched"], result["designs_possible"]) == (12, 2)
    assert result["requirements"][0] == "total_dollars <= 13.5"
    assert result["smallest_by"] == ["chips.count", "total_area_mm2", "total_power_w"]
    smallest = result["smallest"]
    assert smallest["values"] == {"chips.pipeline": 1, "memory.count": 3, "array.rows": 8}
    assert smallest["total_dollars"] == pytest.approx(13)
    assert smallest["margins"][0]["room"] == pytest.approx(0.5 / 13.5)
    assert {"bound", "energy_per_token_j", "tokens_per_second", "total_area_mm2"} <= set(smallest)
    assert [design["values"]["array.rows"] for design in result["alternatives"]] == [16]
    assert result["binding"] is None
    assert result["costs"]["dollars_per_chip"]["nominal"] == 10
    again = json.loads(run("--dollars", "13.5", "--top", "2", "--format", "json", "--jobs", "1")[1])
    assert {**again, "seconds": 0} == {**result, "seconds": 0}


def test_csv(run):
    code, out, _ = run("--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[0]["possible"] == "True"
    assert float(rows[0]["total_dollars"]) == pytest.approx(13)


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_none_can(run, form):
    code, out, err = run("--dollars", "12", "--format", form)
    assert code == 1
    assert err.startswith("error: No design of search file ")
    assert err.count("\n") == 1
    assert "'total_dollars <= 12' binds: total_dollars is at least 13 where all else holds" in err
    if form == "json":
        binding = json.loads(out)["binding"]
        assert binding["requirements"][0]["possible_without_it"] is True
        assert binding["requirements"][0]["best_where_all_others_hold"] == pytest.approx(13)
        assert len(binding["dropping_one_is_enough"]) == 2
        assert f"error: {binding['sentence']}\n" == err
    elif form == "csv":
        [row] = csv.DictReader(io.StringIO(out))
        assert row["possible"] == "False"
    else:
        assert "Each requirement where all others hold" in out
        assert "The closest design" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--watts", "0"], 2, "--watts: must be above 0"),
        (["--dollars", "nan"], 2, "--dollars: must be above 0"),
        (["--tokens-per-second", "-1"], 2, "must be above 0"),
        (["--top", "0"], 2, "greater than or equal to 1"),
        (["--batch", "0"], 1, "No design of the search can be built; the first: batch must be"),
        (["--set", "rows=3"], 1, "error: --set rows must be a key of a configuration file"),
        (["--require", "power"], 1, "error: --require must read fields that are reported, not 'po"),
        (["--require", "1 +"], 1, "error: --require must be an expression such as"),
        (["--smallest", "powr_w"], 1, "error: smallest: powr_w must read fields that are"),
    ],
)
def test_wrong_arguments(run, arguments, code, message):
    result, _, err = run(*arguments)
    assert result == code
    assert message in err
    assert "Traceback" not in err


def test_help(capsys):
    assert main(["plan", "--help"]) == 0
    assert "Example: bitnet-hw plan --model" in capsys.readouterr().out


def test_checkpoint(run, tmp_path, capsys):
    config = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "intermediate_size": 64,
        "vocab_size": 64,
        "max_position_embeddings": 64,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "quantization_config": {"quant_method": "bitnet"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    search = str(tmp_path / "search.yaml")
    words = ["plan", "--model", str(tmp_path / "config.json"), "--search", search]
    assert main([*words, "--context", "4", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["smallest"]["model"]
