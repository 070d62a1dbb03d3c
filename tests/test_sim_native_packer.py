"""The compiled packer, against the plain one and by hand."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtl.geometry import Geometry
from rtl.trit import TRIT5_ENCODE
from sim.native_packer import NativePacker
from sim.packing import pack_weights


def geometry(rows, lanes, encoding, bus_bytes):
    return Geometry(
        rows=rows,
        lanes=lanes,
        weight_encoding=encoding,
        weight_bus_bits=8 * bus_bytes,
        max_k=1 << 20,
        output_bus_words=1,
    )


@pytest.fixture(scope="module")
def packer_of(build_root):
    return lambda array, **options: NativePacker(array, root=build_root, **options)


def random_weights(seed, *shape):
    return np.random.default_rng(seed).integers(-1, 2, shape, np.int8)


def four_quarters(weights):
    """Return the packed bytes of a matrix of 4 P rows, as Hugging Face has them."""
    lanes = (weights + 1).astype(np.uint8).reshape(4, -1, weights.shape[1])
    return lanes[0] | lanes[1] << 2 | lanes[2] << 4 | lanes[3] << 6


def places_of(rows, quarter):
    lanes, places = np.divmod(rows, quarter)
    return places.astype(np.uint64), (2 * lanes).astype(np.uint8)


def test_literal_trit2(packer_of):
    """Two rows of three lanes; K of 4 takes two tiles, the second with one lane in use."""
    weights = np.array([[1, -1, 0, 1], [0, 0, 1, -1]], np.int8)
    packed = packer_of(geometry(2, 3, "trit2", 2)).pack(weights)
    # Tile 0: +1 -1 0 0 | 0 +1 - -; tile 1: +1 0 0 -1 | 0 0 - -; lowest place first.
    assert packed.tolist() == [[0b00_00_10_01, 0b00_00_01_00], [0b10_00_00_01, 0]]


def test_literal_trit5(packer_of):
    packed = packer_of(geometry(2, 3, "trit5", 3)).pack(np.array([[1, -1, 0], [1, -1, 1]], np.int8))
    # Digits 1 2 0 1 2: C = w2 w1 w0 = 0 10 01, w4 = 2 and w3 = 1 make T = 1 11 C; then 1 alone.
    assert packed.tolist() == [[0b1_11_0_10_01, 1, 0]]
    assert (TRIT5_ENCODE[1, -1, 0, 1, -1], TRIT5_ENCODE[1, 0, 0, 0, 0]) == (0b11101001, 1)


def test_literal_fields(packer_of):
    """Rows 1, 2 and 3 of four rows in one byte: codes 1, 2 and 0 above a code 2."""
    fields = np.array([[0b00_10_01_10]], np.uint8)
    packed = packer_of(geometry(2, 1, "trit2", 1)).pack_fields(
        fields, np.zeros(3, np.uint64), np.array([2, 4, 6], np.uint8)
    )
    assert packed.tolist() == [[0b01_00], [0b10]]


@pytest.mark.parametrize("encoding", ["trit2", "trit5"])
def test_every_group_in_every_field(packer_of, encoding):
    size = 5 if encoding == "trit5" else 4
    numbers = np.arange(3**size)[:, None]
    weights = (numbers // 3 ** np.arange(size) % 3 - 1).astype(np.int8)
    array = geometry(1, size, encoding, 1)
    packer, wanted = packer_of(array), pack_weights(array, weights)
    assert len(np.unique(wanted)) == 3**size
    np.testing.assert_array_equal(packer.pack(weights), wanted)
    np.testing.assert_array_equal(packer.pack_codes((weights + 1).view(np.uint8)), wanted)
    whole = np.concatenate([np.roll(weights, place, axis=0) for place in range(4)])
    np.testing.assert_array_equal(
        packer.pack_fields(four_quarters(whole), *places_of(np.arange(len(whole)), len(weights))),
        pack_weights(array, whole),
    )


@st.composite
def arrays(draw):
    return geometry(
        draw(st.integers(1, 70)),
        draw(st.integers(1, 70)),
        draw(st.sampled_from(["trit2", "trit5"])),
        draw(st.integers(1, 40)),
    )


@settings(max_examples=300, deadline=None)
@given(array=arrays(), n=st.integers(1, 200), k=st.integers(1, 300), seed=st.integers(0, 99))
def test_weights_and_codes(packer_of, array, n, k, seed):
    weights = random_weights(seed, n, k)
    wanted = pack_weights(array, weights)
    packer = packer_of(array)
    np.testing.assert_array_equal(packer.pack(weights), wanted)
    np.testing.assert_array_equal(packer.pack_codes((weights + 1).view(np.uint8)), wanted)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), array=arrays(), quarter=st.integers(1, 150), k=st.integers(1, 300))
def test_quarters(packer_of, data, array, quarter, k):
    """Any range of rows; tiles cross from one quarter to the next wherever they do."""
    weights = random_weights(quarter, 4 * quarter, k)
    first = data.draw(st.integers(0, 4 * quarter - 1))
    n = data.draw(st.integers(1, 4 * quarter - first))
    places, shifts = places_of(np.arange(first, first + n), quarter)
    wanted = pack_weights(array, weights[first : first + n])
    packer = packer_of(array)
    fields = four_quarters(weights)
    np.testing.assert_array_equal(packer.pack_fields(fields, places, shifts), wanted)
    memory = np.full(wanted.size + 3, 9, np.uint8)
    packed = packer.pack_fields(fields, places, shifts, memory)
    np.testing.assert_array_equal(packed, wanted)
    assert np.shares_memory(packed, memory)
    assert memory[wanted.size :].tolist() == [9] * 3


@settings(max_examples=200, deadline=None)
@given(array=arrays(), n=st.integers(1, 150), k=st.integers(1, 80), seed=st.integers(0, 999))
def test_rows_in_any_places(packer_of, array, n, k, seed):
    """Each row for itself, twice or not at all: tiles in common are found, not assumed."""
    rng = np.random.default_rng(seed)
    quarter = int(rng.integers(1, 6))
    weights = random_weights(seed, 4 * quarter, k)
    rows = rng.integers(0, 4 * quarter, n)
    packed = packer_of(array).pack_fields(four_quarters(weights), *places_of(rows, quarter))
    np.testing.assert_array_equal(packed, pack_weights(array, weights[rows]))


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("encoding", ["trit2", "trit5"])
def test_large_matrices_on_several_threads(packer_of, encoding, threads):
    """Shapes of k and q in 2B4T: output tiles that start in the middle of a quarter."""
    array = geometry(64, 64, encoding, 1024)
    packer = packer_of(array, threads=threads)
    assert packer.threads == threads
    for n, k in ((640, 2560), (2560, 2560)):
        weights = random_weights(n, n, k)
        wanted = pack_weights(array, weights)
        np.testing.assert_array_equal(packer.pack(weights), wanted)
        fields = four_quarters(weights)
        np.testing.assert_array_equal(
            packer.pack_fields(fields, *places_of(np.arange(n), n // 4)), wanted
        )


def test_tiles_larger_than_a_piece(packer_of):
    array = geometry(300, 200, "trit5", 999)
    weights = random_weights(0, 1000, 500)
    np.testing.assert_array_equal(packer_of(array).pack(weights), pack_weights(array, weights))


def test_python_threads_share_a_packer(packer_of):
    array = geometry(7, 9, "trit5", 13)
    packer = packer_of(array)
    results = {}

    def pack(seed):
        results[seed] = packer.pack(random_weights(seed, 500, 600))

    threads = [threading.Thread(target=pack, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, packed in results.items():
        np.testing.assert_array_equal(packed, pack_weights(array, random_weights(seed, 500, 600)))


def test_any_memory_layout(packer_of):
    array = geometry(4, 5, "trit5", 4)
    packer = packer_of(array)
    weights = random_weights(0, 40, 30)
    for view in (weights.T, weights[:, 10:25], weights[::-3]):
        np.testing.assert_array_equal(packer.pack(view), pack_weights(array, view.copy()))


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_nothing_to_pack(packer_of, shape):
    packer = packer_of(geometry(4, 5, "trit5", 4))
    assert packer.pack(np.zeros(shape, np.int8)).shape == (0, 4)
    places = np.zeros(shape[0], np.uint64)
    packed = packer.pack_fields(np.zeros((1, shape[1]), np.uint8), places, places.astype(np.uint8))
    assert packed.shape == (0, 4)


ILLEGAL = [geometry(4, 5, "trit5", 4), geometry(4, 5, "trit2", 5), geometry(64, 64, "trit5", 1024)]


@pytest.mark.parametrize(
    "array", ILLEGAL, ids=lambda array: f"{array.rows} {array.weight_encoding}"
)
@pytest.mark.parametrize("row", range(0, 22, 3))
def test_illegal_codes_are_found_wherever_they_are(packer_of, array, row):
    packer = packer_of(array, threads=1)
    for column in (0, 4, 30, 66):
        weights = np.zeros((22, 67), np.int8)
        for wrong in (-128, -2, 2, 3, 127):
            weights[row, column] = wrong
            low, high = min(wrong, 0), max(wrong, 0)
            with pytest.raises(
                ValueError, match=rf"^Weights must be -1, 0 or \+1, not from {low} to {high}$"
            ):
                packer.pack(weights)
        codes = np.ones((22, 67), np.uint8)
        for wrong in (3, 4, 64, 255):
            codes[row, column] = wrong
            with pytest.raises(ValueError, match=rf"^Codes must be 0, 1 and 2, not up to {wrong}$"):
                packer.pack_codes(codes)
        for shift in (0, 2, 4, 6):
            fields = np.full((22, 67), 0b01010101, np.uint8)
            fields[row, column] |= 0b11 << shift
            with pytest.raises(ValueError, match=r"^Codes must be 0, 1 and 2, not 3$"):
                packer.pack_fields(
                    fields, np.arange(22, dtype=np.uint64), np.full(22, shift, np.uint8)
                )


def test_illegal_codes_below_a_field_are_not_its_business(packer_of):
    array = geometry(1, 1, "trit2", 1)
    fields = np.array([[0b10_11]], np.uint8)
    packed = packer_of(array).pack_fields(fields, np.zeros(1, np.uint64), np.array([2], np.uint8))
    assert packed.tolist() == [[0b01]]


def test_an_error_does_not_stay(packer_of):
    packer = packer_of(geometry(4, 5, "trit5", 4))
    with pytest.raises(ValueError, match=r"^Weights must be"):
        packer.pack(np.full((4, 5), 2, np.int8))
    assert packer.pack(np.zeros((4, 5), np.int8)).tolist() == [[0, 0, 0, 0]]


def test_wrong_places(packer_of):
    packer = packer_of(geometry(4, 5, "trit5", 4))
    fields = np.full((3, 7), 0b01010101, np.uint8)
    places, shifts = np.array([0, 2], np.uint64), np.zeros(2, np.uint8)
    for wrong in (np.array([0, 3]), np.array([0, -1]), np.array([0])):
        with pytest.raises(ValueError, match=r"^places and shifts must be of rows below 3$"):
            packer.pack_fields(fields, wrong.astype(np.uint64), shifts)
    for wrong in (1, 8, 255):
        with pytest.raises(ValueError, match=r"^shifts must be 0, 2, 4 or 6$"):
            packer.pack_fields(fields, places, np.array([0, wrong], np.uint8))
    for memory in (np.empty(7, np.uint8), np.empty(8, np.int8), np.empty(16, np.uint8)[::2]):
        with pytest.raises(ValueError, match=r"^memory must be uint8, contiguous, at least 8"):
            packer.pack_fields(fields, places, shifts, memory)
    assert packer.pack_fields(fields, places, shifts).tolist() == [[0] * 4, [0] * 4]
