"""Constrained writing: what counts, what may follow a beginning, fluency, and methods on a small model of words."""

from __future__ import annotations

import itertools
import math
import pickle
import re
from random import Random

import pytest

import longthink as lt
from longthink.bridge.models.model import Completion, Model, Request, Token
from longthink.bridge.proposals.kinds.kind_proposer import KindProposer
from longthink.bridge.proposals.kinds.token import NextToken
from longthink.bridge.proposals.kinds.with_kinds import with_kinds
from longthink.bridge.tasks.constrained_writing import FLOOR, NOUNS, VERBS, ConstrainedWriting
from longthink.bridge.tasks.task import Part
from longthink.bridge.tasks.verifier import Fluency

GOOD = "The dog found a bone in the garden near the old river."


def writing(*given: str, words: int = 12, **more: float) -> ConstrainedWriting:
    task = lt.load_task("writing", given=given or ("dog", "garden", "found"), words=words, **more)
    assert isinstance(task, ConstrainedWriting)
    return task


class Bigrams(Model):
    """A model of words: the pairs of words in some sentences follow each other; all else is unlikely."""

    logprobs = True
    reads = True
    unlikely = 1e-4

    def __init__(self, *sentences: str) -> None:
        self.name = "bigrams"
        self.after: dict[str, dict[str, float]] = {}
        for sentence in sentences:
            words = ["", *re.findall(r" \w+|\.", " " + sentence)]
            for word, following in itertools.pairwise(words):
                counts = self.after.setdefault(word, {})
                counts[following] = counts.get(following, 0.0) + 1.0

    def share(self, word: str, following: str) -> float:
        counts = self.after.get(word, {})
        total = sum(counts.values())
        return counts[following] / total if following in counts else self.unlikely

    def answer(self, request: Request) -> list[Completion]:
        if request.given is not None:
            words = ["", *re.findall(r" \w+|\.", request.given)]
            tokens = tuple(Token(b, math.log(self.share(a, b))) for a, b in itertools.pairwise(words))
            return [Completion(request.given, tokens=tokens, prompt_tokens=9, generated_tokens=len(tokens), calls=1)]
        written = request.prompt.rpartition(":")[2]
        last = re.findall(r" \w+|\.|$", written)[0 if not written else -2]
        top = {word: math.log(self.share(last, word)) for word in self.after.get(last, {})}
        best = max(top, key=lambda word: top[word], default="\n")
        tokens = (Token(best, top.get(best, -1.0), top),)
        return [Completion(best, tokens=tokens, prompt_tokens=9, generated_tokens=1, calls=1)]


# ---- What counts ----


def test_a_sentence_that_meets_every_constraint_counts() -> None:
    task = writing()
    assert task.check(GOOD) == 1.0
    assert task.check("In the garden, Dog and I found a very large old bone.") == 1.0  # commas and capitals are allowed


@pytest.mark.parametrize(
    "text",
    [
        "The dog found a bone in the garden near the river.",  # eleven words
        "The dog found a bone in the garden near the very old river.",  # thirteen
        "The dogs found a bone in the garden near the old river.",  # another form
        "The hotdog found a bone in the garden near the old river.",  # a part of a word
        "The dog found a bone in the yard near the old river.",  # one is missing
        "The dog found a dog in the garden near the old river.",  # one stands twice
        "The dog found a bone in in garden near the old river.",  # a word follows itself
        "the dog found a bone in the garden near the old river.",
        "The dog found a bone in the garden near the old river",
        "The dog found a bone. In the garden near the old river.",
        "The dog found a bone in the garden near the old river..",
        "The dog found a bone in the garden near the old river.\n",
        " The dog found a bone in the garden near the old river.",
        "The dog  found a bone in the garden near the old river.",
        "The dog found a bone in the garden near the old river,.",
        "The dog found a b0ne in the garden near the old river.",
        "The dog's bone, found in the garden near the old river.",
        "The dög found a bone in the garden near the old river.",
        "The dog found a bone in the gar\u200bden near the old river.",
        "The\u00a0dog found a bone in the garden near the old river.",
        "",
        ".",
        "dog garden found " * 4,
        "A" * 100_000,
        "A, " * 50_000 + "b",
        "<|im_end|>",
    ],
)  # fmt: skip
def test_other_texts_do_not(text: str) -> None:
    assert writing().check(text) == 0.0


def test_given_words_are_drawn_by_the_seed_and_load_again() -> None:
    assert len(set(NOUNS)) == len(NOUNS)
    assert len(set(VERBS)) == len(VERBS)
    drawn = {lt.load_task("writing", seed=seed).given for seed in range(50)}  # type: ignore[attr-defined]
    assert len(drawn) == 50
    assert all(a != b and {a, b} <= set(NOUNS) and c in VERBS for a, b, c in drawn)
    for task in (lt.load_task("writing", seed=3, words=9), writing(), writing(floor=-3.0)):
        again = lt.load_task(task.name)
        assert (again.prompt, again.verified_by) == (task.prompt, task.verified_by)
        assert pickle.loads(pickle.dumps(task)).context(()) == task.context(())


