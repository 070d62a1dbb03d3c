"""Arithmetic of binary16 numbers as bits, by NumPy: operands and results are arrays of uint16.

NumPy computes in binary32 and rounds once more. For one addition or multiplication that is the
correctly rounded result: binary32 has twice the precision of binary16, and two bits more.
"""

import numpy as np

NAN = 0x7E00
LEAST_NORMAL = 2.0**-14


def operate(operation, a, b, *, subnormals=True):
    """Apply ``np.add`` or ``np.multiply``; every NaN of the result is `NAN`."""
    a, b = np.asarray(a, np.uint16), np.asarray(b, np.uint16)
    if not subnormals:
        a, b = (np.where(x & 0x7C00, x, x & 0x8000).astype(np.uint16) for x in (a, b))
    with np.errstate(all="ignore"):
        result = operation(a.view(np.float16), b.view(np.float16))
        # Exact: the significands of two numbers, and their distance, fit in 53 bits.
        exact = operation(a.view(np.float16).astype(float), b.view(np.float16).astype(float))
    bits = np.where(np.isnan(result), NAN, result.view(np.uint16)).astype(np.uint16)
    if not subnormals:
        bits = np.where(np.abs(exact) < LEAST_NORMAL, bits & 0x8000, bits).astype(np.uint16)
    return bits


def tree_sum(numbers, *, subnormals=True):
    """Add neighbours, then neighbouring sums; an odd one at the end goes on as it is."""
    nodes = list(numbers)
    while len(nodes) > 1:
        odd = nodes[len(nodes) // 2 * 2 :]
        pairs = zip(nodes[0::2], nodes[1::2], strict=False)
        nodes = [operate(np.add, *pair, subnormals=subnormals) for pair in pairs] + odd
    return nodes[0]


def corners():
    """Return numbers of every sign and exponent, with fractions about the ends and the middle."""
    fractions = [0, 1, 2, 3, 0x155, 0x1FF, 0x200, 0x201, 0x2AA, 0x3FE, 0x3FF]
    signs_and_exponents = np.arange(64, dtype=np.uint16) << 10
    return np.add.outer(signs_and_exponents, np.array(fractions, np.uint16)).ravel()


def crossed(a, b):
    """Return all pairs of an element of `a` and one of `b`, as two arrays."""
    return tuple(x.ravel() for x in np.meshgrid(a, b, indexing="ij"))
