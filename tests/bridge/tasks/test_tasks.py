"""A conformance test of every task, and tests of each kind of task."""

from __future__ import annotations

import json
import pickle
import random
from collections import deque

import pytest
import reasoning_gym

import longthink as lt
from longthink.bridge.tasks.environment import Environment
from longthink.bridge.tasks.game24 import HARD, problems
from longthink.bridge.tasks.puzzles import PUZZLES, RushHour, TowerOfHanoi
from longthink.bridge.tasks.reasoning_gym import Problem, ReasoningTask
from longthink.bridge.tasks.task import Task, Transcript

# Games compiled by Numba take long to load and play as their native twins; three sizes stand for every 2048.
ALL = [
    name
    for name in lt.tasks().names()
    if not name.startswith("game:numba_") and not (name.startswith("textarena:2048-v0-") and "easy" not in name)
]


def random_run(task: Task, rng: random.Random, most: int) -> Transcript:
    """Random legal steps until the task is done, `most` are taken, or no step is legal."""
    transcript = task.initial
    while not task.done(transcript) and len(transcript) < most:
        steps = task.legal_steps(transcript)
        assert steps is not None
        if not steps:
            break
        assert len(set(steps)) == len(steps)
        step = rng.choice(list(steps))
        assert task.parse_step(transcript, f" {step} ") == step
        transcript = (*transcript, step)
    return transcript


@pytest.mark.parametrize("name", ALL)
def test_every_task_keeps_the_interface(name: str) -> None:
    summary, parameters = lt.tasks().describe(name)
    assert summary
    assert "seed" in parameters
    json.dumps(parameters, allow_nan=False)  # as the command line shows them
    task = lt.load_task(name, seed=3, **({"simulations": 10} if name.startswith("game:") else {}))
    assert isinstance(task, Task)
    assert task.prompt
    assert task.max_steps >= 1
    assert not task.done(task.initial)
    assert task.verify(task.initial) == 0.0
    assert task.context(task.initial)
    assert 0.0 <= task.check("no answer to anything") <= 1.0
    steps = task.legal_steps(task.initial)
    runs = []
    if steps is None:
        step = task.parse_step(task.initial, " a line of text ")
        assert step is None or step.strip() == "a line of text"
        assert task.parse_step(task.initial, "  ") is None
    else:
        assert steps
        assert task.parse_step(task.initial, "no step of anything") is None
        runs = [random_run(task, random.Random(seed), 40) for seed in range(2)]
    for run in runs:
        if task.done(run):
            answer = task.answer(run)
            assert isinstance(answer, str)
            assert task.verify(run) == task.check(answer)
            assert 0.0 <= task.check(answer) <= 1.0
        assert task.context(run)
    again, other = lt.load_task(task.name), pickle.loads(pickle.dumps(task))
    for twin in (again, other):
        assert twin.name == task.name
        assert twin.prompt == task.prompt
        for run in runs:
            assert twin.context(run) == task.context(run)
            assert twin.done(run) == task.done(run)
            assert twin.verify(run) == task.verify(run)
    picture = task.picture(task.initial)
    assert picture is None or picture.startswith(b"\x89PNG")


# ---- The game of 24 by number ----


def test_the_hard_ones_come_from_the_rules() -> None:
    found = problems()
    assert len(found) == len(set(found)) == 1362  # as many as are known to be solvable
    assert [lt.load_task("game24", number=number).numbers for number in (1, 901, 1362)] == [  # type: ignore[attr-defined]
        found[0],
        found[900],
        found[1361],
    ]
    hard = [lt.load_task("game24", number=number) for number in HARD]
    assert len({task.name for task in hard}) == 100
    assert all(task.solve().answer is not None for task in hard[::25])  # type: ignore[union-attr]


def test_a_higher_number_is_harder_for_blind_play() -> None:
    def wins(number: int) -> int:
        task = lt.load_task("game24", number=number)
        return sum(task.verify(random_run(task, random.Random(i), 9)) == 1.0 for i in range(300))

    assert wins(10) > wins(700) > wins(1360)


@pytest.mark.parametrize("name", ["game24(number=0)", "game24(number=1363)", "game24(number=1, numbers=(1, 2, 3, 4))"])
def test_numbers_that_are_none(name: str) -> None:
    with pytest.raises(lt.ParameterError):
        lt.load_task(name)


# ---- reasoning-gym ----


