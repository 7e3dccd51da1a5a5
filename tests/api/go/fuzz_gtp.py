"""Sends random commands and bytes to `longthink gtp`: it must answer every command, and the process must not end.

As a script for as long as you like: python tests/api/go/fuzz_gtp.py --seconds 600. A test runs it for a few seconds.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time

from longthink.go.commands import COMMANDS
from longthink.go.gtp import parse

NAMES = [name for name in COMMANDS if name != "quit"]
VOCABULARY = """
b w black white B WHITE pass PASS resign A1 a1 d4 T19 J9 I5 Z26 z99 e5 c3 b2 a2 a1,b2 name x.sgf no-such-file.sgf
0 1 2 3 5 9 13 25 -1 10 60 99999999999999999999 7.5 -3 1e400 nan inf 0.5 true false é ・ # ; =1 ?
dead alive seki none absolute byoyomi canadian fischer interval minmoves maxmoves ownership rootInfo allow avoid
pvVisits
"""
WORDS = VOCABULARY.split()


def line(rng: random.Random) -> bytes:
    """A line of input, mostly a command that exists."""
    kind = rng.random()
    if kind < 0.06:
        return bytes(rng.choice(range(256)) for _ in range(rng.randint(0, 60))).replace(b"\n", b" ")
    if kind < 0.08:
        return rng.choice([b"", b"   ", b"\t", b"# only a comment", b"\r", b"17", b"17 # nothing", b"x" * 100_000])
    command = rng.choice(NAMES) if kind < 0.95 else rng.choice(WORDS)
    likely = ["play b", "play w", "genmove", "boardsize"] if rng.random() < 0.3 else [command]
    text = " ".join([rng.choice(likely), *(rng.choice(WORDS) for _ in range(rng.randint(0, 4)))])
    if rng.random() < 0.3:
        text = f"{rng.randint(0, 10**9)} {text}"
    if rng.random() < 0.05:
        at = rng.randrange(len(text))
        text = text[:at] + chr(rng.choice([0, 7, 9, 12, 27, 127, 160, 255, 0x2028])) + text[at + 1 :]
    if rng.random() < 0.1:
        text += rng.choice(["\r", " # a comment", "\t\t", "  "])
    return text.encode("utf-8", "surrogateescape")


def asks(text: bytes) -> bool:
    """Whether a line is a command that must be answered."""
    return parse(text[: (1 << 16) - 1]) is not None


def harmless(text: bytes) -> bool:
    return b"quit" not in text.lower() and b"/" not in text and b"\\" not in text


def fuzz(seconds: float, seed: int, batch: int = 40) -> int:
    """Run for some seconds; returns the number of answered commands. Raises AssertionError if one has no answer."""
    rng, answered, until = random.Random(seed), 0, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as scratch:
        engine = subprocess.Popen(
            [sys.executable, "-m", "longthink", "gtp", "--size", "9", "--simulations", "30", "--memory", "64"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=scratch,
        )
        assert engine.stdin is not None
        assert engine.stdout is not None
        assert engine.stderr is not None
        try:
            while time.monotonic() < until:
                lines = [text for text in (line(rng) for _ in range(batch)) if harmless(text)]
                end = f"{rng.randint(10**10, 10**11)}"
                engine.stdin.write(b"\n".join(lines) + f"\n{end} name\n".encode())
                engine.stdin.flush()
                output = ""
                while not output.endswith(f"={end} longthink\n\n"):
                    got = engine.stdout.readline().decode("utf-8", "replace")
                    assert got, f"the engine ended after {lines}: {engine.stderr.read().decode()[-2000:]}"
                    output += got
                answers = re.split(r"\n\n", output)[:-1]
                wanted = sum(map(asks, lines)) + 1
                wrong = [answer for answer in answers if not re.match(r"[=?]", answer)]
                assert not wrong, (wrong, lines)
                broken = [answer for answer in answers if "internal error" in answer]
                assert not broken, (broken, lines)
                assert len(answers) == wanted, (len(answers), wanted, lines, output)
                answered += wanted
            engine.stdin.write(b"quit\n")
            engine.stdin.flush()
            assert engine.stdout.read() == b"=\n\n"
            assert engine.wait(20) == 0
        finally:
            engine.kill()
            engine.communicate()
    return answered


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}: {fuzz(options.seconds, options.seed)} commands answered")
