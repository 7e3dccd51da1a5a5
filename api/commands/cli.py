"""The command line: `longthink compare | solve | think | play | gtp | match | serve | games | tasks | perf`.

Every command is one function here: it reads its arguments, calls the public face, shows what came, for people or
(with `--json`) for machines, and returns its exit code (docs/command_line.md).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from ast import literal_eval
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import longthink as lt
from longthink.command_line import (
    DONE,
    INTERRUPTED,
    NOT_SOLVED,
    ArgumentParser,
    real_option,
    refuse_options,
    run,
    whole_option,
)
from longthink.errors import error_text, require
from longthink.files import write_file
from longthink.progress import progress_bar
from longthink.registry import Registry
from longthink.validation import SEED_LIMIT

EXAMPLES = {
    "compare": """examples:
  longthink compare quick                 poker, connect four and Countdown, about ten minutes; writes runs/quick/
  longthink compare quick                 again: goes on where it was interrupted
  longthink compare quick --fresh         again from the start, the old run is kept aside
  longthink compare smoke --json          the smallest comparison, for machines""",
    "solve": """examples:
  longthink solve leduc_poker                               1000 iterations of CFR+
  longthink solve leduc_poker --variant dcfr --until 1e-4   until exploitability is below 0.0001
  longthink solve leduc_poker --variant external --seed 3   100,000 iterations of sampled play
  longthink solve "kuhn_poker(players=3)" --policy kuhn3.json
  longthink solve leduc_poker --method lp                   exactly, by linear programming
  longthink solve efg:game.efg                              a game in a Gambit file
  longthink solve liars_dice --variant pcfr+ --iterations 20000 --threads 2 --checkpoint dice.checkpoint
                                                            the same again goes on where it was interrupted
  longthink solve connect_four --history 3,3,2 --seconds 5  the best move by tree search""",
    "think": """examples:
  longthink think game24 4 6 8 8
  longthink think countdown 3 25 50 7 --target 431 --tokens 5000
  longthink think countdown --seed 3 --method best_of_n
  longthink think countdown --seed 3 --model tiny --method mcts --option rule=puct --trace traces
  longthink think countdown --seed 3 --model tiny --kinds step,answer --cache answers
  longthink think countdown --seed 3 --model path/to/model.gguf
  longthink think countdown --problems 100 --tokens 50000 --model tiny --method best_first
                                          one budget for 100 problems, given out where it gains most
  longthink think game24 4 6 8 8 --model openai:qwen3 --base-url http://localhost:8080/v1""",
    "play": """examples:
  longthink play connect_four             you begin
  longthink play tic_tac_toe --player 1   the search begins
  longthink play leduc_poker              against the average strategy of CFR+
  longthink play connect_four --seconds 3 --show""",
    "gtp": """examples:
  longthink gtp                                    a Go engine for Sabaki, GoGui, Lizzie and other Go programs
  longthink gtp --size 9 --simulations 20000       always so many simulations a move
  longthink gtp --threads 2 --memory 2048 --seconds 10
  printf 'boardsize 9\\ngenmove b\\nshowboard\\nquit\\n' | longthink gtp --seconds 1""",
    "match": """examples:
  longthink match --opponent "gnugo --mode gtp --chinese-rules --level 10" --games 100 --run-dir runs/gnugo
  longthink match --opponent "gnugo --mode gtp --chinese-rules" --engine "longthink gtp --simulations 5000" --size 9
  longthink match ... --judge "gnugo --mode gtp --chinese-rules --level 10"   another engine counts, too""",
    "serve": """examples:
  longthink serve                                          on http://127.0.0.1:8000/v1, with the embedded model
  longthink serve --model tiny --task countdown            a model of Countdown alone
  longthink serve --model openai:qwen3 --base-url http://localhost:8080/v1 --concurrency 8
  LONGTHINK_TOKEN=... longthink serve --host 0.0.0.0       for others, who need the token""",
    "games": """examples:
  longthink games
  longthink games --json""",
    "tasks": """examples:
  longthink tasks
  longthink tasks --json""",
    "perf": """examples:
  longthink perf                          every speed benchmark, the peers beside; it says how long that takes
  longthink perf -k connect_four          some of them
  longthink perf --json speeds.json       with all of pytest-benchmark's figures in a file""",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""

    def command() -> int:
        options = _parser().parse_args(arguments)
        chosen: Callable[[argparse.Namespace], int] = options.run
        return chosen(options)

    return run("longthink", command)