def families() -> list[str]:
    return [name.partition(":")[2] for name in lt.tasks().names() if name.startswith("reasoning_gym:")]


def test_every_family_is_there() -> None:
    from reasoning_gym.factory import DATASETS

    assert len(families()) >= 105
    assert set(DATASETS) - set(families()) == {"composite"}


@pytest.mark.parametrize("family", families())
def test_the_right_answer_is_right(family: str) -> None:
    """The verifier is the family's own scorer: it accepts the same answers, in a sentence and in a line."""
    task = lt.load_task(f"reasoning_gym:{family}", seed=5, **({"steps": False} if family in PUZZLES else {}))
    assert isinstance(task, ReasoningTask)
    dataset = reasoning_gym.create_dataset(family, seed=5, size=1)
    right = dataset[0]["answer"]
    if right is None:  # the family knows no single answer
        assert family in {"boxnet", "graph_color", "propositional_logic", "rubiks_cube", "rush_hour"}
        return
    assert task.check(right) == dataset.score_answer(right, dataset[0]) == 1.0
    transcript: Transcript = ()
    lines = ["I think.", *(["Answer:", *right.split("\n"), "Done."] if "\n" in right else [f"Answer: {right}"])]
    for line in lines:
        assert not task.done(transcript)
        step = task.parse_step(transcript, line)
        transcript = (*transcript, step if step is not None else "")
    assert task.done(transcript)
    assert task.verify(transcript) == 1.0


@pytest.mark.parametrize("family", sorted(PUZZLES))
@pytest.mark.parametrize("seed", range(3))
def test_puzzles_are_solved_step_by_step(family: str, seed: int) -> None:
    """If a step environment is solved, reasoning-gym's scorer agrees; its solver finds a solution."""
    easy = {"rush_hour": {"max_moves": 12}, "sokoban": {"max_w": 7, "max_h": 7, "max_boxes": 4}}
    task = lt.load_task(f"reasoning_gym:{family}", seed=seed, **easy.get(family, {}))
    assert isinstance(task, Environment)
    solved = task.solve()
    assert solved.answer is not None
    assert task.check(solved.answer) == 1.0
    answer = lt.think(task, None, lt.Budget(nodes=1), method="exhaustive")
    assert answer.correct


@pytest.mark.parametrize("seed", range(6))
def test_shortest_solutions_are_as_short_as_known(seed: int) -> None:
    """The rush hour list and the tower of Hanoi say how many moves a best solution has."""
    rush = lt.load_task("reasoning_gym:rush_hour", seed=seed, max_moves=15)
    assert isinstance(rush, RushHour)
    assert len(rush.solve().answer.split()) == rush.problem.metadata["min_moves"]  # type: ignore[union-attr]
    tower = lt.load_task("reasoning_gym:tower_of_hanoi", seed=seed, max_disks=5)
    assert isinstance(tower, TowerOfHanoi)
    assert len(tower.solve().answer.splitlines()) == tower.problem.metadata["solution_length"]  # type: ignore[union-attr]


def test_moves_of_sokoban_and_rush_hour_are_those_of_the_scorer() -> None:
    """Random legal play ends on the same board as reasoning-gym's own simulation."""
    import numpy as np
    from reasoning_gym.games.contrib.sokoban.src.game import Game
    from reasoning_gym.games.rush_hour import Board

    for seed in range(4):
        task = lt.load_task("reasoning_gym:sokoban", seed=seed)
        run = random_run(task, random.Random(seed), 80)
        board = np.array([list(row.replace(" ", "")) for row in task.problem.metadata["gamestr"].strip().split("\n")])
        game = Game(height=board.shape[0], width=board.shape[1])
        game.load_puzzle_matrix(board)
        for move in run:
            assert game.player.update(key=move) == 1
        assert task.show(task.state(run)).replace(" ", "").replace("\n", "") == game.get_curr_state()
        rush = lt.load_task("reasoning_gym:rush_hour", seed=seed)
        run = random_run(rush, random.Random(seed), 40)
        simulated = Board(rush.problem.metadata["board_config"])
        simulated.perform_moves(" ".join(run))
        assert rush.show(rush.state(run)) == simulated.board_str().strip().replace(" ", "")


def test_illegal_steps_are_refused() -> None:
    task = lt.load_task("reasoning_gym:tower_of_hanoi", seed=1)
    with pytest.raises(lt.ParameterError, match="is not a step"):
        task.context(("Move disk 3 from Peg 1 to Peg 2",))


