"""Language: models, tasks, proposals, verifiers, and the game they make together.

`task` and `countdown` state problems; `model` loads what continues text; `proposer` turns it into actions; `verifier`
values them; `kinds` say what a proposal may be; `language_game` makes a game of it all; `methods` and `think` spend a
budget on it, and `think_all` one budget on many.
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
