"""A person against the search, in the terminal.

`play` is the same for all games. What differs from game to game is a `Table`: how a position looks, how a move is typed
and told, and what plays on the other side. Go's is in go_board.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import longthink as lt
from longthink.command_line import DONE, NOT_SOLVED
from longthink.files import write_file

Opponent = Callable[[lt.State], int]


class Table:
    """A game as a person plays it: this one suits any game."""

    commands = "hint, opinion, undo, resign, save FILE, help, quit"

    def __init__(self, game: lt.Game, person: int, budget: lt.Budget, seed: int, show: bool) -> None:
        self.game, self.person, self.budget, self.show = game, person, budget, show
        self.rng = np.random.default_rng(seed)
        if game.perfect_information:
            self._search: lt.MCTS | None = lt.MCTS(game, seed=seed)
        else:
            self._search, self._policy = None, self._equilibrium()

    # ---- What a person sees and types ----

    @property
    def help(self) -> str:
        return f"type an action as it is listed, or its number in the list; {self.commands}"

    def picture(self, state: lt.State) -> str:
        """The position as the person may see it."""
        return str(state) if self.game.perfect_information else state.information_state_string(self.person)

    def question(self, state: lt.State) -> str:
        legal = state.legal_actions()
        words = [state.action_to_string(self.person, action) for action in legal]
        menu = "  ".join(
            word if word.endswith(str(action)) else f"{action}={word}"
            for action, word in zip(legal, words, strict=True)
        )
        return f"you are player {self.person} [{menu}]: "

    def action(self, state: lt.State, text: str) -> int | None:
        """The action that was typed, or None."""
        legal = state.legal_actions()
        words = [state.action_to_string(self.person, action) for action in legal]
        if text in words:
            return legal[words.index(text)]
        return int(text) if text.isascii() and text.isdecimal() and int(text) in legal else None

    def refusal(self, state: lt.State, text: str) -> str:
        words = [state.action_to_string(self.person, action) for action in state.legal_actions()]
        return f"{text!r} is not among {words}; {self.help}"

    def told(self, state: lt.State, action: int) -> str:
        """That somebody acted."""
        player = state.current_player()
        if player < 0:
            return f"chance: {state.action_to_string(action)}"
        return f"player {player}: {state.action_to_string(player, action)}"

    def result(self, state: lt.State) -> str:
        """How a game ended."""
        mine = state.returns()[self.person]
        return f"{'you win' if mine > 0 else 'you lose' if mine < 0 else 'a draw'}: {state.returns()}"

    def extra(self, state: lt.State, command: str) -> str | None:
        """The answer to a command that only this game has."""
        return None

    def saved(self, state: lt.State, file: str) -> str:
        """The game as a file."""
        return ",".join(map(str, state.history())) + "\n"

    # ---- What plays on the other side ----

    def choose(self, state: lt.State) -> int | None:
        """The other side's action, or None where it gives up."""
        if self._search is None:
            probabilities = self._policy.action_probabilities(state)
            if self.show:
                print("  ".join(f"{state.action_to_string(a)}: {p:.1%}" for a, p in probabilities.items()))
            return int(self.rng.choice(list(probabilities), p=list(probabilities.values())))
        result = self._search.run(state, self.budget)
        if self.show:
            line = sorted(zip(result.visits, result.actions, result.values, strict=True), reverse=True)[:4]
            print("  ".join(f"{state.action_to_string(int(a))}: {n} visits, {v:+.2f}" for n, a, v in line if n))
        return result.best_action

    def hint(self, state: lt.State) -> str:
        action = self.choose(state)
        return f"the search would play {state.action_to_string(self.person, int(action or 0))}"

    def opinion(self, state: lt.State) -> str:
        """What the search thinks of the moves here."""
        if self._search is None:
            chances = self._policy.action_probabilities(state).items()
            return "\n".join(f"  {state.action_to_string(a):>8} {p:7.1%}" for a, p in chances)
        return self.opinion_lines(state, self._search.run(state, self.budget))

    def opinion_lines(self, state: lt.State, result: lt.SearchResult, count: int = 5) -> str:
        low, high = self.game.min_utility(), self.game.max_utility()
        lines = []
        for place, i in enumerate(best(result)[:count], 1):
            word = state.action_to_string(result.player, int(result.actions[i])).strip()
            rate = (float(result.values[i]) - low) / (high - low)
            lines.append(f"  {place}. {word:<8} {int(result.visits[i]):>9,} visits   {rate:6.1%}")
        return "\n".join(lines)

    def _equilibrium(self) -> Any:
        solver = lt.CFR(self.game)
        solver.run(budget=lt.Budget(seconds=2))
        print(f"playing the average strategy of CFR+, exploitability {solver.exploitability():.2g}")
        return solver.average_policy()


