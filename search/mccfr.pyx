"""`MCCFR`: regret minimisation from sampled play, for games too large to be unrolled.

The walks and their memory are C (csrc/mccfr.c). This file gives them names, budgets, checkpoints, Ctrl-C and policies.
"""

import math
import operator

import numpy as np

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int8_t, int32_t, uint8_t, uint16_t, uint32_t, uint64_t

from game cimport lt_game, lt_max_actions
from mccfr cimport *

from longthink.errors import GameError, MemoryLimitError, ParameterError, UnknownNameError
from longthink.search import checkpoint as checkpoints
from longthink.search.cfr import GameTree
from longthink.search.iterations import run_iterations
from longthink.search.policy import Policy

# What is followed at the nodes of the learner, of the others, and of chance: one line for each kind of sampling.
SAMPLINGS = {
    "external": (LT_FOLLOW_ALL, LT_FOLLOW_DRAWN, LT_FOLLOW_DRAWN),  # Lanctot et al., NIPS 2009
    "outcome": (LT_FOLLOW_DRAWN, LT_FOLLOW_DRAWN, LT_FOLLOW_DRAWN),  # the same; baselines: Schmid et al., AAAI 2019
    "robust": (LT_FOLLOW_SOME, LT_FOLLOW_DRAWN, LT_FOLLOW_DRAWN),  # Li et al., ICLR 2020
    "chance": (LT_FOLLOW_ALL, LT_FOLLOW_ALL, LT_FOLLOW_DRAWN),  # Zinkevich et al., NIPS 2007
    "public": (LT_FOLLOW_ALL, LT_FOLLOW_ALL, LT_FOLLOW_PRIVATE),  # Johanson et al., AAMAS 2012
}

_OWN = ("game", "sampling", "options")  # what a checkpoint must share with the solver that loads it

_ARRAYS = {"key": np.uint64, "player": np.int8, "count": np.uint16, "action": np.int32,
           "regret": np.float64, "average": np.float64, "baseline": np.float64}


