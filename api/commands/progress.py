"""A progress bar on the terminal for work that has a budget."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import longthink as lt


class Progress(Protocol):
    """Shows what is spent, and a note after it."""

    def __call__(self, spent: lt.Spent, note: str = "") -> None: ...


@contextmanager
def progress_bar(title: str, budget: lt.Budget, quiet: bool = False) -> Iterator[Progress | None]:
    """Yield a function for `progress=` of a solver, which shows the largest share of a limit that is spent.

    Nothing is shown, and None is yielded, if `quiet` is true or the standard error is not a terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TextColumn("{task.fields[spent]}"),
        progress.TimeElapsedColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(title, total=1.0, spent="")

        def show(spent: lt.Spent, note: str = "") -> None:
            counts = [f"{value:,} {name}" for name, value in spent.as_dict().items() if name != "seconds"]
            bars.update(bar, completed=budget.share_spent(spent), spent=" ".join([*counts[:2], note]))

        yield show