# ---- Commands ----


def compare(options: argparse.Namespace) -> int:
    made = lt.compare(
        options.suite,
        run_dir=options.run_dir,
        model=options.model,
        fresh=options.fresh,
        progress=not options.json,
    )
    if options.json:
        print(made.json_path.read_text())
    else:
        print(made.summary)
        print(f"report: {made.report_path}")
    return INTERRUPTED if made.interrupted else NOT_SOLVED if made.failures else DONE


_OF_METHODS = {
    "search": {"history", "simulations", "rule", "threads", "seed"},
    "cfr": {"variant", "iterations", "until", "policy", "checkpoint", "every", "threads"},
    "sampled": {"variant", "iterations", "until", "policy", "checkpoint", "every", "seed"},
    "lp": {"policy"},
}
"""The options of `solve` that a method takes, besides those that all take. sampled: "cfr" by a sampling variant."""


def solve(options: argparse.Namespace) -> int:
    from longthink.search.regret.mccfr import SAMPLINGS

    game = lt.load_game(options.game)
    method = options.method or ("search" if game.perfect_information else "cfr")
    kind = "sampled" if method == "cfr" and options.variant in SAMPLINGS else method
    why = f"the method {method}" if kind == method else f"the sampling variant {options.variant}"
    if options.method is None and kind == method:
        why += f", which is the default for {game} (--method chooses another)"
    refuse_options(options, sorted(set().union(*_OF_METHODS.values()) - _OF_METHODS[kind]), why)
    if options.checkpoint is None:
        refuse_options(options, ["every"], "a run without --checkpoint")
    _check_folder("policy", options.policy)
    return {"search": _search, "cfr": _minimise_regret, "lp": _solve_exactly}[method](game, options)


def _search(game: lt.Game, options: argparse.Namespace) -> int:
    state = game.state_from_history(options.history or [])
    budget = lt.Budget(simulations=options.simulations, seconds=options.seconds)
    if budget == lt.Budget():
        budget = lt.Budget(simulations=100_000)
    rule = lt.PUCT() if options.rule == "puct" else lt.UCT()
    search = lt.MCTS(game, rule, seed=options.seed or 0, threads=options.threads or 1)
    with progress_bar(f"searching {game}", budget, options.json) as told:
        result = search.run(state, budget, progress=told)
    line = _line(state, result.principal_variation)
    status = INTERRUPTED if result.interrupted else DONE
    if options.json:
        rows = [
            {"action": int(a), "text": state.action_to_string(int(a)), "visits": int(n), "value": float(v)}
            for a, n, v in zip(result.actions, result.visits, result.values, strict=True)
            if n
        ]
        _print_json(
            game=str(game),
            history=state.history(),
            player=result.player,
            best_action=result.best_action,
            value=result.value,
            principal_variation=result.principal_variation,
            actions=rows,
            spent=result.spent.as_dict(),
            stopped_by=result.stopped_by,
        )
        return status
    print(state)
    print(f"{'action':>12} {'visits':>10} {'share':>7} {'value':>8}")
    for i in sorted(range(len(result.actions)), key=lambda i: -int(result.visits[i])):
        text = state.action_to_string(int(result.actions[i]))
        print(f"{text:>12} {result.visits[i]:>10} {result.policy[i]:>7.1%} {result.values[i]:>8.4f}")
    print(f"best: {state.action_to_string(result.best_action)}   value {result.value:.4f} for player {result.player}")
    print(f"line: {line}")
    print(f"spent: {_spent(result.spent)}, {result.nodes} nodes, stopped by {result.stopped_by}")
    return status


