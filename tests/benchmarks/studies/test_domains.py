"""The jobs of each domain: their keys and their results."""

from __future__ import annotations

import json

import pytest

from longthink.benchmarks.harness.suite import SUITES, suite
from longthink.benchmarks.studies import board, language, poker


@pytest.mark.parametrize("name", SUITES)
def test_jobs_have_keys_of_their_own(name: str) -> None:
    jobs = suite(name)
    assert len({job.key for job in jobs}) == len(jobs)
    assert [job.key for job in jobs] == [job.key for job in suite(name)]
    assert {job.domain for job in jobs} == ({"poker"} if name == "variants" else {"poker", "board", "language"})
    json.dumps([dict(job.config) for job in jobs])


def test_board_jobs_judge_moves_by_the_exact_solver() -> None:
    settings = board.BoardSettings(positions=6, slices=2, budgets=(10, 2000), peer_limit=10)
    found = {
        (job.method, job.config["budget"], job.config["slice"][0]): job.run(lambda share: None)
        for job in board.jobs(settings)
    }
    assert found[board.EXACT, None, 0]["positions"] == [0, 2, 4]
    assert found[board.EXACT, None, 1]["positions"] == [1, 3, 5]
    assert all(found[board.EXACT, None, part]["optimal"] == [1, 1, 1] for part in (0, 1))
    assert all(0 < share < 1 for share in found[board.RANDOM, None, 0]["optimal"])
    assert sum(sum(found[board.OURS, 2000, part]["optimal"]) for part in (0, 1)) >= 5
    assert found[board.OURS, 2000, 0]["spent"]["simulations"] == 6000
    assert (board.PEER, 2000, 0) not in found


def test_poker_jobs_agree_with_the_peer() -> None:
    jobs = poker.jobs(poker.PokerSettings({"kuhn_poker": (100, 100)}))
    found = {job.method: job.run(lambda share: None)["points"] for job in jobs}
    for ours, peer in (("longthink cfr", "OpenSpiel CFR"), ("longthink cfr+", "OpenSpiel CFR+")):
        for mine, theirs in zip(found[ours], found[peer], strict=True):
            assert mine["iterations"] == theirs["iterations"]
            assert mine["exploitability"] == pytest.approx(theirs["exploitability"], abs=1e-9)
            assert mine["seconds"] > 0
    assert found[poker.EXACT][-1]["exploitability"] == pytest.approx(0, abs=1e-12)
    assert list(poker.checkpoints(100)) == [1, 2, 5, 10, 20, 50, 100]
    assert list(poker.checkpoints(30)) == [1, 2, 5, 10, 20, 30]


def test_language_jobs_without_a_model() -> None:
    jobs = language.jobs(language.LanguageSettings(problems=1, count=3))
    found = {job.method: job for job in jobs}
    assert found[language.OURS].config["budget"] == {"tokens": 1000}
    for method in (language.UNIFORM, language.EXACT):
        result = found[method].run(lambda share: None)
        assert result["correct"]
        assert found[method].config["model"] is None
