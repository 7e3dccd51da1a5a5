"""The language game: a task, a proposer and a verifier as a game whose actions are found as the search goes.

A state is a transcript. Its actions are the proposals for it, numbered; they are unknown until somebody asks the
proposer, which is what happens when the search tree asks for the leaf. The C tree searches it through ask / tell like
any game.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.tasks.task import Task, Transcript
from longthink.bridge.tasks.verifier import Verifier, task_verifier
from longthink.games.adapters.numba import TERMINAL
from longthink.games.core import Game, ObjectRules, State, object_game
from longthink.games.text import Text

MAX_PROPOSALS = 1024
"""Proposals of a state at most; of more, the likeliest are kept."""


class LanguageGame:
    """One player writes a transcript step by step and gets what the verifier says of it, in [0, 1].

    game: the game, for any search. best: the best transcript with an answer that was verified so far, and its value.
    left_out: how many proposals were more than `MAX_PROPOSALS` of their state, and so are no actions.
    once: a finished transcript that is partly right is no end of the game but has one action, which ends it for
    nothing. So a tree search can be told its value once, and then has proven that there is nothing more to get there;
    as an end it would be gone to again and again for its part.
    """

    def __init__(
        self, task: Task, proposer: Proposer, verifier: Verifier = task_verifier, *, once: bool = False
    ) -> None:
        self.task, self.proposer, self.verifier, self._once = task, proposer, verifier, once
        self.best: tuple[float, Transcript] | None = None
        self.left_out = 0
        self._proposals: dict[Transcript, list[Proposal]] = {}
        self._values: dict[Transcript, float] = {}
        self.game: Game = object_game(
            task.name,
            lambda: LanguageState(self, task.initial),
            num_players=1,
            num_distinct_actions=MAX_PROPOSALS,
            max_game_length=task.max_steps + once,
            min_utility=0.0,
            max_utility=1.0,
            text=self._make_words,
        )

    def _make_words(self, rules: ObjectRules) -> _Words:
        self._words = _Words(self, rules)
        return self._words

    def transcript(self, history: list[int]) -> Transcript:
        """What the actions of a history have written."""
        transcript = self.task.initial
        for action in history:
            if not self.task.done(transcript):
                transcript = (*transcript, self._proposals[transcript][action].text)
        return transcript

    def transcript_at(self, buffer: NDArray[np.uint8]) -> Transcript:
        """The transcript of a state's buffer: what `transcript` gives for its history, from the rules' own store."""
        data = buffer.tobytes()
        length = int.from_bytes(data[:4], sys.byteorder)
        found: LanguageState = self._words.rules.find(data[: 4 * (1 + length)])
        return found.transcript

    def propose(self, transcript: Transcript) -> list[Proposal]:
        """The proposals for a transcript, from the proposer the first time; where there are none, it is over."""
        if transcript not in self._proposals:
            self.learn(transcript, self.proposer.propose(self.task, transcript))
        return self._proposals[transcript]

    def learn(self, transcript: Transcript, proposals: list[Proposal]) -> list[Proposal]:
        """Take the proposals for a transcript from whoever asked for them first, and give those that are kept."""
        if transcript not in self._proposals:
            if len(proposals) > MAX_PROPOSALS:
                self.left_out += len(proposals) - MAX_PROPOSALS
                proposals = sorted(proposals, key=lambda each: -each.prior)[:MAX_PROPOSALS]
            self._proposals[transcript] = proposals
        return self._proposals[transcript]

    def known(self, transcript: Transcript) -> list[Proposal] | None:
        """The proposals for a transcript where they were asked for, else None."""
        return self._proposals.get(transcript)

    def over(self, transcript: Transcript) -> bool:
        """Whether a transcript is finished, or nobody knows how to go on."""
        return self.task.done(transcript) or self._proposals.get(transcript) == []

    def closes(self, transcript: Transcript) -> bool:
        """Whether a transcript is finished and has one action more, which ends the game."""
        return self._once and self.task.done(transcript) and 0.0 < self.value(transcript) < 1.0

    def known_value(self, transcript: Transcript) -> float | None:
        """What the verifier has said of a transcript, None if it was not asked."""
        return self._values.get(transcript)

    def value(self, transcript: Transcript) -> float:
        """What the verifier says of a transcript that has an answer; any other is worth nothing."""
        if not self.task.answered(transcript):
            return 0.0
        if transcript not in self._values:
            self._values[transcript] = value = self.verifier(self.task, transcript)
            if self.best is None or value > self.best[0]:
                self.best = (value, transcript)
        return self._values[transcript]


class LanguageState:
    """A transcript with the methods of a game's state, for `object_game`."""

    __slots__ = ("_actions", "_closed", "_language", "transcript")

    def __init__(self, language: LanguageGame, transcript: Transcript) -> None:
        self._language, self.transcript = language, transcript
        self._actions: list[int] = []  # once they are known
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
