"""Leaves valued by a function, and by a network in ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import longthink as lt
from longthink.search.trees.leaves import Leaves

GAME = lt.load_game("connect_four")


def planes(leaves: Leaves) -> np.ndarray[Any, Any]:
    """Stones of who acts and of the other, `[B, 2 * 64]` bits."""
    records = leaves.buffers.view(GAME.state_dtype).reshape(len(leaves))
    own = np.where(records["player"] == 0, records["stones"][:, 0], records["stones"][:, 1])
    other = np.where(records["player"] == 0, records["stones"][:, 1], records["stones"][:, 0])
    bits = np.stack([own, other], axis=1).view(np.uint8)
    return np.unpackbits(bits, axis=1, bitorder="little").astype(np.float32)


def prefer(column: int, seen: list[int]) -> Any:
    def evaluator(leaves: Leaves) -> Any:
        seen.append(len(leaves))
        return np.zeros(len(leaves)), np.tile(np.eye(7)[column] + 0.01, (len(leaves), 1))

    return evaluator


def test_a_function_leads_the_search_in_full_batches() -> None:
    seen: list[int] = []
    search = lt.MCTS(GAME, lt.PUCT(), seed=1)
    budget = lt.Budget(simulations=2000)
    result = lt.search_with(prefer(5, seen), search, GAME.new_initial_state(), budget, batch=16)
    assert result.best_action == 5
    assert result.spent.simulations == 2000 == search.simulations
    assert result.spent.calls == len(seen)
    assert np.mean(seen[len(seen) // 2 :]) > 12
    assert search.pending == 0


def test_a_failing_evaluator_leaves_nothing_behind() -> None:
    search, seen = lt.MCTS(GAME, lt.PUCT(), seed=1), []

    def fails(leaves: Leaves) -> Any:
        seen.append(len(leaves))
        if len(seen) == 5:
            raise RuntimeError("the network is down")
        return np.zeros(len(leaves)), None

    with pytest.raises(RuntimeError, match="down"):
        lt.search_with(fails, search, GAME.new_initial_state(), lt.Budget(simulations=500))
    assert search.pending == 0
    result = lt.search_with(fails, search, GAME.new_initial_state(), lt.Budget(simulations=100))
    assert result.spent.simulations == 100

    def interrupted(leaves: Leaves) -> Any:
        raise KeyboardInterrupt

    result = lt.search_with(interrupted, search, GAME.new_initial_state(), lt.Budget(simulations=100))
    assert result.interrupted
    assert result.visits.sum() > 0
    assert search.pending == 0


def network(path: Path, column: int) -> Path:
    """Logits that prefer a column, and a value that is a tenth of the own stones less the other's."""
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    policy = np.zeros((128, 7), np.float32)
    bias = 3 * np.eye(7, dtype=np.float32)[column]
    value = np.concatenate([np.full(64, 0.1), np.full(64, -0.1)]).astype(np.float32).reshape(128, 1)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["planes", "w"], ["raw"]),
            helper.make_node("Add", ["raw", "b"], ["policy"]),
            helper.make_node("MatMul", ["planes", "v"], ["value"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("planes", floats, ["batch", 128])],
        [
            helper.make_tensor_value_info("policy", floats, ["batch", 7]),
            helper.make_tensor_value_info("value", floats, ["batch", 1]),
        ],
        [onnx.numpy_helper.from_array(a, n) for a, n in ((policy, "w"), (bias, "b"), (value, "v"))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path


def test_a_network_in_onnx(tmp_path: Path) -> None:
    evaluator = lt.OnnxEvaluator(network(tmp_path / "tiny.onnx", 2), planes)
    search = lt.MCTS(GAME, lt.PUCT(), seed=1)
    state = GAME.state_from_history([3, 3, 0])
    search.set_root(state)
    leaves = search.ask(1)
    values, priors = evaluator(leaves)
    assert values.tolist() == pytest.approx([-0.1])  # one own stone, two of the other's
    assert priors[0].argmax() == 2
    search.forget(leaves.tickets)
    result = lt.search_with(evaluator, search, GAME.new_initial_state(), lt.Budget(simulations=300))
    assert result.priors.tolist() == pytest.approx((priors[0] / priors[0].sum()).tolist(), abs=1e-6)
    assert result.best_action == 2


def test_bad_networks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(lt.ParameterError, match="expected an ONNX model"):
        lt.OnnxEvaluator(tmp_path / "none.onnx", planes)
    with pytest.raises(lt.ParameterError, match="outputs named 'pi'"):
        lt.OnnxEvaluator(network(tmp_path / "tiny.onnx", 2), planes, policy="pi")


def test_bad_budgets_are_refused() -> None:
    search = lt.MCTS(GAME, lt.PUCT())
    with pytest.raises(lt.ParameterError, match="needs a limit"):
        lt.search_with(prefer(0, []), search, GAME.new_initial_state(), lt.Budget())
    with pytest.raises(lt.ParameterError, match="not tokens"):
        lt.search_with(prefer(0, []), search, GAME.new_initial_state(), lt.Budget(tokens=5))
