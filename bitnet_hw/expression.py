"""Expressions over reported fields: parsed by Python, checked node by node, never executed.

A field is written as it is reported (``energy_per_token_j``, ``array.rows``); other operands are
numbers and texts. Arithmetic, comparisons, ``and``, ``or``, ``not``, ``in`` a list, and the
functions of `FUNCTIONS` are all there is.
"""

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import show

__all__ = ["FUNCTIONS", "Expression", "ExpressionError", "parse_expression", "syntax_tree"]

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "log2": np.log2,
    "max": np.maximum,
    "min": np.minimum,
    "sqrt": np.sqrt,
}

_LONGEST = 1000
_DEEPEST = 50
_BINARY: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: lambda base, exponent: np.power(np.asarray(base, np.float64), exponent),
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.And: np.logical_and,
    ast.Or: np.logical_or,
}
_UNARY: Mapping[type[ast.AST], Callable[[Any], Any]] = {
    ast.USub: np.negative,
    ast.UAdd: np.positive,
    ast.Not: np.logical_not,
}


class ExpressionError(ValueError):
    """An expression that is none; its text completes a sentence that begins with "must be"."""


@dataclass(frozen=True)
class Expression:
    """A checked expression.

    Parameters
    ----------
    text : str
        As it was written.
    fields : frozenset of str
        The fields that it reads.
    """

    text: str
    fields: frozenset[str]
    _tree: ast.expr

    def __call__(self, columns: Mapping[str, Any]) -> NDArray[Any]:
        """Return the value for each row of the columns.

        Where a field has no value the result is NaN, or False for a comparison.

        Raises
        ------
        ConfigError
            If a text is taken for a number; what a field holds is not known before.
        """
        with np.errstate(all="ignore"):
            try:
                return np.asarray(_value(self._tree, columns))
            except (TypeError, ValueError, np.exceptions.DTypePromotionError):
                raise ConfigError(
                    f"Expression {show(self.text)} must not mix texts and numbers"
                ) from None


def parse_expression(text: str) -> Expression:
    """Return the expression of a text.

    Raises
    ------
    ExpressionError
        If the text is not one, or holds what no expression needs.
    """
    tree = syntax_tree(text)
    fields: set[str] = set()
    _check(tree, fields, 0)
    return Expression(text, frozenset(fields), tree)


def syntax_tree(text: str) -> ast.expr:
    """Return what Python's parser makes of an expression; nodes of any kind may be in it.

    Raises
    ------
    ExpressionError
        If the text is too long, or no expression.
    """
    if len(text) > _LONGEST:
        raise ExpressionError(f"an expression of at most {_LONGEST} characters, not {len(text)}")
    try:
        # Such as of a number that runs into a word, which is no expression of ours anyway.
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(
            f"an expression such as 'power_w < 5 and array.rows >= 16', not {show(text)}"
        ) from None


def _check(node: ast.expr, fields: set[str], depth: int) -> None:
    """Make sure that a node is one of the few kinds that `_value` knows."""
    if depth > _DEEPEST:
        raise ExpressionError(f"an expression that is nested at most {_DEEPEST} deep")
    inner: list[ast.expr]
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            if isinstance(value, int | float) and not abs(value) <= 1e300:
                raise ExpressionError("an expression whose numbers are at most 1e300")
            inner = []
        case ast.Name() | ast.Attribute():
            fields.add(_field(node))
            inner = []
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _BINARY:
            inner = [left, right]
        case ast.UnaryOp(op=unary, operand=operand) if type(unary) in _UNARY:
            inner = [operand]
        case ast.BoolOp(values=values):
            inner = values
        case ast.Compare(ops=ops, left=left, comparators=others):
            inner = [left]
            for relation, other in zip(ops, others, strict=True):
                if isinstance(relation, ast.In | ast.NotIn):
                    if not isinstance(other, ast.List | ast.Tuple):
                        raise ExpressionError("an expression with a list after 'in'")
                    inner += other.elts
                elif type(relation) not in _BINARY:
                    raise _not_known(relation)
                else:
                    inner.append(other)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            wanted = 2 if name in ("max", "min") else 1
            if len(arguments) != wanted:
                raise ExpressionError(
                    f"an expression with {wanted} arguments of {name}, not {len(arguments)}"
                )
            inner = arguments
        case _:
            raise _not_known(node)
    for item in inner:
        _check(item, fields, depth + 1)


def _field(node: ast.expr) -> str:
    """Return the dotted name of a field."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise _not_known(node)
    if len(names) > _DEEPEST:
        raise ExpressionError(f"an expression whose fields have at most {_DEEPEST} dots")
    return ".".join([node.id, *reversed(names)])


def _value(node: ast.expr, columns: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return float(value) if isinstance(value, int) and abs(value) >= 1 << 62 else value
        case ast.Name() | ast.Attribute():
            return columns[_field(node)]
        case ast.BinOp(op=op, left=left, right=right):
            return _BINARY[type(op)](_value(left, columns), _value(right, columns))
        case ast.UnaryOp(op=unary, operand=operand):
            return _UNARY[type(unary)](_value(operand, columns))
        case ast.BoolOp(op=junction, values=values):
            result = _value(values[0], columns)
            for item in values[1:]:
                result = _BINARY[type(junction)](result, _value(item, columns))
            return result
        case ast.Compare():
            return _compared(node, columns)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name](*(_value(item, columns) for item in arguments))
    raise AssertionError(node)


def _compared(node: ast.Compare, columns: Mapping[str, Any]) -> Any:
    """Return the value of a comparison, of several that are chained too."""
    result: Any = True
    left = _value(node.left, columns)
    for op, other in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            assert isinstance(other, ast.List | ast.Tuple)
            found: Any = False
            for item in other.elts:
                found = np.logical_or(found, np.equal(left, _value(item, columns)))
            holds = found if isinstance(op, ast.In) else np.logical_not(found)
        else:
            right = _value(other, columns)
            holds = _BINARY[type(op)](left, right)
            left = right
        result = np.logical_and(result, holds)
    return result


def _not_known(node: ast.AST) -> ExpressionError:
    return ExpressionError(
        "an expression of fields, numbers, texts, arithmetic, comparisons, and, or, not, in and "
        f"{', '.join(FUNCTIONS)}, without {type(node).__name__.lower()}"
    )
