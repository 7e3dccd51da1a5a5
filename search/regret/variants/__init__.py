"""Variants of CFR: each is one small file of weights, with its paper, equation and guarantee.

`variant` finds one by name. Weights are explained in longthink/search/regret/updates.py. Other packages add variants by
entry points of the group "longthink.variants", or by `VARIANTS.register(name, update)`.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from longthink.errors import UnknownNameError
from longthink.registry import Registry
from longthink.search.regret.updates import Update

# One line for each variant.
VARIANTS: Registry[Update] = Registry(
    "variant",
    "longthink.variants",
    {
        "cfr": f"{__name__}.cfr:VARIANT",
        "cfr+": f"{__name__}.cfr_plus:VARIANT",
        "linear": f"{__name__}.linear:VARIANT",
        "dcfr": f"{__name__}.dcfr:VARIANT",
        "hs-dcfr": f"{__name__}.hs_dcfr:VARIANT",
        "pcfr": f"{__name__}.pcfr:VARIANT",
        "pcfr+": f"{__name__}.pcfr_plus:VARIANT",
        "pdcfr+": f"{__name__}.pdcfr_plus:VARIANT",
        "hs-pcfr+": f"{__name__}.hs_pcfr_plus:VARIANT",
        "mmd": f"{__name__}.mmd:VARIANT",
    },
)


def variant(name: str, **changes: Any) -> Update:
    """The variant of this name with some weights changed. Raises `UnknownNameError` with near matches."""
    found = VARIANTS[name]
    known = [field.name for field in fields(found)]
    for key in changes:
        if key not in known:
            raise UnknownNameError.of(f"weight of {name}", key, known)
    return replace(found, **changes)
