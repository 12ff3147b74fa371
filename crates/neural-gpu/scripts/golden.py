"""Golden values by PyTorch: a diagonal and an original Neural GPU written a second time, string by string, with PyTorch's own convolutions.

    python crates/neural-gpu/scripts/golden.py crates/neural-gpu/tests/golden

Needs torch. Everything is computed in double precision. `plain.json` has a network without rounding, its gradient and saturation cost; `rounded.json` one whose state is
rounded at every step, with the gradient that passes through the rounding as if it was not there. `original.json` has an original network of two units a step and three copies,
whose convolutions are over images, with its gradient and relaxation cost.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
OUT = Path(sys.argv[1])
MAPS, RIGHT, LEFT = 5, 2, 1
# Of the original network, which has as many maps.
WIDTH, LAYERS, COPIES = 3, 2, 3
SYMBOLS, ANSWERS = 4, 3
STRINGS = [([1, 3, 2, 1], 6), ([2, 2], 3), ([3], 7)]


def normal(*shape, scale=0.5):
    return (torch.randn(*shape) * scale).requires_grad_()


def convolution(state, weight, bias):
    """[n, inputs] by [3, inputs, outputs]: tap 0 sees the left neighbour."""
    return F.conv1d(state.T[None], weight.permute(2, 1, 0), bias, padding=1)[0].T


def shift(state):
    stay = MAPS - RIGHT - LEFT
    right = F.pad(state[:-1, stay:MAPS - LEFT], (0, 0, 1, 0))
    left = F.pad(state[1:, MAPS - LEFT:], (0, 0, 0, 1))
    return torch.cat([state[:, :stay], right, left], dim=1)


def rounded(state):
    return state + (state.clamp(-1.4, 1.4).round() - state).detach()


def run(p, symbols, steps, finish):
    """The logits of a string, and its saturation cost."""
    sat = torch.zeros(())
    state = finish(p["embedding"][torch.tensor(symbols) - 1].clamp(-1, 1))
    for _ in range(steps):
        x = convolution(state, p["cell.gate_weight"], p["cell.gate_bias"])
        x = x + torch.tensor([0.5] * MAPS + [0.7] * MAPS)
        sat = sat + (x.abs() - 0.9).relu().sum()
        reset, update = (0.5 * x + 0.5).clamp(0, 1).split(MAPS, dim=1)
        x = convolution(reset * state, p["cell.candidate_weight"], p["cell.candidate_bias"])
        sat = sat + (x.abs() - 0.9).relu().sum()
        state = finish(update * shift(state) + (1 - update) * x.clamp(-1, 1))
    return state @ p["output.weight"] + p["output.bias"], sat


def original(p, symbols, steps):
    """The logits of a string of the original network."""
    pixels = p["embedding"][torch.tensor(symbols) - 1].tanh() @ p["input.weight"] + p["input.bias"]
    # [maps, length, width]: the first pixel of a row is the symbol's.
    state = F.pad(pixels.T[..., None], (0, WIDTH - 1))
    for step in range(steps):
        for layer in range(LAYERS):
            weight = lambda name: p[f"cells.{step % COPIES}.{layer}.{name}"]
            image = lambda x, kernel, bias: F.conv2d(x[None], kernel.permute(3, 2, 0, 1), bias, padding=1)[0]
            gates = image(state, weight("gate_weight"), weight("gate_bias")) + 1
            reset, update = (1.2 * gates.sigmoid() - 0.1).clamp(0, 1).split(MAPS)
            candidate = image(reset * state, weight("candidate_weight"), weight("candidate_bias")).tanh()
            state = update * state + (1 - update) * candidate
    return state[:, :, 0].T @ p["output.weight"] + p["output.bias"]


def original_params():
    p = {
        "embedding": normal(SYMBOLS - 1, MAPS, scale=0.9),
        "input.weight": normal(MAPS, MAPS),
        "input.bias": normal(MAPS),
    }
    for copy in range(COPIES):
        for layer in range(LAYERS):
            name = f"cells.{copy}.{layer}."
            p[name + "gate_weight"] = normal(3, 3, MAPS, 2 * MAPS)
            p[name + "gate_bias"] = normal(2 * MAPS)
            p[name + "candidate_weight"] = normal(3, 3, MAPS, MAPS)
            p[name + "candidate_bias"] = normal(MAPS)
    p["output.weight"] = normal(MAPS, ANSWERS)
    p["output.bias"] = normal(ANSWERS)
    return p


def relaxation(p):
    """The squared distances of all copies from their mean."""
    names = {name.split(".", 2)[2] for name in p if name.startswith("cells.")}
    copies = [torch.stack([p[f"cells.{copy}.{name}"] for copy in range(COPIES)]) for name in sorted(names)]
    return sum((c - c.mean(0)).square().sum() for c in copies)


def diagonal_params():
    return {
        "embedding": normal(SYMBOLS - 1, MAPS, scale=0.9),
        "cell.gate_weight": normal(3, MAPS, 2 * MAPS),
        "cell.gate_bias": normal(2 * MAPS),
        "cell.candidate_weight": normal(3, MAPS, MAPS),
        "cell.candidate_bias": normal(MAPS),
        "output.weight": normal(MAPS, ANSWERS),
        "output.bias": normal(ANSWERS),
    }


def differentiated(p, logits, cost):
    """What is differentiated: every logit has another weight."""
    weigh = lambda x: (x * torch.arange(1.0, x.numel() + 1).reshape(x.shape).cos()).sum()
    (sum(weigh(x) for x in logits) + 0.01 * cost).backward()
    plain = lambda x: {"shape": list(x.shape), "data": x.detach().flatten().tolist()}
    return {
        "strings": [{"symbols": symbols, "steps": steps} for symbols, steps in STRINGS],
        "logits": [plain(x) for x in logits],
        "params": {name: plain(x) for name, x in p.items()},
        "gradient": {name: plain(x.grad) for name, x in p.items()},
    }


def write_diagonal(name, seed, finish):
    torch.manual_seed(seed)
    p = diagonal_params()
    results = [run(p, symbols, steps, finish) for symbols, steps in STRINGS]
    saturation = sum(sat for _, sat in results)
    golden = differentiated(p, [logits for logits, _ in results], saturation)
    golden |= {"moving": {"right": RIGHT, "left": LEFT}, "saturation": saturation.item()}
    (OUT / f"{name}.json").write_text(json.dumps(golden) + "\n")


def write_original(seed):
    torch.manual_seed(seed)
    p = original_params()
    cost = relaxation(p)
    golden = differentiated(p, [original(p, symbols, steps) for symbols, steps in STRINGS], cost)
    golden |= {"relaxation": cost.item()}
    (OUT / "original.json").write_text(json.dumps(golden) + "\n")


write_diagonal("plain", 1, lambda state: state)
write_diagonal("rounded", 2, rounded)
write_original(3)
