"""What commands have in common when they print: JSON for machines, budgets in words, files that are checked first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import longthink as lt
from longthink.options import option

Json = Annotated[bool, option("Print JSON for machines.", show_default=False)]


def print_json(**values: Any) -> None:
    """Print one JSON object."""
    print(json.dumps(values, indent=1, allow_nan=False))


def spent_text(spent: lt.Spent) -> str:
    """What was spent, as "1.2 s, 300 simulations"."""
    parts = [f"{value:.3g} s" if name == "seconds" else f"{value:,} {name}" for name, value in spent.as_dict().items()]
    return ", ".join(parts) or "nothing"


def check_folder(option: str, file: Path | None) -> None:
    """Raise `ParameterError` if the folder of a file to be written does not exist, before the work begins."""
    if file is not None and not file.absolute().parent.is_dir():
        raise lt.ParameterError(f"--{option} {file}: there is no folder {file.parent}")
