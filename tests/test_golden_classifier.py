"""The digits classifier: accuracy, determinism, and its ternary layers."""

import pytest
import torch
from torch import nn

from bitnet_hw.digits import DigitsSplit, load_digits_split
from golden.bitlinear import BitLinear
from golden.classifier import Classifier, TrainingPlan, accuracy, train
from golden.network import freeze, trace

QUICK = TrainingPlan(hidden=(16,), epochs=2)


@pytest.fixture(scope="module")
def digits() -> DigitsSplit:
    return load_digits_split()


@pytest.fixture(scope="module")
def ternary(digits) -> Classifier:
    return train(digits.train_images, digits.train_labels, linear="ternary")


def test_ternary_is_within_two_points_of_float(digits, ternary):
    plain = train(digits.train_images, digits.train_labels, linear="float")
    of_float = accuracy(plain, digits.test_images, digits.test_labels)
    of_ternary = accuracy(ternary, digits.test_images, digits.test_labels)
    assert of_float >= 0.95
    assert of_ternary >= of_float - 0.02


@pytest.mark.long
def test_ternary_is_within_two_points_of_float_on_average():
    totals = {"float": 0.0, "ternary": 0.0}
    for seed in range(5):
        split = load_digits_split(seed)
        for linear in totals:
            model = train(split.train_images, split.train_labels, linear=linear, seed=seed)
            totals[linear] += accuracy(model, split.test_images, split.test_labels) / 5
    assert totals["float"] >= 0.96
    assert totals["ternary"] >= totals["float"] - 0.01


def test_frozen_logits_are_equal(digits, ternary):
    frozen = freeze(ternary)
    with torch.no_grad():
        assert torch.equal(frozen(digits.test_images), ternary(digits.test_images))


def test_layers_seen_by_the_hardware(digits, ternary):
    logits, calls = trace(freeze(ternary), digits.test_images[:7])
    assert [call.name for call in calls] == ["layers.linear0", "layers.linear1", "layers.linear2"]
    assert [list(call.activations.shape) for call in calls] == [[7, 64], [7, 128], [7, 128]]
    assert [list(call.ternary.shape) for call in calls] == [[128, 64], [128, 128], [10, 128]]
    assert [list(call.accumulators.shape) for call in calls] == [[7, 128], [7, 128], [7, 10]]
    assert list(logits.shape) == [7, 10]
    for call in calls:
        assert int(call.activations.abs().max()) == 127
        assert call.ternary.unique().tolist() == [-1, 0, 1]


def test_both_kinds_start_equal():
    weights = []
    for linear in ("ternary", "float"):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            weights.append(list(Classifier([8, 6, 4], linear=linear).parameters()))
    assert len(weights[0]) == len(weights[1]) == 2
    assert all(torch.equal(*pair) for pair in zip(*weights, strict=True))


def test_layers_of_each_kind():
    kinds = [type(layer) for layer in Classifier([8, 6, 4], linear="ternary").layers]
    assert kinds == [nn.RMSNorm, BitLinear, nn.ReLU, nn.RMSNorm, BitLinear]
    kinds = [type(layer) for layer in Classifier([8, 6, 4], linear="float").layers]
    assert kinds == [nn.RMSNorm, nn.Linear, nn.ReLU, nn.RMSNorm, nn.Linear]


def test_names_and_norms_of_the_layers():
    layers = Classifier([8, 6, 4, 2], linear="ternary").layers
    names = [name for name, _ in layers.named_children()]
    assert names == [
        *("norm0", "linear0", "relu0", "norm1", "linear1", "relu1", "norm2", "linear2"),
    ]
    assert {layers.get_submodule(f"norm{index}").eps for index in range(3)} == {1e-5}


def test_training_is_adamw_with_a_rate_that_falls_to_zero(digits):
    """The plain loop that the documentation describes, from the default seed."""
    # Four steps in each epoch, the last of them with four images.
    images, labels = digits.train_images[:100], digits.train_labels[:100]
    plan = TrainingPlan(hidden=(16,), epochs=3, batch_size=32, learning_rate=1e-2, weight_decay=0.5)
    losses = []
    trained = train(
        images, labels, linear="float", plan=plan, progress=lambda _, loss: losses.append(loss)
    )

    expected = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Classifier([64, 16, 10], linear="float")
        optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.5)
        for epoch in range(3):
            of_images = []
            for step, batch in enumerate(torch.randperm(100).split(32)):
                optimizer.param_groups[0]["lr"] = 1e-2 * (1 - (4 * epoch + step) / 12)
                each = nn.functional.cross_entropy(
                    model(images[batch]), labels[batch], reduction="none"
                )
                optimizer.zero_grad()
                each.mean().backward()
                optimizer.step()
                of_images += each.tolist()
            expected.append(sum(of_images) / 100)
    assert len(expected) == 3
    assert losses == pytest.approx(expected, rel=1e-4)
    for ours, reference in zip(trained.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-4, atol=1e-5)


def test_training_is_deterministic_by_seed(digits):
    def weights(seed: int) -> torch.Tensor:
        model = train(
            digits.train_images, digits.train_labels, linear="ternary", plan=QUICK, seed=seed
        )
        return torch.cat([parameter.flatten() for parameter in model.parameters()])

    first = weights(1)
    assert torch.equal(first, weights(1))
    assert not torch.equal(first, weights(2))


def test_training_leaves_the_global_state_alone(digits):
    threads = torch.get_num_threads()
    state = torch.random.get_rng_state()
    torch.set_num_threads(2)
    try:
        model = train(digits.train_images, digits.train_labels, linear="float", plan=QUICK)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(state, torch.random.get_rng_state())
    assert not model.training


def test_progress(digits):
    seen = []
    train(
        digits.train_images,
        digits.train_labels,
        linear="float",
        plan=QUICK,
        progress=lambda epoch, loss: seen.append((epoch, loss)),
    )
    (first, second) = seen
    assert (first[0], second[0]) == (1, 2)
    assert 0 < second[1] < first[1] < 4


def test_accuracy_by_hand():
    logits = torch.tensor([[0.0, 1.0], [2.0, 1.0], [0.0, 3.0], [0.0, 4.0]])
    assert accuracy(nn.Identity(), logits, torch.tensor([1, 0, 0, 1])) == 0.75


def test_wrong():
    with pytest.raises(ValueError, match=r"^widths must be at least two numbers, not \[64\]$"):
        Classifier([64], linear="float")
    with pytest.raises(ValueError, match=r"^linear must be 'ternary' or 'float', not 'int4'$"):
        Classifier([64, 10], linear="int4")
