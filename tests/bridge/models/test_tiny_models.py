"""The tiny models: their training data, that they load and are reproducible, and that they help."""

from __future__ import annotations

import math
import shutil
from fractions import Fraction
from itertools import islice
from pathlib import Path

import onnx
import pytest

import longthink as lt
from longthink.bridge.models.onnx import OnnxModel
from longthink.bridge.models.tiny.model import SIZES, TRAINED_OTHERWISE, tiny_file
from longthink.bridge.proposals.proposer import ScoreProposer, TrieProposer, proposer_for
from longthink.bridge.tasks.countdown import solve, steps
from longthink.bridge.training.tiny_data import benchmark_states, held_out, lines, state

TASK = lt.load_task("countdown", numbers=(2, 5, 20, 40), target=75)


def table(text: str) -> tuple[tuple[int, ...], int]:
    target, _, numbers = text.removesuffix(": ").partition(" from ")
    return tuple(map(int, numbers.split())), int(target)


@pytest.fixture(scope="module", params=SIZES)
def model(request: pytest.FixtureRequest) -> lt.Model:
    return lt.load_model(f"tiny:{request.param}")


# ---- What they learn from ----


def test_every_line_is_a_step_that_leads_on() -> None:
    for before, written in islice(lines(seed=5), 300):
        numbers, target = table(before)
        taken = next(step for step in steps(tuple(map(Fraction, numbers)), False) if f"{step}\n" == written)
        after = taken.apply(tuple(map(Fraction, numbers)))
        assert solve([int(number) for number in after], target, fractions=False).answer is not None
        if target != 24:
            assert 100 <= target <= 999


def test_a_quarter_of_all_tables_is_in_no_line() -> None:
    seen = list(islice(lines(seed=6), 5_000))
    assert not any(held_out(*table(before)) for before, _ in seen)
    assert {len(table(before)[0]) for before, _ in seen} == {2, 3, 4}
    share = sum(held_out((a, b, 7, 50), 300) for a in range(1, 101) for b in range(1, 101)) / 10_000
    assert share == pytest.approx(0.25, abs=0.02)


def test_lines_have_the_form_of_the_prompt() -> None:
    assert TASK.context(()).endswith("\n" + state((40, 2, 20, 5), 75))


def test_problems_of_the_benchmarks_are_in_no_line() -> None:
    of_benchmarks = benchmark_states()
    assert len(of_benchmarks) == 1_100
    for task in (lt.load_task("countdown", seed=7), lt.load_task("game24", number=950)):
        assert task.context(()).rpartition("\n")[2] in of_benchmarks
    would_be = {before for before, _ in islice(lines(seed=8), 100)}
    assert not any(before in would_be for before, _ in islice(lines(seed=8, benchmark=would_be), 2_000))


# ---- The files ----


def test_all_sizes_together_are_small() -> None:
    assert sum(tiny_file(size).stat().st_size for size in (*SIZES, *TRAINED_OTHERWISE)) <= 15_000_000


def test_the_files_say_how_they_were_trained(model: lt.Model) -> None:
    assert isinstance(model, OnnxModel)
    metadata = model.metadata
    assert int(metadata["steps"]) > 0
    assert int(metadata["lines"]) > int(metadata["steps"])
    assert 0 < float(metadata["cpu_minutes"]) <= 15
    assert metadata["license"] == "Apache-2.0"
    weights = [
        a for a in onnx.load(tiny_file(model.name.removeprefix("tiny-"))).graph.initializer if a.name.endswith("_half")
    ]
    assert sum(math.prod(array.dims) for array in weights) == int(metadata["weights"])


def test_each_size_has_four_times_the_weights() -> None:
    counts = [int(OnnxModel(tiny_file(size)).metadata["weights"]) for size in SIZES]
    assert counts[1] / counts[0] == pytest.approx(4, rel=0.05)
    assert counts[2] / counts[1] == pytest.approx(4, rel=0.05)
    assert sum(float(OnnxModel(tiny_file(size)).metadata["cpu_minutes"]) for size in SIZES) <= 15


def test_some_differ_from_the_smallest_only_in_the_steps_of_their_training() -> None:
    smallest = OnnxModel(tiny_file("0.25x")).metadata
    lines = int(smallest["lines"]) // int(smallest["steps"])
    for name in TRAINED_OTHERWISE:
        metadata = OnnxModel(tiny_file(name)).metadata
        steps = int(name.rpartition("-")[2])
        assert metadata["steps"] == str(steps)
        assert metadata["lines"] == str(steps * lines)
        assert all(metadata[key] == smallest[key] for key in ("weights", "seed", "grown_from", "vocabulary", "task"))
    with pytest.raises(lt.UnknownNameError, match="unknown size of the tiny model"):
        tiny_file("0.25x-7")


