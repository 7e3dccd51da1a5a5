"""A language model as an agent: "model:smollm2". It reads the position as text and chooses among the legal moves."""

from __future__ import annotations

from typing import Any

from longthink.benchmarks.harness.matches.agents import Agent, View
from longthink.benchmarks.harness.models import fresh_model
from longthink.bridge.models.model import Completion, Model, cost_of
from longthink.bridge.proposals.proposer import legal_grammar
from longthink.errors import IllegalActionError
from longthink.games.core import Game
from longthink.validation import shown


class LanguageModel(Agent):
    """A language model by its name, as in "model:smollm2", which reads the position as text.

    A model that scores given texts plays the likeliest legal move. One that takes a grammar can write legal moves only.
    Any other model writes what it likes. If that is no legal move, it counts as an illegal answer and the model is
    asked again; with the third one it loses the game.
    """

    tries = 3

    def __init__(self, model: str | Model, /) -> None:
        self._model = fresh_model(model) if isinstance(model, str) else model

    def begin(self, game: Game, seat: int, seed: int) -> None:
        self._seed, self._moves = seed, 0

    def act(self, view: View) -> int:
        actions = {view.action_to_string(action): action for action in view.legal_actions()}
        prompt = self._prompt(view, list(actions))
        self._moves += 1
        if self._model.scores:
            scored = self._pay(self._model.score(prompt, [f" {text}" for text in actions]))
            best = max(range(len(scored)), key=lambda i: scored[i].logprob or 0.0)
            return list(actions.values())[best]
        written, options = "", dict[str, Any](max_tokens=32, stop=["\n"])
        if self._model.grammars:
            options["grammar"] = legal_grammar([f" {text}" for text in actions])
        for attempt in range(self.tries):
            seed = self._seed + self._moves * self.tries + attempt
            answer = self._model.complete(prompt, temperature=0.0 if attempt == 0 else 1.0, seed=seed, **options)
            written = self._pay(answer)[0].text.strip()
            if written in actions:
                return actions[written]
            self.illegal += 1
        raise IllegalActionError(f"the model wrote {shown(written, 100)}, which is no legal move")

    def _prompt(self, view: View, moves: list[str]) -> str:
        position = self._model.as_text(str(view).rstrip())
        return (
            f"You are player {view.player} in the game {view.game.name}. The position:\n\n{position}\n\n"
            f"The legal moves are: {', '.join(moves)}.\nThe best move is:"
        )

    def _pay(self, completions: list[Completion]) -> list[Completion]:
        self.spent += cost_of(completions)
        return completions
