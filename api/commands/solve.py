"""`longthink solve`: the equilibrium of a game, by regret minimisation or exactly by a linear program."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import longthink as lt
from longthink.command_line import DONE, INTERRUPTED, NOT_SOLVED
from longthink.commands.choices import Chosen, choices_of_game, specialise, word
from longthink.commands.command import Command
from longthink.commands.output import Json, check_folder, print_json
from longthink.commands.progress import progress_bar
from longthink.options import Run, option, real, seconds, seed, whole
from longthink.search.regret.mccfr import SAMPLINGS
from longthink.search.regret.variants import VARIANTS

VARIANT = "cfr+"


def solve(
    game: Annotated[str, option("A game of `longthink games`; parameters may follow in brackets.")],
    /,
    *,
    method: Annotated[Literal["cfr", "lp"], option("Regret minimisation, or exactly by a linear program.")] = "cfr",
    variant: Annotated[
        str,
        option(f"Of cfr: {', '.join(VARIANTS)}; or by sampling: {', '.join(SAMPLINGS)}."),
    ] = VARIANT,
    iterations: Annotated[
        int | None, whole("Iterations in all; default: 1000, by sampling 100000, if no limit is given.", 0)
    ] = None,
    until: Annotated[float | None, real("Stop when the exploitability is at most X.", 0, metavar="X")] = None,
    seconds: Annotated[float | None, seconds("Limit of time.")] = None,
    threads: Annotated[int, whole("Threads of the solver.", 1)] = 1,
    seed: Annotated[int, seed("Seed of the sampling.")] = 0,
    policy: Annotated[Path | None, option("A file for the strategy, in JSON.", metavar="FILE")] = None,
    checkpoint: Annotated[
        Path | None, option("A file for the state of the solver; the same command continues from it.", metavar="FILE")
    ] = None,
    every: Annotated[float, real("Time between checkpoints.", 0, metavar="SECONDS")] = 60.0,
    json: Json = False,
    game_options: Chosen = None,
) -> int:
    """Solve a game: compute strategies that nobody can exploit."""
    check_folder("policy", policy)
    loaded = lt.load_game(game, **(game_options or {}))
    if method == "lp":
        return _solve_exactly(loaded, seconds, policy, json)
    sampled = variant in SAMPLINGS
    try:
        solver: lt.CFR | lt.MCCFR = (
            lt.MCCFR(loaded, variant, seed=seed) if sampled else lt.CFR(loaded, variant, threads=threads)
        )
    except lt.MemoryLimitError as error:
        if not loaded.perfect_information:
            raise
        raise lt.MemoryLimitError(f"{error}; for the best action in one state, use: longthink search {game}") from error
    if checkpoint is not None and checkpoint.exists():
        solver.load(checkpoint)
    if iterations is None and until is None and seconds is None:
        iterations = 100_000 if sampled else 1000
    if iterations is not None:
        iterations = max(0, iterations - solver.iterations)
    spent, stopped_by = lt.Spent(), "iterations"
    if iterations != 0:
        with progress_bar(f"solving {loaded}", lt.Budget(simulations=iterations, seconds=seconds), json) as progress:
            result = solver.run(
                iterations=iterations,
                until=None if until is None else lt.Exploitability(until),
                budget=None if seconds is None else lt.Budget(seconds=seconds),
                progress=progress,
                checkpoint=checkpoint,
                every=every,
            )
        spent, stopped_by = result.spent, result.stopped_by
    tree, values, exploitability = solver.tree, [float(v) for v in solver.values()], solver.exploitability()
    if policy is not None:
        solver.average_policy().save(policy)
    if json:
        print_json(
            game=str(loaded),
            method=method,
            variant=variant,
            iterations=solver.iterations,
            exploitability=exploitability,
            nash_conv=solver.nash_conv(),
            values=values,
            histories=tree.num_histories,
            information_states=tree.num_information_states,
            spent=spent.as_dict(),
            stopped_by=stopped_by,
        )
    else:
        print(f"{loaded}: {tree.num_histories:,} histories, {tree.num_information_states:,} information states")
        latest = f"the last {spent.simulations:,} in {spent.seconds:.3g} s"
        print(f"{variant}, {solver.iterations:,} iterations, {latest} ({stopped_by})")
        print(f"exploitability {exploitability:.3g}   NashConv {solver.nash_conv():.3g}")
        print("value of the average strategy: " + ", ".join(f"player {p} {v:+.6f}" for p, v in enumerate(values)))
        if policy is not None:
            print(f"average strategy: {policy}")
        if checkpoint is not None:
            print(f"checkpoint: {checkpoint}")
    if stopped_by == "interrupted":
        return INTERRUPTED
    return NOT_SOLVED if until is not None and exploitability > until else DONE


def _solve_exactly(game: lt.Game, seconds: float | None, policy: Path | None, json: bool) -> int:
    solver = lt.SequenceFormLP(game)
    result = solver.run(lt.Budget(seconds=seconds))
    if result.stopped_by != "solved":
        print(
            f"longthink: {seconds:g} s were not enough for the linear program of {game}; allow more",
            file=sys.stderr,
        )
        return NOT_SOLVED
    values, exploitability = [float(v) for v in solver.values()], solver.exploitability()
    if policy is not None:
        solver.policy().save(policy)
    if json:
        print_json(
            game=str(game),
            method="lp",
            exploitability=exploitability,
            nash_conv=solver.nash_conv(),
            values=values,
            histories=solver.num_histories,
            information_states=solver.num_information_states,
            spent=result.spent.as_dict(),
            stopped_by=result.stopped_by,
        )
        return DONE
    print(f"{game}: {solver.num_histories:,} histories, {solver.num_information_states:,} information states")
    print(f"linear program, {result.spent.seconds:.3g} s   exploitability {exploitability:.3g}")
    print("value in equilibrium: " + ", ".join(f"player {p} {v:+.9f}" for p, v in enumerate(values)))
    if policy is not None:
        print(f"equilibrium: {policy}")
    return DONE


def with_choices(words: Sequence[str]) -> Run:
    """`solve` with the parameters of the game, and the options of the method and variant, that the words name."""
    without: dict[str, str] = {}
    if word(words, "--method") == "lp":
        names = ("variant", "iterations", "until", "checkpoint", "every", "threads", "seed")
        without = dict.fromkeys(names, "the method lp")
    elif word(words, "--variant", VARIANT) in SAMPLINGS:
        without["threads"] = f"the sampling variant {word(words, '--variant')}"
    else:
        without["seed"] = f"the variant {word(words, '--variant', VARIANT)}, which samples nothing"
    if not word(words, "--checkpoint"):
        without.setdefault("every", "a run without --checkpoint")
    return specialise(solve, choices_of_game(words), without)


COMMAND = Command(
    solve,
    """  longthink solve leduc_poker                               # by CFR+
  longthink solve leduc_poker --variant dcfr --until 1e-4   # to this precision
  longthink solve leduc_poker --variant external --seed 3   # by sampling
  longthink solve leduc_poker --method lp                   # exactly
  longthink solve kuhn_poker --players 3 --policy kuhn3.json
  longthink solve efg:game.efg                              # of a Gambit file
  longthink solve liars_dice --iterations 20000 --threads 2 --checkpoint dice.npz""",
    with_choices,
)