@pytest.mark.parametrize(
    "options",
    [
        {"given": "dog"},
        {"given": ("Dog", "cat")},
        {"given": ("dog", "dog")},
        {"given": ("dog", "two words")},
        {"given": ("a", "b", "c", "d"), "words": 4},
        {"given": ()},
        {"words": 3},
        {"floor": 1.0},
        {"floor": math.nan},
    ],
)
def test_problems_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(lt.ParameterError, match="writing"):
        lt.load_task("writing", **options)


# ---- What may follow ----


def test_a_beginning_may_go_on_only_if_the_missing_words_have_room() -> None:
    task = writing("dog", "garden", "found", words=5)
    assert task.part((), "") == Part(missing=3)
    assert task.part((), " The") == Part(wanted=(" dog", " garden", " found"), missing=3)
    assert task.part((), " The dog") == Part(wanted=(" garden", " found"), missing=2)
    assert task.part((), " The old") == Part(wanted=(" dog", " garden", " found"), missing=3)
    assert task.part((), " The old barn") is None  # two words are left for three
    assert task.part((), " The old gar") == Part(wanted=(" dog", " garden", " found"), missing=3)  # may become "garden"
    assert task.part((), " The dog found a garden") == Part(wanted=(".",))
    assert task.part((), " The dog found a garden.") == Part(complete=True)
    for text in (
        " The dog.",
        " the dog",
        " The dog found a garden near",
        " The dog dog ",
        " The dog 1",
        " " + "A" * 30,
    ):
        assert task.part((), text) is None
    assert task.part((), "\n") is None


def test_every_prefix_of_a_sentence_that_counts_may_go_on() -> None:
    task = writing()
    for text in (GOOD, "In the garden, Dog and I found a very large old bone."):
        parts = [task.part((), " " + text[:length]) for length in range(len(text) + 1)]
        assert None not in parts
        missing = [part.missing for part in parts if part is not None]
        assert missing[0] == 3
        assert missing[-1] == 0
        assert [part.complete for part in parts if part is not None] == [False] * len(text) + [True]


# ---- Fluency ----


def test_salad_is_not_fluent_and_ordinary_text_is() -> None:
    model, task = Bigrams(GOOD), writing()
    verifier = Fluency(model, FLOOR)
    assert verifier(task, (GOOD,)) == 1.0
    salad = "River old the near garden the in bone a found dog the."
    assert task.check(salad) == 1.0
    assert verifier(task, (salad,)) < 0.01
    cut = "The old dog found a bone near the river in the garden the."
    assert Fluency(model, -100.0, end=-2.0)(writing(words=13), (cut,)) == pytest.approx(math.exp(math.log(1e-4) + 2.0))
    spent = verifier.spent.calls
    assert verifier(task, ("The dog.",)) == 0.0
    assert verifier.spent.calls == spent  # nothing was asked


def test_fluency_counts_the_prompt_once() -> None:
    model = Bigrams(GOOD)
    model.remembers = True
    verifier = Fluency(model, FLOOR)
    verifier(writing(), (GOOD,))
    once = verifier.spent.tokens
    verifier(writing(), (GOOD,))
    assert once < verifier.spent.tokens < 2 * once
    task = writing("dog", "garden", "found", words=8)
    answer = lt.think(task, model, lt.Budget(calls=20), method="mcts")
    assert answer.spent.prompt_tokens == 9 * answer.spent.calls
    assert answer.spent.prompt_tokens - answer.spent.cached_tokens <= 9 + answer.spent.calls


@pytest.mark.parametrize("model", [None, "blind"])
def test_fluency_needs_a_model_that_reads(model: str | None) -> None:
    blind = None if model is None else Bigrams()
    if blind is not None:
        blind.reads = False
    with pytest.raises(lt.ParameterError, match="log-probabilities of given texts"):
        lt.think(writing(), blind, lt.Budget(calls=3), method="mcts", proposer=None if blind else _Nothing())


class _Nothing(lt.Proposer):
    def propose(self, task: lt.Task, transcript: tuple[str, ...]) -> list[lt.Proposal]:
        return []


