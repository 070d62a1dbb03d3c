import math

import pytest
import torch
from torch import nn

from golden.bitlinear import BitLinear
from golden.language_model import LanguagePlan, bits_per_byte, train_language_model

TEXT = torch.frombuffer(bytearray(b"the quick brown fox jumps. " * 40), dtype=torch.uint8)
PLAN = LanguagePlan(steps=40, batch_size=4, context=16, learning_rate=2e-2)


class Bigram(nn.Module):
    """Predicts a byte from the one before it, through a ternary layer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(256, 32)
        self.layer = BitLinear(32, 32)
        self.head = nn.Linear(32, 256)

    def forward(self, tokens):
        return self.head(self.layer(self.embedding(tokens)))


def test_training_lowers_bits_per_byte_and_moves_the_ternary_layer():
    model = Bigram()
    masters = model.layer.weight.detach().clone()
    before = bits_per_byte(model, TEXT, context=16)
    steps = []
    trained = train_language_model(
        model, model, TEXT, PLAN, progress=lambda step, loss: steps.append((step, loss))
    )
    assert trained is model
    assert not model.training
    assert [step for step, _ in steps] == list(range(1, 41))
    assert steps[0][1] == pytest.approx(before, abs=0.5)
    assert bits_per_byte(model, TEXT, context=16) < before / 2
    assert not torch.equal(model.layer.weight, masters)


def test_the_same_seed_gives_the_same_model_and_another_seed_another():
    def head(seed):
        return train_language_model(
            (model := Bigram()), model, TEXT, LanguagePlan(steps=3, context=8), seed=seed
        ).head.weight

    assert torch.equal(head(1), head(1))
    assert not torch.equal(head(1), head(2))


def test_training_is_adamw_with_clipped_gradients():
    """Bit for bit the plain loop that the documentation describes, from the default seed."""
    plan = LanguagePlan(steps=30, batch_size=3, context=8, learning_rate=3e-2, weight_decay=0.5)
    trained = train_language_model((model := Bigram()), model, TEXT, plan)

    model, windows = Bigram(), torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=3e-2, betas=(0.9, 0.95), weight_decay=0.5, fused=True
    )
    norms = []
    for step in range(30):
        starts = torch.randint(len(TEXT) - 8, (3,), generator=windows)
        seen = torch.stack([TEXT[start : start + 9] for start in starts]).to(torch.int64)
        predicted = model(seen[:, :-1]).flatten(0, 1)
        optimizer.zero_grad()
        nn.functional.cross_entropy(predicted, seen[:, 1:].flatten()).backward()
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
        # One step of warm-up; the last step has a thirtieth of the rate left.
        optimizer.param_groups[0]["lr"] = 3e-2 * min(1.0, (30 - step) / 29)
        optimizer.step()
    assert max(norms) > 1
    for ours, reference in zip(trained.parameters(), model.parameters(), strict=True):
        assert torch.equal(ours, reference)


def test_the_optimizer_is_the_fused_one(monkeypatch):
    given = {}

    class Recorder(torch.optim.AdamW):
        def __init__(self, parameters, **options):
            given.update(options)
            super().__init__(parameters, **options)

    monkeypatch.setattr(torch.optim, "AdamW", Recorder)
    train_language_model((model := Bigram()), model, TEXT, LanguagePlan(steps=1, context=8))
    # One pass over each parameter in place of a dozen: a step of a small model is mostly that.
    assert given["fused"] is True


def test_windows_depend_on_the_seed_only():
    """Whatever the model, it sees the same bytes in the same order."""

    def seen(model):
        windows = []

        def logits(tokens):
            windows.append(tokens)
            return model(tokens)

        train_language_model(model, logits, TEXT, LanguagePlan(steps=2, context=8), seed=3)
        return torch.stack(windows)

    assert torch.equal(seen(Bigram()), seen(nn.Embedding(256, 256)))


def test_every_byte_but_the_first_is_predicted_once():
    text = torch.arange(10, dtype=torch.uint8)
    asked = []

    def logits(tokens):
        asked.extend(tokens.flatten().tolist())
        certain = torch.full((*tokens.shape, 256), -math.inf)
        # Certain of the right byte, except that after 4 it gives a quarter to each of four.
        for place, token in zip(certain.reshape(-1, 256), tokens.flatten().tolist(), strict=True):
            place[[5, 6, 7, 8] if token == 4 else token + 1] = 0.0
        return certain

    # Three windows of three predictions: two bits for one of nine bytes.
    assert bits_per_byte(logits, text, context=3) == pytest.approx(2 / 9)
    assert asked == list(range(9))


def test_a_model_gets_sixteen_windows_at_most():
    sizes = []

    def logits(tokens):
        sizes.append(len(tokens))
        return torch.zeros(*tokens.shape, 256)

    assert bits_per_byte(logits, TEXT[: 40 * 4 + 1], context=4) == pytest.approx(8)
    assert sizes == [16, 16, 8]


def test_the_learning_rate_rises_and_falls():
    plan = LanguagePlan(steps=100)
    factors = [plan.rate_factor(step) for step in range(100)]
    assert factors[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert factors[52] == pytest.approx(48 / 95)
    assert factors[99] == pytest.approx(1 / 95)
    # The schedule asks once more after the last step, also of a plan of one step.
    assert [LanguagePlan(steps=1).rate_factor(step) for step in range(2)] == [1.0, 0.0]
    assert [LanguagePlan(steps=2).rate_factor(step) for step in range(3)] == [1.0, 1.0, 0.0]
    # A twentieth of 30 steps is one whole step.
    assert LanguagePlan(steps=30).rate_factor(0) == 1.0


def test_wrong_numbers():
    with pytest.raises(ValueError, match=r"^steps must be positive, not 0$"):
        LanguagePlan(steps=0)
    with pytest.raises(ValueError, match=r"^weight_decay must not be negative, not -0\.1$"):
        LanguagePlan(weight_decay=-0.1)
    assert LanguagePlan(weight_decay=0.0).weight_decay == 0
    with pytest.raises(
        ValueError, match=r"^text must be longer than the context \(8\), not 8 bytes$"
    ):
        bits_per_byte(Bigram(), TEXT[:8], context=8)
    with pytest.raises(ValueError, match=r"^text must be longer than the context"):
        train_language_model((model := Bigram()), model, TEXT[:256], LanguagePlan())