cdef class MCCFR:
    """Monte Carlo counterfactual regret minimisation: comes near an equilibrium by sampled play, in bounded memory.

    sampling: "external" (all actions of the learner, one of the others and of chance), "outcome" (one of each),
    "robust" (`k` of the learner's), "chance" (all of the players', one of chance), "public" (all of the players' and of
    private chance; one of the chance that everybody sees). An iteration is one walk for every player.

    epsilon: share of uniform play in the learner's draws of outcome sampling (0.6). k: of robust sampling (2).
    baseline: step of the moving averages that take the luck of the draw out of sampled values, in [0, 1]; 0: none
    (outcome sampling 0.1, others 0). regret_power, average_power: regrets and strategy of iteration t count t^power;
    1 and 1 is linear MCCFR. floor: no cumulative regret stays below; 0 is regret matching+. prune_below: an action of
    the learner's with a smaller regret is passed over with chance `prune_share`, and counts the more the other times.
    seed: the same seed gives the same strategies. memory_bytes: never passed; `run` raises `MemoryLimitError` when the
    information states fill it, and all that was learned stays.

    Raises `UnknownNameError`, `ParameterError`, `MemoryError`.
    Lanctot, Waugh, Zinkevich and Bowling, "Monte Carlo sampling for regret minimization in extensive games", NIPS 2009.
    """

    cdef lt_mccfr *data
    cdef const lt_game *table
    cdef readonly object game, sampling, options, seed, memory_bytes
    cdef object unrolled, keys

    def __init__(self, game, sampling="external", *, epsilon=None, k=None, baseline=None, regret_power=0.0,
                 average_power=0.0, floor=-math.inf, prune_below=None, prune_share=0.95, seed=0, memory_bytes=1 << 30):
        if sampling not in SAMPLINGS:
            raise UnknownNameError.of("sampling", sampling, SAMPLINGS)
        if not 0 <= operator.index(seed) < 2**63:
            raise ParameterError(f"seed expects a number in 0..2^63-1, got {seed}")
        self.game, self.sampling, self.seed, self.memory_bytes = game, sampling, seed, operator.index(memory_bytes)
        learner, others, chance = SAMPLINGS[sampling]
        if baseline is None:
            baseline = 0.1 if learner == LT_FOLLOW_DRAWN else 0.0
        self.options = {
            "baseline": _number("baseline", baseline, 0, 1 if others == LT_FOLLOW_DRAWN else 0),
            "regret_power": _number("regret_power", regret_power, 0, 10),
            "average_power": _number("average_power", average_power, 0, 10),
            "floor": _number("floor", floor, -math.inf, 0),
        }
        if _has("epsilon", epsilon, sampling, learner == LT_FOLLOW_DRAWN):
            self.options["epsilon"] = _number("epsilon", 0.6 if epsilon is None else epsilon, 1e-6, 1)
        if _has("k", k, sampling, learner == LT_FOLLOW_SOME):
            self.options["k"] = int(_number("k", 2 if k is None else operator.index(k), 1, 2**16))
        if _has("prune_below", prune_below, sampling, learner == LT_FOLLOW_ALL) and prune_below is not None:
            self.options["prune_below"] = _number("prune_below", prune_below, floor, 0)
            self.options["prune_share"] = _number("prune_share", prune_share, 0, 0.999)
        self.table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
        smallest = int(lt_mccfr_least_bytes(self.table))
        if self.memory_bytes < smallest:
            raise ParameterError(f"memory_bytes expects at least {smallest} for {game}, got {memory_bytes}")
        cdef lt_mccfr_options o
        o.learner, o.others, o.chance = learner, others, chance
        given = self.options.get
        o.some, o.epsilon, o.baseline = given("k", 1), given("epsilon", 0.0), given("baseline")
        o.regret_power, o.average_power, o.floor = given("regret_power"), given("average_power"), given("floor")
        o.prune_below, o.prune_share = given("prune_below", -math.inf), given("prune_share", 0.0)
        self.data = lt_mccfr_new(self.table, o, seed, self.memory_bytes)
        if self.data == NULL:
            raise MemoryError(f"no memory for {memory_bytes} bytes; give a smaller memory_bytes")
        game.raise_failure()

    def __dealloc__(self):
        lt_mccfr_free(self.data)

    @property
    def iterations(self):
        """Iterations made so far, one walk for every player each."""
        return lt_mccfr_iterations(self.data)

    @property
    def num_information_states(self):
        """Information states met so far."""
        return lt_mccfr_num_infostates(self.data)

    @property
    def num_remembered_histories(self):
        """Histories whose rules need not be asked again."""
        return lt_mccfr_num_histories(self.data)

    # ---- Run ----

    def run(self, iterations=None, *, until=None, budget=None, progress=None, checkpoint=None, every=60.0):
        """Iterate until the first of: `iterations` more, `until` an `Exploitability`, `budget` (seconds; or
        simulations, which are iterations) is reached. Goes on from where the last run ended.

        `until` unrolls the game to know the exploitability: for games that fit. Ctrl-C stops after the iteration at
        hand and returns. progress: called now and then with the `Spent` so far. checkpoint: a path that `save` is
        called with, every `every` seconds, and at the end.

        Raises `ParameterError` where there is no limit, or another one; `MemoryLimitError` where the memory is full,
        all that was learned being whole, and saved; `GameError` where rules break; `CheckpointError`.
        """
        if checkpoint is not None:
            checkpoints.check_place(checkpoint, "MCCFR", self._meta(), (*_OWN, "seed"))
        save = None if checkpoint is None else lambda: self.save(checkpoint)
        result = run_iterations("MCCFR", self._iterate, lambda: self.iterations, self.exploitability, save,
                                iterations=iterations, until=until, budget=budget, progress=progress, every=every)
        if result.stopped_by == "memory":
            raise MemoryLimitError(
                f"{self.game}: {self.num_information_states} information states fill memory_bytes={self.memory_bytes} "
                f"after {self.iterations} iterations. What was learned is whole: average_policy() and save(path) work, "
                "and a solver with a larger memory_bytes goes on from there by load(path)")
        return result

    def _iterate(self, uint64_t count):
        cdef lt_mccfr_status status
        with nogil:
            status = lt_mccfr_run(self.data, count)
        if status == LT_MCCFR_OK:
            return None
        if status == LT_MCCFR_FULL:
            return "memory"
        self.game.raise_failure()
        if status == LT_MCCFR_TOO_WIDE:
            raise GameError(f"{self.game}: a state has more than 65535 actions, more than a node can hold")
        if status == LT_MCCFR_TOO_DEEP:
            raise MemoryLimitError(f"{self.game}: memory_bytes={self.memory_bytes} is too little for a walk to the end "
                                   "of the game; give more")
        if status == LT_MCCFR_OTHER_ACTIONS:
            raise GameError(f"{self.game} lists different legal actions in one information state, or two information "
                            "states have one 64-bit key")
        raise GameError(f"{self.game}: its rules broke (a state that is not over has no legal action, an action that "
                        "is listed as legal is refused, or a history is longer than declared)")

    # ---- Checkpoints ----

    def save(self, path):
        """Write all that was learned to a file, from which `load` goes on with the same bits.

        Raises `CheckpointError` where it cannot be written; what was there before stays.
        """
        checkpoints.save(path, "MCCFR", self._meta(), self.arrays())

    def load(self, path):
        """Go on from a checkpoint of the same game, sampling and options; gives the iterations it has.

        With the seed of the solver that wrote it, what comes has the same bits as if it had never stopped. memory_bytes may
        differ.

        Raises `CheckpointError` where the file is missing, damaged or of something else, `MemoryLimitError` where it does not
        fit; the solver stays as it is.
        """
        meta, arrays = checkpoints.load(path, "MCCFR")
        checkpoints.check_own(path, meta, self._meta(), _OWN)
        cdef MCCFR other = MCCFR(self.game, self.sampling, seed=self.seed, memory_bytes=self.memory_bytes, **self.options)
        if other._import(meta["iterations"], arrays) != LT_MCCFR_OK:
            raise MemoryLimitError(f"{path} has {len(arrays['key'])} information states, which do not fit in "
                                   f"memory_bytes={self.memory_bytes}; give more")
        self.data, other.data = other.data, self.data
        return self.iterations

    def _meta(self):
        return {"game": str(self.game), "sampling": self.sampling, "options": self.options, "seed": self.seed,
                "iterations": self.iterations, "memory_bytes": self.memory_bytes}

    def arrays(self):
        """What was learned, information states in the order in which they were met.

        By information state `key`, `player`, and `count` of actions, `[I]`; by action, one information state after the
        other, `action`, `regret` and `average` (sums, not normalised) `[A]`; `baseline` `[A, P]`, or `[A, 0]` where
        none are kept.
        """
        infostates, actions = lt_mccfr_num_infostates(self.data), lt_mccfr_num_actions(self.data)
        width = self.table.num_players if self.options["baseline"] > 0 else 0
        arrays = {name: np.empty(infostates if name in ("key", "player", "count") else actions, dtype)
                  for name, dtype in _ARRAYS.items()}
        arrays["baseline"] = np.empty((actions, width))
        if infostates:
            lt_mccfr_export(self.data, _pointers(arrays))
        return arrays

    cdef lt_mccfr_status _import(self, uint64_t iterations, arrays):
        if len(arrays["key"]) == 0:
            return LT_MCCFR_OK
        return lt_mccfr_import(self.data, iterations, len(arrays["key"]), _pointers(arrays))

    # ---- What was found ----

    def action_probabilities(self, state, player=None):
        """What the average strategy does at a state: `{action: probability}`, uniform where play never came.

        Works in games of any size. player: who acts, as by default; others have no action.
        """
        if state.get_game() != self.game:
            raise ParameterError(f"this solver plays {self.game}, got a state of {state.get_game()}")
        legal = state.legal_actions(player)
        if not legal or state.current_player() < 0:
            return {}
        row = np.empty(lt_max_actions(self.table))
        cdef double[::1] out = row
        cdef uint32_t n = lt_mccfr_average(self.data, self.key_at(state), &out[0])
        return dict(zip(legal, row[:n].tolist() if n == len(legal) else [1 / len(legal)] * len(legal), strict=True))

    def key_at(self, state):
        """The key in `arrays` of the information state of who acts at `state`."""
        cdef const uint8_t[::1] buffer = state.buffer
        key = lt_mccfr_key(self.data, &buffer[0])
        self.game.raise_failure()
        return key

    @property
    def tree(self):
        """The game unrolled, for policies and exploitabilities. Raises `MemoryLimitError` where it does not fit."""
        if self.unrolled is None:
            tree = GameTree(self.game)
            rows = zip(tree.histories(), tree.information_states, strict=True)
            self.keys = [(self.key_at(self.game.state_from_history(history)), sequences, len(actions))
                         for history, (_, _, actions, sequences) in rows]
            self.unrolled = tree
        return self.unrolled

    def average_strategy(self):
        """The average strategy over the sequences of `tree`, `[S]`; uniform where play never came."""
        strategy = self.tree.uniform()
        row = np.empty(lt_max_actions(self.table))
        cdef double[::1] view = row
        for key, sequences, count in self.keys:
            if lt_mccfr_average(self.data, key, &view[0]) == count:
                strategy[sequences] = row[:count]
        return strategy

    def average_policy(self):
        """The average strategy as a `Policy`, for games that can be unrolled; for others see `action_probabilities`."""
        return Policy.from_strategy(self.tree, self.average_strategy())

    def values(self):
        """What every player gets where all play the average strategy: `[P]`, in utilities."""
        return self.tree.values(self.average_strategy())

    def nash_conv(self):
        """What all players together could gain by best answers to the average strategy, in utilities."""
        return self.tree.nash_conv(self.average_strategy())

    def exploitability(self):
        """NashConv over the number of players, as OpenSpiel defines it, in utilities."""
        return self.nash_conv() / self.table.num_players


cdef lt_mccfr_arrays _pointers(dict arrays):
    """The addresses of what `arrays` gives."""
    cdef lt_mccfr_arrays p
    cdef uint64_t[::1] key = arrays["key"]
    cdef int8_t[::1] player = arrays["player"]
    cdef uint16_t[::1] count = arrays["count"]
    cdef int32_t[::1] action = arrays["action"]
    cdef double[::1] regret = arrays["regret"], average = arrays["average"], baseline = arrays["baseline"].reshape(-1)
    p.key, p.player, p.count, p.action = &key[0], &player[0], &count[0], &action[0]
    p.regret, p.average, p.baseline = &regret[0], &average[0], &baseline[0] if baseline.shape[0] else NULL
    return p


def _number(name, value, least, most):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ParameterError(f"{name} expects a number in {least}..{most}, got {value!r}")
    return float(value)


def _has(name, value, sampling, bint has):
    """Whether a sampling has an option. Raises `ParameterError` where it was given one that it has not."""
    if value is not None and not has:
        raise ParameterError(f"{sampling} sampling has no {name}; leave it out")
    return has