@pytest.mark.parametrize(
    ("family", "hostile"),
    [
        ("n_queens", "__import__('os').system('touch /tmp/longthink-escaped')"),
        ("n_queens", "[x for x in ().__class__.__base__.__subclasses__()]"),
        ("spiral_matrix", "9**9**9**9"),
        ("polynomial_multiplication", "9**9**9**9"),
        ("polynomial_multiplication", "__import__('os').system('true')"),
        ("simple_integration", "open('/etc/passwd').read()"),
        ("simple_integration", "x.__class__"),
        ("countdown", "2**9999999"),
        ("puzzle24", "print(1)"),
        ("basic_arithmetic", "1" * 100_000),
    ],
)
def test_answers_that_are_programs_reach_no_scorer(family: str, hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of reasoning-gym's scorers evaluate what they are given."""
    problem = Problem(family, 1, {})
    kind = type(reasoning_gym.create_dataset(family, seed=1, size=1))
    monkeypatch.setattr(kind, "score_answer", lambda *_: pytest.fail("the scorer was asked"))
    assert problem.score(hostile) == 0.0


# ---- Program synthesis ----


@pytest.mark.parametrize(("kind", "size"), [("list", 1), ("list", 2), ("list", 3), ("text", 2)])
def test_programs_are_judged_by_hidden_tests(kind: str, size: int) -> None:
    task = lt.load_task("synthesis", seed=2, kind=kind, size=size)
    solved = task.solve()
    assert solved is not None
    assert solved.answer is not None
    assert task.check(solved.answer) == 1.0
    assert task.check("def f(x):\n    return x") < 1.0
    for bad in ("", "def g(x): pass", "def f(x):\n    while True: pass", "import sys; sys.exit(0)", "f = print"):
        assert task.check(bad) == 0.0


def test_programs_cannot_print_their_way_to_a_result() -> None:
    task = lt.load_task("synthesis", seed=2)
    wanted = [[output] for _, output in task.tests]  # type: ignore[attr-defined]
    assert task.check(f"def f(x):\n    print({json.dumps(wanted)!r})\n    raise SystemExit") == 0.0
    assert task.check("def f(x):\n    import os\n    os._exit(0)") == 0.0


def test_a_body_is_written_line_by_line() -> None:
    task = lt.load_task("synthesis", seed=1)
    transcript: Transcript = ()
    for line in ("for i in range(3):", "        return i", "    x = sorted(x)", "return x[:1]\n"):
        assert not task.done(transcript)
        transcript = (*transcript, task.parse_step(transcript, line) or "")
    assert task.done(transcript)
    assert task.answer(transcript).splitlines()[1:3] == ["    for i in range(3):", "        return i"]


# ---- Games ----


def test_games_are_played_in_words_against_a_search() -> None:
    task = lt.load_task("game:tic_tac_toe", seed=1, simulations=2000)
    solved = task.solve()
    assert solved is not None
    assert task.check(solved.answer or "") >= 0.5  # both look far enough ahead to see a draw at least
    weak = lt.load_task("game:tic_tac_toe", seed=1, opponent="random")
    answer = lt.think(weak, None, lt.Budget(simulations=3000), method="uniform")
    assert answer.correct
    assert weak.check(answer.text or "") == 1.0
    assert task.check('["not a move"]') == task.check("[]") == task.check("7") == 0.0


def test_the_second_player_sees_the_first_ones_move() -> None:
    task = lt.load_task("game:connect_four", player=1, simulations=50)
    assert "x" in task.context(())
    assert len(task.legal_steps(()) or []) == 7


def test_hidden_cards_stay_hidden() -> None:
    """The context is the same for every card the other player may hold."""
    seen: dict[str, set[str]] = {}
    for seed in range(40):
        task = lt.load_task("game:kuhn_poker", seed=seed, player=0)
        state = task.state(())  # type: ignore[attr-defined]
        seen.setdefault(task.context(()), set()).add(str(state.history()[:2]))
    assert len(seen) == 3
    assert all(len(histories) == 2 for histories in seen.values())


# ---- TextArena ----


@pytest.mark.parametrize(
    "name", ["textarena:FifteenPuzzle-v0", "textarena:2048-v0", "textarena:TowerOfHanoi-v0-extreme"]
)
def test_long_games_are_rebuilt_exactly(name: str) -> None:
    """Fifty steps and more; a transcript always means the same state, also if others are read in between."""
    task, rng = lt.load_task(name, seed=2), random.Random(4)
    before = random.getstate()
    transcript = random_run(task, rng, 70)
    assert len(transcript) >= 50
    contexts = [task.context(transcript[:length]) for length in range(len(transcript) + 1)]
    task.legal_steps(transcript[:7])
    fresh = lt.load_task(name, seed=2)
    for length in rng.sample(range(len(transcript) + 1), 12):
        fresh.legal_steps(transcript[:length])
        assert fresh.context(transcript[:length]) == contexts[length]
    assert random.getstate() == before  # other people's random numbers are left alone


def test_a_reward_is_textarenas_own() -> None:
    task = lt.load_task("textarena:TowerOfHanoi-v0-hard", seed=0)
    moves: list[str] = []

    def move(count: int, source: str, target: str, spare: str) -> None:
        if count:
            move(count - 1, source, spare, target)
            moves.append(f"[{source} {target}]")
            move(count - 1, spare, target, source)

    move(5, "A", "C", "B")
    assert task.done(tuple(moves))
    assert task.verify(tuple(moves)) == 1.0
    assert task.verify(tuple(moves[:-1])) == 0.0


def test_the_fifteen_puzzle_can_be_won() -> None:
    """TextArena 0.7.4 raises an error at the winning move; here the game counts as won."""
    task = lt.load_task("textarena:FifteenPuzzle-v0", seed=1)
    with task._at(()) as environment:  # type: ignore[attr-defined]
        board = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, None, 15]]
        environment.board[:] = board
    assert task.done(("[left]",))
    assert task.verify(("[left]",)) == 1.0


