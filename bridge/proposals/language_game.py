"""The language game: a task, a proposer and a verifier as a game whose actions are found during the search.

A state is a transcript. Its actions are the proposals for it, numbered. They are unknown until the proposer is asked,
which happens when the search tree asks for the leaf. The C tree searches the game through ask / tell, like any other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.tasks.task import Task, Transcript
from longthink.bridge.tasks.verifier import Verifier, task_verifier
from longthink.games.adapters.numba import TERMINAL
from longthink.games.core import Game, ObjectRules, State, object_game
from longthink.games.text import Text

MAX_PROPOSALS = 1024
"""The most proposals of a state; if there are more, the most probable ones are kept."""


class LanguageGame:
    """One player writes a transcript step by step and gets the value of the verifier, in [0, 1].

    best: the best transcript with an answer that was verified so far, and its value. left_out: how many proposals are
    no actions, because their state has more than `MAX_PROPOSALS`.
    once: a finished transcript with a value between 0 and 1 does not end the game; it has one more action, which ends
    the game with value 0. So a tree search gets the value once, and then has proven that it can gain nothing more
    there. If the transcript ended the game, the search would return to it again and again for its value.
    """

    def __init__(
        self, task: Task, proposer: Proposer, verifier: Verifier = task_verifier, *, once: bool = False
    ) -> None:
        self.task, self.proposer, self.verifier, self._once = task, proposer, verifier, once
        self.best: tuple[float, Transcript] | None = None
        self.left_out = 0
        self._proposals: dict[Transcript, list[Proposal]] = {}
        self._values: dict[Transcript, float] = {}

    @cached_property
    def game(self) -> Game:
        """The game, for any search."""
        return object_game(
            self.task.name,
            lambda: LanguageState(self, self.task.initial),
            num_players=1,
            num_distinct_actions=MAX_PROPOSALS,
            max_game_length=self.task.max_steps + self._once,
            min_utility=0.0,
            max_utility=1.0,
            text=self._make_words,
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("game", "_words")}

    def _make_words(self, rules: ObjectRules) -> _Words:
        self._words = _Words(self, rules)
        return self._words

    def transcript(self, history: list[int]) -> Transcript:
        """The transcript that the actions of a history write."""
        transcript = self.task.initial
        for action in history:
            if not self.task.done(transcript):
                transcript = (*transcript, self._proposals[transcript][action].text)
        return transcript

    def transcript_at(self, buffer: NDArray[np.uint8]) -> Transcript:
        """The transcript of a state's buffer: `transcript` of its history, but from the rules' own store."""
        data = buffer.tobytes()
        length = int.from_bytes(data[:4], sys.byteorder)
        found: LanguageState = self._words.rules.find(data[: 4 * (1 + length)])
        return found.transcript

    def propose(self, transcript: Transcript) -> list[Proposal]:
        """The proposals for a transcript, from the proposer the first time. If there are none, the game is over."""
        if transcript not in self._proposals:
            self.learn(transcript, self.proposer.propose(self.task, transcript))
        return self._proposals[transcript]

    def learn(self, transcript: Transcript, proposals: list[Proposal]) -> list[Proposal]:
        """Keep the proposals for a transcript, unless some are known already, and return those that are kept."""
        if transcript not in self._proposals:
            if len(proposals) > MAX_PROPOSALS:
                self.left_out += len(proposals) - MAX_PROPOSALS
                proposals = sorted(proposals, key=lambda each: -each.prior)[:MAX_PROPOSALS]
            self._proposals[transcript] = proposals
        return self._proposals[transcript]

    def known(self, transcript: Transcript) -> list[Proposal] | None:
        """The proposals for a transcript, or None if they are unknown."""
        return self._proposals.get(transcript)

    @property
    def num_known(self) -> int:
        """For how many transcripts the proposals are known."""
        return len(self._proposals)

    @contextmanager
    def forgotten(self) -> Iterator[Callable[[int], None]]:
        """Forget all proposals during a `with` block, to repeat a search.

        Yields a function of a number n, which learns the first n proposals again, in their first order.
        """
        learned, self._proposals = self._proposals, {}
        items = iter(learned.items())

        def learn(known: int) -> None:
            while len(self._proposals) < known:
                transcript, proposals = next(items)
                self._proposals[transcript] = proposals

        try:
            yield learn
        finally:
            self._proposals = learned

    def over(self, transcript: Transcript) -> bool:
        """Whether a transcript is finished, or has no proposals."""
        return self.task.done(transcript) or self._proposals.get(transcript) == []

    def closes(self, transcript: Transcript) -> bool:
        """Whether a transcript is finished and has one more action, which ends the game."""
        return self._once and self.task.done(transcript) and 0.0 < self.value(transcript) < 1.0

    def known_value(self, transcript: Transcript) -> float | None:
        """The value of a transcript, or None if the verifier was not asked about it."""
        return self._values.get(transcript)

    def value(self, transcript: Transcript) -> float:
        """The value of a transcript: from the verifier if it has an answer, else 0."""
        if not self.task.answered(transcript):
            return 0.0
        if transcript not in self._values:
            self._values[transcript] = value = self.verifier(self.task, transcript)
            if self.best is None or value > self.best[0]:
                self.best = (value, transcript)
        return self._values[transcript]


class LanguageState:
    """A transcript with the methods of a state of a game, for `object_game`."""

    __slots__ = ("_actions", "_closed", "_language", "transcript")

    def __init__(self, language: LanguageGame, transcript: Transcript) -> None:
        self._language, self.transcript = language, transcript
        self._actions: list[int] = []  # empty until they are known
        self._closed = False

    def current_player(self) -> int:
        if self._actions or not self._language.over(self.transcript):
            return 0
        return TERMINAL if self._closed or not self._language.closes(self.transcript) else 0

    def legal_actions(self) -> list[int]:
        if not self._actions:
            closes = not self._closed and self._language.closes(self.transcript)
            self._actions = [0] if closes else list(range(len(self._language.known(self.transcript) or ())))
        return self._actions

    def apply_action(self, action: int) -> None:
        if self._language.closes(self.transcript):
            self._closed = True
        else:
            proposals = self._language.known(self.transcript) or []
            self.transcript = (*self.transcript, proposals[action].text)
        self._actions = []

    def returns(self) -> list[float]:
        return [0.0 if self._closed else self._language.value(self.transcript)]

    def clone(self) -> LanguageState:
        copy = LanguageState(self._language, self.transcript)
        copy._closed = self._closed
        return copy


class _Words(Text):
    def __init__(self, language: LanguageGame, rules: ObjectRules) -> None:
        self._language, self.rules = language, rules

    def state(self, state: State) -> str:
        return "\n".join([self._language.task.prompt, *self._language.transcript(state.history())])

    def action(self, state: State, player: int, action: int) -> str:
        return self._language.propose(self._language.transcript(state.history()))[action].text
