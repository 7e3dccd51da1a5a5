"""`longthink completion`: a script with which a shell completes commands and options."""

from __future__ import annotations

from typing import Annotated, Literal

from longthink.commands.command import Command
from longthink.options import option


def completion(shell: Annotated[Literal["bash", "zsh", "fish"], option("The shell.")], /) -> None:
    """Print a script with which a shell completes commands and options."""
    from longthink.commands.app import build_app

    print(build_app().generate_completion(prog_name="longthink", shell=shell))


COMMAND = Command(
    completion,
    """  longthink completion bash > ~/.local/share/bash-completion/completions/longthink
  longthink completion zsh > ~/.zfunc/_longthink""",
)
