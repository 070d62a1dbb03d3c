"""Files of published figures, and what comes of those that ship."""

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.reproduce.published import load_published, published_names


@pytest.fixture(scope="module")
def rows():
    return {
        (name, row.figure): row for name in published_names() for row in load_published(name).rows()
    }


def test_order_of_the_sets():
    names = published_names()
    assert names[:4] == ["b1.58", "by-gates", "2b-4t", "bitnet-kv260"]
    assert names[-1] == "unseen"


def test_every_figure_says_what_it_rests_on(rows):
    for row in rows.values():
        assert row.source
        assert row.scope
        # A difference of more than a tenth has a reason.
        if row.ours is None or abs(row.relative_error) > 0.1:
            assert row.missing, row.figure


def test_six_energies_of_2b4t_to_the_last_digit(rows):
    published = {
        "LLaMA 3.2 1B": (0.258, 0.2577),
        "Gemma 3 1B": (0.186, 0.1856),
        "Qwen2.5 1.5B": (0.347, 0.3467),
        "SmolLM2 1.7B": (0.425, 0.4252),
        "MiniCPM 2B": (0.649, 0.6493),
        "BitNet b1.58 2B4T": (0.028, 0.0276),
    }
    for name, (value, ours) in published.items():
        row = rows["2b-4t", f"energy of 512 tokens, {name}"]
        assert row.published == value
        assert row.ours == pytest.approx(ours, abs=5e-5)
        assert row.agrees_as_printed


@pytest.mark.parametrize(
    ("group", "figure", "ours"),
    [
        ("b1.58", "arithmetic, FP16 multiply-add over 8-bit addition", 71.4286),
        # (1.2078e9 x 2 + 0.2622e9 + 0.403e9 + 0.222e9) bytes
        ("b1.58", "memory of LLaMA FP16 1.3B", 3.303),
        ("b1.58", "memory of b1.58 3B", 2.1195),
        ("b1.58", "latency, FP16 over b1.58, 7B", 2.816),
        ("b1.58", "largest batch, LLaMA 70B", 16),
        ("b1.58", "throughput, LLaMA 70B, batch 16", 330.3),
        ("2b-4t", "memory without embeddings, MiniCPM 2B", 4.884),
        # 416.809 MB over 15.952 GB/s, 120 x 15 us, 30 x 84 us.
        ("bitnet-kv260", "stream of the model's weights", 30.449),
        ("bitnet-kv260", "generation at position 1000", 7.699),
        # 69,468,160 / 8
        ("ternfpga", "ternary engine, a layer", 8_683_520),
        ("ternfpga", "energy of a token", 1.6166),
        # (3,221,504,000 + 102,400,000) / 256e9 s
        ("vitallm", "decoding", 77.018),
        ("vitallm", "prompt of 64 tokens, conference version", 0.8058),
        # (3,221,504,000 + 102,400,000) / 4 bytes over 1.6 GB/s
        ("slim-llama", "latency, 3B", 519.36),
        ("rejunity", "peak rate on sky130 at 50 MHz", 1.0),
        ("rejunity", "peak rate on a Kintex-7 K325T at 500 MHz", 590.0),
        # (2,537,553,920 x 0.2 + 81,920,000) bytes over 391 GB/s
        ("unseen", "TerEffic on an Alveo U280, 2.7B", 663.35),
    ],
)
def test_our_values(rows, group, figure, ours):
    assert rows[group, figure].ours == pytest.approx(ours, rel=2e-4)


def test_kernel_times_of_the_a100():
    # microsoft/BitNet, gpu/README.md: N, K, W2A8 us, BF16 us on 1555 GB/s.
    table = [
        (2560, 2560, 13.32, 18.32),
        (3840, 2560, 14.90, 18.87),
        (13824, 2560, 18.75, 59.51),
        (2560, 6912, 14.49, 37.78),
        (3200, 3200, 14.61, 19.08),
        (4800, 3200, 13.09, 21.84),
        (3200, 10240, 19.64, 60.79),
        (20480, 3200, 30.99, 112.39),
    ]
    for column, size, share, launch in ((2, 0.25, 0.551, 10.42), (3, 2, 0.776, 3.50)):
        x = [row[0] * row[1] * size for row in table]
        y = [row[column] for row in table]
        mean_x, mean_y = sum(x) / 8, sum(y) / 8
        slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum(
            (a - mean_x) ** 2 for a in x
        )
        assert 1e-3 / slope / 1555 == pytest.approx(share, abs=5e-4)
        assert mean_y - slope * mean_x == pytest.approx(launch, abs=5e-3)


