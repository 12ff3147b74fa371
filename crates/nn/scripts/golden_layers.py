#!/usr/bin/env python3
"""Writes ../tests/golden/layers.json: values and gradients of layers, computed in double precision by definitions in NumPy,
differentiated by HIPS autograd.

    pip install numpy autograd && python3 golden_layers.py

Every layer is written as its paper defines it, loop by loop, without a thought of speed. A case has the inputs and
parameters, the output y, and the gradients of sum(u * y) for a given u.
"""

import json
import pathlib

import autograd.numpy as np
from autograd import grad

rng = np.random.default_rng(20)
EPS = 1e-5


def normal(*shape):
    return np.round(rng.standard_normal(shape), 6)


def uniform(*shape):
    return np.round(rng.uniform(size=shape), 6)


def numbers(x):
    x = np.asarray(x)
    return {"shape": list(x.shape), "data": [float(f"{v:.14g}") for v in x.ravel()]}


def case(f, **inputs):
    """f takes the inputs by name; gradients are taken of all of them."""
    y = f(**inputs)
    u = normal(*y.shape)
    gradients = grad(lambda p: np.sum(u * f(**p)))(inputs)
    return {
        "inputs": {k: numbers(v) for k, v in inputs.items()},
        "y": numbers(y),
        "u": numbers(u),
        "gradients": {k: numbers(g) for k, g in gradients.items()},
    }


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def log_softmax(x):
    return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))


def windows(size, kernel, stride, padding, dilation):
    """Output positions, each with the pairs of (position in the kernel, position in the input) that meet there."""
    count = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    at = lambda o, k: o * stride - padding + k * dilation
    return [[(k, at(o, k)) for k in range(kernel) if 0 <= at(o, k) < size] for o in range(count)]


