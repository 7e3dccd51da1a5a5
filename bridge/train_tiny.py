"""Trains the tiny models and writes them as ONNX: `make train-tiny`. Nothing else here needs torch or imports this.

One run of at most 15 minutes of one processor gives three models. Each has twice the width of the one before and grows
out of it: the weights are doubled so that it computes the same at first, and then trained further. So the three are
points along one line of training as much as they are sizes.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor

from longthink.bridge.task import load_task
from longthink.bridge.tiny_data import BENCHMARK_SEEDS, lines

LAYERS, HEAD, CONTEXT = 4, 32, 64
VOCABULARY = ("\n", " from ", ": ", *"0123456789+-*/=() ")
SIZES = (("quarter", 64, 1000, 128), ("one", 128, 220, 96), ("four", 256, 100, 64))
"""Name, width, steps of training, and lines in each step."""
EPSILON = 1e-6

Weights = dict[str, Tensor]
"""tokens `[V, d]`, positions `[CONTEXT, d]`, attention `[4 LAYERS, d, d]`, up `[LAYERS, d, 4d]`, down `[LAYERS, 4d, d]`."""


# ---- The network ----


def first_weights(width: int, random: torch.Generator) -> Weights:
    def normal(*shape: int, scale: float) -> Tensor:
        return torch.randn(shape, generator=random) * scale

    return {
        "tokens": normal(len(VOCABULARY), width, scale=0.5),
        "positions": normal(CONTEXT, width, scale=0.1),
        "attention": normal(4 * LAYERS, width, width, scale=width**-0.5),
        "up": normal(LAYERS, width, 4 * width, scale=width**-0.5),
        "down": torch.zeros(LAYERS, 4 * width, width),
    }


def logits(weights: Weights, tokens: Tensor) -> Tensor:
    """Logits `[B, T, V]` of what comes after each of `tokens` `[B, T]`; `onnx_text` says the same to ONNX."""
    batch, length = tokens.shape
    width = weights["tokens"].shape[1]
    x = weights["tokens"][tokens] + weights["positions"][:length]
    attention, up, down = (weights[name].unbind() for name in ("attention", "up", "down"))
    for layer in range(LAYERS):
        query, key, value, out = attention[4 * layer : 4 * layer + 4]
        n = _norm(x)
        q, k, v = ((n @ w).view(batch, length, -1, HEAD).transpose(1, 2) for w in (query, key, value))
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + mixed.transpose(1, 2).reshape(batch, length, width) @ out
        x = x + (_norm(x) @ up[layer]).relu().square() @ down[layer]
    return _norm(x) @ weights["tokens"].T * (8 / width)


def _norm(x: Tensor) -> Tensor:
    return torch.nn.functional.rms_norm(x, x.shape[-1:], eps=EPSILON)


def grown(weights: Weights, random: torch.Generator) -> Weights:
    """The same function at twice the width: all activations stand there twice, heads too.

    Noise that cancels out tells the two copies apart, so that training makes different things of them (HyperCloning,
    Samragh and others, arXiv 2409.12903).
    """

    def doubled(matrix: Tensor) -> Tensor:
        noise = 0.3 * matrix.std() * torch.randn([*matrix.shape[:-1], 2 * matrix.shape[-1]], generator=random)
        twice = torch.cat([matrix, matrix], -1)
        return torch.cat([twice + noise, twice - noise], -2) / 2

    return {
        name: torch.cat([w, w], 1) if name in ("tokens", "positions") else doubled(w) for name, w in weights.items()
    }


# ---- Training ----


def orthogonal(stack: Tensor) -> Tensor:
    """The matrices of a stack with all singular values near 1: five Newton-Schulz steps (Muon, Jordan 2024)."""
    tall = stack.shape[-2] > stack.shape[-1]
    x = stack.mT if tall else stack
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.mT if tall else x


def batches(size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Tokens `[B, T]`, and where they belong to a step, which is all that is learnt."""
    index = {piece: i for i, piece in enumerate(VOCABULARY)}
    benchmark = {
        load_task("countdown", seed=s).context(()).rpartition("\n")[2] for s in range(BENCHMARK_SEEDS)
    }
    stream = lines(seed, benchmark)
    while True:
        rows, starts = [], []
        for before, step in islice(stream, size):
            target, _, table = before.removesuffix(": ").partition(" from ")
            pieces = [*target, " from ", *table, ": "]
            rows.append([index[piece] for piece in [*pieces, *step]])
            starts.append(len(pieces))
        length = max(map(len, rows))
        tokens = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        place = torch.arange(length)
        ends = torch.tensor([len(row) for row in rows])
        yield tokens, (place >= torch.tensor(starts)[:, None]) & (place < ends[:, None])


