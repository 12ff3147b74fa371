"""Writes tests/golden/optim.json: trajectories of every optimiser, computed with NumPy from the papers' formulas.

    python3 crates/nn/scripts/golden_optim.py

Each case has the configuration as the Rust side reads it, the start, the gradient of every step (a fixed function
of the step, not of the parameters, so that an early error is not hidden) and the parameters after every step.
"""

import json
from pathlib import Path

import numpy as np

STEPS = 12
START = np.array([1.5, -0.75, 0.0, 2.0, -3.0, 1e-3])


def gradient(t):
    """Of different sizes and signs; zero for one parameter at some steps."""
    k = np.arange(len(START))
    g = np.sin(0.7 * t + k) * 10.0 ** (k - 3) + 0.1 * np.cos(t * (k + 1))
    g[2] *= t % 3 == 0
    return g


def sgd(c, x, g, s, t):
    """Sutskever et al. 2013, with the learning rate outside of the velocity."""
    g = g + c["weight_decay"] * x
    v = c["momentum"] * s.get("v", 0) + g
    s["v"] = v
    return x - c["lr"] * (g + c["momentum"] * v if c["nesterov"] else v)


def adam(c, x, g, s, t, decoupled=False):
    """Kingma and Ba 2015, Algorithm 1; decoupled: Loshchilov and Hutter 2019, Algorithm 2, at the rate lr * wd."""
    if decoupled:
        x = x - c["lr"] * c["weight_decay"] * x
    else:
        g = g + c["weight_decay"] * x
    s["m"] = c["beta1"] * s.get("m", 0) + (1 - c["beta1"]) * g
    s["v"] = c["beta2"] * s.get("v", 0) + (1 - c["beta2"]) * g**2
    m_hat = s["m"] / (1 - c["beta1"] ** t)
    v_hat = s["v"] / (1 - c["beta2"] ** t)
    return x - c["lr"] * m_hat / (np.sqrt(v_hat) + c["eps"])


def adamw(c, x, g, s, t):
    return adam(c, x, g, s, t, decoupled=True)


def adamax(c, x, g, s, t):
    """Kingma and Ba 2015, Algorithm 2, with an epsilon beside the gradient's size."""
    g = g + c["weight_decay"] * x
    s["m"] = c["beta1"] * s.get("m", 0) + (1 - c["beta1"]) * g
    s["u"] = np.maximum(c["beta2"] * s.get("u", 0), np.abs(g) + c["eps"])
    return x - c["lr"] / (1 - c["beta1"] ** t) * s["m"] / s["u"]


def rmsprop(c, x, g, s, t):
    """Tieleman and Hinton 2012, with momentum on the scaled gradient."""
    g = g + c["weight_decay"] * x
    s["v"] = c["alpha"] * s.get("v", 0) + (1 - c["alpha"]) * g**2
    s["b"] = c["momentum"] * s.get("b", 0) + g / (np.sqrt(s["v"]) + c["eps"])
    return x - c["lr"] * s["b"]


def graves_rmsprop(c, x, g, s, t):
    """Graves 2013, equations 38 to 41."""
    g = g + c["weight_decay"] * x
    s["n"] = c["alpha"] * s.get("n", 0) + (1 - c["alpha"]) * g**2
    s["q"] = c["alpha"] * s.get("q", 0) + (1 - c["alpha"]) * g
    s["d"] = c["momentum"] * s.get("d", 0) - c["lr"] * g / np.sqrt(s["n"] - s["q"] ** 2 + c["eps"])
    return x + s["d"]


def amsgrad(c, x, g, s, t):
    """Reddi et al. 2018, Algorithm 2, with the corrections of the bias of Adam."""
    g = g + c["weight_decay"] * x
    s["m"] = c["beta1"] * s.get("m", 0) + (1 - c["beta1"]) * g
    s["v"] = c["beta2"] * s.get("v", 0) + (1 - c["beta2"]) * g**2
    s["max"] = np.maximum(s.get("max", 0), s["v"])
    m_hat, v_hat = s["m"] / (1 - c["beta1"] ** t), s["max"] / (1 - c["beta2"] ** t)
    return x - c["lr"] * m_hat / (np.sqrt(v_hat) + c["eps"])


def lion(c, x, g, s, t):
    """Chen et al. 2023, Algorithm 2."""
    m = s.get("m", np.zeros_like(x))
    update = np.sign(c["beta1"] * m + (1 - c["beta1"]) * g)
    s["m"] = c["beta2"] * m + (1 - c["beta2"]) * g
    return x - c["lr"] * (update + c["weight_decay"] * x)


METHODS = {f.__name__: f for f in (sgd, adam, adamw, adamax, rmsprop, graves_rmsprop, amsgrad, lion)}
BETAS = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
CONFIGS = [
    {"kind": "sgd", "lr": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
    {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0},
    {"kind": "sgd", "lr": 0.05, "momentum": 0.8, "nesterov": False, "weight_decay": 0.1},
    {"kind": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    {"kind": "adam", "lr": 0.01, "weight_decay": 0.0, **BETAS},
    {"kind": "adam", "lr": 0.02, "weight_decay": 0.1, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3},
    {"kind": "adamw", "lr": 0.01, "weight_decay": 0.01, **BETAS},
    {"kind": "adamw", "lr": 0.1, "weight_decay": 0.3, "beta1": 0.5, "beta2": 0.9, "eps": 1e-6},
    {"kind": "adamax", "lr": 0.02, "weight_decay": 0.0, **BETAS},
    {"kind": "adamax", "lr": 0.02, "weight_decay": 0.1, "beta1": 0.7, "beta2": 0.9, "eps": 1e-8},
    {"kind": "rmsprop", "lr": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "weight_decay": 0.0},
    {"kind": "rmsprop", "lr": 0.01, "alpha": 0.95, "eps": 1e-4, "momentum": 0.9, "weight_decay": 0.05},
    {"kind": "graves_rmsprop", "lr": 1e-2, "alpha": 0.95, "eps": 1e-4, "momentum": 0.9, "weight_decay": 0.0},
    {"kind": "graves_rmsprop", "lr": 1e-1, "alpha": 0.9, "eps": 1e-2, "momentum": 0.5, "weight_decay": 0.1},
    {"kind": "amsgrad", "lr": 0.01, "weight_decay": 0.0, **BETAS},
    {"kind": "amsgrad", "lr": 0.02, "weight_decay": 0.1, "beta1": 0.8, "beta2": 0.5, "eps": 1e-3},
    {"kind": "lion", "lr": 0.01, "weight_decay": 0.0, "beta1": 0.9, "beta2": 0.99},
    {"kind": "lion", "lr": 0.1, "weight_decay": 0.5, "beta1": 0.5, "beta2": 0.8},
]


def trajectory(config):
    x, state, after = START, {}, []
    for t in range(1, STEPS + 1):
        x = METHODS[config["kind"]](config, x, gradient(t), state, t)
        after.append(x.tolist())
    return {"config": config, "after": after}


golden = {
    "start": START.tolist(),
    "gradients": [gradient(t).tolist() for t in range(1, STEPS + 1)],
    "cases": [trajectory(c) for c in CONFIGS],
}
path = Path(__file__).parents[1] / "tests/golden/optim.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps(golden, indent=1) + "\n")
