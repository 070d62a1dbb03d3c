"""Results show themselves in notebooks, escaped, and can be handed to pandas."""

import html.parser
import math
import sys
from dataclasses import replace

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.errors import ToolMissing
from bitnet_hw.estimate import estimate
from bitnet_hw.exploration import Exploration
from bitnet_hw.model import load_model
from bitnet_hw.notebook import data_frame
from bitnet_hw.notebook_views import frame_rows, html_view
from bitnet_hw.request import estimate_request
from bitnet_hw.row import Row
from bitnet_hw.system import load_system
from bitnet_hw.system_prediction import predict

HOSTILE = "<img src=x onerror=alert(1)>"


class Cells(html.parser.HTMLParser):
    """Texts of the cells of a table, and the tags that stand in it."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.tags = [], set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def step():
    return estimate(load_config("edge"), load_model("bitnet-b1.58-3b"))


def test_estimate(step):
    cells = Cells(step._repr_html_())
    assert cells.texts[0] == "bitnet-b1.58-3b on edge"
    assert f"{step.tokens_per_second:.4g} tokens/s" in cells.texts
    assert f"{1e3 * step.energy_per_token_j:.4g} mJ, scope system" in cells.texts
    frame = step.to_pandas()
    assert list(frame["name"]) == [operator.name for operator in step.operators]
    assert frame["cycles"].sum() == step.cycles
    assert math.isnan(frame.set_index("name").loc["norms", "macs_per_byte"])


def test_texts_are_escaped(step):
    model = step.model.model_copy(update={"name": HOSTILE})
    cells = Cells(replace(step, model=model)._repr_html_())
    assert cells.texts[0] == f"{HOSTILE} on edge"
    assert cells.tags == {"table", "caption", "tbody", "tr", "th", "td"}


def test_request():
    config, model = load_config("edge"), load_model("bitnet-b1.58-3b")
    request = estimate_request(config, model, prompt=64, generate=16, slots=4)
    cells = Cells(request._repr_html_())
    assert cells.texts[0] == "A request: 64 tokens in, 16 out"
    assert "time to first token" in cells.texts
    frame = request.to_pandas()
    assert list(frame["requests_at_once"]) == [1, 4]
    assert list(frame["seconds"]) == [request.seconds, request.load.seconds]
    assert frame.loc[0, "energy_j.system"] == request.energy_j["system"]
    one = estimate_request(config, model, prompt=64, generate=1)
    assert "time per output token" not in Cells(one._repr_html_()).texts


def test_prediction():
    prediction = predict(load_system("bitnet-kv260"), load_model("bitnet-b1.58-2b-4t"))
    cells = Cells(prediction._repr_html_())
    assert cells.texts[0] == "bitnet-b1.58-2b-4t on bitnet-kv260"
    assert f"{prediction.tokens_per_second:.4g} tokens/s" in cells.texts
    frame = prediction.to_pandas()
    assert frame["seconds"].sum() == pytest.approx(prediction.seconds)


def exploration(count):
    rows = [
        Row({"memory": HOSTILE, "array.rows": number, "tokens_per_second": float(number)})
        for number in range(1, count + 1)
    ]
    return Exploration(
        axes=("memory", "array.rows"),
        objectives={"tokens_per_second": "max", "array.rows": "min"},
        rows=[*rows, Row({"memory": "a", "array.rows": 0, "error": "wrong"})],
        points=count + 1,
    )


def test_exploration():
    cells = Cells(html_view(exploration(2)))
    assert cells.texts == [
        "2 of 3 points are on the Pareto front",
        *("memory", "rows", "throughput (tokens/s)"),
        *(HOSTILE, "2", "2"),
        *(HOSTILE, "1", "1"),
    ]
    frame = data_frame(frame_rows(exploration(2)))
    assert list(frame.columns) == [*("memory", "array.rows", "tokens_per_second", "error")]
    assert list(frame.loc[[*exploration(2).front], "array.rows"]) == [2, 1]
    assert len(frame) == 3


def test_long_fronts_are_cut():
    cells = Cells(html_view(exploration(40)))
    assert cells.texts[0] == "40 of 41 points are on the Pareto front; the first 12"
    assert cells.texts.count(HOSTILE) == 12


def test_without_pandas(step, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        ToolMissing,
        match=r"^Data frames need pandas, of which pandas is not installed: "
        r"pip install 'bitnet-hw\[notebook\]'$",
    ):
        step.to_pandas()
    assert "<table>" in step._repr_html_()


def test_other_things_have_no_view():
    with pytest.raises(TypeError, match=r"^Result must be of a kind that notebooks show, not 3$"):
        html_view(3)
    with pytest.raises(TypeError, match=r"^Result must be of a kind that has rows, not 3$"):
        frame_rows(3)
