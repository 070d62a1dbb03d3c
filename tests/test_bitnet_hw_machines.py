"""Other machines beside an estimate."""

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.estimate import estimate
from bitnet_hw.machines import machine_rows, machine_table, machines_beside
from bitnet_hw.model import load_model

GPU = """
units: {cores: {gmacs_per_second: 100000}}
memory: {peak_gb_per_s: 1000}
operators:
  linear: {fp16: {unit: cores}}
power: {board: {decode_w: 300}}
"""


@pytest.fixture(scope="module")
def ours():
    return estimate(load_config("edge"), load_model("bitnet-b1.58-3b"))


def test_any_gpu_by_peak_bandwidth_and_power(ours, tmp_path):
    path = tmp_path / "gpu.yaml"
    path.write_text(GPU)
    [gpu] = machines_beside(ours, [str(path)])
    # 3,221,504,000 weights of two bytes at 1000 GB/s; nothing else has a route.
    assert gpu.tokens_per_second == pytest.approx(1e12 / 6_443_008_000)
    [row] = machine_rows(ours, [gpu])
    assert row["energy_per_token_j"]["board"] == pytest.approx(300 * 6.443008e-3)
    assert row["ratios"]["speed"] == pytest.approx(ours.tokens_per_second / gpu.tokens_per_second)
    assert row["ratios"]["energy"] == pytest.approx(300 * 6.443008e-3 / ours.energy_per_token_j)
    assert (row["energy_scope"], row["our_scope"]) == ("board", "system")


def test_both_formats_of_the_a100(ours):
    machines = machines_beside(ours, ["a100-80gb"])
    assert [machine.weights for machine in machines] == ["fp16", "ternary"]
    assert machines[0].tokens_per_second < machines[1].tokens_per_second
    table = machine_table(ours, machines)
    assert table.row_count == 2


def test_unknown_system(ours):
    with pytest.raises(ConfigError, match=r"did you mean 'a100-80gb'\?"):
        machines_beside(ours, ["a100-80g"])
