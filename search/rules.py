"""Selection rules: how a search chooses which action to look at next. The formulas run in csrc/tree.c.

Values are the game's utilities scaled to [-1, 1], so that one `c` means the same in every game.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from longthink.errors import ParameterError


@dataclass(frozen=True)
class Rule:
    """A selection rule; `c` weighs exploration, `virtual_loss` is what a simulation in flight counts as.

    A simulation in flight (of another thread, or asked and not yet told) counts as a visit that lost
    `virtual_loss` (0 to 2), so that others look elsewhere meanwhile.
    """

    kind: ClassVar[str]
    c: float
    virtual_loss: float = 1.0

    def __post_init__(self) -> None:
        for name, high in (("c", math.inf), ("virtual_loss", 2.0)):
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and 0 <= value <= high) or value == math.inf:
                raise ParameterError(
                    f"{type(self).__name__}({name}=...) expects a number from 0 to {high}, got {value!r}"
                )


@dataclass(frozen=True)
class UCT(Rule):
    """Upper confidence bounds applied to trees: W/n + c sqrt(ln N / n), untried actions first.

    Kocsis and Szepesvari, "Bandit based Monte-Carlo planning", ECML 2006; c as OpenSpiel's `uct_c`.
    """

    kind: ClassVar[str] = "uct"
    c: float = 2.0


@dataclass(frozen=True)
class PUCT(Rule):
    """Predictor UCT: Q + c P sqrt(N) / (1 + n); an untried action is as good as its tried siblings on average.

    Rosin, "Multi-armed bandits with episode context", AMAI 2011; in the form of Silver et al., Nature 2017.
    """

    kind: ClassVar[str] = "puct"
    c: float = 1.25
