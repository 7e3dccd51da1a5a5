"""Agents that play badly in all ways: for tests of matches."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness.matches.agents import Agent, View
from longthink.games.core import Game


class First(Agent):
    """Plays the first legal action, and keeps what it saw."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self.closed = False

    def begin(self, game: Game, seat: int, seed: int) -> None:
        self.game, self.seat, self.seed = game, seat, seed

    def act(self, view: View) -> Any:
        self.views.append(view)
        return view.legal_actions()[0]

    def close(self) -> None:
        self.closed = True
        raise OSError("it cannot be closed")  # does not matter


class Bad(First):
    """Does something wrong at its second move."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def act(self, view: View) -> Any:
        action = super().act(view)
        if len(self.views) < 2:
            return action
        if self.how == "raise":
            raise ValueError("no idea")
        if self.how == "exit":
            sys.exit(3)
        if self.how == "timeout":
            raise TimeoutError("a server is slow")
        if self.how == "hang":
            time.sleep(30)
        if self.how == "slow":
            time.sleep(0.4)
        return {"outside": 99, "text": "left", "float": 1.5, "true": True, "resign": None}.get(self.how, action)


# A program that plays the first free point of its list, or does what its argument says.
PROGRAM = """
import sys
how, taken, n = sys.argv[1], set(), 5
for line in sys.stdin:
    words = line.split()
    if words[0] == "play":
        taken.add(words[2].upper())
    if words[0] == "known_command":
        print("=", "true" if how == "cleans" else "false", end="\\n\\n", flush=True)
        continue
    if words[0] == "kgs-genmove_cleanup":
        cleaned = globals().get("cleaned", 0) + 1
        move = "ABC"[cleaned - 1] + "1" if cleaned <= 3 else "pass"
        print("=", move, end="\\n\\n", flush=True)
        continue
    if words[0] != "genmove":
        print("= W+1.5" if words[0] == "final_score" else "=", end="\\n\\n", flush=True)
        continue
    free = [c + str(r) for r in range(1, 6) for c in "ABCDE" if c + str(r) not in taken]
    known = {"resign": "resign", "pass": "pass", "cleans": "pass", "illegal": "Z9", "taken": min(taken, default="")}
    move = known.get(how) or free[0]
    if how == "die":
        sys.exit(1)
    if how == "refuse":
        print("? no idea", end="\\n\\n", flush=True)
        continue
    taken.add(move)
    print("=", move, end="\\n\\n", flush=True)
"""

# A program that passes, and does what its first argument says where it is asked what the second says.
ROGUE = """
import sys, time
how, at = sys.argv[1:3]
for line in sys.stdin:
    word = line.split()[0]
    if word == at:
        if how == "flood":
            while True:
                sys.stdout.write("x" * 65536)
        if how == "lines":
            while True:
                sys.stdout.write("= x\\n" * 9999)
        if how == "silence":
            time.sleep(600)
        if how == "die":
            sys.exit(3)
        answer = {"bare": "D4", "huge": "= " + "D" * 500000, "empty": "="}.get(how, "= " + how)
    else:
        answer = {"genmove": "= pass", "final_score": "= W+0.5"}.get(word, "=")
    print(answer, end="\\n\\n", flush=True)
"""


def program(folder: Path, *words: str, source: str = PROGRAM) -> str:
    """The name of an agent that runs a program, with these arguments."""
    path = folder / f"program{len(source)}.py"
    path.write_text(source)
    return " ".join([f"gtp:{sys.executable} {path}", *words])