def _solve_exactly(game: lt.Game, options: argparse.Namespace) -> int:
    solver = lt.SequenceFormLP(game)
    result = solver.run(lt.Budget(seconds=options.seconds))
    if result.stopped_by != "solved":
        print(
            f"longthink: {options.seconds:g} s were not enough for the linear programme of {game}; give more",
            file=sys.stderr,
        )
        return NOT_SOLVED
    values, exploitability = [float(v) for v in solver.values()], solver.exploitability()
    if options.policy is not None:
        solver.policy().save(options.policy)
    if options.json:
        _print_json(
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
    print(f"linear programme, {result.spent.seconds:.3g} s   exploitability {exploitability:.3g}")
    print("value in equilibrium: " + ", ".join(f"player {p} {v:+.9f}" for p, v in enumerate(values)))
    if options.policy is not None:
        print(f"equilibrium: {options.policy}")
    return DONE


def _minimise_regret(game: lt.Game, options: argparse.Namespace) -> int:
    from longthink.search.regret.mccfr import SAMPLINGS

    variant = options.variant or "cfr+"
    sampled = variant in SAMPLINGS
    solver: lt.CFR | lt.MCCFR = (
        lt.MCCFR(game, variant, seed=options.seed or 0)
        if sampled
        else lt.CFR(game, variant, threads=options.threads or 1)
    )
    if options.checkpoint is not None and options.checkpoint.exists():
        solver.load(options.checkpoint)
    iterations = options.iterations
    if iterations is None and options.until is None and options.seconds is None:
        iterations = 100_000 if sampled else 1000
    if iterations is not None:
        iterations = max(0, iterations - solver.iterations)
    spent, stopped_by = lt.Spent(), "iterations"
    if iterations != 0:
        limit = lt.Budget(simulations=iterations, seconds=options.seconds)
        with progress_bar(f"solving {game}", limit, options.json) as told:
            result = solver.run(
                iterations=iterations,
                until=None if options.until is None else lt.Exploitability(options.until),
                budget=None if options.seconds is None else lt.Budget(seconds=options.seconds),
                progress=told,
                checkpoint=options.checkpoint,
                every=60.0 if options.every is None else options.every,
            )
        spent, stopped_by = result.spent, result.stopped_by
    tree, values, exploitability = solver.tree, [float(v) for v in solver.values()], solver.exploitability()
    if options.policy is not None:
        solver.average_policy().save(options.policy)
    unsolved = options.until is not None and exploitability > options.until
    status = INTERRUPTED if stopped_by == "interrupted" else NOT_SOLVED if unsolved else DONE
    if options.json:
        _print_json(
            game=str(game),
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
        return status
    print(f"{game}: {tree.num_histories:,} histories, {tree.num_information_states:,} information states")
    lately = f"the last {spent.simulations:,} in {spent.seconds:.3g} s"
    print(f"{variant}, {solver.iterations:,} iterations, {lately} ({stopped_by})")
    print(f"exploitability {exploitability:.3g}   NashConv {solver.nash_conv():.3g}")
    print("value of the average strategy: " + ", ".join(f"player {p} {v:+.6f}" for p, v in enumerate(values)))
    if options.policy is not None:
        print(f"average strategy: {options.policy}")
    if options.checkpoint is not None:
        print(f"checkpoint: {options.checkpoint}")
    return status


def think(options: argparse.Namespace) -> int:
    from longthink.bridge.methods import method as find_method

    method = find_method(options.method)
    method.check(dict(options.option))
    for name in options.kinds or ():
        lt.load_kind(name)
    if not method.needs_model:
        refuse_options(options, _OF_MODELS, f"the method {options.method}, which asks no model")
    _check_server(options)
    parameters: dict[str, Any] = {"numbers": tuple(options.numbers)} if options.numbers else {}
    if options.target is not None:
        parameters["target"] = options.target
    many = options.problems is not None
    if many and (options.problems < 1 or parameters):
        raise lt.ParameterError(
            "--problems expects a whole number from 1, of a task that generates its problems from --seed; "
            f"got {options.problems}" + (f" and {parameters}" if parameters else "")
        )
    seeds = range(options.seed, options.seed + (options.problems or 1))
    tasks = [lt.load_task(options.task, seed=seed, **parameters) for seed in seeds]
    budget = lt.Budget(
        tokens=options.tokens, calls=options.calls, seconds=options.seconds, simulations=options.simulations
    )
    if budget == lt.Budget():
        budget = lt.Budget(tokens=5000 * len(tasks), seconds=60 * len(tasks))
    model = None
    if method.needs_model:
        server = _server(options)
        model = lt.load_model(options.model, cache=options.cache, **server)
    how = {name: getattr(options, name) for name in ("method", "kinds", "seed", "trace")} | dict(options.option)
    title = f"thinking about {len(tasks)} problems" if many else "thinking"
    with progress_bar(title, budget, options.json) as told:
        if many:
            counting = None if told is None else lambda spent, solved: told(spent, f"{solved} of {len(tasks)} solved")
            answers = lt.think_all(tasks, model, budget, progress=counting, **how)
        else:
            answers = [lt.think(tasks[0], model, budget, progress=told, **how)]
    show = _show_answers if many else _show_answer
    show(tasks, answers, options)
    if any(answer.interrupted for answer in answers):
        return INTERRUPTED
    return DONE if all(answer.correct for answer in answers) else NOT_SOLVED


_OF_SERVERS = ("base_url", "endpoint", "system", "extra_body")
_OF_MODELS = ("model", "cache", *_OF_SERVERS, "tokens", "calls")


def _server(options: argparse.Namespace) -> dict[str, Any]:
    """The options of a server that were given, for `load_model`."""
    given = {name: getattr(options, name) for name in _OF_SERVERS}
    return {name: value for name, value in given.items() if value is not None}


def _json_object(text: str) -> dict[str, Any]:
    """Fields in JSON."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"expects JSON, as in '{{\"top_k\": 20}}': {error}") from error
    if not isinstance(fields, dict):
        raise argparse.ArgumentTypeError("expects an object of JSON, as in '{\"top_k\": 20}'")
    return fields


def _add_server_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--base-url", help="of the server of openai:NAME; default: OPENAI_BASE_URL in the environment")
    command.add_argument(
        "--endpoint",
        choices=["auto", "completions", "chat"],
        help="of the server; default auto: completions, or chat if it has none",
    )
    command.add_argument("--system", metavar="TEXT", help="a system prompt, for the server's chat")
    command.add_argument(
        "--extra-body", type=_json_object, metavar="JSON", help="fields of every request, as in '{\"top_k\": 20}'"
    )


"""The options of `think` that are for methods with a model."""


def _check_server(options: argparse.Namespace) -> None:
    if not (options.model or "").startswith("openai:"):
        refuse_options(options, _OF_SERVERS, "a model in this process, but to --model openai:NAME")


def _show_answer(tasks: Sequence[lt.Task], answers: Sequence[lt.Answer], options: argparse.Namespace) -> None:
    (task,), (answer,) = tasks, answers
    if options.json:
        _print_json(**_answer_as_dict(task, answer), trace=answer.trace.as_dict())
        return
    print(task.prompt)
    if options.show:
        print(answer.trace)
    verdict = "correct" if answer.correct else "not correct"
    print(f"{answer.text}   ({verdict})" if answer.text is not None else "no answer")
    if answer.error is not None:
        print(f"failed: {error_text(answer.error)}")
    if answer.left_out:
        print(f"left out: {answer.left_out:,} proposals beyond the likeliest 1,024 of a state")
    print(f"spent: {_spent(answer.spent)}, method {answer.method}")
    if options.kinds:
        print("proposals: " + ", ".join(f"{count} {kind}" for kind, count in answer.kinds.items()))
    if answer.page is not None:
        print(f"trace: {answer.page}")


def _show_answers(tasks: Sequence[lt.Task], answers: Sequence[lt.Answer], options: argparse.Namespace) -> None:
    solved = sum(answer.correct for answer in answers)
    spent = sum((answer.spent for answer in answers), lt.Spent())
    if options.json:
        rows = [_answer_as_dict(task, answer) for task, answer in zip(tasks, answers, strict=True)]
        _print_json(problems=rows, solved=solved, spent=spent.as_dict())
        return
    for task, answer in zip(tasks, answers, strict=True):
        verdict = "correct" if answer.correct else "not correct" if answer.text is not None else "no answer"
        said = " ".join((answer.text or error_text(answer.error) or "").split())
        print(f"{verdict:<12} {answer.spent.tokens:>8,} tokens  {answer.stopped_by:<11}  {task.name}  {said[:60]}")
        if options.show:
            print(answer.trace)
    print(f"solved: {solved} of {len(tasks)}")
    print(f"spent: {_spent(spent)}, method {options.method}")
    if options.trace is not None:
        print(f"traces: {options.trace}")


def _answer_as_dict(task: lt.Task, answer: lt.Answer) -> dict[str, Any]:
    return {
        "task": task.name,
        "prompt": task.prompt,
        "method": answer.method,
        "answer": answer.text,
        "correct": answer.correct,
        "value": answer.value,
        "spent": answer.spent.as_dict(),
        "stopped_by": answer.stopped_by,
        "error": error_text(answer.error),
        "left_out": answer.left_out,
        "interrupted": answer.interrupted,
        "kinds": dict(answer.kinds),
        "page": None if answer.page is None else str(answer.page),
    }


def play(options: argparse.Namespace) -> int:
    from longthink.commands.play import play as play_game

    game = lt.load_game(options.game)
    if not game.perfect_information:
        refuse_options(options, ["seconds", "simulations"], f"{game}, where the other side plays a computed strategy")
    budget = lt.Budget(simulations=options.simulations, seconds=options.seconds)
    if budget == lt.Budget():
        budget = lt.Budget(seconds=1.0)
    return play_game(game, options.player, budget, seed=options.seed, show=options.show)


def gtp(options: argparse.Namespace) -> int:
    from longthink.go.engine import EngineOptions
    from longthink.go.gtp import run

    engine_options = EngineOptions(
        size=options.size,
        komi=options.komi,
        simulations=options.simulations,
        seconds=options.seconds,
        average=options.average,
        threads=options.threads,
        memory_bytes=options.memory << 20,
        seed=options.seed,
        rules=options.rules,
        resign=options.resign,
        lag=options.lag,
    )
    return run(engine_options, sys.stdin.buffer, sys.stdout.buffer, ponder=options.ponder, log_file=options.log)


def match(options: argparse.Namespace) -> int:
    from longthink.benchmarks.harness.gtp_match import run

    return run(options)


def serve(options: argparse.Namespace) -> int:
    for module in ("fastapi", "uvicorn"):
        require(module, "serve")
    from longthink.server.access import is_loopback
    from longthink.server.limits import ServerLimits
    from longthink.server.port import Server, listening
    from longthink.server.questions import check_tasks
    from longthink.server.service import Service

    _check_server(options)
    tasks = options.task or ["countdown", "game24"]
    check_tasks(tasks)
    token = os.environ.get(options.token_env) or None
    if token is None and not is_loopback(options.host):
        raise lt.ParameterError(
            f"--host {options.host} lets others in, which needs a token: set {options.token_env} in the environment"
        )
    listening(options.host, options.port).close()  # before a model is loaded
    name = options.model
    server = _server(options)
    embedded = name in (None, "smollm2") or name.endswith(".gguf")
    if embedded:
        server["sequences"] = options.concurrency
    elif name.startswith("openai:"):
        server["slots"] = max(4, options.concurrency)
    service = Service(
        lt.load_model(name, cache=options.cache, **server),
        tasks=tasks,
        token=token,
        limits=ServerLimits(
            options.max_body,
            options.max_seconds,
            options.max_tokens,
            options.concurrency,
            options.queue,
            options.connections,
        ),
        template=options.template or ("chatml" if embedded else "plain"),
        cors=options.cors or (),
    )
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("longthink").setLevel(logging.INFO)
    at = Server(service, options.host, options.port)
    print(f"longthink: serving on {at.url}/v1; Ctrl-C ends it", file=sys.stderr)
    at.run()
    return DONE


def games(options: argparse.Namespace) -> int:
    return _list(lt.games(), options)


def tasks(options: argparse.Namespace) -> int:
    return _list(lt.tasks(), options)


def _list(registry: Registry[Any], options: argparse.Namespace) -> int:
    """Print what is registered: every name with its options and a sentence."""
    described = {name: registry.describe(name) for name in registry.names()}
    if options.json:
        rows = [{"name": name, "summary": s, "parameters": p} for name, (s, p) in described.items()]
        _print_json(**{f"{registry.what}s": rows})
        return DONE
    for name, (summary, parameters) in described.items():
        print(f"{name}({', '.join(f'{key}={value}' for key, value in parameters.items())})\n    {summary}")
    for name in registry.families:
        print(f"{name}...\n    {registry.describe(name)[0]}")
    return DONE


def perf(options: argparse.Namespace) -> int:
    for module in ("pytest", "pytest_benchmark"):
        require(module, "perf")
    from longthink.benchmarks.perf.speeds import measure, table

    _check_folder("json", options.json)
    speeds = measure(options.keyword, lambda text: print(text, end="", file=sys.stderr, flush=True))
    if options.json is not None:
        write_file(options.json, json.dumps(speeds.as_dict(), indent=1) + "\n")
    print(table(speeds))
    if speeds.interrupted:
        return INTERRUPTED
    if not speeds.seconds and not speeds.failed and not speeds.given_up:
        raise lt.ParameterError(f"no benchmark matches -k {options.keyword!r}; longthink perf runs all")
    return NOT_SOLVED if speeds.failed or speeds.given_up else DONE


def _check_folder(option: str, file: Path | None) -> None:
    """Raise `ParameterError` if the folder of a file to be written is not there, before the work begins."""
    if file is not None and not file.absolute().parent.is_dir():
        raise lt.ParameterError(f"--{option} {file}: there is no folder {file.parent}")


# ---- Showing ----


def _print_json(**values: Any) -> None:
    print(json.dumps(values, indent=1, allow_nan=False))


def _spent(spent: lt.Spent) -> str:
    parts = [f"{value:.3g} s" if name == "seconds" else f"{value:,} {name}" for name, value in spent.as_dict().items()]
    return ", ".join(parts) or "nothing"


def _line(state: lt.State, actions: Sequence[int]) -> str:
    """Actions from `state` on, in words."""
    state, words = state.clone(), []
    for action in actions:
        words.append(state.action_to_string(action))
        state.apply_action(action)
    return " ".join(words)


# ---- Arguments ----


def _history(text: str) -> list[int]:
    return [whole_option(0)(part) for part in text.replace(",", " ").split()]


def _option(text: str) -> tuple[str, Any]:
    name, given, value = text.partition("=")
    if not given:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    try:
        return name.strip(), literal_eval(value)
    except (ValueError, SyntaxError):
        return name.strip(), value


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.replace(",", " ").split())


_SEED = whole_option(0, SEED_LIMIT - 1)
_CACHE = "a folder in which answers are kept, and looked up first; what it has is not asked again"


def _parser() -> ArgumentParser:
    from longthink.benchmarks.harness.gtp_match import add_arguments as match_arguments
    from longthink.search.regret.variants import VARIANTS

    parser = ArgumentParser(
        "longthink", description="One search engine for games and for language: think longer, and see what it buys."
    )
    parser.add_argument("--version", action="version", version=f"longthink {lt.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], int], summary: str) -> ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=EXAMPLES[name],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(run=run)
        if name not in ("perf", "gtp", "serve"):
            command.add_argument("--json", action="store_true", help="print JSON for machines")
        return command

    command = add(
        "compare", compare, "run a suite beside the domains' own methods, resume if interrupted, write the report"
    )
    command.add_argument("suite", nargs="?", default="quick", help="quick (default) or smoke")
    command.add_argument("--run-dir", type=Path, help="where the log and the report go; default runs/SUITE")
    command.add_argument(
        "--model", help="the language model: tiny, a GGUF path or openai:NAME; default the embedded one"
    )
    command.add_argument("--fresh", action="store_true", help="start again; the old run is kept beside")

    command = add(
        "solve", solve, "solve a game by regret minimisation or exactly, or search it where everything is seen"
    )
    command.add_argument("game", metavar="GAME", help="a game of `longthink games`, with parameters in brackets")
    command.add_argument(
        "--method",
        choices=["search", "cfr", "lp"],
        help="tree search, regret minimisation, or exactly by linear programming; default: search where all is seen, "
        "else cfr",
    )
    command.add_argument(
        "--variant",
        help=f"of CFR: {', '.join(VARIANTS)} (default cfr+); or sampled: external, outcome, robust, chance, public",
    )
    command.add_argument("--iterations", type=whole_option(0), help="of CFR in all; default 1000, sampled 100000")
    command.add_argument("--until", type=real_option(0), metavar="X", help="stop CFR at this exploitability")
    command.add_argument("--policy", type=Path, metavar="FILE", help="write the strategy of cfr or lp as JSON")
    command.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="keep CFR's state there, and go on from it where there is one"
    )
    command.add_argument("--every", type=real_option(0), metavar="SECONDS", help="between checkpoints (default 60)")
    command.add_argument("--history", type=_history, metavar="A,B,...", help="actions to the state to search")
    command.add_argument("--simulations", type=whole_option(1), help="of tree search; default 100000")
    command.add_argument("--rule", choices=["uct", "puct"], help="of tree search (default uct)")
    command.add_argument("--threads", type=whole_option(1), help="to search or solve with (default 1)")
    command.add_argument("--seconds", type=real_option(0, above=True), help="time limit")
    command.add_argument("--seed", type=_SEED, help="of tree search and of sampling (default 0)")

    command = add("think", think, "think about a word problem with a language model")
    command.add_argument("task", metavar="TASK", help="a task of `longthink tasks`, with parameters in brackets")
    command.add_argument(
        "numbers", nargs="*", type=whole_option(0), help="the numbers of the problem; default: generated from --seed"
    )
    command.add_argument("--target", type=whole_option(0), help="of countdown")
    command.add_argument(
        "--problems",
        type=whole_option(1),
        metavar="N",
        help="so many, generated from --seed on, share the limits (docs/adaptive.md)",
    )
    command.add_argument("--method", default="mcts", help=f"one of {', '.join(lt.methods())}; default mcts")
    command.add_argument(
        "--option",
        action="append",
        type=_option,
        default=[],
        metavar="NAME=VALUE",
        help="of the method, as in width=8 of beam",
    )
    command.add_argument(
        "--kinds",
        type=_names,
        metavar="A,B,...",
        help=f"kinds of proposals to choose among, of {', '.join(lt.kinds())}; default those of the task",
    )
    command.add_argument("--trace", metavar="FOLDER", help="write a log and a page of what was thought there")
    command.add_argument("--model", help="tiny, a GGUF or ONNX path, or openai:NAME; default the embedded model")
    command.add_argument("--cache", metavar="FOLDER", help=_CACHE)
    _add_server_arguments(command)
    command.add_argument(
        "--tokens",
        type=whole_option(1),
        help="limit of prompt and generated tokens; default 5000 a problem",
    )
    command.add_argument("--calls", type=whole_option(1), help="limit of requests to the model")
    command.add_argument("--simulations", type=whole_option(1), help="limit of the search's simulations")
    command.add_argument("--seconds", type=real_option(0, above=True), help="time limit; default 60 a problem")
    command.add_argument("--seed", type=_SEED, default=0, help="of the generated problem and of the sampling")
    command.add_argument("--show", action="store_true", help="print the search tree")

    command = add("play", play, "play a game against the search in the terminal")
    command.add_argument("game", metavar="GAME", help="a game of `longthink games`, with parameters in brackets")
    command.add_argument("--player", type=whole_option(0), default=0, help="who you are, from 0 (default)")
    command.add_argument(
        "--seconds", type=real_option(0, above=True), help="the search may think about a move; default 1"
    )
    command.add_argument("--simulations", type=whole_option(1), help="the search may make for a move")
    command.add_argument("--seed", type=_SEED, default=0)
    command.add_argument("--show", action="store_true", help="show what the search thinks of its moves")

    command = add("gtp", gtp, "play Go for other programs, by the Go Text Protocol on standard input and output")
    command.add_argument(
        "--size", type=whole_option(1), default=19, help="of the board, until the other side says (default 19)"
    )
    command.add_argument("--komi", type=real_option(), default=7.5, help="until the other side says (default 7.5)")
    command.add_argument(
        "--rules",
        choices=["chinese", "aga", "new_zealand", "tromp_taylor", "japanese"],
        default="chinese",
        help="until the other side says (default chinese)",
    )
    command.add_argument(
        "--seconds", type=real_option(0, above=True), help="for a move; default: as the clock allows, 3 without a clock"
    )
    command.add_argument("--simulations", type=whole_option(1), help="for a move")
    command.add_argument(
        "--average", type=real_option(0, above=True), metavar="SECONDS", help="processor seconds of a move on average"
    )
    command.add_argument("--threads", type=whole_option(1), default=1, help="of the search (default 1)")
    command.add_argument(
        "--memory", type=whole_option(1), default=1024, metavar="MIB", help="of the search tree (default 1024)"
    )
    command.add_argument("--seed", type=_SEED, default=0)
    command.add_argument(
        "--resign", type=real_option(0, 1), default=0.05, help="below this win rate; 0 for never (default 0.05)"
    )
    command.add_argument(
        "--lag", type=real_option(0), default=0.1, metavar="SECONDS", help="kept back of each move's time (default 0.1)"
    )
    command.add_argument("--ponder", action="store_true", help="think in the other side's time, too")
    command.add_argument("--log", type=Path, metavar="FILE", help="write down what is said")

    command = add("match", match, "play a match of Go against another program, with the score checked")
    match_arguments(command)

    command = add("serve", serve, "answer chats like OpenAI's servers do, after thinking longer")
    command.add_argument("--host", default="127.0.0.1", help="to listen on (default this machine alone: 127.0.0.1)")
    command.add_argument("--port", type=whole_option(0, 65535), default=8000, help="default 8000")
    command.add_argument("--model", help="tiny, a GGUF or ONNX path, or openai:NAME; default the embedded model")
    command.add_argument("--cache", metavar="FOLDER", help=_CACHE)
    _add_server_arguments(command)
    command.add_argument(
        "--template",
        choices=["chatml", "plain"],
        help="how a chat becomes a prompt; default chatml for GGUF, else plain",
    )
    command.add_argument(
        "--task",
        action="append",
        metavar="NAME",
        help="that clients may name, or a family such as reasoning_gym; may be repeated (default countdown and game24)",
    )
    command.add_argument(
        "--token-env",
        default="LONGTHINK_TOKEN",
        metavar="NAME",
        help="the environment variable with the token that clients send (default LONGTHINK_TOKEN)",
    )
    command.add_argument("--max-body", type=whole_option(1), default=256 << 10, metavar="BYTES", help="default 262144")
    command.add_argument(
        "--max-seconds", type=real_option(0, above=True), default=120.0, help="of thinking for a request (default 120)"
    )
    command.add_argument(
        "--max-tokens", type=whole_option(1), default=100_000, help="of thinking for a request (default 100000)"
    )
    command.add_argument(
        "--concurrency", type=whole_option(1), default=1, help="requests thought about at once (default 1)"
    )
    command.add_argument("--queue", type=whole_option(0), default=16, help="requests that wait for that (default 16)")
    command.add_argument("--connections", type=whole_option(1), default=256, help="open at once (default 256)")
    command.add_argument(
        "--cors", action="append", metavar="ORIGIN", help="whose web pages may ask, as https://example.org, or '*'"
    )

    add("games", games, "list the games and their parameters")
    add("tasks", tasks, "list the language tasks and their parameters")

    command = add("perf", perf, "run the speed benchmarks with the peers beside")
    command.add_argument("-k", dest="keyword", metavar="EXPRESSION", help="only benchmarks whose names match")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all of pytest-benchmark's figures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
