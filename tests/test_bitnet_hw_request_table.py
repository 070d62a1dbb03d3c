"""A request for people to read."""

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.model import load_model
from bitnet_hw.request import estimate_request
from bitnet_hw.request_table import request_table

MODEL = load_model("bitnet-b1.58-3b")


def cells(changes=None, **arguments):
    config = load_config("edge", changes)
    table = request_table(estimate_request(config, MODEL, **arguments))
    columns = [list(column.cells) for column in table.columns]
    return {name: tuple(values) for name, *values in zip(*columns, strict=True)}, table


def test_alone():
    rows, table = cells(prompt=512, generate=128)
    assert table.title == "A request: 512 tokens in, 128 out"
    assert rows["time to first token"] == ("5.554 s",)
    assert rows["time per output token"] == ("18.02 ms",)
    # 8.586 J over 128 tokens, and over 640.
    assert rows["energy per output token"] == ("67.08 mJ",)
    assert rows["energy per token in or out"] == ("13.42 mJ",)
    assert "fits into the memory" not in rows


def test_among_others():
    rows, table = cells(prompt=512, generate=128, slots=8)
    assert [column.header for column in table.columns] == [
        *("scope system", "alone", "one of 8 at once")
    ]
    alone, among = rows["time per output token"]
    assert (alone, among) == ("18.02 ms", "426.6 ms")
    assert rows["fits into the memory"] == ("", "yes")
    assert rows["  over published ranges"][1] == ""


@pytest.mark.parametrize(("capacity_gb", "answer"), [(1, "no"), (4, "yes")])
def test_too_large(capacity_gb, answer):
    rows, _ = cells({"memory.capacity_gb": capacity_gb}, prompt=512, generate=128, slots=8)
    assert rows["fits into the memory"][1] == answer


def test_one_token_has_no_next():
    rows, _ = cells(prompt=16, generate=1)
    assert rows["time per output token"] == ("",)


def test_board():
    rows, _ = cells({"board.idle_w": 2}, prompt=512, generate=128, slots=8)
    assert len(rows["energy of the request, board"]) == 2
