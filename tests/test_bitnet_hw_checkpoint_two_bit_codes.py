import numpy as np
import pytest

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.two_bit_codes import _PART_BYTES, check_two_bit_codes


@pytest.mark.parametrize("size", [1, 7, 8, 9, 23, _PART_BYTES, _PART_BYTES + 13, 2 * _PART_BYTES])
def test_a_code_3_is_found_wherever_it_is(size):
    data = np.random.default_rng(size).choice(
        np.array([0b00_01_10_00, 0b10_10_10_10, 0b01_01_01_01, 0b10_01_10_01], np.uint8), size
    )
    check_two_bit_codes("it", data)
    for place in {0, size // 2, size - 1}:
        for shift in (0, 2, 4, 6):
            wrong = data.copy()
            wrong[place] |= 3 << shift
            with pytest.raises(
                CheckpointError, match=r"^it must have the two-bit codes 0, 1 and 2, not 3$"
            ):
                check_two_bit_codes("it", wrong)


def test_every_byte():
    for byte in range(256):
        legal = all(byte >> shift & 3 != 3 for shift in (0, 2, 4, 6))
        try:
            check_two_bit_codes("it", np.full(9, byte, np.uint8))
        except CheckpointError:
            assert not legal
        else:
            assert legal


def test_nothing():
    check_two_bit_codes("it", np.empty(0, np.uint8))
