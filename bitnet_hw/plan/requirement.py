"""What a system must do: an expression, split into parts that can be missed one by one."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.errors import ConfigError
from bitnet_hw.expression import Expression, ExpressionError, parse_expression, syntax_tree
from bitnet_hw.key_path import show

__all__ = ["CAPACITY", "Requirement", "parse_requirements"]

_AT_MOST, _AT_LEAST = (ast.Lt, ast.LtE), (ast.Gt, ast.GtE)


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A condition, and how far a design is from it.

    Parameters
    ----------
    text : str
        The condition, ``"total_power_w <= 500"``.
    origin : str
        Where it comes from, for messages: an option, or file, line and key.
    holds : Expression
        The condition.
    value, limit : Expression, optional
        What is compared, and with what; None unless the condition is that one number is less or
        more than another.
    at_most : bool
        The value must be at most the limit, rather than at least.
    """

    text: str
    origin: str
    holds: Expression
    value: Expression | None = None
    limit: Expression | None = None
    at_most: bool = True

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it reads."""
        return self.holds.fields

    def excess(self, columns: Mapping[str, Any], rows: int) -> NDArray[np.float64]:
        """Return by what factor each row misses the condition.

        Parameters
        ----------
        columns : mapping of str to array
            Fields of the rows.
        rows : int
            Number of rows.

        Returns
        -------
        ndarray of float64, shape (rows,)
            0 where the condition holds; else value / limit, or limit / value for a lower limit, and
            infinity where that is no such factor, because one of them is not above 0.
        """
        holds = np.broadcast_to(self.holds(columns), rows).astype(np.bool_)
        if self.value is None or self.limit is None:
            return np.where(holds, 0.0, np.inf)
        try:
            value = np.broadcast_to(self.value(columns), rows).astype(np.float64)
            limit = np.broadcast_to(self.limit(columns), rows).astype(np.float64)
        except ValueError:
            # Texts have an order, but no distance.
            return np.where(holds, 0.0, np.inf)
        above, below = (value, limit) if self.at_most else (limit, value)
        with np.errstate(all="ignore"):
            factor = above / below
        factor[~((value > 0) & (limit > 0))] = np.inf
        return np.where(holds, 0.0, factor)


def parse_requirements(text: str, origin: str) -> tuple[Requirement, ...]:
    """Return the requirements of an expression: ``a <= 1 and b >= 2`` is two.

    Parameters
    ----------
    text : str
        The expression.
    origin : str
        Where it comes from, for messages.

    Raises
    ------
    ConfigError
        If it is none, or not one that is true or false.
    """
    try:
        parse_expression(text)
        tree = syntax_tree(text)
        if not _is_condition(tree):
            raise ExpressionError(
                "a condition such as 'total_power_w <= 500', which is true or false, "
                f"not {show(text)}"
            )
        return tuple(_requirement(part, origin) for part in _parts(tree))
    except ExpressionError as error:
        raise ConfigError(f"{origin} must be {error}") from None


def _is_condition(node: ast.expr) -> bool:
    match node:
        case ast.BoolOp(values=values):
            return all(_is_condition(value) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_condition(operand)
        case ast.Constant(value=value):
            return isinstance(value, bool)
    return isinstance(node, ast.Compare | ast.Name | ast.Attribute)


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the conditions that all must hold for a condition to hold."""
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            for value in values:
                yield from _parts(value)
        case ast.Compare(ops=ops, left=left, comparators=others) if len(ops) > 1:
            for op, right in zip(ops, others, strict=True):
                yield ast.Compare(left, [op], [right])
                left = right
        case _:
            yield node


def _requirement(node: ast.expr, origin: str) -> Requirement:
    text = ast.unparse(node)
    holds = parse_expression(text)
    if not (isinstance(node, ast.Compare) and isinstance(node.ops[0], (*_AT_MOST, *_AT_LEAST))):
        return Requirement(text=text, origin=origin, holds=holds)
    value, limit = (
        parse_expression(ast.unparse(side)) for side in (node.left, node.comparators[0])
    )
    at_most = isinstance(node.ops[0], _AT_MOST)
    if limit.fields and not value.fields:
        # 500 >= total_power_w: the limit is the side without fields.
        value, limit, at_most = limit, value, not at_most
    return Requirement(
        text=text, origin=origin, holds=holds, value=value, limit=limit, at_most=at_most
    )


[CAPACITY] = parse_requirements("chip_memory_bytes <= memory_capacity_bytes", "memory.capacity_gb")
"""The fullest chip has the memory for what it stores: what every system must do."""
