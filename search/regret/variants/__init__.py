"""Variants of regret minimisation: each is one small file of weights, with its paper, equation and guarantee.

`variant` finds one by name; `weights.py` says what weights are. Also `Exploitability`, which says how near an
equilibrium to come.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from longthink.errors import UnknownNameError
from longthink.search.regret.variants import (
    cfr,
    cfr_plus,
    dcfr,
    hs_dcfr,
    hs_pcfr_plus,
    linear,
    mmd,
    pcfr,
    pcfr_plus,
    pdcfr_plus,
)
from longthink.search.regret.variants.weights import Variant
from longthink.validation import real_number

# One line for each variant.
VARIANTS: dict[str, Variant] = {
    "cfr": cfr.VARIANT,
    "cfr+": cfr_plus.VARIANT,
    "linear": linear.VARIANT,
    "dcfr": dcfr.VARIANT,
    "hs-dcfr": hs_dcfr.VARIANT,
    "pcfr": pcfr.VARIANT,
    "pcfr+": pcfr_plus.VARIANT,
    "pdcfr+": pdcfr_plus.VARIANT,
    "hs-pcfr+": hs_pcfr_plus.VARIANT,
    "mmd": mmd.VARIANT,
}


def variant(name: str, **changes: Any) -> Variant:
    """The variant of this name with some weights changed. Raises `UnknownNameError` with near matches."""
    if name not in VARIANTS:
        raise UnknownNameError.of("variant", name, VARIANTS)
    known = [field.name for field in fields(VARIANTS[name])]
    for key in changes:
        if key not in known:
            raise UnknownNameError.of(f"weight of {name}", key, known)
    return replace(VARIANTS[name], **changes)


@dataclass(frozen=True)
class Exploitability:
    """Stop when the average strategy's exploitability (NashConv over players) is at most `value`, in utilities."""

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", real_number("Exploitability", self.value, 0))