def write(tmp_path, figures):
    path = tmp_path / "mine.yaml"
    path.write_text(f"title: mine\nsource: here\nfigures:\n{figures}")
    return str(path)


def test_figures_of_a_file(tmp_path):
    path = write(
        tmp_path,
        "  - {figure: rate, published: 2, scope: array, decimals: 0,\n"
        "     peak_rate: {system: rejunity, unit: array}}\n",
    )
    [row] = load_published(path).rows()
    assert (row.group, row.system, row.source, row.ours) == ("mine", "rejunity", "here", 1.0)
    assert row.relative_error == pytest.approx(-0.5)
    assert row.agrees_as_printed is False


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        (
            "{figure: a, published: 1, scope: s, predicts: {}}",
            ":4: figures[0].predicts must be a known key of figures[0]; did you mean 'predict'?",
        ),
        (
            "{figure: a, published: 1, scope: s}",
            (
                ":4: figures[0] must be a figure with one of arithmetic_ratio, matmul_energy, "
                "memory, memory_ratio, design_ratio, predict, predict_ratio, request, "
                "request_ratio, capacity, peak_rate, or with missing"
            ),
        ),
        (
            "{figure: a, published: 0, scope: s, arithmetic_ratio: {}}",
            ":4: figures[0].published must be above 0.0, not 0",
        ),
        (
            (
                "{figure: a, published: 1, scope: s, arithmetic_ratio: {},"
                " peak_rate: {system: rejunity, unit: array}}"
            ),
            (
                ":4: figures[0] must be a figure that is computed in one way, not by "
                "arithmetic_ratio, peak_rate"
            ),
        ),
        (
            (
                "{figure: a, published: 1, scope: s, predict: {system: ternfpga,"
                " model: bitnet-b1.58-3b, quantity: joules_per_token}}"
            ),
            (
                ":4: figures[0].predict must be a prediction with a scope for energy and power, "
                "and none for time"
            ),
        ),
    ],
)
def test_wrong_files(tmp_path, figure, message):
    path = write(tmp_path, f"  - {figure}\n")
    with pytest.raises(ConfigError) as caught:
        load_published(path)
    assert str(caught.value) == f"{path}{message}"


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("peak_rate: {system: rejunity, unit: arry}", "system rejunity: units.arry must be given"),
        (
            (
                "predict: {system: rejunity, model: bitnet-b1.58-3b, quantity: milliwatts,"
                " scope: chip}"
            ),
            "system rejunity: power.chip must be given",
        ),
        (
            "capacity: {system: ternfpga, model: bitnet-b1.58-3b, tokens: 1}",
            "system ternfpga: memory.capacity_gb must be given",
        ),
    ],
)
def test_figures_that_a_system_cannot_give(tmp_path, way, message):
    path = write(tmp_path, f"  - {{figure: a, published: 1, scope: s, {way}}}\n")
    with pytest.raises(ConfigError) as caught:
        load_published(path).rows()
    assert str(caught.value) == f"mine: figures[0] (a): {message}"


def test_what_a_figure_is_called_cannot_steer_the_terminal(tmp_path):
    figure = '"a\\nb", published: 1, scope: s, peak_rate: {system: rejunity, unit: "c\\td"}'
    path = write(tmp_path, f"  - {{figure: {figure}}}\n")
    with pytest.raises(ConfigError) as caught:
        load_published(path).rows()
    assert str(caught.value) == (
        r"mine: figures[0] (a\nb): system rejunity: units.'c\td' must be given"
    )