# Ordinary sentences, each with three words that it has: the floor was chosen so that half of them reach it.
ORDINARY = """
dog garden found: The dog found an old bone in the garden this morning.
teacher window opened: The teacher opened the window because the room was too hot.
river boat crossed: We crossed the river in a small boat before it rained.
farmer horse bought: Last week the farmer bought a young horse for his daughter.
letter doctor wrote: The doctor wrote a long letter to his friend in London.
bread kitchen burned: She burned the bread because she had left the kitchen early.
bird tree watched: My brother watched a small bird build its nest in a tree.
train station left: The last train had already left the station when we arrived.
king castle built: The old king built a castle on the hill above town.
book table forgot: He forgot his favorite book on the table in the library.
child bridge ran: The child ran across the bridge to meet her older brother.
snow road covered: By the morning, deep snow covered the road to the village.
soldier song sang: The tired soldier sang a quiet song about his distant home.
cat roof slept: Our black cat slept on the warm roof the whole afternoon.
fish lake caught: My father caught a large fish in the lake on Sunday.
market apple sold: An old woman sold me a sweet apple at the market.
clock wall stopped: The clock on the wall stopped at ten minutes past nine.
island ship reached: After three long weeks at sea, the ship reached an island.
lamp desk broke: The lamp on my desk broke when the cat jumped up.
neighbor garden planted: Our neighbor planted roses and tomatoes in the garden last spring.
"""


def test_half_of_ordinary_sentences_reach_the_floor_and_no_salad_does() -> None:
    """The figures of docs/tasks.md."""
    verifier, random = Fluency(lt.load_model("smollm2", threads=1), FLOOR), Random(1)
    means, ends, salads = [], [], []
    for line in ORDINARY.strip().split("\n"):
        given, _, text = line.partition(": ")
        words = text[:-1].replace(",", "").lower().split()
        task = writing(*given.split(), words=len(words))
        assert task.check(text) == 1.0
        mean, end = verifier.logprobs(task, text)
        means.append(mean)
        ends.append(end)
        random.shuffle(words)
        salads.append(verifier.logprobs(task, " ".join(words).capitalize() + ".")[0])
    assert sum(mean >= FLOOR for mean in means) == 10
    assert min(ends) > -1.0
    assert max(salads) < -5.0


# ---- Methods ----


@pytest.mark.parametrize("method", ["mcts", "best_first", "constrained_beam"])
def test_a_search_writes_the_sentence_and_a_plain_model_does_not(method: str) -> None:
    sentences = ("The dog saw a cat in the garden.", "The cat found a dog in the house.", "A bird saw the house.")
    model, task = Bigrams(*sentences), writing("dog", "garden", "found", words=8)
    found = lt.think(task, model, lt.Budget(calls=3_000), method=method, seed=1)
    assert found.correct, found
    assert found.text is not None
    assert task.check(found.text) == 1.0
    assert Fluency(model, FLOOR).logprobs(task, found.text)[0] >= FLOOR
    assert not lt.think(task, model, lt.Budget(calls=600), method="best_of_n", kinds=("step",)).correct


def test_a_beam_for_each_number_of_missing_words_keeps_unlikely_words() -> None:
    """With one beam alone, the likeliest texts put the given words off until they make salad of the end."""
    sentences = ("The cat saw a cat in the house.",) * 20 + ("The dog found a cat in the garden.",)
    model, task = Bigrams(*sentences), writing("dog", "garden", "found", words=8)
    model.unlikely, budget = 1e-6, lt.Budget(calls=2_000)
    assert lt.think(task, model, budget, method="constrained_beam(width=2)").correct
    plain = lt.think(task, model, budget, method="beam(width=2)", kinds=("token(bonus=0)",))
    assert not plain.correct
    assert plain.value < 0.5


def test_wanted_words_are_proposed_though_the_model_does_not_think_of_them() -> None:
    model, task = Bigrams("The cat saw a bird."), writing("dog", "found", words=5)
    proposer = KindProposer(model)
    kinds = with_kinds(task)
    proposed = {each.text: each for each in proposer.propose(kinds, ("<token> The",))}
    assert set(proposed) == {"<token> cat", "<token> dog", "<token> found"}
    assert sum(each.prior for each in proposed.values()) == pytest.approx(1.0)
    cat, dog = proposed["<token> cat"], proposed["<token> dog"]
    assert cat.logprob == 0.0
    assert dog.logprob == pytest.approx(math.log(0.5))  # half of the least likely one that the model names
    assert dog.prior / cat.prior == pytest.approx(0.5 * math.exp(NextToken().bonus))
    assert [each.text for each in proposer.propose(kinds, ("<token> The", "<token> dog", "<token> found"))] == []


def test_a_session_with_its_verifier_is_saved_and_continued() -> None:
    sentences = ("The dog saw a cat in the garden.", "The cat found a dog in the house.", "A bird saw the house.")
    model, task = Bigrams(*sentences), writing("dog", "garden", "found", words=8)
    model.remembers = True
    whole = lt.think(task, model, lt.Budget(calls=200), method="mcts", seed=1)
    session = lt.Session(task, model, lt.Budget(calls=200), method="mcts", seed=1)
    for _ in range(60):
        session.step()
    continued = pickle.loads(pickle.dumps(session)).run()
    assert (continued.text, continued.spent.calls, continued.spent.tokens) == (
        whole.text,
        whole.spent.calls,
        whole.spent.tokens,
    )
