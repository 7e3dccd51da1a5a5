"""A progress bar on the terminal for work that has a budget."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from longthink.search.budget import Budget, Spent


class Told(Protocol):
    """Shows what is spent, and what there is to say besides."""

    def __call__(self, spent: Spent, said: str = "") -> None: ...


@contextmanager
def progress_bar(title: str, budget: Budget, quiet: bool = False) -> Iterator[Told | None]:
    """Gives what `progress=` of a solver takes, and shows the largest share of a limit that is spent.

    Nothing is shown (and None given) where `quiet` is true, the terminal is none, or rich is not installed.
    """
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    except ModuleNotFoundError:  # an extra brings it; the work goes on without a bar
        quiet = True
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[spent]}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(title, total=1.0, spent="")

        def told(spent: Spent, said: str = "") -> None:
            counts = [f"{value:,} {name}" for name, value in spent.as_dict().items() if name != "seconds"]
            bars.update(bar, completed=budget.share_spent(spent), spent=" ".join([*counts[:2], said]))

        yield told
