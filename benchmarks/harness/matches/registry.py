"""The registry of agents: `AGENTS`, and `load_agent`, which makes one from a text such as "mcts(simulations=1000)"."""

from __future__ import annotations

from collections.abc import Callable

from longthink.benchmarks.harness.matches.agents import Agent
from longthink.registry import Registry

# One line for each agent or family of agents.
AGENTS: Registry[Callable[..., Agent]] = Registry(
    "agent",
    "longthink.agents",
    {
        "random": "longthink.benchmarks.harness.matches.ours:Random",
        "mcts": "longthink.benchmarks.harness.matches.ours:TreeSearch",
        "ismcts": "longthink.benchmarks.harness.matches.ours:InformationSetSearch",
        "cfr": "longthink.benchmarks.harness.matches.ours:Equilibrium",
        "policy:": "longthink.benchmarks.harness.matches.ours:FromPolicy",
        "exact": "longthink.benchmarks.harness.matches.ours:Exact",
        "openspiel:": "longthink.benchmarks.harness.matches.openspiel:FAMILY",
        "gtp:": "longthink.benchmarks.harness.matches.gtp:GtpAgent",
        "model:": "longthink.benchmarks.harness.matches.language:LanguageModel",
    },
)
register_agent = AGENTS.register
"""Add an agent of your own for this process: `register_agent("name", Mine)`, or `@register_agent("name")` above it."""


def agents() -> Registry[Callable[..., Agent]]:
    """The registered agents; iteration yields their names. `agents().families` returns "gtp:" and others."""
    return AGENTS


def load_agent(name: str) -> Agent:
    """Make an agent: "random", "mcts(simulations=1000)", "openspiel:mcts(simulations=1000)", "gtp:COMMAND LINE", ...

    Raises `UnknownNameError` with near matches for a name or option that does not exist, and what the agent raises.
    """
    agent: Agent = AGENTS.find(name).make()
    return agent
