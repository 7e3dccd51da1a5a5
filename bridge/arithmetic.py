"""Exact arithmetic in words: what an expression is worth as a fraction, and nothing that could hang or run code."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

LONGEST = 1000
"""Characters of a longest expression."""
_MOST_BITS = 10_000  # of a numerator or denominator: some 3000 digits

_OPERATORS: dict[type[ast.operator], tuple[str, Callable[[Fraction, Fraction], Fraction]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", lambda left, right: Fraction(left // right)),
    ast.Mod: ("%", operator.mod),
    ast.Pow: ("**", lambda left, right: _power(left, right)),
}
BASIC = ("+", "-", "*", "/")
ALL = tuple(symbol for symbol, _ in _OPERATORS.values())


def evaluate(expression: str, operators: tuple[str, ...] = BASIC) -> tuple[Fraction, list[Fraction]]:
    """The exact value of an expression and the numbers in it, ascending.

    With the `BASIC` operators these are whole numbers and brackets, with `ALL` also signs and decimals ("0.1" is a
    tenth). Raises `ValueError` for any other text, a division by zero, and a number of more than some 3000 digits.
    """
    if len(expression) > LONGEST:
        raise ValueError(f"an expression of more than {LONGEST} characters")
    rich = operators is not BASIC
    numbers: list[Fraction] = []

    def value(node: ast.expr) -> Fraction:
        match node:
            case ast.Constant(value=int(number)) if not isinstance(number, bool):
                numbers.append(Fraction(number))
                return numbers[-1]
            case ast.Constant(value=float()) if rich:
                written = Decimal(ast.get_source_segment(text, node) or "")
                if written and abs(written.adjusted()) > _MOST_BITS // 4:  # not to be written out
                    raise ValueError("a number of more than 3000 digits")
                numbers.append(Fraction(written))
                return numbers[-1]
            case ast.UnaryOp(op=ast.USub(), operand=operand) if rich:
                return -value(operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand) if rich:
                return value(operand)
            case ast.BinOp(left=left, op=op, right=right) if _OPERATORS.get(type(op), ("",))[0] in operators:
                return _checked(_OPERATORS[type(op)][1](value(left), value(right)))
        raise ValueError(f"only {'numbers' if rich else 'whole numbers'}, {' '.join(operators)} and brackets")

    try:
        text = expression.strip()
        return value(ast.parse(text, mode="eval").body), sorted(numbers)
    except (SyntaxError, ZeroDivisionError, RecursionError, MemoryError) as error:
        raise ValueError(str(error) or "an expression nested too deeply") from error


def unordered(expression: str) -> str:
    """An expression with the parts of every sum and product in one order; any other text as it is."""

    def parts(node: ast.expr, op: type[ast.operator]) -> list[str]:
        if isinstance(node, ast.BinOp) and isinstance(node.op, op):
            return [*parts(node.left, op), *parts(node.right, op)]
        return [written(node)]

    def written(node: ast.expr) -> str:
        match node:
            case ast.BinOp(op=ast.Add() | ast.Mult() as op):
                symbol = _OPERATORS[type(op)][0]
                return f"({symbol.join(sorted(parts(node, type(op))))})"
            case ast.BinOp(left=left, op=op, right=right):
                return f"({written(left)}{_OPERATORS[type(op)][0]}{written(right)})"
        return ast.unparse(node)

    try:
        return written(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, KeyError, RecursionError, MemoryError, ValueError):
        return expression.strip()


def _checked(number: Fraction) -> Fraction:
    if max(number.numerator.bit_length(), number.denominator.bit_length()) > _MOST_BITS:
        raise ValueError("a number of more than 3000 digits")
    return number


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise ValueError("only whole exponents, which keep the value exact")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if (
        abs(base) not in (0, 1) and bits * abs(exponent) > 2 * _MOST_BITS
    ):  # a number of n bits may be as small as 2^(n-1)
        raise ValueError("a number of more than 3000 digits")
    if abs(base) == 1:  # however large the exponent
        return base if exponent.numerator % 2 else Fraction(1)
    return Fraction(base**exponent.numerator) if base or exponent.numerator < 0 else Fraction(exponent == 0)
