"""Regret minimisation from sampled play, for games too large to be unrolled: `MCCFR`. Its walks are C
(csrc/regret/mccfr.c)."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from longthink.concurrency import ExclusiveUse
from longthink.errors import CheckpointError, MemoryLimitError, ParameterError, UnknownNameError
from longthink.games.core import Game, State
from longthink.search.core import FOLLOW_ALL, FOLLOW_DRAWN, FOLLOW_PRIVATE, FOLLOW_SOME, GameTree, SampledRegrets, Watch
from longthink.search.regret import checkpoint as checkpoints
from longthink.search.regret.solver import Arrays, Path, Solver
from longthink.validation import real_number, seed_number, whole_number

# What a walk follows at the nodes of the learner, of the others, and of chance: one line for each kind of sampling.
SAMPLINGS = {
    "external": (FOLLOW_ALL, FOLLOW_DRAWN, FOLLOW_DRAWN),  # Lanctot et al., NIPS 2009
    "outcome": (FOLLOW_DRAWN, FOLLOW_DRAWN, FOLLOW_DRAWN),  # the same; baselines: Schmid et al., AAAI 2019
    "robust": (FOLLOW_SOME, FOLLOW_DRAWN, FOLLOW_DRAWN),  # Li et al., ICLR 2020
    "chance": (FOLLOW_ALL, FOLLOW_ALL, FOLLOW_DRAWN),  # Zinkevich et al., NIPS 2007
    "public": (FOLLOW_ALL, FOLLOW_ALL, FOLLOW_PRIVATE),  # Johanson et al., AAMAS 2012
}


class MCCFR(Solver):
    """Monte Carlo counterfactual regret minimisation: approaches an equilibrium by sampled play, in bounded memory.

    sampling: "external" (all actions of the learner, one of the others and of chance), "outcome" (one of each),
    "robust" (`k` of the learner's), "chance" (all of the players', one of chance), "public" (all of the players' and of
    private chance; one of public chance). An iteration is one walk for every player.

    epsilon: share of uniform play in the learner's draws of outcome sampling (0.6). k: of robust sampling (2).
    baseline: step size of the moving averages that reduce the variance of sampled values, in [0, 1]; 0: none (outcome
    sampling 0.1, others 0). regret_power, average_power: regrets and strategy of iteration t have weight t^power; 1 and
    1 is linear MCCFR. floor: lower bound of cumulative regrets; 0 is regret matching+. prune_below: an action of the
    learner with a smaller regret is skipped with probability `prune_share`, and weighs more otherwise.
    seed: the same seed gives the same strategies. memory_bytes: the limit of memory; `run` raises `MemoryLimitError`
    when the information states fill it, and everything learned stays.

    Information states have names of 128 bits: hashes of what the player knows, the same in every process. A walk is
    recursive: a history may have up to 8192 actions.

    Raises `UnknownNameError`, `ParameterError`, `MemoryError`.
    Lanctot, Waugh, Zinkevich and Bowling, "Monte Carlo sampling for regret minimization in extensive games", NIPS 2009.
    """

    _own = ("game", "sampling", "options")
    _reproduces = ("seed",)

    def __init__(
        self,
        game: Game,
        sampling: str = "external",
        *,
        epsilon: float | None = None,
        k: int | None = None,
        baseline: float | None = None,
        regret_power: float = 0.0,
        average_power: float = 0.0,
        floor: float = -math.inf,
        prune_below: float | None = None,
        prune_share: float = 0.95,
        seed: int = 0,
        memory_bytes: int = 1 << 30,
    ) -> None:
        if sampling not in SAMPLINGS:
            raise UnknownNameError.of("sampling", sampling, SAMPLINGS)
        self.game, self.sampling, self.seed = game, sampling, seed_number(seed)
        self.memory_bytes = whole_number("memory_bytes", memory_bytes, 0, 2**62)
        self._exclusive = ExclusiveUse("this MCCFR")
        learner, others, _ = SAMPLINGS[sampling]
        if baseline is None:
            baseline = 0.1 if learner == FOLLOW_DRAWN else 0.0
        self.options = {
            "baseline": real_number("baseline", baseline, 0, 1 if others == FOLLOW_DRAWN else 0),
            "regret_power": real_number("regret_power", regret_power, 0, 10),
            "average_power": real_number("average_power", average_power, 0, 10),
            "floor": -math.inf if floor == -math.inf else real_number("floor", floor, -math.inf, 0),
        }
        if _has("epsilon", epsilon, sampling, learner == FOLLOW_DRAWN):
            self.options["epsilon"] = real_number("epsilon", 0.6 if epsilon is None else epsilon, 1e-6, 1)
        if _has("k", k, sampling, learner == FOLLOW_SOME):
            self.options["k"] = whole_number("k", 2 if k is None else k, 1, 2**16)
        if _has("prune_below", prune_below, sampling, learner == FOLLOW_ALL) and prune_below is not None:
            self.options["prune_below"] = real_number("prune_below", prune_below, self.options["floor"], 0)
            self.options["prune_share"] = real_number("prune_share", prune_share, 0, 0.999)
        self._regrets = self._new_regrets()
        self._unrolled: GameTree | None = None
        self._names: list[tuple[tuple[int, int], slice, int]] = []

    def _new_regrets(self) -> SampledRegrets:
        return SampledRegrets(self.game, SAMPLINGS[self.sampling], self.options, self.seed, self.memory_bytes)

    @property
    def iterations(self) -> int:
        """Complete iterations so far, one walk for every player each."""
        return self._regrets.iterations

    @property
    def num_information_states(self) -> int:
        """Information states reached so far."""
        return self._regrets.num_information_states

    @property
    def num_remembered_histories(self) -> int:
        """Histories in memory, for which the rules need not be asked again."""
        return self._regrets.num_histories

    def _iterate(self, count: int, watch: Watch) -> str | None:
        return self._regrets.run(count, watch)

    def _memory_is_full(self) -> str:
        return (
            f"{self.game}: {self.num_information_states} information states fill memory_bytes={self.memory_bytes} "
            f"after {self.iterations} iterations. Everything learned is complete: average_policy() and save(path) "
            "work, and a solver with a larger memory_bytes continues from there by load(path)"
        )

    # ---- Checkpoints ----

    def _meta(self) -> dict[str, Any]:
        return {
            "game": str(self.game),
            "sampling": self.sampling,
            "options": self.options,
            "seed": self.seed,
            "iterations": self.iterations,
            "memory_bytes": self.memory_bytes,
        }

    def _arrays(self) -> Arrays:
        return self._regrets.arrays()

    def _restore(self, path: Path, iterations: int, arrays: Arrays) -> None:
        self._regrets.arrays()  # raises during a walk
        self._check(path, arrays)
        other = self._new_regrets()
        failure = other.put(iterations, arrays)
        if failure == "names":
            raise CheckpointError(f"{path}: expected a different name for every information state, two have the same")
        if failure is not None:
            raise MemoryLimitError(
                f"{path} has {len(arrays['name'])} information states, which do not fit in "
                f"memory_bytes={self.memory_bytes}; give more"
            )
        self._regrets = other

    def _check(self, path: Path, arrays: Arrays) -> None:
        """Raise `CheckpointError` unless a solver of this game with these options can have written these arrays."""
        states, actions = len(arrays.get("player", ())), len(arrays.get("action", ()))
        checkpoints.check_arrays(path, arrays, self._regrets.layout(states, actions))
        count, action = arrays["count"].astype(np.int64), arrays["action"]
        players, most = self.game.num_players(), self.game.num_distinct_actions()

        def refuse(what: str) -> NoReturn:
            raise CheckpointError(f"{path}: expected {what}, got something else; it is damaged, or of other rules")

        if not ((arrays["player"] >= 0) & (arrays["player"] < players)).all():
            refuse(f"players from 0 to {players - 1}")
        if not ((count >= 1) & (count <= most)).all() or count.sum() != actions:
            refuse(f"from 1 to {most} actions in every information state, {actions} in all")
        if not ((action >= 0) & (action < most)).all():
            refuse(f"actions from 0 to {most - 1}")
        first = np.zeros(actions + 1, bool)
        first[np.cumsum(count)] = True
        if not ((np.diff(action) > 0) | first[1:actions]).all():
            refuse("ascending actions in every information state")
        if not (arrays["average"] >= 0).all():
            refuse("averages from 0")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learned, with information states in the order in which walks reached them.

        By information state: `name` (128 bits) `[I, 2]`, `player` and `count` of actions, `[I]`. By action, one
        information state after the other: `action`, `regret` and `average` (sums, not normalised) `[A]`; `baseline`
        `[A, P]`, or `[A, 0]` without baselines.
        """
        with self._exclusive:
            return dict(self._regrets.arrays())

    # ---- What was found ----

    def action_probabilities(self, state: State, player: int | None = None) -> dict[int, float]:
        """The average strategy at a state: `{action: probability}`, uniform in states that play never reached.

        Works in games of any size. player: who acts, by default; others have no action.
        """
        self._check_game(state)
        legal = state.legal_actions(player)
        if not legal or state.current_player() < 0:
            return {}
        with self._exclusive:
            row = self._regrets.average(self._regrets.name_at(state))
        return dict(zip(legal, row if len(row) == len(legal) else [1 / len(legal)] * len(legal), strict=True))

    def name_at(self, state: State) -> tuple[int, int]:
        """The name in `arrays` of the information state of the player who acts at `state`: two numbers."""
        with self._exclusive:
            self._check_game(state)
            if state.current_player() < 0:
                raise ParameterError(f"expected a state of {self.game} at which a player acts, got {state!r}")
            return self._regrets.name_at(state)

    def _check_game(self, state: State) -> None:
        if state.get_game() != self.game:
            raise ParameterError(f"this solver plays {self.game}, got a state of {state.get_game()}")

    @property
    def tree(self) -> GameTree:
        """The unrolled game, for policies and exploitabilities. Raises `MemoryLimitError` if it does not fit."""
        with self._exclusive:
            if self._unrolled is None:
                tree = GameTree(self.game)
                rows = zip(tree.histories(), tree.information_states, strict=True)
                self._names = [
                    (self.name_at(self.game.state_from_history(history)), sequences, len(actions))
                    for history, (_, _, actions, sequences) in rows
                ]
                self._unrolled = tree
            return self._unrolled

    def average_strategy(self) -> NDArray[np.float64]:
        """The average strategy over the sequences of `tree`, `[S]`; uniform in states that play never reached."""
        with self._exclusive:
            strategy = self.tree.uniform()
            for name, sequences, count in self._names:
                row = self._regrets.average(name)
                if len(row) == count:
                    strategy[sequences] = row
            return strategy


def _has(name: str, value: object, sampling: str, has: bool) -> bool:
    """Whether a sampling has an option. Raises `ParameterError` if a value is given for an option that it lacks."""
    if value is not None and not has:
        raise ParameterError(f"{sampling} sampling has no {name}; leave it out")
    return has