def best(result: lt.SearchResult) -> list[int]:
    """The places of the tried actions of a result, the best first."""
    return [int(i) for i in result.ranking if result.visits[i]]


def table_for(game: lt.Game, person: int, budget: lt.Budget, seed: int, show: bool) -> Table:
    """The table of a game."""
    if game.name == "go":
        from longthink.go.terminal import GoTable

        return GoTable(game, person, budget, seed, show)
    return Table(game, person, budget, seed, show)


def play(game: lt.Game, person: int, budget: lt.Budget, *, seed: int = 0, show: bool = False) -> int:
    """Play one game; returns the exit code: 1 if the person lost or resigned, else 0, also for a game that was left.

    The search plays every other player: tree search where everything is seen, else the average strategy of CFR+.
    Raises `ParameterError` where there is no such player.
    """
    if not 0 <= person < game.num_players():
        raise lt.ParameterError(f"--player expects 0..{game.num_players() - 1} in {game}, got {person}")
    table = table_for(game, person, budget, seed, show)
    state = game.new_initial_state()
    print(table.help)
    while not state.is_terminal():
        player = state.current_player()
        if player == -1:
            actions, probabilities = zip(*state.chance_outcomes(), strict=True)
            action: int | None = int(table.rng.choice(actions, p=probabilities))
            if game.perfect_information:
                print(table.told(state, int(action or 0)))
        elif player == person:
            print(table.picture(state))
            answer = _ask(table, state)
            if answer == "undo":
                state = _undo(game, state, person)
                continue
            if isinstance(answer, str):
                print(answer)
                return NOT_SOLVED if answer == _RESIGNED else DONE
            action = answer
        else:
            action = table.choose(state)
            if action is None:
                print(f"player {player} resigns: you win")
                return DONE
            print(table.told(state, action))
        state.apply_action(int(action or 0))
    print(table.picture(state) if game.perfect_information else state)
    print(table.result(state))
    return NOT_SOLVED if state.returns()[person] < 0 else DONE


_RESIGNED = "you resign"


def _ask(table: Table, state: lt.State) -> int | str:
    """The person's action, "undo", or the last words of a game that ends here."""
    while True:
        try:
            text = " ".join(input(table.question(state)).split())
        except EOFError:
            return "stopped"
        word = text.lower()
        if word in ("quit", "exit", "q"):
            return "stopped"
        if word == "resign":
            return _RESIGNED
        if word == "undo":
            return word
        action = table.action(state, text)
        if action is not None:
            return action
        if word == "hint":
            print(table.hint(state))
        elif word == "opinion":
            print(table.opinion(state))
        elif word.startswith("save ") or word == "save":
            _save(table, state, text[5:])
        elif word in ("help", "?"):
            print(table.help)
        elif word:
            extra = table.extra(state, word)
            print(table.refusal(state, text) if extra is None else extra)


def _save(table: Table, state: lt.State, file: str) -> None:
    try:
        if not file:
            raise lt.ParameterError("save expects a file")
        write_file(file, table.saved(state, file))
        print(f"saved {file}")
    except (OSError, lt.LongthinkError) as error:
        print(f"not saved: {error}")


def _undo(game: lt.Game, state: lt.State, person: int) -> lt.State:
    """The state before the person's last move; the first one of the game where there was none."""
    history = state.history()
    for length in range(len(history) - 1, -1, -1):
        before = game.state_from_history(history[:length])
        if before.current_player() == person:
            return before
    print("there is nothing to undo")
    return state


def colourful() -> bool:
    """Whether to draw in colours: on a terminal, unless NO_COLOR says otherwise."""
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def can_print(text: str) -> bool:
    """Whether the terminal's encoding has these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
