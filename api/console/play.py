"""The loop of a game that a person plays in the terminal."""

from __future__ import annotations

import longthink as lt
from longthink.command_line import DONE, NOT_SOLVED
from longthink.console.console import Console
from longthink.files import write_file

_RESIGNED = "you resign"


def play_game(console: Console) -> int:
    """Play one game; the console plays every player but the person.

    Returns the exit code: 1 if the person loses or resigns, else 0, also for a game that the person leaves.
    """
    game, state = console.game, console.game.new_initial_state()
    print(console.help)
    while not state.is_terminal():
        player = state.current_player()
        if player == -1:
            actions, probabilities = zip(*state.chance_outcomes(), strict=True)
            action: int | None = int(console.rng.choice(actions, p=probabilities))
            if game.perfect_information:
                print(console.move(state, int(action or 0)))
        elif player == console.person:
            print(console.picture(state))
            answer = _ask(console, state)
            if answer == "undo":
                state = _undo(console, state)
                continue
            if isinstance(answer, str):
                print(answer)
                return NOT_SOLVED if answer == _RESIGNED else DONE
            action = answer
        else:
            action = console.choose(state)
            if action is None:
                print(f"player {player} resigns: you win")
                return DONE
            print(console.move(state, action))
        state.apply_action(int(action or 0))
    print(console.picture(state) if game.perfect_information else state)
    print(console.result(state))
    return NOT_SOLVED if state.returns()[console.person] < 0 else DONE


def _ask(console: Console, state: lt.State) -> int | str:
    """The person's action, "undo", or the last line of a game that ends here."""
    while True:
        try:
            text = " ".join(input(console.question(state)).split())
        except EOFError:
            return "stopped"
        word = text.lower()
        if word in ("quit", "exit", "q"):
            return "stopped"
        if word == "resign":
            return _RESIGNED
        if word == "undo":
            return word
        action = console.action(state, text)
        if action is not None:
            return action
        if word == "hint":
            print(console.hint(state))
        elif word == "opinion":
            print(console.opinion(state))
        elif word.startswith("save ") or word == "save":
            _save(console, state, text[5:])
        elif word in ("help", "?"):
            print(console.help)
        elif word:
            extra = console.extra(state, word)
            print(console.refusal(state, text) if extra is None else extra)


def _save(console: Console, state: lt.State, file: str) -> None:
    try:
        if not file:
            raise lt.ParameterError("save expects the name of a file")
        write_file(file, console.file_text(state, file))
        print(f"saved {file}")
    except (OSError, lt.LongthinkError) as error:
        print(f"not saved: {error}")


def _undo(console: Console, state: lt.State) -> lt.State:
    """The state before the person's last action, or the same state if there is none."""
    history = state.history()
    for length in range(len(history) - 1, -1, -1):
        before = console.game.state_from_history(history[:length])
        if before.current_player() == console.person:
            return before
    print("there is nothing to undo")
    return state
