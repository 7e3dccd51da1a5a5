"""`longthink games`, `tasks`, `models`, `methods`, `kinds`, `tools`, `verifiers` and `studies`: what is registered.

`longthink suites` lists the suites of studies.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import longthink as lt
from longthink.commands import registered
from longthink.commands.command import LISTS, Command
from longthink.commands.output import Json, print_json
from longthink.options import option


def _command(sort: str, summary: str, example: str) -> Command:
    """The command that lists one sort, or one name of it."""

    def show(name: Annotated[str | None, option("One name; default: all.")] = None, /, *, json: Json = False) -> None:
        registry = registered.registry(sort)
        found = {each: registered.describe(sort, each) for each in ([name] if name else registry.names())}
        families = {} if name else {each: registry.describe(each)[0] for each in registry.families}
        if json:
            print_json(
                **{sort: [{"name": each, **described._asdict()} for each, described in found.items()]},
                families=[{"name": each, "summary": text} for each, text in families.items()],
            )
            return
        for each, described in found.items():
            options = ", ".join(f"{key}={value}" for key, value in described.options.items())
            _print(f"{each}({options})" if options else each, described.summary)
            for key, text in described.help.items() if name else ():
                _print(f"  {key}", text)
        for each, text in families.items():
            _print(f"{each}NAME" if each.endswith(":") else f"PATH{each}", text)

    show.__doc__ = f"List the {summary}."
    return Command(show, f"  longthink {sort}\n  longthink {sort} {example}\n  longthink {sort} --json", group=LISTS)


def _print(name: str, summary: str) -> None:
    print(f"{name}\n    {summary}")


GAMES = _command("games", "games and their parameters", "connect_four")
TASKS = _command("tasks", "tasks for language models, and their options", "countdown")
MODELS = _command("models", "language models and their options", "openai:NAME")
METHODS = _command("methods", "methods of `longthink think`, and their options", "beam")
KINDS = _command("kinds", "kinds of proposals for `longthink think --kinds`", "step")
VERIFIERS = _command("verifiers", "verifiers for `longthink think --verifier`, and their options", "judge")
AGENTS = _command("agents", "agents of `longthink match`, and their options", "mcts")
TOOLS = _command("tools", "tools that a model may call", "python")
STUDIES = _command("studies", "studies of `longthink compare`, and their settings", "NAME")


def suites(
    name: Annotated[str | None, option("One suite, study or TOML file; default: all.")] = None, /, *, json: Json = False
) -> None:
    """List the suites of `longthink compare`; with a name, the settings of all its studies."""
    found = [lt.load_suite(each) for each in ([name] if name else lt.suites())]
    if json:
        print_json(suites=[asdict(suite) for suite in found])
    elif name:
        print(found[0].as_toml(), end="")
    else:
        for suite in found:
            _print(suite.name, suite.description)


SUITES = Command(
    suites,
    """  longthink suites
  longthink suites quick > mine.toml     # to change, and to run: longthink compare mine.toml
  longthink suites --json""",
    group=LISTS,
)