def train(weights: Weights, name: str, steps: int, size: int, seed: int) -> tuple[Weights, int]:
    """Train for a number of steps, or until Ctrl-C: the weights, and the steps done."""
    matrices = ("attention", "up", "down")
    weights = {key: w.clone().requires_grad_() for key, w in weights.items()}
    adam = torch.optim.Adam([weights["tokens"], weights["positions"]], betas=(0.9, 0.95))
    momentum = {key: torch.zeros_like(weights[key]) for key in matrices}
    stream, told, recent = batches(size, seed), time.monotonic(), 0.0
    for step in range(steps):
        try:
            tokens, learnt = next(stream)
            rate = min(1.0, (step + 1) / 20, 1.2 * (1 - step / steps))
            predicted = logits(weights, tokens[:, :-1])[learnt[:, 1:]]
            loss = torch.nn.functional.cross_entropy(predicted, tokens[:, 1:][learnt[:, 1:]])
            loss.backward()  # type: ignore[no-untyped-call]
            with torch.no_grad():
                for key in matrices:
                    weight, gradient = weights[key], weights[key].grad
                    assert gradient is not None
                    momentum[key].lerp_(gradient, 0.05)
                    scale = max(1.0, weight.shape[-1] / weight.shape[-2]) ** 0.5
                    weight -= 0.02 * rate * scale * orthogonal(gradient.lerp(momentum[key], 0.95))
                    weight.grad = None
            adam.param_groups[0]["lr"] = 0.006 * rate
            adam.step()
            adam.zero_grad()
        except KeyboardInterrupt:
            print(f"interrupted after {step} of {steps} steps")
            return {key: w.detach() for key, w in weights.items()}, step
        recent = loss.item() if not step else 0.97 * recent + 0.03 * loss.item()
        if time.monotonic() - told > 10 or step + 1 == steps:
            told = time.monotonic()
            print(
                f"{name}: step {step + 1} of {steps}, loss {recent:.3f} nats, {time.process_time() / 60:.1f} CPU-minutes",
                flush=True,
            )
    return {key: w.detach() for key, w in weights.items()}, steps


# ---- The run ----


def main() -> None:
    parser = argparse.ArgumentParser(prog="train_tiny", description="Train the tiny models of Countdown.")
    parser.add_argument("out", type=Path, help="the folder for tiny-quarter.onnx, tiny-one.onnx and tiny-four.onnx")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kept = arguments.out / "tiny-training.pt"
    done: dict[str, dict[str, object]] = torch.load(kept) if kept.exists() else {}
    weights: Weights = {}
    for number, (name, width, steps, size) in enumerate(SIZES):
        if name not in done:
            random = torch.Generator().manual_seed(arguments.seed + number)
            weights = grown(weights, random) if weights else first_weights(width, random)
            started = time.process_time()
            weights, reached = train(weights, name, steps, size, arguments.seed + number)
            done[name] = {
                "weights": weights,
                "steps": reached,
                "lines": reached * size,
                "cpu_minutes": round((time.process_time() - started) / 60, 2),
            }
            torch.save(done, kept)
            if reached < steps:
                break
        weights = done[name]["weights"]


if __name__ == "__main__":
    main()
