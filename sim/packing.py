"""Between matrices and the words of the weight and activation streams, in bulk."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rtl.geometry import WEIGHTS_PER_BYTE, Geometry
from rtl.trit import TRIT5_ENCODE, TRIT_CODES
from sim.weight_check import checked

__all__ = [
    "activation_words",
    "pack_activations",
    "pack_weights",
    "unpack_activations",
    "unpack_weights",
    "weight_words",
]

Int8s = NDArray[np.int8]
Bytes = NDArray[np.uint8]


def _byte_code(weights: tuple[int, ...], encoding: str) -> int:
    if encoding == "trit5":
        return TRIT5_ENCODE[weights]
    return sum(TRIT_CODES[weight] << 2 * place for place, weight in enumerate(weights))


def _tables(encoding: str) -> tuple[Bytes, Int8s, NDArray[np.bool_]]:
    """Return a byte for each group of weights, weights for each byte, and which are illegal.

    A group is found under its base-3 number, with digit ``weight + 1`` and the first weight lowest.
    """
    size = WEIGHTS_PER_BYTE[encoding]
    encode = np.zeros(3**size, np.uint8)
    decode = np.zeros((256, size), np.int8)
    illegal = np.ones((256, size), np.bool_)
    for number in range(3**size):
        weights = tuple(number // 3**place % 3 - 1 for place in range(size))
        code = _byte_code(weights, encoding)
        encode[number], decode[code], illegal[code] = code, weights, False
    if encoding == "trit2":
        # Codes of a byte are independent: one illegal code does not touch the other three.
        places = (np.arange(256)[:, None] >> 2 * np.arange(size)) & 0b11
        illegal = places == 0b11
        decode = np.where(places == 0b10, -1, places % 3).astype(np.int8)
    return encode, decode, illegal


_TABLES = {encoding: _tables(encoding) for encoding in WEIGHTS_PER_BYTE}


def pack_weights(
    geometry: Geometry, weights: Int8s, padding: np.random.Generator | None = None
) -> Bytes:
    """Pack a weight matrix into the words of the weight stream.

    Output tile by output tile, K tile by K tile; in a tile, lane by lane of row by row.

    Parameters
    ----------
    geometry : Geometry
        Encoding and sizes.
    weights : array
        int8, [n, k], values -1, 0 and +1.
    padding : numpy.random.Generator
        Draws the weights of rows beyond n and lanes beyond k, which the hardware must ignore;
        without it they are 0.

    Returns
    -------
    array
        uint8, [words, weight_bus_bits / 8], the lowest byte of a word first.

    Raises
    ------
    ValueError
        If a weight is not ternary.
    """
    n, k = weights.shape
    if weights.size and (weights.min() < -1 or weights.max() > 1):
        raise ValueError(
            f"Weights must be -1, 0 or +1, not from {weights.min()} to {weights.max()}"
        )
    n_tiles, k_tiles = geometry.n_tiles(n), geometry.k_tiles(k)
    shape = (n_tiles * geometry.rows, k_tiles * geometry.lanes)
    padded = (
        np.zeros(shape, np.int8) if padding is None else padding.integers(-1, 2, shape, np.int8)
    )
    padded[:n, :k] = weights
    blocks = padded.reshape(n_tiles, geometry.rows, k_tiles, geometry.lanes).swapaxes(1, 2)
    places = geometry.words_per_tile * geometry.word_trits
    tiles = np.zeros((n_tiles * k_tiles, places), np.int8)
    tiles[:, : geometry.tile_trits] = blocks.reshape(n_tiles * k_tiles, geometry.tile_trits)
    size = WEIGHTS_PER_BYTE[geometry.weight_encoding]
    groups = (tiles.reshape(-1, size) + 1).astype(np.uint8)
    numbers = groups @ (3 ** np.arange(size)).astype(np.uint8)
    encode, _, _ = _TABLES[geometry.weight_encoding]
    return checked(geometry, encode[numbers].reshape(-1, geometry.data_bytes))


def unpack_weights(geometry: Geometry, words: Bytes, n: int, k: int) -> tuple[Int8s, bool]:
    """Unpack the words of a weight matrix; the inverse of `pack_weights`.

    Check bits are left out: `sim.weight_check.corrupt` looks at them.

    Returns
    -------
    tuple of array and bool
        Weights, int8, [n, k], 0 where the code is illegal; and whether an illegal code stands in a
        place that the hardware decodes, padding included.
    """
    n_tiles, k_tiles = geometry.n_tiles(n), geometry.k_tiles(k)
    _, decode, illegal = _TABLES[geometry.weight_encoding]
    size = decode.shape[1]
    words = words[:, : geometry.data_bytes]
    # Places of a word that no tile can use are not decoded, in whole codes.
    decoded = min(geometry.word_trits, geometry.tile_trits)
    if geometry.weight_encoding == "trit5":
        decoded = -(-decoded // size) * size
    found = illegal[words].reshape(len(words), -1)[:, :decoded].any()
    tiles = decode[words].reshape(n_tiles * k_tiles, -1)[:, : geometry.tile_trits]
    tiles = tiles.reshape(n_tiles, k_tiles, geometry.rows, geometry.lanes).swapaxes(1, 2)
    matrix = tiles.reshape(n_tiles * geometry.rows, k_tiles * geometry.lanes)
    return matrix[:n, :k].copy(), bool(found)


def pack_activations(
    geometry: Geometry, activations: Int8s, padding: np.random.Generator | None = None
) -> Bytes:
    """Pack activations into the words of the activation stream: K tile by K tile, token by token.

    Parameters
    ----------
    geometry : Geometry
        Sizes.
    activations : array
        int8, [m, k].
    padding : numpy.random.Generator
        Draws the activations of lanes beyond k, which the hardware must ignore; without it they
        are 0.

    Returns
    -------
    array
        uint8, [words, lanes], lane 0 first.
    """
    m, k = activations.shape
    k_tiles = geometry.k_tiles(k)
    shape = (m, k_tiles * geometry.lanes)
    padded = (
        np.zeros(shape, np.int8) if padding is None else padding.integers(-128, 128, shape, np.int8)
    )
    padded[:, :k] = activations
    words = padded.reshape(m, k_tiles, geometry.lanes).swapaxes(0, 1)
    return words.reshape(-1, geometry.lanes).view(np.uint8)


def unpack_activations(geometry: Geometry, words: Bytes, m: int, k: int) -> Int8s:
    """Unpack the words of an activation matrix; the inverse of `pack_activations`."""
    tiles = words.view(np.int8).reshape(geometry.k_tiles(k), m, geometry.lanes).swapaxes(0, 1)
    return tiles.reshape(m, -1)[:, :k].copy()


def weight_words(
    geometry: Geometry, weights: Int8s, padding: np.random.Generator | None = None
) -> Iterator[int]:
    """Yield the payloads of the weight stream for a matrix; see `pack_weights`."""
    return _words(pack_weights(geometry, weights, padding))


def activation_words(
    geometry: Geometry, activations: Int8s, padding: np.random.Generator | None = None
) -> Iterator[int]:
    """Yield the payloads of the activation stream for a matrix; see `pack_activations`."""
    return _words(pack_activations(geometry, activations, padding))


def _words(packed: Bytes) -> Iterator[int]:
    return (int.from_bytes(word.tobytes(), "little") for word in packed)
