"""A neural network in ONNX as policy and value of leaves: `OnnxEvaluator`, for `search_with`.

An evaluator is any function of the `Leaves` of a batch that returns their values and priors as `MCTS.tell` takes them.
This one runs networks that were exported from any framework.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from longthink.errors import ParameterError, require

if TYPE_CHECKING:
    from longthink.search.trees.leaves import Leaves


class OnnxEvaluator:
    """Policy and value from an ONNX model, one batch at a time, by onnxruntime.

    path: of the model; its first dimension is the batch. encode: converts `Leaves` to the model's input, an array or a
    dict of arrays by input name, with one row for each leaf. policy, value: the names of the outputs. The policy is
    `[B, num_distinct_actions]`, as logits or, with `logits=False`, as probabilities. The value is `[B]` or `[B, 1]` for
    the player who acts, or `[B, P]` for all players, in utilities. threads: of onnxruntime.

    Raises `ParameterError` for a model that cannot be loaded or lacks these outputs, `MissingExtraError`.
    """

    def __init__(
        self,
        path: str | Path,
        encode: Callable[[Leaves], NDArray[Any] | dict[str, NDArray[Any]]],
        *,
        policy: str = "policy",
        value: str = "value",
        logits: bool = True,
        threads: int = 1,
    ) -> None:
        runtime = require("onnxruntime", "onnx")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=runtime.get_available_providers())
        except Exception as error:  # onnxruntime has its own exceptions
            raise ParameterError(f"expected an ONNX model at {path}: {error}") from error
        self._inputs = [found.name for found in self._session.get_inputs()]
        outputs = [found.name for found in self._session.get_outputs()]
        if policy not in outputs or value not in outputs:
            raise ParameterError(
                f"expected outputs named {policy!r} and {value!r}, {path} has {outputs}; name them with policy=, value="
            )
        self._encode, self._policy, self._value, self._logits = encode, policy, value, logits

    def __call__(self, leaves: Leaves) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values `[B]` or `[B, P]` and priors `[B, num_distinct_actions]`."""
        given = self._encode(leaves)
        inputs = given if isinstance(given, dict) else {self._inputs[0]: given}
        policy, value = self._session.run([self._policy, self._value], inputs)
        policy, value = np.asarray(policy, np.float64), np.asarray(value, np.float64)
        if self._logits:
            policy = np.exp(policy - policy.max(axis=1, keepdims=True))
        return value.reshape(-1) if value.ndim == 2 and value.shape[1] == 1 else value, policy
