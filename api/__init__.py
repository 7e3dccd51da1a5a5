"""longthink: one search engine for games and for language.

Load a game or a task, run a solver or `think` with a budget, and read the result:

    import longthink as lt

    game = lt.load_game("connect_four")
    result = lt.MCTS(game, seed=7).run(game.new_initial_state(), lt.Budget(simulations=100_000))
    print(result.best_action, result.value)

Names are imported when they are first used, so that `import longthink` is fast.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from longthink.benchmarks.harness.compare import compare as compare
    from longthink.benchmarks.harness.from_logs import report as report
    from longthink.benchmarks.harness.matches.agents import Agent as Agent
    from longthink.benchmarks.harness.matches.registry import agents as agents
    from longthink.benchmarks.harness.matches.registry import load_agent as load_agent
    from longthink.benchmarks.harness.matches.registry import register_agent as register_agent
    from longthink.benchmarks.harness.record import Outcome as Outcome
    from longthink.benchmarks.harness.record import Record as Record
    from longthink.benchmarks.harness.section import Axis as Axis
    from longthink.benchmarks.harness.section import Chart as Chart
    from longthink.benchmarks.harness.section import Comparison as Comparison
    from longthink.benchmarks.harness.section import Estimate as Estimate
    from longthink.benchmarks.harness.section import Point as Point
    from longthink.benchmarks.harness.section import Section as Section
    from longthink.benchmarks.harness.section import Series as Series
    from longthink.benchmarks.harness.section import Table as Table
    from longthink.benchmarks.harness.studies import register_study as register_study
    from longthink.benchmarks.harness.studies import studies as studies
    from longthink.benchmarks.harness.study import Case as Case
    from longthink.benchmarks.harness.study import Context as Context
    from longthink.benchmarks.harness.study import Study as Study
    from longthink.benchmarks.harness.suite import Suite as Suite
    from longthink.benchmarks.harness.suite import load_suite as load_suite
    from longthink.benchmarks.harness.suite import suites as suites
    from longthink.bridge.methods.method import Method as Method
    from longthink.bridge.methods.registry import methods as methods
    from longthink.bridge.methods.registry import register_method as register_method
    from longthink.bridge.models.model import Completion as Completion
    from longthink.bridge.models.model import Model as Model
    from longthink.bridge.models.model import Request as Request
    from longthink.bridge.models.model import Token as Token
    from longthink.bridge.models.registry import load_model as load_model
    from longthink.bridge.models.registry import models as models
    from longthink.bridge.models.registry import register_model as register_model
    from longthink.bridge.models.work import Work as Work
    from longthink.bridge.proposals.kinds.kind import Kind as Kind
    from longthink.bridge.proposals.kinds.kind import ProposalQuery as ProposalQuery
    from longthink.bridge.proposals.kinds.registry import kinds as kinds
    from longthink.bridge.proposals.kinds.registry import load_kind as load_kind
    from longthink.bridge.proposals.kinds.registry import register_kind as register_kind
    from longthink.bridge.proposals.kinds.state import TranscriptState as TranscriptState
    from longthink.bridge.proposals.kinds.tool import with_tools as with_tools
    from longthink.bridge.proposals.kinds.with_kinds import with_kinds as with_kinds
    from longthink.bridge.proposals.proposer import Proposal as Proposal
    from longthink.bridge.proposals.proposer import Proposer as Proposer
    from longthink.bridge.runtime.answer import Answer as Answer
    from longthink.bridge.runtime.jobs import Complete as Complete
    from longthink.bridge.runtime.jobs import Job as Job
    from longthink.bridge.runtime.jobs import Known as Known
    from longthink.bridge.runtime.jobs import Propose as Propose
    from longthink.bridge.runtime.jobs import Write as Write
    from longthink.bridge.runtime.session import Session as Session
    from longthink.bridge.tasks.function_task import make_task as make_task
    from longthink.bridge.tasks.registry import load_task as load_task
    from longthink.bridge.tasks.registry import register_task as register_task
    from longthink.bridge.tasks.registry import tasks as tasks
    from longthink.bridge.tasks.task import Solved as Solved
    from longthink.bridge.tasks.task import Subproblem as Subproblem
    from longthink.bridge.tasks.task import Task as Task
    from longthink.bridge.tasks.verifier import Judge as Judge
    from longthink.bridge.tasks.verifier import Verifier as Verifier
    from longthink.bridge.tasks.verifier import register_verifier as register_verifier
    from longthink.bridge.tasks.verifier import verifiers as verifiers
    from longthink.bridge.thinking.think import think as think
    from longthink.bridge.thinking.think_all import think_all as think_all
    from longthink.bridge.tools.registry import load_tool as load_tool
    from longthink.bridge.tools.registry import register_tool as register_tool
    from longthink.bridge.tools.registry import tools as tools
    from longthink.bridge.tools.tool import Tool as Tool
    from longthink.bridge.tools.tool import ToolResult as ToolResult
    from longthink.concurrency import CancelToken as CancelToken
    from longthink.errors import CheckpointError as CheckpointError
    from longthink.errors import ConcurrentUseError as ConcurrentUseError
    from longthink.errors import GameError as GameError
    from longthink.errors import IllegalActionError as IllegalActionError
    from longthink.errors import LongthinkError as LongthinkError
    from longthink.errors import MemoryLimitError as MemoryLimitError
    from longthink.errors import MissingExtraError as MissingExtraError
    from longthink.errors import ModelError as ModelError
    from longthink.errors import NotPicklableError as NotPicklableError
    from longthink.errors import ParameterError as ParameterError
    from longthink.errors import RegistryError as RegistryError
    from longthink.errors import RequestRefusedError as RequestRefusedError
    from longthink.errors import RunLogError as RunLogError
    from longthink.errors import ToolError as ToolError
    from longthink.errors import UnknownNameError as UnknownNameError
    from longthink.games.adapters.efg import load_efg as load_efg
    from longthink.games.adapters.efg import write_efg as write_efg
    from longthink.games.adapters.numba import numba_game as numba_game
    from longthink.games.adapters.pettingzoo import pettingzoo_env as pettingzoo_env
    from longthink.games.core import Game as Game
    from longthink.games.core import State as State
    from longthink.games.registry import games as games
    from longthink.games.registry import load_game as load_game
    from longthink.games.registry import register_game as register_game
    from longthink.games.text import Text as Text
    from longthink.registry import Family as Family
    from longthink.registry import Registry as Registry
    from longthink.search.budget import Budget as Budget
    from longthink.search.budget import Spent as Spent
    from longthink.search.regret.cfr import CFR as CFR
    from longthink.search.regret.cfr_br import CFRBR as CFRBR
    from longthink.search.regret.local_best_response import LocalBestResponse as LocalBestResponse
    from longthink.search.regret.local_best_response import local_best_response as local_best_response
    from longthink.search.regret.mccfr import MCCFR as MCCFR
    from longthink.search.regret.policy import Policy as Policy
    from longthink.search.regret.policy import best_response as best_response
    from longthink.search.regret.policy import expected_values as expected_values
    from longthink.search.regret.policy import exploitability as exploitability
    from longthink.search.regret.policy import nash_conv as nash_conv
    from longthink.search.regret.sequence_form import SequenceFormLP as SequenceFormLP
    from longthink.search.regret.solver import Exploitability as Exploitability
    from longthink.search.regret.updates import Line as Line
    from longthink.search.regret.updates import Power as Power
    from longthink.search.trees.batched import BatchedMCTS as BatchedMCTS
    from longthink.search.trees.drawing import TreeDrawing as TreeDrawing
    from longthink.search.trees.evaluation import Evaluator as Evaluator
    from longthink.search.trees.evaluation import search_with as search_with
    from longthink.search.trees.graph_search import ISMCTS as ISMCTS
    from longthink.search.trees.graph_search import GraphSearch as GraphSearch
    from longthink.search.trees.mcts import MCTS as MCTS
    from longthink.search.trees.onnx_evaluator import OnnxEvaluator as OnnxEvaluator
    from longthink.search.trees.result import BatchedResult as BatchedResult
    from longthink.search.trees.result import SearchResult as SearchResult
    from longthink.search.trees.rules import GRAVE as GRAVE
    from longthink.search.trees.rules import PUCT as PUCT
    from longthink.search.trees.rules import RAVE as RAVE
    from longthink.search.trees.rules import UCT as UCT
    from longthink.search.trees.rules import Gumbel as Gumbel
    from longthink.search.trees.rules import Knowledge as Knowledge
    from longthink.search.trees.rules import RegretMatching as RegretMatching
    from longthink.search.trees.rules import Rule as Rule
    from longthink.search.trees.rules import Thompson as Thompson
    from longthink.search.trees.rules import UCB1Tuned as UCB1Tuned
    from longthink.search.trees.rules import Widening as Widening

# The module of each public name.
_HOME = {
    **dict.fromkeys(("Game", "State"), "games.core"),
    **dict.fromkeys(("games", "load_game", "register_game"), "games.registry"),
    **dict.fromkeys(("load_efg", "write_efg"), "games.adapters.efg"),
    "numba_game": "games.adapters.numba",
    "pettingzoo_env": "games.adapters.pettingzoo",
    **dict.fromkeys(("Budget", "Spent"), "search.budget"),
    **dict.fromkeys(
        (
            "GRAVE",
            "PUCT",
            "RAVE",
            "UCT",
            "Gumbel",
            "Knowledge",
            "RegretMatching",
            "Rule",
            "Thompson",
            "UCB1Tuned",
            "Widening",
        ),
        "search.trees.rules",
    ),
    "MCTS": "search.trees.mcts",
    "BatchedMCTS": "search.trees.batched",
    "TreeDrawing": "search.trees.drawing",
    **dict.fromkeys(("Evaluator", "search_with"), "search.trees.evaluation"),
    "OnnxEvaluator": "search.trees.onnx_evaluator",
    **dict.fromkeys(("GraphSearch", "ISMCTS"), "search.trees.graph_search"),
    **dict.fromkeys(("BatchedResult", "SearchResult"), "search.trees.result"),
    "CFR": "search.regret.cfr",
    "MCCFR": "search.regret.mccfr",
    "CFRBR": "search.regret.cfr_br",
    **dict.fromkeys(("LocalBestResponse", "local_best_response"), "search.regret.local_best_response"),
    "Exploitability": "search.regret.solver",
    "SequenceFormLP": "search.regret.sequence_form",
    **dict.fromkeys(("Line", "Power"), "search.regret.updates"),
    **dict.fromkeys(
        ("Policy", "best_response", "expected_values", "exploitability", "nash_conv"), "search.regret.policy"
    ),
    "Text": "games.text",
    **dict.fromkeys(("Solved", "Subproblem", "Task"), "bridge.tasks.task"),
    **dict.fromkeys(("load_task", "register_task", "tasks"), "bridge.tasks.registry"),
    "make_task": "bridge.tasks.function_task",
    **dict.fromkeys(("Tool", "ToolResult"), "bridge.tools.tool"),
    **dict.fromkeys(("load_tool", "register_tool", "tools"), "bridge.tools.registry"),
    **dict.fromkeys(("Kind", "ProposalQuery"), "bridge.proposals.kinds.kind"),
    "TranscriptState": "bridge.proposals.kinds.state",
    **dict.fromkeys(("kinds", "load_kind", "register_kind"), "bridge.proposals.kinds.registry"),
    "with_kinds": "bridge.proposals.kinds.with_kinds",
    "with_tools": "bridge.proposals.kinds.tool",
    **dict.fromkeys(("Completion", "Model", "Request", "Token"), "bridge.models.model"),
    **dict.fromkeys(("load_model", "models", "register_model"), "bridge.models.registry"),
    "Work": "bridge.models.work",
    **dict.fromkeys(("Proposal", "Proposer"), "bridge.proposals.proposer"),
    **dict.fromkeys(("Judge", "Verifier", "register_verifier", "verifiers"), "bridge.tasks.verifier"),
    "think": "bridge.thinking.think",
    "Answer": "bridge.runtime.answer",
    "Session": "bridge.runtime.session",
    **dict.fromkeys(("Complete", "Job", "Known", "Propose", "Write"), "bridge.runtime.jobs"),
    "think_all": "bridge.thinking.think_all",
    "Method": "bridge.methods.method",
    **dict.fromkeys(("methods", "register_method"), "bridge.methods.registry"),
    "CancelToken": "concurrency",
    **dict.fromkeys(("Family", "Registry"), "registry"),
    **dict.fromkeys(("Case", "Context", "Study"), "benchmarks.harness.study"),
    **dict.fromkeys(("Outcome", "Record"), "benchmarks.harness.record"),
    **dict.fromkeys(
        ("Axis", "Chart", "Comparison", "Estimate", "Point", "Section", "Series", "Table"), "benchmarks.harness.section"
    ),
    **dict.fromkeys(("register_study", "studies"), "benchmarks.harness.studies"),
    **dict.fromkeys(("Suite", "load_suite", "suites"), "benchmarks.harness.suite"),
    "compare": "benchmarks.harness.compare",
    "report": "benchmarks.harness.from_logs",
    "Agent": "benchmarks.harness.matches.agents",
    **dict.fromkeys(("agents", "load_agent", "register_agent"), "benchmarks.harness.matches.registry"),
    **dict.fromkeys(
        (
            "CheckpointError",
            "ConcurrentUseError",
            "GameError",
            "IllegalActionError",
            "LongthinkError",
            "MemoryLimitError",
            "MissingExtraError",
            "ModelError",
            "NotPicklableError",
            "ParameterError",
            "RegistryError",
            "RequestRefusedError",
            "RunLogError",
            "ToolError",
            "UnknownNameError",
        ),
        "errors",
    ),
}

__all__ = sorted(_HOME)

try:
    __version__ = version("longthink")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'longthink' has no attribute {name!r}")
    value: object = getattr(import_module(f"longthink.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