def test_a_file_with_other_content_is_another_model(tmp_path: Path) -> None:
    same, other = tmp_path / "same" / "tiny-1x.onnx", tmp_path / "other" / "tiny-1x.onnx"
    for path, size in ((same, "1x"), (other, "0.25x")):
        path.parent.mkdir()
        shutil.copy(tiny_file(size), path)
    packaged = lt.load_model("tiny").identity
    assert OnnxModel(same).identity == packaged
    assert OnnxModel(other).identity != packaged
    assert OnnxModel(other).name == OnnxModel(same).name


# ---- Writing and scoring ----


def test_same_seed_same_answers(model: lt.Model) -> None:
    def texts(seed: int) -> list[str]:
        return [c.text for c in model.complete(TASK.context(()), n=8, temperature=1.5, stop=["\n"], seed=seed)]

    assert texts(1) == texts(1)
    assert texts(1) != texts(2)
    assert len(set(texts(1))) > 1


def test_answers_of_a_batch_are_those_of_one(model: lt.Model) -> None:
    one, *rest = model.complete(TASK.context(()), n=4, temperature=0, stop=["\n"], top=3)
    assert all(other.text == one.text for other in rest)
    assert one.logprob == pytest.approx(rest[0].logprob, abs=1e-4)
    assert one.finish == "stop"
    assert one.calls == 1
    assert rest[0].prompt_tokens == rest[0].calls == 0
    assert one.generated_tokens == len(one.tokens) == len(one.text) + 1  # the end is a token too
    for token in one.tokens:
        assert max(token.top.values()) == pytest.approx(token.logprob)
        assert len(token.top) == 3


def test_priors_over_all_legal_steps_are_exact(model: lt.Model) -> None:
    """In one request they are what asking token by token gives, and sum to 1."""
    for transcript in ((), ("40=20*2",), ("40=20*2", "80=40+40")):
        at_once, by_token = ScoreProposer(model), TrieProposer(model, calls=1000)
        proposals = at_once.propose(TASK, transcript)
        assert [p.text for p in proposals] == TASK.legal_steps(transcript)
        assert sum(p.prior for p in proposals) == pytest.approx(1, abs=1e-9)
        expected = {p.text: p.prior for p in by_token.propose(TASK, transcript)}
        assert {p.text: p.prior for p in proposals} == pytest.approx(expected, abs=1e-4)
        assert at_once.spent.calls == 1
        assert at_once.spent.tokens < by_token.spent.tokens


def test_fractions_and_one_choice_are_scored(model: lt.Model) -> None:
    (only,) = model.score(TASK.context(()), ["40=20*2"])
    assert only.logprob == 0
    game = lt.load_task("game24", numbers=(1, 3, 4, 6))
    priors = [math.exp(c.logprob or 0) for c in model.score(game.context(()), game.legal_steps(()))]
    assert sum(priors) == pytest.approx(1)


def test_a_model_that_scores_is_asked_to() -> None:
    assert isinstance(proposer_for(TASK, lt.load_model("tiny")), ScoreProposer)


# ---- What it is good for ----


def test_the_model_finds_more_than_uniform_proposals() -> None:
    """Thirty held-out problems, 100 simulations each; so large a lead comes by luck once in 4,000 times (sign test)."""
    tasks, budget = [lt.load_task("countdown", seed=seed) for seed in range(30)], lt.Budget(simulations=100)
    uniform = sum(lt.think(task, None, budget, method="uniform").correct for task in tasks)
    trained = sum(lt.think(task, lt.load_model("tiny"), budget).correct for task in tasks)
    assert trained >= uniform + 12


# ---- Errors ----


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(lt.ModelError, match="no model file"):
        lt.load_model(str(tmp_path / "none.onnx"))
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(lt.ModelError, match="not an ONNX language model"):
        lt.load_model(str(tmp_path / "text.onnx"))
    plain = onnx.load(tiny_file("0.25x"))
    del plain.metadata_props[:]
    onnx.save(plain, str(tmp_path / "plain.onnx"))
    with pytest.raises(lt.ModelError, match="vocabulary and context"):
        lt.load_model(str(tmp_path / "plain.onnx"))
    with pytest.raises(lt.UnknownNameError, match="size of the tiny model"):
        lt.load_model("tiny:2x")
    with pytest.raises(lt.ParameterError, match="threads"):
        lt.load_model("tiny", threads=0)


def test_what_it_cannot_read_is_refused() -> None:
    model = lt.load_model("tiny")
    with pytest.raises(lt.ModelError, match="it has no 'H', 'e'"):
        model.complete("He")
    with pytest.raises(lt.ModelError, match="64 tokens"):
        model.complete("1" * 100)
    with pytest.raises(lt.ModelError, match="empty line"):
        model.complete("75 from 5 80: \n")
    assert model.complete("Hello.\n75 from 5 80: ", temperature=0, stop=["\n"])[0].text  # reads the last line alone
