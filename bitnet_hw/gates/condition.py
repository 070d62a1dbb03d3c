"""Boolean expressions of Liberty: the function of a pin, and the state that a `when` asks for."""

import itertools
import re
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["pins_of", "probability"]

_TOKEN = re.compile(r"\s*([A-Za-z_][\w\[\]]*|[01]|[()!'*&+|^])")

Signal = NDArray[np.float64]
_Term = Callable[[Mapping[str, bool]], bool]


@cache
def pins_of(expression: str) -> tuple[str, ...]:
    """Return the pins that an expression names, each once."""
    names = re.findall(r"[A-Za-z_][\w\[\]]*", expression)
    return tuple(dict.fromkeys(names))


def probability(expression: str, ones: Mapping[str, Signal], outputs: Mapping[str, str]) -> Signal:
    """Return how likely an expression is true, for independent inputs.

    ``P(f) = sum over all states s with f(s) = 1 of the product of P(input = s_input)``. An output
    that the expression names is not independent of the inputs: its own function takes its place.

    Parameters
    ----------
    expression : str
        In the pins of a cell; operators as in Liberty: ``!`` or ``'`` not, ``*``, ``&`` or a space
        and, ``+`` or ``|`` or, ``^`` exclusive or.
    ones : mapping
        Of each pin, the share of time at which it is 1; an array, one number for each instance.
    outputs : mapping
        Function of each output that has one in terms of inputs.

    Raises
    ------
    ValueError
        If it is not an expression, or names an unknown pin.
    """
    names = [inner for name in pins_of(expression) for inner in pins_of(outputs.get(name, name))]
    inputs = list(dict.fromkeys(names))
    total: Signal = np.zeros(1)
    for values in itertools.product((False, True), repeat=len(inputs)):
        state = dict(zip(inputs, values, strict=True))
        state |= {
            name: _parse(text)(state) for name, text in outputs.items() if _known(text, state)
        }
        if _parse(expression)(state):
            weight: Signal = np.ones(1)
            for name in inputs:
                if name not in ones:
                    raise ValueError(f"{expression!r} names {name}, which the cell does not have")
                weight = weight * (ones[name] if state[name] else 1 - ones[name])
            total = total + weight
    return total


def _known(expression: str, state: Mapping[str, bool]) -> bool:
    return all(name in state for name in pins_of(expression))


@cache
def _parse(expression: str) -> _Term:
    tokens, position = [], 0
    while expression[position:].strip():
        match = _TOKEN.match(expression, position)
        if match is None:
            raise ValueError(f"{expression!r} is not an expression of Liberty")
        tokens.append(match[1])
        position = match.end()
    term = _either(tokens)
    if tokens:
        raise ValueError(f"{expression!r} is not an expression of Liberty")
    return term


def _either(tokens: list[str]) -> _Term:
    terms = [_exclusive(tokens)]
    while tokens and tokens[0] in "+|":
        tokens.pop(0)
        terms.append(_exclusive(tokens))
    return lambda state: any(term(state) for term in terms)


def _exclusive(tokens: list[str]) -> _Term:
    terms = [_both(tokens)]
    while tokens and tokens[0] == "^":
        tokens.pop(0)
        terms.append(_both(tokens))
    return lambda state: sum(term(state) for term in terms) % 2 == 1


def _both(tokens: list[str]) -> _Term:
    terms = [_negated(tokens)]
    while tokens and tokens[0] not in "+|^)":
        if tokens[0] in "*&":
            tokens.pop(0)
        terms.append(_negated(tokens))
    return lambda state: all(term(state) for term in terms)


def _negated(tokens: list[str]) -> _Term:
    if not tokens:
        raise ValueError("an expression of Liberty ends too early")
    token = tokens.pop(0)
    term: _Term
    if token == "!":
        inner = _negated(tokens)
        return lambda state: not inner(state)
    if token == "(":
        term = _either(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise ValueError("an expression of Liberty lacks a closing parenthesis")
    elif token in "01":
        term = _constant(token == "1")
    elif re.match(r"\w", token):
        term = _pin(token)
    else:
        raise ValueError(f"an expression of Liberty has {token!r} where a pin is expected")
    while tokens and tokens[0] == "'":
        tokens.pop(0)
        term = _not(term)
    return term


def _pin(name: str) -> _Term:
    return lambda state: state[name]


def _not(term: _Term) -> _Term:
    return lambda state: not term(state)


def _constant(value: bool) -> _Term:
    return lambda _: value
