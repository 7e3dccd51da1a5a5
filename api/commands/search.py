"""`longthink search`: tree search from a state of a game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import longthink as lt
from longthink.command_line import DONE, INTERRUPTED
from longthink.commands.choices import Chosen, choices_of_game, specialise
from longthink.commands.command import Command
from longthink.commands.output import Json, print_json, spent_text
from longthink.commands.progress import progress_bar
from longthink.options import Run, option, seconds, seed, whole


def search(
    game: Annotated[str, option("A game of `longthink games`; parameters may follow in brackets.")],
    /,
    *,
    history: Annotated[tuple[int, ...], whole("The actions that lead to the state, as 3,3,2.", 0)] = (),
    simulations: Annotated[int | None, whole("Limit of simulations; default: 100000 if no limit is given.", 1)] = None,
    seconds: Annotated[float | None, seconds("Limit of time.")] = None,
    rule: Annotated[Literal["uct", "puct"], option("The selection rule.")] = "uct",
    threads: Annotated[int, whole("Threads of the search.", 1)] = 1,
    seed: Annotated[int, seed("Seed of the search.")] = 0,
    json: Json = False,
    game_options: Chosen = None,
) -> int:
    """Find the best action in a state of a game with perfect information, by tree search."""
    loaded = lt.load_game(game, **(game_options or {}))
    if not loaded.perfect_information:
        raise lt.ParameterError(f"search expects a game in which players see everything; use: longthink solve {game}")
    state = loaded.state_from_history(history)
    budget = lt.Budget(simulations=simulations, seconds=seconds)
    if budget == lt.Budget():
        budget = lt.Budget(simulations=100_000)
    tree = lt.MCTS(loaded, lt.PUCT() if rule == "puct" else lt.UCT(), seed=seed, threads=threads)
    with progress_bar(f"searching {loaded}", budget, json) as progress:
        result = tree.run(state, budget, progress=progress)
    if json:
        _print_json(state, result)
    else:
        _print(state, result)
    return INTERRUPTED if result.interrupted else DONE


def _print(state: lt.State, result: lt.SearchResult) -> None:
    print(state)
    print(f"{'action':>12} {'visits':>10} {'share':>7} {'value':>8}")
    for i in sorted(range(len(result.actions)), key=lambda i: -int(result.visits[i])):
        text = state.action_to_string(int(result.actions[i]))
        print(f"{text:>12} {result.visits[i]:>10} {result.policy[i]:>7.1%} {result.values[i]:>8.4f}")
    print(f"best: {state.action_to_string(result.best_action)}   value {result.value:.4f} for player {result.player}")
    print(f"line: {_line(state, result.principal_variation)}")
    print(f"spent: {spent_text(result.spent)}, {result.nodes} nodes, stopped by {result.stopped_by}")


def _print_json(state: lt.State, result: lt.SearchResult) -> None:
    columns = zip(result.actions, result.visits, result.values, strict=True)
    print_json(
        game=str(state.get_game()),
        history=state.history(),
        player=result.player,
        best_action=result.best_action,
        value=result.value,
        principal_variation=result.principal_variation,
        actions=[
            {"action": int(a), "text": state.action_to_string(int(a)), "visits": int(n), "value": float(v)}
            for a, n, v in columns
            if n
        ],
        spent=result.spent.as_dict(),
        stopped_by=result.stopped_by,
    )


def _line(state: lt.State, actions: Sequence[int]) -> str:
    """The names of actions that follow each other from `state` on."""
    state, names = state.clone(), []
    for action in actions:
        names.append(state.action_to_string(action))
        state.apply_action(action)
    return " ".join(names)


def with_choices(words: Sequence[str]) -> Run:
    """`search` with the parameters of the game that the words name."""
    return specialise(search, choices_of_game(words))


COMMAND = Command(
    search,
    """  longthink search connect_four --history 3,3,2 --seconds 5
  longthink search connect_four --rows 5 --rule puct --simulations 1e6 --threads 2
  longthink search "go(board_size=9)" --seconds 10 --json""",
    with_choices,
)
