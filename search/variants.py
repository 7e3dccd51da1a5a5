"""Variants of counterfactual regret minimisation: each is a handful of weights of the one loop in csrc/cfr.c.

Also `Exploitability`, which says how near an equilibrium to come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from longthink.errors import ParameterError, UnknownNameError


@dataclass(frozen=True)
class Variant:
    """The weights of one variant of CFR.

    After iteration t a positive cumulative regret is multiplied by t^alpha / (t^alpha + 1) and a negative one by
    t^beta / (t^beta + 1); the strategy of iteration t counts t^gamma in the average (Brown and Sandholm, "Solving
    imperfect-information games via discounted regret minimization", AAAI 2019). alpha = inf keeps regrets as they
    are, beta = -inf floors them at zero. predictive: regret matching looks ahead by the last regret (Farina, Kroer and
    Sandholm, "Faster game solving via predictive Blackwell approachability", AAAI 2021). alternating: the players
    update in turn, each against what the others have just become.
    """

    alpha: float
    beta: float
    gamma: float
    predictive: bool = False
    alternating: bool = True

    def __post_init__(self) -> None:
        for name in ("alpha", "beta", "gamma"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
                raise ParameterError(f"{name} expects a number, got {value!r}")
        if not 0 <= self.gamma <= 100:
            raise ParameterError(f"gamma expects a number in 0..100, got {self.gamma!r}")


# One line for each variant.
VARIANTS = {
    "cfr": Variant(alpha=math.inf, beta=math.inf, gamma=0),  # Zinkevich et al., NIPS 2007
    "cfr+": Variant(alpha=math.inf, beta=-math.inf, gamma=1),  # Tammelin, arXiv 1407.5042, 2014
    "linear": Variant(alpha=1, beta=1, gamma=1),  # Brown and Sandholm, AAAI 2019
    "dcfr": Variant(alpha=1.5, beta=0, gamma=2),  # Brown and Sandholm, AAAI 2019
    "pcfr+": Variant(alpha=math.inf, beta=-math.inf, gamma=2, predictive=True),  # Farina et al., AAAI 2021
}


def variant(name: str, **changes: Any) -> Variant:
    """The variant of this name with some weights changed. Raises `UnknownNameError` with near matches."""
    if name not in VARIANTS:
        raise UnknownNameError.of("variant", name, VARIANTS)
    for key in changes:
        if key not in (known := [f.name for f in fields(Variant)]):
            raise UnknownNameError.of("weight", key, known)
    return replace(VARIANTS[name], **changes)


@dataclass(frozen=True)
class Exploitability:
    """Stop when the average strategy's exploitability (NashConv over players) is at most `value`, in utilities."""

    value: float

    def __post_init__(self) -> None:
        if not (isinstance(self.value, (int, float)) and 0 <= self.value < math.inf):
            raise ParameterError(f"Exploitability expects a number >= 0, got {self.value!r}")