def conv2d(x, w, b, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    """x [n, h, w, c], w [kh, kw, c / groups, o]: y[n, i, j, o] = b[o] + sum over the window of x w."""
    rows, columns = (windows(x.shape[1 + a], w.shape[a], stride[a], padding[a], dilation[a]) for a in (0, 1))
    c, o = x.shape[3] // groups, w.shape[3] // groups
    parts = []
    for group in range(groups):
        xg, wg = x[..., group * c : (group + 1) * c], w[..., group * o : (group + 1) * o]
        pixel = lambda row, column: sum(
            (np.dot(xg[:, i, j], wg[ki, kj]) for ki, i in row for kj, j in column), np.zeros((x.shape[0], o))
        )
        parts.append(np.stack([np.stack([pixel(r, c) for c in columns], axis=1) for r in rows], axis=1))
    return np.concatenate(parts, axis=-1) + b


def conv1d(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    y = conv2d(x[:, None], w[None], b, (1, stride), (0, padding), (1, dilation), groups)
    return y[:, 0]


def conv_transpose2d(x, w, b, size, stride, padding, groups=1):
    """The transpose of conv2d from images of `size`, by its definition: the gradient of <x, conv2d(z)> in z."""
    z = np.zeros((x.shape[0], *size, w.shape[2] * groups))
    zero = np.zeros(w.shape[3])
    return grad(lambda z: np.sum(x * conv2d(z, w, zero, stride, padding, (1, 1), groups)))(z) + b


def conv_transpose1d(x, w, b, size, stride, padding):
    return conv_transpose2d(x[:, None], w[None], b, (1, size), (1, stride), (0, padding))[:, 0]


def normalize(x, axes):
    mean = np.mean(x, axis=axes, keepdims=True)
    var = np.mean((x - mean) ** 2, axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(var + EPS)


def group_norm(x, w, b, groups):
    n, h, width, c = x.shape
    split = np.reshape(x, (n, h, width, groups, c // groups))
    return np.reshape(normalize(split, (1, 2, 4)), x.shape) * w + b


def lstm_layer(x, wx, wh, b):
    hidden = wh.shape[0]
    h = c = np.zeros((x.shape[0], hidden))
    outputs = []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(np.dot(x[:, t], wx) + np.dot(h, wh) + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, axis=1)


def lstm(x, wx0, wh0, b0, wx1, wh1, b1):
    return lstm_layer(lstm_layer(x, wx0, wh0, b0), wx1, wh1, b1)


def gru(x, wx, wh, bx, bh):
    h = np.zeros((x.shape[0], wh.shape[0]))
    outputs = []
    for t in range(x.shape[1]):
        xr, xz, xn = np.split(np.dot(x[:, t], wx) + bx, 3, axis=1)
        hr, hz, hn = np.split(np.dot(h, wh) + bh, 3, axis=1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        n = np.tanh(xn + r * hn)
        h = (1 - z) * n + z * h
        outputs.append(h)
    return np.stack(outputs, axis=1)


def huber(x, t):
    d = np.abs(x - t)
    return np.mean(np.where(d <= 0.8, d**2 / 2, 0.8 * (d - 0.4)))


one_hot = np.eye(4)[[2, 0, 3]]
cases = {
    "linear": case(lambda x, w, b: np.dot(x, w) + b, x=normal(3, 4), w=normal(4, 2), b=normal(2)),
    "conv1d": case(
        lambda x, w, b: conv1d(x, w, b, stride=2, padding=2, dilation=2, groups=2),
        x=normal(2, 9, 4), w=normal(3, 2, 6), b=normal(6),
    ),
    "conv2d": case(
        lambda x, w, b: conv2d(x, w, b, stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        x=normal(2, 5, 6, 3), w=normal(3, 2, 3, 4), b=normal(4),
    ),
    # From 4 positions with stride 2, padding 1 and kernel 3 to 7, and one more of output padding.
    "conv_transpose1d": case(
        lambda x, w, b: conv_transpose1d(x, w, b, size=8, stride=2, padding=1),
        x=normal(2, 4, 3), w=normal(3, 2, 3), b=normal(2),
    ),
    "conv_transpose2d": case(
        lambda x, w, b: conv_transpose2d(x, w, b, size=(6, 6), stride=(2, 3), padding=(1, 0), groups=2),
        x=normal(1, 3, 2, 4), w=normal(4, 3, 1, 4), b=normal(2),
    ),
    "layer_norm": case(
        lambda x, w, b: normalize(x, -1) * w + b, x=normal(2, 3, 5) * 2 + 1, w=normal(5), b=normal(5)
    ),
    "group_norm": case(
        lambda x, w, b: group_norm(x, w, b, 2), x=normal(2, 3, 2, 4) * 2 + 1, w=normal(4), b=normal(4)
    ),
    "batch_norm": case(
        lambda x, w, b: normalize(x, (0, 1, 2)) * w + b, x=normal(3, 2, 2, 3) * 2 + 1, w=normal(3), b=normal(3)
    ),
    "lstm": case(
        lstm, x=normal(2, 4, 3),
        wx0=normal(3, 8), wh0=normal(2, 8), b0=normal(8), wx1=normal(2, 8), wh1=normal(2, 8), b1=normal(8),
    ),
    "gru": case(gru, x=normal(2, 4, 3), wx=normal(3, 6), wh=normal(2, 6), bx=normal(6), bh=normal(6)),
    "cross_entropy": case(lambda x: -np.sum(one_hot * log_softmax(x), axis=-1), x=normal(3, 4)),
    "smooth_cross_entropy": case(
        lambda x: -np.sum((0.8 * one_hot + 0.2 / 4) * log_softmax(x), axis=-1), x=normal(3, 4)
    ),
    "soft_cross_entropy": case(
        lambda x, t: -np.sum(t * log_softmax(x), axis=-1), x=normal(3, 4), t=uniform(3, 4)
    ),
    "bce_with_logits": case(
        lambda x, t: -t * np.log(sigmoid(x)) - (1 - t) * np.log(1 - sigmoid(x)), x=normal(3, 2) * 3, t=uniform(3, 2)
    ),
    "huber": case(huber, x=normal(3, 4), t=normal(3, 4)),
    "kl_divergence": case(
        lambda p, q: np.mean(np.sum(np.exp(log_softmax(p)) * (log_softmax(p) - log_softmax(q)), axis=-1)),
        p=normal(3, 4), q=normal(3, 4),
    ),
}



def rotated(x, base):
    """Turns pairs (i, i + half) one by one; x is time × width."""
    half = x.shape[1] // 2
    rows = []
    for p in range(x.shape[0]):
        angles = [p * base ** (-2 * i / x.shape[1]) for i in range(half)]
        first = [x[p, i] * np.cos(a) - x[p, i + half] * np.sin(a) for i, a in enumerate(angles)]
        second = [x[p, i + half] * np.cos(a) + x[p, i] * np.sin(a) for i, a in enumerate(angles)]
        rows.append(np.stack(first + second))
    return np.stack(rows)


def multi_head(x, wq, wk, wv, wo, bq, bk, bv, bo, heads, turn=None, lengths=None):
    """Causal attention, query by query; keys from a sequence's length on are padding."""
    out = []
    for n in range(x.shape[0]):
        q, k, v = x[n] @ wq + bq, x[n] @ wk + bk, x[n] @ wv + bv
        size, found = q.shape[1] // heads, []
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            qh, kh, vh = q[:, part], k[:, part], v[:, part]
            if turn:
                qh, kh = rotated(qh, turn), rotated(kh, turn)
            rows = []
            for i in range(q.shape[0]):
                last = i + 1 if lengths is None else min(i + 1, lengths[n])
                if last == 0:
                    rows.append(np.zeros(size))
                    continue
                weights = np.exp(kh[:last] @ qh[i] / np.sqrt(size))
                rows.append(weights @ vh[:last] / np.sum(weights))
            found.append(np.stack(rows))
        out.append(np.concatenate(found, axis=1) @ wo + bo)
    return np.stack(out)


def attention_inputs():
    names = ["wq", "wk", "wv", "wo"]
    return {"x": normal(2, 4, 8), **{w: normal(8, 8) * 0.5 for w in names}, **{"b" + w[1]: normal(8) for w in names}}


cases["attention"] = case(lambda **p: multi_head(**p, heads=2), **attention_inputs())
cases["rotary_attention"] = case(lambda **p: multi_head(**p, heads=2, turn=10.0), **attention_inputs())
# The second sequence is all padding.
cases["padded_attention"] = case(lambda **p: multi_head(**p, heads=4, lengths=[3, 0]), **attention_inputs())
cases["rms_norm"] = case(
    lambda x, w: x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + EPS) * w, x=normal(2, 3, 5) * 2, w=normal(5)
)
positions = [[(np.cos if c % 2 else np.sin)((p + 3) / 10000 ** ((c - c % 2) / 6)) for c in range(6)] for p in range(4)]
cases["sinusoidal"] = {"y": numbers(positions)}

# The running statistics that the batch leaves behind, starting from 0 and 1 (Ioffe & Szegedy 2015, algorithm 2).
batch = np.reshape(np.array(cases["batch_norm"]["inputs"]["x"]["data"]), (-1, 3))
cases["batch_norm"]["running_mean"] = numbers(0.1 * np.mean(batch, axis=0))
cases["batch_norm"]["running_var"] = numbers(0.9 + 0.1 * np.var(batch, axis=0, ddof=1))

path = pathlib.Path(__file__).parent.parent / "tests" / "golden" / "layers.json"
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in cases.items())
path.write_text("{\n" + lines + "\n}\n")
