"""Trains the tiny models and writes them as ONNX: `make train-tiny`. Nothing else needs torch or imports this.

One run of at most 15 CPU-minutes trains all. There are three sizes. Each has twice the width of the one before and
grows out of it: the weights are doubled so that it computes the same at first, and then trained further. So they are
points along one line of training as much as they are sizes. The smallest size is also trained from its beginning with
other numbers of steps, for the study of training against thinking: these models differ in nothing else.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Container, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, NamedTuple

import onnx
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from longthink.bridge.models.onnx import OnnxModel
from longthink.bridge.training.tiny_data import benchmark_states, lines
from longthink.files import replace_file, write_file
from longthink.options import option, real, run_program, whole

LAYERS, HEAD, CONTEXT = 4, 32, 64
VOCABULARY = ("\n", " from ", ": ", *"0123456789+-*/=() ")
_INDEX = {piece: i for i, piece in enumerate(VOCABULARY)}


class Training(NamedTuple):
    """How a model is trained. lines: in each step. peak: the highest learning rate, as a share of the first size's.
    grown_from: the name of the model whose weights it begins with."""

    name: str
    width: int
    steps: int
    lines: int
    peak: float
    grown_from: str = ""

    @property
    def growths(self) -> int:
        """How often it has grown. All models that never grew have the same first weights and lines."""
        return 1 + TRAININGS[self.grown_from].growths if self.grown_from else 0


TRAININGS = {
    each.name: each
    for each in (
        Training("0.25x", 64, 1200, 96, 1.0),
        Training("1x", 128, 1000, 64, 0.7, "0.25x"),
        Training("4x", 256, 180, 48, 0.25, "1x"),
        *(Training(f"0.25x-{steps}", 64, steps, 96, 1.0) for steps in (75, 150, 300, 600)),
    )
}
EPSILON = 1e-6

Weights = dict[str, Tensor]
"""tokens `[V, d]`, positions `[CONTEXT, d]`; L layers: attention `[4L, d, d]`, up `[L, d, 4d]`, down `[L, 4d, d]`."""


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
    """Logits `[B, T, V]` of the token after each of `tokens` `[B, T]`; `onnx_text` is the same network in ONNX."""
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
    """The same function at twice the width: all activations are doubled, heads too.

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


def _tokens(text: str) -> Tensor:
    """Tokens `[T]` of a table with its target, and the step after it if there is one."""
    return torch.tensor([_INDEX[piece] for piece in re.findall(r" from |: |[^:]", text)])


def batches(size: int, seed: int, benchmark: Container[str]) -> Iterator[tuple[Tensor, Tensor]]:
    """Tokens `[B, T]`, and a mask of those in a step, which alone are learnt."""
    stream = lines(seed, benchmark)
    while True:
        found = [(_tokens(before), _tokens(step)) for before, step in islice(stream, size)]
        tokens = pad_sequence([torch.cat(line) for line in found], batch_first=True)
        starts, steps = (torch.tensor([len(part) for part in parts])[:, None] for parts in zip(*found, strict=True))
        place = torch.arange(tokens.shape[1])
        yield tokens, (place >= starts) & (place < starts + steps)


def train(
    weights: Weights, name: str, steps: int, peak: float, data: Iterator[tuple[Tensor, Tensor]]
) -> tuple[Weights, int]:
    """Train for a number of steps, or until Ctrl-C. Returns the weights and the number of steps done."""
    matrices = ("attention", "up", "down")
    weights = {key: w.clone().requires_grad_() for key, w in weights.items()}
    adam = torch.optim.Adam([weights["tokens"], weights["positions"]], betas=(0.9, 0.95))
    momentum = {key: torch.zeros_like(weights[key]) for key in matrices}
    shown, recent = time.monotonic(), 0.0
    for step in range(steps):
        try:
            tokens, learnt = next(data)
            rate = peak * min(1.0, (step + 1) / 20, 1.5 * (1 - step / steps))
            predicted = logits(weights, tokens[:, :-1])[learnt[:, 1:]]
            loss = torch.nn.functional.cross_entropy(predicted, tokens[:, 1:][learnt[:, 1:]])
            torch.autograd.backward(loss)
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
        if time.monotonic() - shown > 10 or step + 1 == steps:
            shown = time.monotonic()
            spent = f"{time.process_time() / 60:.1f} CPU-minutes"
            print(f"{name}: step {step + 1} of {steps}, loss {recent:.3f} nats, {spent}", flush=True)
    return {key: w.detach() for key, w in weights.items()}, steps


