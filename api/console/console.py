"""`Console`: a game as a person plays it in the terminal, against tree search or a computed strategy.

It says how a position looks, how an action is typed, and what plays the other side. This one suits any game; a game
with its own board has a subclass, as Go in longthink.go.terminal.
"""

from __future__ import annotations

import os
import sys

import numpy as np

import longthink as lt


class Console:
    """Any game in the terminal."""

    commands = "hint, opinion, undo, resign, save FILE, help, quit"

    def __init__(self, game: lt.Game, person: int, budget: lt.Budget, seed: int = 0, show: bool = False) -> None:
        """person: the player that is typed. budget: of the search for one move. show: print what the search finds."""
        self.game, self.person, self.budget, self.show = game, person, budget, show
        self.rng = np.random.default_rng(seed)
        self._search: lt.MCTS | None = None
        self._policy: lt.Policy | None = None
        if game.perfect_information:
            self._search = lt.MCTS(game, seed=seed)
        else:
            solver = lt.CFR(game)
            solver.run(budget=lt.Budget(seconds=2))
            print(f"playing the average strategy of CFR+, exploitability {solver.exploitability():.2g}")
            self._policy = solver.average_policy()

    # ---- What a person sees and types ----

    @property
    def help(self) -> str:
        """What a person may type."""
        return f"type an action as it is listed, or its number in the list; {self.commands}"

    def picture(self, state: lt.State) -> str:
        """The position, with what the person may see."""
        return str(state) if self.game.perfect_information else state.information_state_string(self.person)

    def question(self, state: lt.State) -> str:
        """The text before the person's answer."""
        menu = "  ".join(
            name if name.endswith(str(action)) else f"{action}={name}" for action, name in self._names(state).items()
        )
        return f"you are player {self.person} [{menu}]: "

    def action(self, state: lt.State, text: str) -> int | None:
        """The action that was typed, or None if it is not a legal one."""
        names = self._names(state)
        for action, name in names.items():
            if text == name:
                return action
        return int(text) if text.isascii() and text.isdecimal() and int(text) in names else None

    def refusal(self, state: lt.State, text: str) -> str:
        """Why a text is not a legal action."""
        return f"{text!r} is not one of {[*self._names(state).values()]}; {self.help}"

    def move(self, state: lt.State, action: int) -> str:
        """The line that says who acts, and how."""
        player = state.current_player()
        if player < 0:
            return f"chance: {state.action_to_string(action)}"
        return f"player {player}: {state.action_to_string(player, action)}"

    def result(self, state: lt.State) -> str:
        """How a game ended."""
        mine = state.returns()[self.person]
        return f"{'you win' if mine > 0 else 'you lose' if mine < 0 else 'a draw'}: {state.returns()}"

    def extra(self, state: lt.State, command: str) -> str | None:
        """The answer to a command that only this game has, or None."""
        return None

    def file_text(self, state: lt.State, file: str) -> str:
        """The game as the text of a file."""
        return ",".join(map(str, state.history())) + "\n"

    def _names(self, state: lt.State) -> dict[int, str]:
        """The legal actions of the person and their names."""
        return {action: state.action_to_string(self.person, action) for action in state.legal_actions()}

    # ---- What plays the other side ----

    def choose(self, state: lt.State) -> int | None:
        """The action of the other side, or None if it resigns."""
        if self._search is None:
            probabilities = self._probabilities(state)
            if self.show:
                print("  ".join(f"{state.action_to_string(a)}: {p:.1%}" for a, p in probabilities.items()))
            return int(self.rng.choice(list(probabilities), p=list(probabilities.values())))
        result = self._search.run(state, self.budget)
        if self.show:
            line = sorted(zip(result.visits, result.actions, result.values, strict=True), reverse=True)[:4]
            print("  ".join(f"{state.action_to_string(int(a))}: {n} visits, {v:+.2f}" for n, a, v in line if n))
        return result.best_action

    def hint(self, state: lt.State) -> str:
        """What the search would play for the person."""
        return f"the search would play {state.action_to_string(self.person, int(self.choose(state) or 0))}"

    def opinion(self, state: lt.State) -> str:
        """How good the search finds the actions."""
        if self._search is None:
            return "\n".join(
                f"  {state.action_to_string(a):>8} {p:7.1%}" for a, p in self._probabilities(state).items()
            )
        return self.opinion_lines(state, self._search.run(state, self.budget))

    def opinion_lines(self, state: lt.State, result: lt.SearchResult, count: int = 5) -> str:
        """The best actions of a search result, one per line."""
        low, high = self.game.min_utility(), self.game.max_utility()
        lines = []
        for place, i in enumerate(best(result)[:count], 1):
            name = state.action_to_string(result.player, int(result.actions[i])).strip()
            rate = (float(result.values[i]) - low) / (high - low)
            lines.append(f"  {place}. {name:<8} {int(result.visits[i]):>9,} visits   {rate:6.1%}")
        return "\n".join(lines)

    def _probabilities(self, state: lt.State) -> dict[int, float]:
        assert self._policy is not None
        return dict(self._policy.action_probabilities(state))


def best(result: lt.SearchResult) -> list[int]:
    """The places of the visited actions in a result, the best first."""
    return [int(i) for i in result.ranking if result.visits[i]]


def use_colours() -> bool:
    """Whether to print in colours: on a terminal, unless NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def can_print(text: str) -> bool:
    """Whether the terminal's encoding has these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
