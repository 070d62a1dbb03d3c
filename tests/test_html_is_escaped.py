"""Every page that the tool writes shows hostile names, titles and sources as text."""

from html.parser import HTMLParser

import pytest

from bitnet_hw.cli import main
from bitnet_hw.config import load_config
from bitnet_hw.estimate import estimate
from bitnet_hw.estimated_points import estimate_sweep
from bitnet_hw.model import load_model
from bitnet_hw.request import estimate_request
from bitnet_hw.sweep import load_sweep
from bitnet_hw.system import load_system
from bitnet_hw.system_prediction import predict

IMAGE = "<img src=x onerror=alert(1)>"
# No slash: it also serves as the name of a file.
HOSTILE = f"\"'&lt;{IMAGE}<script>"
CLOSING = f"{HOSTILE}</script><script>alert(2)</script>-->]]>"


class Tags(HTMLParser):
    """The tags of a page with their attributes; what is inside scripts is none."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def count(self, name):
        return sum(tag == name for tag, _ in self.tags)


def check(page, *, scripts):
    """Make sure that no text of a file became a tag, an attribute or the end of a script."""
    found = Tags(page)
    assert found.count("img") == 0
    assert found.count("script") == scripts
    assert page.count("</script>") == scripts
    for _, attributes in found.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert "src" not in attributes


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


@pytest.fixture
def files(tmp_path):
    """Write an array and a model whose every text is hostile."""
    hostile = quoted(CLOSING)
    array, model = tmp_path / f"{HOSTILE}.yaml", tmp_path / f"{HOSTILE}-model.yaml"
    array.write_text(
        "base: edge\n"
        f"memory: {{base: lpddr5x-64, title: {hostile}, name: {hostile},\n"
        f"  energy_pj_per_bit: {{low: 4, nominal: 5, high: 6, source: {hostile}}}}}\n"
        f"technology: {{base: jouppi7, title: {hostile}, name: {hostile}, source: {hostile}}}\n"
    )
    model.write_text(
        f"name: {hostile}\ntitle: {hostile}\nsource: {hostile}\nstatus: {hostile}\n"
        "hidden: 64\nlayers: 2\nheads: 2\nkv_heads: 1\nhead_dim: 32\nffn: 128\nvocab: 100\n"
        "context: 64\ntied_embeddings: true\nactivation: silu\nsub_norms: true\n"
    )
    return array, model


def test_estimate(tmp_path, files, capsys):
    array, model = map(str, files)
    report = tmp_path / "report.html"
    arguments = ["estimate", array, "--model", model, "--context", "16", "--report", str(report)]
    assert main(arguments) == 0, capsys.readouterr().err
    page = report.read_text(encoding="utf-8")
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    check(page, scripts=3)


SWEEP = """\
base: {array}
model: {model}
context: 16
sweep:
  array.rows: [8, 16]
  # The name is in the picture too, which has no room for a long one.
  memory: [lpddr5x-64, {{base: lpddr5x-64, title: {hostile}, name: "{image}"}}]
# {comment}
"""


@pytest.fixture
def sweep(tmp_path, files):
    path = tmp_path / "sweep.yaml"
    array, model = (quoted(str(file)) for file in files)
    text = SWEEP.format(
        array=array, model=model, hostile=quoted(CLOSING), image=IMAGE, comment=CLOSING
    )
    path.write_text(text)
    return path


def test_explore(tmp_path, sweep, capsys):
    assert main(["explore", str(sweep), "-o", str(tmp_path / "out")]) == 0, capsys.readouterr().err
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    check(page, scripts=3)


def test_reproduce(tmp_path, capsys):
    published, picture = tmp_path / f"{HOSTILE}.yaml", tmp_path / "errors.html"
    hostile = quoted(CLOSING)
    published.write_text(
        f"title: {hostile}\nsource: {hostile}\nassumptions: [{hostile}]\nfigures:\n"
        f"- figure: {hostile}\n  published: 5\n  unit: {hostile}\n  scope: {hostile}\n"
        f"  missing: {hostile}\n  assumptions: [{hostile}]\n  source: {hostile}\n"
        "  peak_rate: {system: rejunity, unit: array}\n"
    )
    assert main(["reproduce", str(published), "--plot", str(picture)]) == 0, capsys.readouterr().err
    page = picture.read_text(encoding="utf-8")
    found = Tags(page)
    assert found.count("img") == 0
    assert "<img" not in page.split("Plotly.newPlot")[-1]
    assert "alert(2)</script>" not in page
    # A page without the hostile texts has as many.
    plain = tmp_path / "plain.yaml"
    plain.write_text(published.read_text().replace(hostile, "plain"))
    assert main(["reproduce", str(plain), "--plot", str(picture)]) == 0
    assert found.count("script") == Tags(picture.read_text(encoding="utf-8")).count("script")


def test_notebook(files, sweep, tmp_path):
    array, model = load_config(files[0]), load_model(str(files[1]))
    system = tmp_path / f"{HOSTILE}-system.yaml"
    system.write_text(
        f"title: {quoted(CLOSING)}\n"
        f"units: {{{quoted(CLOSING)}: {{gmacs_per_second: 5}}}}\n"
        "memory: {peak_gb_per_s: 10}\n"
        f"operators: {{linear: {{ternary: {{unit: {quoted(CLOSING)}}}}}}}\n"
    )
    for result in (
        estimate(array, model, context=16),
        estimate_request(array, model, prompt=8, generate=8),
        predict(load_system(str(system)), model, context=16),
        estimate_sweep(load_sweep(sweep)),
    ):
        check(result._repr_html_(), scripts=0)
