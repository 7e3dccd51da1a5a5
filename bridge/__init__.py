"""Language: models, tasks, proposals and verifiers, and the language game that they form.

`tasks` state problems and verify answers. `models` are language models. `proposals` turns a model into actions: it has
proposers, kinds of proposals, and the language game. `methods` spend a budget on one problem. `runtime` runs sessions
and schedules their requests. `thinking` has `think` for one problem, `think_all` for many, and chat. `traces` records
what was done. `tools` are programs that a model may call. `training` trains the tiny models.
"""

from longthink.bridge.methods import Method, methods
from longthink.bridge.models.model import Completion, Model
from longthink.bridge.models.registry import load_model
from longthink.bridge.proposals.language_game import LanguageGame
from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.runtime.answer import Answer
from longthink.bridge.tasks.registry import load_task, register_task, tasks
from longthink.bridge.tasks.task import Task
from longthink.bridge.tasks.verifier import Verifier
from longthink.bridge.thinking.think import think
from longthink.bridge.thinking.think_all import think_all
from longthink.bridge.traces.trace import Trace

__all__ = [
    "Answer",
    "Completion",
    "LanguageGame",
    "Method",
    "Model",
    "Proposal",
    "Proposer",
    "Task",
    "Trace",
    "Verifier",
    "load_model",
    "load_task",
    "methods",
    "register_task",
    "tasks",
    "think",
    "think_all",
]