# ---- ONNX ----


def onnx_text(heads: int, names: Iterable[str]) -> str:
    """The network in the textual syntax of ONNX. Weights are kept in half precision and used in full."""
    casts = "".join(f"{name} = Cast<to = 1>({name}_half)\n" for name in names)
    layers = "".join(_LAYER.replace("{l}", str(layer)).replace("{after}", str(layer + 1)) for layer in range(LAYERS))
    return (
        '<ir_version: 8, opset_import: ["" : 17]>\n'
        "tiny (int64[B, T] tokens, int64[B, T] positions, bool[B, T, T] sees)"
        f" => (float[B, T, {len(VOCABULARY)}] logits)\n"
        f"<int64[4] split = {{0, 0, {heads}, {HEAD}}}, int64[3] joined = {{0, 0, -1}},"
        f" int64[1] second = {{1}}, float far = {{-1e9}}, float attention_scale = {{{HEAD**-0.5}}},"
        f" float epsilon = {{{EPSILON}}}, float scale = {{{8 / (heads * HEAD)}}}>\n"
        f"{{{casts}{_BEGINNING}{layers}{_norm_text(f'x{LAYERS}', 'normed')}{_END}}}"
    )


def _norm_text(x: str, normed: str) -> str:
    return f"""
    {normed}_square = Mul({x}, {x})
    {normed}_mean = ReduceMean<axes = [-1]>({normed}_square)
    {normed}_positive = Add({normed}_mean, epsilon)
    {normed}_root = Sqrt({normed}_positive)
    {normed} = Div({x}, {normed}_root)"""


def _heads_text(name: str, axes: str) -> str:
    return f"""
    {name}_flat{{l}} = MatMul(n{{l}}, {name}{{l}})
    {name}_split{{l}} = Reshape({name}_flat{{l}}, split)
    {name}_heads{{l}} = Transpose<perm = {axes}>({name}_split{{l}})"""


_BEGINNING = """
    read = Gather(token_table, tokens)
    here = Gather(position_table, positions)
    x0 = Add(read, here)
    unseen = Not(sees)
    is_unseen = Cast<to = 1>(unseen)
    masks = Mul(is_unseen, far)
    mask = Unsqueeze(masks, second)"""
_LAYER = (
    _norm_text("x{l}", "n{l}")
    + _heads_text("query", "[0, 2, 1, 3]")
    + _heads_text("key", "[0, 2, 3, 1]")
    + _heads_text("value", "[0, 2, 1, 3]")
    + """
    likeness{l} = MatMul(query_heads{l}, key_heads{l})
    scaled{l} = Mul(likeness{l}, attention_scale)
    masked{l} = Add(scaled{l}, mask)
    attention{l} = Softmax<axis = -1>(masked{l})
    mixed{l} = MatMul(attention{l}, value_heads{l})
    in_place{l} = Transpose<perm = [0, 2, 1, 3]>(mixed{l})
    together{l} = Reshape(in_place{l}, joined)
    attended{l} = MatMul(together{l}, out{l})
    y{l} = Add(x{l}, attended{l})"""
    + _norm_text("y{l}", "m{l}")
    + """
    raised{l} = MatMul(m{l}, up{l})
    positive{l} = Relu(raised{l})
    hidden{l} = Mul(positive{l}, positive{l})
    lowered{l} = MatMul(hidden{l}, down{l})
    x{after} = Add(y{l}, lowered{l})"""
)
_END = """
    outward = Transpose<perm = [1, 0]>(token_table)
    raw = MatMul(normed, outward)
    logits = Mul(raw, scale)
"""