def test_environments_that_do_not_load_here_are_not_listed() -> None:
    with pytest.raises(lt.UnknownNameError, match="environment"):
        lt.load_task("textarena:Wordle-v0")


# ---- One's own ----


def test_a_task_from_functions() -> None:
    task = lt.make_task(
        "Spell owl.",
        done=lambda steps: len(steps) == 3,
        verify=lambda word: float(word == "owl"),
        steps=lambda steps: "elnow",
        answer="".join,
    )
    answer = lt.think(task, None, lt.Budget(simulations=5_000), method="uniform")
    assert answer.text == "owl"
    with pytest.raises(lt.ParameterError, match="in \\[0, 1\\]"):
        lt.make_task("x", done=bool, verify=lambda answer: 2.0).check("")
    with pytest.raises(lt.ParameterError, match="prompt"):
        lt.make_task("", done=bool, verify=float)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("reasoning_gym:sudko", lt.UnknownNameError, "did you mean 'sudoku'"),
        ("reasoning_gym:sudoku(min_emty=3)", lt.UnknownNameError, "did you mean 'min_empty'"),
        ("reasoning_gym:sudoku(min_empty=99)", lt.ParameterError, "cannot generate"),
        ("reasoning_gym:sudoku(seed=-1)", lt.ParameterError, "seed"),
        ("game:conect_four", lt.UnknownNameError, "connect_four"),
        ("game:goofspiel", lt.ParameterError, "simultaneous moves"),
        ("game:connect_four(player=2)", lt.ParameterError, "player"),
        ("game:connect_four(opponent=god)", lt.ParameterError, "opponent"),
        ("textarena:FrozenLak-v0", lt.UnknownNameError, "FrozenLake-v0"),
        ("synthesis(kind=prolog)", lt.ParameterError, "kind"),
        ("raesoning_gym:sudoku", lt.UnknownNameError, "task"),
    ],
)
def test_unknown_tasks_are_refused(name: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as caught:
        lt.load_task(name)
    assert words in str(caught.value)


def test_breadth_first_is_what_it_says() -> None:
    """The solver's answer is as short as one that a plain search over transcripts finds."""
    task = lt.load_task("reasoning_gym:jugs", seed=4, difficulty=4)
    waiting: deque[Transcript] = deque([()])
    while not task.verify(waiting[0]):
        transcript = waiting.popleft()
        waiting += [(*transcript, step) for step in task.legal_steps(transcript) or []]
    solved = task.solve()
    assert solved is not None
    assert len(json.loads(solved.answer or "")) == len(waiting[0])
