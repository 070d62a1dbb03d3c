import numpy as np
import pytest
import torch

from benchmarks.bit_flips import edge
from benchmarks.flip_campaign import DESIGNS, flipped, run_campaign
from benchmarks.flip_effects import FlippedWeights

WEIGHTS = torch.from_numpy(np.random.default_rng(1).integers(-1, 2, (40, 64)).astype(np.int8))
INPUTS = torch.from_numpy(np.random.default_rng(2).integers(-128, 128, (3, 64)).astype(np.int8))
EXACT = INPUTS.int() @ WEIGHTS.int().T


def test_so_many_bits_of_a_word_are_flipped():
    word = np.array([0b1010_0101, 0xFF, 0x00], np.uint8)
    for flips in range(5):
        changed = np.unpackbits(word ^ flipped(word, flips, np.random.default_rng(flips)))
        assert changed.sum() == flips


def test_as_many_weights_in_a_word_with_a_check_as_without():
    for encoding in ("trit2", "trit5"):
        plain, checked = DESIGNS[encoding, "none"], DESIGNS[encoding, "hamming"]
        assert plain.word_trits == checked.word_trits
        assert plain.words_per_tile == 2
    assert edge("trit5", "hamming").words_per_tile == 1


@pytest.mark.parametrize("check", ["none", "hamming"])
def test_without_flips_nothing_changes(check):
    flips = FlippedWeights(edge("trit5", check), 0.0, seed=1)
    assert torch.equal(flips(INPUTS, WEIGHTS), EXACT)
    assert (flips.flipped_words, flips.noticed_words) == (0, 0)
    # 3 output tiles of 16 rows and 4 K tiles of 20 lanes, of a word each.
    assert flips.words == 12


def test_flips_change_products_unless_they_are_noticed():
    plain = FlippedWeights(edge("trit5", "none"), 1e-2, seed=1)
    assert not torch.equal(plain(INPUTS, WEIGHTS), EXACT)
    assert plain.flipped_words > 0
    assert plain.noticed_words == 0
    checked = FlippedWeights(edge("trit5", "hamming"), 1e-3, seed=1)
    assert torch.equal(checked(INPUTS, WEIGHTS), EXACT)
    assert checked.noticed_words == checked.flipped_words > 0


def test_a_matrix_is_flipped_once():
    flips = FlippedWeights(edge("trit2", "none"), 1e-2, seed=1)
    first = flips(INPUTS, WEIGHTS)
    assert torch.equal(flips(INPUTS, WEIGHTS), first)
    assert flips.words == 12


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["trit2", "trit5"])
def test_every_flip_is_noticed_with_a_check_and_few_without(encoding, build_root):
    checked = run_campaign(encoding, "hamming", 100, root=build_root)
    plain = run_campaign(encoding, "none", 100, root=build_root)
    assert [campaign.flips for campaign in checked] == [1, 2, 3]
    for campaign in checked:
        assert campaign.corrupt_word == campaign.injected == 100
        assert campaign.wrong > 0
        assert campaign.escaped == 0
    for campaign in plain:
        assert campaign.corrupt_word == 0
        assert campaign.escaped > 10
    assert not any(campaign.surprises for campaign in (*checked, *plain))
