"""How reports and the texts of studies write numbers: the same in every format."""

from __future__ import annotations

import math

from longthink.benchmarks.harness.section import Cell, Comparison, Estimate

MINUS = "\N{MINUS SIGN}"


def number(value: float) -> str:
    """A plain number: whole numbers in full with separators, others with three significant digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace("-", MINUS)
    if isinstance(value, bool) or not math.isfinite(value):
        return {"inf": "∞", "-inf": f"{MINUS}∞", "nan": "not known"}.get(str(value), str(value))
    return _written(value, _decimals(value))


def duration(seconds: float) -> str:
    """Seconds in a unit that fits."""
    return estimate(Estimate(seconds, unit="s"))


def estimate(each: Estimate, signed: bool = False) -> str:
    """The value of an estimate with its unit. signed: as a difference."""
    if not math.isfinite(each.value):
        return number(each.value)
    factor, suffix, decimals = _scale(each, signed)
    return _written(each.value * factor, decimals, signed) + suffix


def interval(each: Estimate, signed: bool = False) -> str:
    """The 95% interval of an estimate in the unit of its value, in brackets; "" if it has none."""
    if each.low is None or each.high is None:
        return ""
    factor, _, decimals = _scale(each, signed)
    ends = [
        _written(end * factor, decimals, signed) if math.isfinite(end) else number(end) for end in (each.low, each.high)
    ]
    return f"[{ends[0]}, {ends[1]}]"


def evidence(each: Estimate) -> str:
    """The number of independent units; "" if unknown."""
    return "" if each.n is None else f"n={each.n:,}"


def full(each: Estimate, signed: bool = False) -> str:
    """Value, interval and n of an estimate in one line."""
    return " ".join(filter(None, (estimate(each, signed), interval(each, signed), evidence(each))))


def cell(value: Cell) -> str:
    """A cell of a table as text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return full(value) if isinstance(value, Estimate) else number(value)


def p_value(p: float | None) -> str:
    """A p-value; "exact" if there is no randomness."""
    if p is None:
        return "exact"
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def one_line(each: Comparison) -> str:
    """A comparison in one line."""
    return (
        f"{each.measure} at {each.at}: {each.ours} {estimate(each.our_value)}, "
        f"{each.other} {estimate(each.other_value)}"
    )


def _scale(each: Estimate, signed: bool) -> tuple[float, str, int | None]:
    """The factor, the suffix and the decimals of an estimate; None stands for an exponent."""
    value = each.value if math.isfinite(each.value) else 0.0
    if each.unit == "%":
        fine = (each.n or 1000) > 200 or 0 < abs(value) < 0.01 or 0.99 < abs(value) < 1
        return 100, " points" if signed else "%", 1 if fine and value not in (0, 1) else 0
    if each.unit == "s":
        size = abs(value) or abs(each.high or 0.0)
        for limit, factor, suffix in ((1e-3, 1e6, " µs"), (1, 1e3, " ms"), (600, 1, " s"), (36_000, 1 / 60, " min")):
            if size < limit:
                return factor, suffix, _decimals(value * factor)
        return 1 / 3600, " h", _decimals(value / 3600)
    if each.unit == "Elo":
        return 1, " Elo", 0
    return 1, f" {each.unit}" if each.unit else "", _decimals(value)


def _decimals(value: float) -> int | None:
    if value == int(value) and abs(value) < 1e15:
        return 0
    if abs(value) < 1e-3 or abs(value) >= 1e15:
        return None
    return max(0, 2 - math.floor(math.log10(abs(value))))


def _written(value: float, decimals: int | None, signed: bool = False) -> str:
    """With a true minus sign, and with an exponent if many digits would be needed."""
    size = abs(value)
    if decimals is None:
        mantissa, _, exponent = f"{size:.2e}".partition("e")
        text = f"{mantissa}e{int(exponent)}"
    elif size >= 1e6:
        factor, suffix = next(each for each in ((1e12, "T"), (1e9, "B"), (1e6, "M")) if size >= each[0])
        text = f"{size / factor:.{max(0, 2 - math.floor(math.log10(size / factor)))}f}{suffix}"
    elif value and size < 0.5 * 10**-decimals:
        text = f"{size:.1g}"  # an end of an interval that would be rounded to 0
    else:
        text = f"{size:,.{decimals}f}"
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    return sign + text
