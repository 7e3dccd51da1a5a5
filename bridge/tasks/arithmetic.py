"""Exact arithmetic: the value of an expression as a fraction. It cannot run code, and its time is limited.

Expressions are read as people and models write them: "37 × 41", "1,000 − 3", "\\frac{8}{3} \\cdot 3", "6*4 = 24".
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence
from fractions import Fraction

LONGEST = 1000
"""The most characters of an expression."""
_MOST_BITS = 10_000  # of a numerator or denominator: about 3000 digits
_DEEPEST = 10  # of fractions inside fractions

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


_LATEX = {
    r"\times": "*",
    r"\cdot": "*",
    r"\div": "/",
    r"\left": "",
    r"\right": "",
    r"\,": "",
    r"\;": "",
    r"\!": "",
    r"\ ": " ",
}
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("×⋅·∙•✕✖∗⨯", "*"),  # noqa: RUF001
        **dict.fromkeys("÷∕⁄／", "/"),  # noqa: RUF001
        **dict.fromkeys("−–—‐‑‒﹣－", "-"),  # noqa: RUF001
        **dict.fromkeys("＋﹢", "+"),  # noqa: RUF001
        "＝": "=",  # noqa: RUF001
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
    }
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}|\\[dt]?frac\s*(\d)\s*(\d)")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_PLAIN = re.compile(r"[\d.eE+\-*/%()\s]*")


def plain_operators(text: str) -> str:
    """An expression in Python's notation, from printed signs (× ⋅ ÷ −) and LaTeX, without commas between thousands.

    An `x` between numbers or brackets is a multiplication sign, and a power is `**`.
    """
    if _PLAIN.fullmatch(text):
        return text.strip()
    text = text.strip().strip("`$").strip()
    if (text.startswith(r"\(") and text.endswith(r"\)")) or (text.startswith(r"\[") and text.endswith(r"\]")):
        text = text[2:-2]
    for _ in range(_DEEPEST):
        written = _FRACTION.sub(lambda m: f"(({m[1] or m[3]})/({m[2] or m[4]}))", text)
        if written == text:
            break
        text = written
    for sign, plain in _LATEX.items():
        text = text.replace(sign, plain)
    text = text.replace("{,}", ",").translate(_SIGNS)
    text = _THOUSANDS.sub(lambda m: m[0].replace(",", ""), text)
    text = re.sub(r"(?<=[\d)])(\s?)[xX](\s?)(?=[-\d(])", r"\1*\2", text)
    return re.sub(r"\s?\^\s?", "**", text)


def evaluate(expression: str, operators: tuple[str, ...] = BASIC) -> tuple[Fraction, list[Fraction]]:
    """The exact value of an expression and the numbers in it, ascending.

    It has numbers, signs, brackets and the operators, `BASIC` or `ALL`; "0.1" is exactly a tenth. If it is an equation,
    as "6*4 = 24" or "24 = 6*4", both sides must be equal, and the numbers are those of the side that has more of them.

    Raises `ValueError` for any other text, for a division by zero, and for a number of more than about 3000 digits.
    """
    if len(expression) > LONGEST:
        raise ValueError(f"an expression of more than {LONGEST} characters")
    sides = plain_operators(expression).split("=")
    if len(sides) > 1 and not sides[-1].strip():  # "6*4 ="
        sides.pop()
    found = [_evaluated(side.strip(), operators) for side in sides]
    if any(value != found[0][0] for value, _ in found):
        raise ValueError("the sides of the equation are not equal")
    return max(found, key=lambda side: len(side[1]))


def makes(target: int, numbers: Sequence[int], answer: str) -> bool:
    """Whether an expression of the `BASIC` operators makes `target` from exactly these numbers."""
    try:
        value, used = evaluate(answer)
    except ValueError:
        return False
    return value == target and used == sorted(numbers)


def _evaluated(text: str, operators: tuple[str, ...]) -> tuple[Fraction, list[Fraction]]:
    """`evaluate` of one side of an equation, in Python's notation."""
    numbers: list[Fraction] = []

    def value(node: ast.expr) -> Fraction:
        match node:
            case ast.Constant():
                numbers.append(_written(ast.get_source_segment(text, node) or ""))
                return numbers[-1]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value(operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return value(operand)
            case ast.BinOp(left=left, op=op, right=right) if _OPERATORS.get(type(op), ("",))[0] in operators:
                return _checked(_OPERATORS[type(op)][1](value(left), value(right)))
        raise ValueError(f"only numbers, {' '.join(operators)} and brackets")

    try:
        tree = _parsed(text)
        return value(tree), sorted(numbers)
    except (SyntaxError, ZeroDivisionError, RecursionError, MemoryError) as error:
        raise ValueError(str(error) or "an expression nested too deeply") from error


def _parsed(text: str) -> ast.expr:
    """The tree of an expression of numbers. Raises `ValueError`, `SyntaxError`, `RecursionError`, `MemoryError`."""
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"only numbers, {' '.join(ALL)} and brackets")
    return ast.parse(" ".join(text.split()), mode="eval").body


def _written(number: str) -> Fraction:
    """The exact value of a number in decimal digits."""
    if not _NUMBER.fullmatch(number):
        raise ValueError("only numbers in decimal digits")
    _, _, exponent = number.lower().partition("e")
    if len(exponent) > 6 or abs(int(exponent or 0)) > _MOST_BITS // 4:  # too long to compute
        raise ValueError("a number of more than 3000 digits")
    return _checked(Fraction(number))


def unordered(expression: str) -> str:
    """An expression with the parts of sums and products in sorted order; any other text unchanged."""

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

    if len(expression) > LONGEST:
        return expression.strip()
    try:
        return written(_parsed(plain_operators(expression).partition("=")[0].strip()))
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
