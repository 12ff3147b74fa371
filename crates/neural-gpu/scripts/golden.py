"""Golden values by PyTorch: a diagonal Neural GPU written a second time, string by string, with PyTorch's own convolutions.

    python crates/neural-gpu/scripts/golden.py crates/neural-gpu/tests/golden

Needs torch. Everything is computed in double precision. `plain.json` has a network without rounding, its gradient and saturation cost; `rounded.json` one whose state is
rounded at every step, with the gradient that passes through the rounding as if it was not there.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
OUT = Path(sys.argv[1])
MAPS, RIGHT, LEFT = 5, 2, 1
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


def write(name, seed, finish):
    torch.manual_seed(seed)
    p = {
        "embedding": normal(SYMBOLS - 1, MAPS, scale=0.9),
        "cell.gate_weight": normal(3, MAPS, 2 * MAPS),
        "cell.gate_bias": normal(2 * MAPS),
        "cell.candidate_weight": normal(3, MAPS, MAPS),
        "cell.candidate_bias": normal(MAPS),
        "output.weight": normal(MAPS, ANSWERS),
        "output.bias": normal(ANSWERS),
    }
    results = [run(p, symbols, steps, finish) for symbols, steps in STRINGS]
    # Every logit has another weight in the sum that is differentiated.
    total = sum(
        (logits * torch.arange(1.0, logits.numel() + 1).reshape(logits.shape).cos()).sum() + 0.01 * sat
        for logits, sat in results
    )
    total.backward()
    plain = lambda x: {"shape": list(x.shape), "data": x.detach().flatten().tolist()}
    golden = {
        "moving": {"right": RIGHT, "left": LEFT},
        "strings": [{"symbols": symbols, "steps": steps} for symbols, steps in STRINGS],
        "logits": [plain(logits) for logits, _ in results],
        "saturation": sum(sat for _, sat in results).item(),
        "params": {name: plain(x) for name, x in p.items()},
        "gradient": {name: plain(x.grad) for name, x in p.items()},
    }
    (OUT / f"{name}.json").write_text(json.dumps(golden) + "\n")


write("plain", 1, lambda state: state)
write("rounded", 2, rounded)