def write_onnx(path: Path, weights: Weights, trained: dict[str, object]) -> None:
    """Write a model with `trained` in its metadata."""
    arrays = _arrays(weights)
    model = onnx.parser.parse_model(onnx_text(weights["tokens"].shape[1] // HEAD, arrays))
    for name, array in arrays.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array.half().numpy(), f"{name}_half"))
    metadata = {"vocabulary": VOCABULARY, "context": CONTEXT, "prompt_lines": 1, **trained}
    onnx.helper.set_model_props(
        model, {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    )
    onnx.checker.check_model(model)
    write_file(path, model.SerializeToString())
    _check(path, weights)


def _check(path: Path, weights: Weights) -> None:
    """Raise `RuntimeError` unless the file and the weights have the same probabilities."""
    prompt = "71 from 9 12 50: "
    (completion,) = OnnxModel(path).complete(prompt, temperature=0, max_tokens=1, top=len(VOCABULARY))
    halved = {name: w.half().float() for name, w in weights.items()}
    expected = logits(halved, _tokens(prompt)[None])[0, -1].log_softmax(-1)
    difference = max(
        abs(completion.tokens[0].top[piece] - float(e)) for piece, e in zip(VOCABULARY, expected, strict=True)
    )
    if difference > 1e-3:
        raise RuntimeError(
            f"{path} differs from the trained weights by {difference} nats; onnx_text does not say logits"
        )


def _arrays(weights: Weights) -> dict[str, Tensor]:
    """The weights of each layer, by their names in the graph."""
    named = {"token_table": weights["tokens"], "position_table": weights["positions"]}
    for layer in range(LAYERS):
        for i, name in enumerate(("query", "key", "value", "out")):
            named[f"{name}{layer}"] = weights["attention"][4 * layer + i]
        named |= {f"{name}{layer}": weights[name][layer] for name in ("up", "down")}
    return named


# ---- The run ----


def main(
    out: Annotated[Path, option("A folder for tiny-0.25x.onnx, tiny-1x.onnx and the others.")],
    /,
    *,
    kept: Annotated[
        Path, option("A file for the finished models; the same command continues from it.", metavar="FILE")
    ] = Path("runs/tiny-training.pt"),
    share: Annotated[float, real("Share of the steps of each model.", 0, above=True)] = 1.0,
    seed: Annotated[int, whole("Seed of the weights and of the problems.", 0)] = 0,
) -> None:
    """Train the tiny models of Countdown."""
    torch.set_num_threads(1)
    kept.parent.mkdir(parents=True, exist_ok=True)
    done: dict[str, tuple[Weights, dict[str, object]]] = torch.load(kept) if kept.exists() else {}
    benchmark = benchmark_states()
    for name, how in TRAININGS.items():
        steps = round(share * how.steps)
        if name not in done:
            random = torch.Generator().manual_seed(seed + how.growths)
            weights = grown(done[how.grown_from][0], random) if how.grown_from else first_weights(how.width, random)
            started = time.process_time()
            data = batches(how.lines, seed + how.growths, benchmark)
            weights, reached = train(weights, name, steps, how.peak, data)
            done[name] = (
                weights,
                {
                    "task": "Countdown and the game of 24, four numbers",
                    "weights": sum(w.numel() for w in weights.values()),
                    "steps": reached,
                    "lines": reached * how.lines,
                    "grown_from": how.grown_from,
                    "cpu_minutes": round((time.process_time() - started) / 60, 2),
                    "seed": seed,
                    "license": "Apache-2.0",
                },
            )
        weights, trained = done[name]
        write_onnx(out / f"tiny-{name}.onnx", weights, trained)
        if trained["steps"] != steps:
            return  # interrupted: the next run begins this model again
        with replace_file(kept, "wb") as file:
            torch.save(done, file)
    kept.unlink()


if __name__ == "__main__":
    sys.exit(run_program("longthink.bridge.training.train_tiny", main))
