"""A person against the search, in the terminal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import longthink as lt

HELP = "type an action as it is listed, or its number in the list; hint, undo, help, quit"

Opponent = Callable[[lt.State], int]


def play(game: lt.Game, person: int, budget: lt.Budget, *, seed: int = 0, show: bool = False) -> int:
    """Play one game; gives 0, also where the person stops before its end.

    The search plays every other player: tree search where everything is seen, else the average strategy of CFR+.
    Raises `ParameterError` where there is no such player.
    """
    if not 0 <= person < game.num_players():
        raise lt.ParameterError(f"--player expects 0..{game.num_players() - 1} in {game}, got {person}")
    rng = np.random.default_rng(seed)
    opponent = _searcher(game, budget, seed, show) if game.perfect_information else _equilibrium(game, rng, show)
    state = game.new_initial_state()
    print(HELP)
    while not state.is_terminal():
        player = state.current_player()
        if player == -1:
            actions, probabilities = zip(*state.chance_outcomes(), strict=True)
            action = int(rng.choice(actions, p=probabilities))
            if game.perfect_information:
                print(f"chance: {state.action_to_string(action)}")
        elif player == person:
            chosen = _ask(game, state, person, opponent)
            if chosen is None:
                print("stopped")
                return 0
            if chosen == "undo":
                state = _undo(game, state, person)
                continue
            action = int(chosen)
        else:
            action = opponent(state)
            print(f"player {player}: {state.action_to_string(player, action)}")
        state.apply_action(action)
    print(state)
    mine = state.returns()[person]
    print(f"{'you win' if mine > 0 else 'you lose' if mine < 0 else 'a draw'}: {state.returns()}")
    return 0


def _ask(game: lt.Game, state: lt.State, person: int, opponent: Opponent) -> int | str | None:
    """The person's action, "undo", or None to stop."""
    print(state if game.perfect_information else state.information_state_string(person))
    legal = state.legal_actions()
    words = [state.action_to_string(person, action) for action in legal]
    menu = "  ".join(
        word if word.endswith(str(action)) else f"{action}={word}" for action, word in zip(legal, words, strict=True)
    )
    while True:
        try:
            answer = input(f"you are player {person} [{menu}]: ").strip()
        except EOFError:
            return None
        if answer in ("quit", "exit", "q"):
            return None
        if answer == "undo":
            return answer
        if answer == "hint":
            print(f"the search would play {state.action_to_string(person, opponent(state))}")
        elif answer in words:
            return legal[words.index(answer)]
        elif answer.isdecimal() and int(answer) in legal:
            return int(answer)
        elif answer != "":
            print(f"{answer!r} is not among {words}; {HELP}" if answer != "help" else HELP)


def _undo(game: lt.Game, state: lt.State, person: int) -> lt.State:
    """The state before the person's last move; the first one of the game where there was none."""
    history = state.history()
    for length in range(len(history) - 1, -1, -1):
        before = game.state_from_history(history[:length])
        if before.current_player() == person:
            return before
    print("there is nothing to undo")
    return state


def _searcher(game: lt.Game, budget: lt.Budget, seed: int, show: bool) -> Opponent:
    search = lt.MCTS(game, seed=seed)

    def choose(state: lt.State) -> int:
        result = search.run(state, budget)
        if show:
            line = sorted(zip(result.visits, result.actions, result.values, strict=True), reverse=True)[:4]
            print("  ".join(f"{state.action_to_string(int(a))}: {n} visits, {v:+.2f}" for n, a, v in line if n))
        return result.best_action

    return choose


def _equilibrium(game: lt.Game, rng: np.random.Generator, show: bool) -> Opponent:
    solver = lt.CFR(game)
    solver.run(budget=lt.Budget(seconds=2))
    policy = solver.average_policy()
    print(f"playing the average strategy of CFR+, exploitability {solver.exploitability():.2g}")

    def choose(state: lt.State) -> int:
        probabilities = policy.action_probabilities(state)
        if show:
            print("  ".join(f"{state.action_to_string(a)}: {p:.1%}" for a, p in probabilities.items()))
        return int(rng.choice(list(probabilities), p=list(probabilities.values())))

    return choose
