import dataclasses

import pytest

from bitnet_hw.config import config_from_mapping
from bitnet_hw.digits_run import run_digits, train_digits
from bitnet_hw.simulation import Simulation

ARRAY = {
    "rows": 8,
    "lanes": 10,
    "weight_bus_bits": 128,
    "max_tokens": 4,
    "max_k": 128,
    "output_bus_words": 4,
}


@pytest.fixture(scope="module")
def models():
    trained = train_digits(seed=3)
    split = trained.split
    few = dataclasses.replace(
        split, test_images=split.test_images[:10], test_labels=split.test_labels[:10]
    )
    return dataclasses.replace(trained, split=few)


@pytest.mark.long
def test_hardware_gives_the_golden_logits(models, monkeypatch, build_root):
    monkeypatch.setattr("bitnet_hw.simulation.build_folder", lambda: build_root)
    simulation = Simulation(config=config_from_mapping({"array": ARRAY}, source="test"))
    run = run_digits(models, simulation, simulation.verilog())
    assert run.passed
    assert run.logits_equal
    # 128 + 128 + 10 sums for each image.
    assert run.verdict.run.outputs_checked == 10 * 266
    # Three jobs of at most four images for each of three layers.
    assert [job.m for job in run.verdict.jobs] == [4, 4, 2] * 3
    assert run.to_dict()["simulation"]["mismatches"] == 0


def test_training_reports_every_epoch():
    seen = []
    trained = train_digits(progress=lambda kind, done, epochs: seen.append((kind, done, epochs)))
    assert [kind for kind, _, _ in seen] == ["float"] * 30 + ["ternary"] * 30
    assert seen[-1] == ("ternary", 30, 30)
    assert abs(trained.float_accuracy - trained.ternary_accuracy) <= 0.02
