"""`longthink think`: a language model thinks about one task, or about many that share a budget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import longthink as lt
from longthink.command_line import DONE, INTERRUPTED, NOT_SOLVED
from longthink.commands.choices import Choice, Chosen, choice, choice_of_first, specialise, word
from longthink.commands.command import Command
from longthink.commands.output import Json, print_json, spent_text
from longthink.commands.progress import progress_bar
from longthink.commands.registered import EMBEDDED
from longthink.errors import error_text
from longthink.options import Run, names, option, seconds, seed, whole

METHOD = "mcts"


def think(
    task: Annotated[str, option("A task of `longthink tasks`; options may follow in brackets.")],
    /,
    *,
    method: Annotated[str, option("A method of `longthink methods`.")] = METHOD,
    kinds: Annotated[tuple[str, ...], names("Kinds of proposals to choose among; default: those of the task.")] = (),
    verifier: Annotated[
        str | None, option("A verifier of `longthink verifiers`, which values answers; default: the task.")
    ] = None,
    model: Annotated[str, option("A model of `longthink models`.")] = EMBEDDED,
    cache: Annotated[Path | None, option("A folder that keeps the model's answers; they are not asked again.")] = None,
    problems: Annotated[
        int | None, whole("Think about N problems, generated from --seed on, which share the limits.", 1, metavar="N")
    ] = None,
    tokens: Annotated[int | None, whole("Limit of prompt and generated tokens; default: 5000 a problem.", 1)] = None,
    calls: Annotated[int | None, whole("Limit of requests to the model.", 1)] = None,
    simulations: Annotated[int | None, whole("Limit of the simulations of the search.", 1)] = None,
    seconds: Annotated[float | None, seconds("Limit of time; default: 60 a problem.")] = None,
    seed: Annotated[int, seed("Seed of the generated problem and of the sampling.")] = 0,
    trace: Annotated[Path | None, option("A folder for a log and a page of everything that was thought.")] = None,
    show: Annotated[bool, option("Print the search tree.", show_default=False)] = False,
    json: Json = False,
    task_options: Chosen = None,
    method_options: Chosen = None,
    model_options: Chosen = None,
) -> int:
    """Think about a problem in words with a language model."""
    for kind in kinds:
        lt.load_kind(kind)
    seeds = range(seed, seed + (problems or 1))
    tasks = [lt.load_task(task, seed=each, **(task_options or {})) for each in seeds]
    if len(tasks) > 1 and len({each.name for each in tasks}) == 1:
        raise lt.ParameterError(
            f"--problems {problems} expects a task that generates its problems from --seed; {tasks[0].name} is always "
            "the same problem"
        )
    budget = lt.Budget(tokens=tokens, calls=calls, seconds=seconds, simulations=simulations)
    if budget == lt.Budget():
        budget = lt.Budget(tokens=5000 * len(tasks), seconds=60 * len(tasks))
    needs_model = lt.methods().find(method).entry.needs_model
    asked = lt.load_model(model, cache=cache, **(model_options or {})) if needs_model else None
    how: dict[str, Any] = {
        "method": method, "kinds": kinds or None, "verifier": verifier, "seed": seed, "trace": trace,
    }  # fmt: skip
    how |= method_options or {}
    title = "thinking" if problems is None else f"thinking about {len(tasks)} problems"
    with progress_bar(title, budget, json) as progress:
        if problems is None:
            answers = [lt.think(tasks[0], asked, budget, progress=progress, **how)]
        else:

            def count(spent: lt.Spent, solved: int) -> None:
                if progress is not None:
                    progress(spent, f"{solved} of {len(tasks)} solved")

            answers = lt.think_all(tasks, asked, budget, progress=count, **how)
    if json and problems is None:
        print_json(**_as_dict(tasks[0], answers[0]), trace=answers[0].trace.as_dict())
    elif json:
        rows = [_as_dict(*each) for each in zip(tasks, answers, strict=True)]
        print_json(problems=rows, solved=_solved(answers), spent=_spent(answers).as_dict())
    elif problems is None:
        _print_answer(tasks[0], answers[0], kinds, show)
    else:
        _print_answers(tasks, answers, show)
        print(f"solved: {_solved(answers)} of {len(tasks)}")
        print(f"spent: {spent_text(_spent(answers))}, method {method}")
        if trace is not None:
            print(f"traces: {trace}")
    if any(answer.interrupted for answer in answers):
        return INTERRUPTED
    return DONE if all(answer.correct for answer in answers) else NOT_SOLVED


def with_choices(words: Sequence[str]) -> Run:
    """`think` with the options of the task, the method and the model that the words name."""
    method, model = word(words, "--method", METHOD), word(words, "--model", EMBEDDED)
    choices = {
        "task_options": choice_of_first("tasks", words, "numbers"),
        "method_options": choice("methods", method, f"the method {method}"),
        "model_options": choice("models", model, f"the model {model}"),
    }
    if lt.methods().find(method).entry.needs_model:
        return specialise(think, choices)
    choices["model_options"] = Choice(model, {})
    without = dict.fromkeys(("model", "cache", "tokens", "calls"), f"the method {method}, which uses no model")
    return specialise(think, choices, without)


# ---- Output ----


def _solved(answers: Sequence[lt.Answer]) -> int:
    return sum(answer.correct for answer in answers)


def _spent(answers: Sequence[lt.Answer]) -> lt.Spent:
    return sum((answer.spent for answer in answers), lt.Spent())


def _print_answer(task: lt.Task, answer: lt.Answer, kinds: Sequence[str], show: bool) -> None:
    print(task.prompt)
    if show:
        print(answer.trace)
    verdict = "correct" if answer.correct else "not correct"
    print(f"{answer.text}   ({verdict})" if answer.text is not None else "no answer")
    if answer.error is not None:
        print(f"failed: {error_text(answer.error)}")
    if answer.left_out:
        print(f"left out: {answer.left_out:,} proposals beyond the likeliest 1,024 of a state")
    print(f"spent: {spent_text(answer.spent)}, method {answer.method}")
    if kinds:
        print("proposals: " + ", ".join(f"{count} {kind}" for kind, count in answer.kinds.items()))
    if answer.page is not None:
        print(f"trace: {answer.page}")


def _print_answers(tasks: Sequence[lt.Task], answers: Sequence[lt.Answer], show: bool) -> None:
    for task, answer in zip(tasks, answers, strict=True):
        verdict = "correct" if answer.correct else "not correct" if answer.text is not None else "no answer"
        text = " ".join((answer.text or error_text(answer.error) or "").split())
        print(f"{verdict:<12} {answer.spent.tokens:>8,} tokens  {answer.stopped_by:<11}  {task.name}  {text[:60]}")
        if show:
            print(answer.trace)


def _as_dict(task: lt.Task, answer: lt.Answer) -> dict[str, Any]:
    return {
        "task": task.name,
        "prompt": task.prompt,
        "method": answer.method,
        "answer": answer.text,
        "correct": answer.correct,
        "value": answer.value,
        "spent": answer.spent.as_dict(),
        "stopped_by": answer.stopped_by,
        "error": error_text(answer.error),
        "left_out": answer.left_out,
        "interrupted": answer.interrupted,
        "kinds": dict(answer.kinds),
        "page": None if answer.page is None else str(answer.page),
    }


COMMAND = Command(
    think,
    """  longthink think game24 4 6 8 8
  longthink think countdown 3 25 50 7 --target 431 --tokens 5000
  longthink think "countdown(count=5)" --seed 3 --method best_of_n
  longthink think countdown --model tiny --method mcts --rule uct --trace traces
  longthink think countdown --model tiny --kinds step,answer --cache answers
  longthink think countdown --model path/to/model.gguf
  longthink think countdown --problems 100 --tokens 50000 --model tiny
  longthink think game24 --model openai:qwen3 --base-url http://localhost:8080/v1
  longthink think countdown --method beam --help   # with the options of these""",
    with_choices,
)
