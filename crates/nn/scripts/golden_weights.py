#!/usr/bin/env python3
"""Writes ../tests/golden/foreign.safetensors and foreign.json: a file of weights as PyTorch lays them out and names them, and what its layers make of some
inputs, by their definitions in PyTorch's documentation.

    pip install numpy && python3 golden_weights.py

The file is written byte by byte, in four element types; values are rounded to bfloat16 first, so that every type holds them exactly. Images are channels first
here, as in PyTorch.
"""

import json
import pathlib
import struct

import numpy as np

rng = np.random.default_rng(11)
folder = pathlib.Path(__file__).parent.parent / "tests" / "golden"
tensors = {}


def weight(name, *shape, dtype="F32", positive=False):
    x = rng.standard_normal(shape).astype(np.float32) * 0.5
    x = np.abs(x) + 0.5 if positive else x
    # The upper half of the bits, with six bits of mantissa: f16 holds it, too.
    x = (x.view(np.uint32) & 0xFFFE0000).view(np.float32)
    tensors[name] = (dtype, x)
    return x.astype(np.float64)


def save(path):
    header, data = {}, b""
    for name, (dtype, x) in tensors.items():
        if dtype == "BF16":
            raw = (x.view(np.uint32) >> 16).astype("<u2").tobytes()
        else:
            raw = x.astype({"F16": "<f2", "F32": "<f4", "F64": "<f8", "I64": "<i8"}[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(x.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def numbers(x):
    return {"shape": list(x.shape), "data": x.ravel().tolist()}


cases = {}


def case(name, x, y):
    cases[name] = {"x": numbers(x), "y": numbers(y)}


# Linear: y = x Aᵀ + b.
a, b = weight("net.fc.weight", 4, 3, dtype="F16"), weight("net.fc.bias", 4, dtype="F64")
x = rng.standard_normal((2, 3))
case("linear", x, x @ a.T + b)

# Conv2d of 2 to 4 channels in 2 groups with a kernel of 3 × 2, padding (1, 0).
w, b = weight("net.conv.weight", 4, 1, 3, 2, dtype="BF16"), weight("net.conv.bias", 4)
x = rng.standard_normal((1, 2, 4, 3))
y = np.zeros((1, 4, 4, 2))
for o in range(4):
    for i in range(4):
        for j in range(2):
            y[0, o, i, j] = b[o] + sum(
                w[o, 0, p, q] * x[0, o // 2, i + p - 1, j + q] for p in range(3) for q in range(2) if 0 <= i + p - 1 < 4
            )
case("conv", x, y)

# ConvTranspose2d of 3 to 2 channels, kernel 2 × 3, stride 2.
w, b = weight("net.up.weight", 3, 2, 2, 3), weight("net.up.bias", 2)
x = rng.standard_normal((1, 3, 2, 2))
y = np.zeros((1, 2, 4, 5)) + b[None, :, None, None]
for c in range(3):
    for o in range(2):
        for i in range(2):
            for j in range(2):
                for p in range(2):
                    for q in range(3):
                        y[0, o, 2 * i + p, 2 * j + q] += x[0, c, i, j] * w[c, o, p, q]
case("up", x, y)

# BatchNorm2d in evaluation.
w, b = weight("net.bn.weight", 3), weight("net.bn.bias", 3)
mean, var = weight("net.bn.running_mean", 3), weight("net.bn.running_var", 3, positive=True)
tensors["net.bn.num_batches_tracked"] = ("I64", np.array(7))
x = rng.standard_normal((2, 3))
case("norm", x, (x - mean) / np.sqrt(var + 1e-5) * w + b)

# LSTM of two layers: gates i, f, g, o.
x = rng.standard_normal((2, 3, 3))
h_all = x
for layer in range(2):
    wi = weight(f"net.lstm.weight_ih_l{layer}", 8, 3 if layer == 0 else 2, dtype="F64")
    wh = weight(f"net.lstm.weight_hh_l{layer}", 8, 2)
    bi, bh = weight(f"net.lstm.bias_ih_l{layer}", 8), weight(f"net.lstm.bias_hh_l{layer}", 8)
    h, c, out = np.zeros((2, 2)), np.zeros((2, 2)), []
    for t in range(3):
        i, f, g, o = np.split(h_all[:, t] @ wi.T + bi + h @ wh.T + bh, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    h_all = np.stack(out, axis=1)
case("lstm", x, h_all)

# GRU: gates r, z, n.
wi, wh = weight("net.gru.weight_ih_l0", 6, 3), weight("net.gru.weight_hh_l0", 6, 2)
bi, bh = weight("net.gru.bias_ih_l0", 6), weight("net.gru.bias_hh_l0", 6)
x = rng.standard_normal((2, 3, 3))
h, out = np.zeros((2, 2)), []
for t in range(3):
    ri, zi, ni = np.split(x[:, t] @ wi.T + bi, 3, axis=1)
    rh, zh, nh = np.split(h @ wh.T + bh, 3, axis=1)
    r, z = sigmoid(ri + rh), sigmoid(zi + zh)
    h = (1 - z) * np.tanh(ni + r * nh) + z * h
    out.append(h)
case("gru", x, np.stack(out, axis=1))

# MultiheadAttention, width 4, two heads, no mask.
w, b = weight("net.blocks.0.attn.in_proj_weight", 12, 4), weight("net.blocks.0.attn.in_proj_bias", 12)
wo, bo = weight("net.blocks.0.attn.out_proj.weight", 4, 4), weight("net.blocks.0.attn.out_proj.bias", 4)
x = rng.standard_normal((1, 3, 4))
q, k, v = np.split(x[0] @ w.T + b, 3, axis=1)
heads = []
for h in range(2):
    part = slice(2 * h, 2 * h + 2)
    s = np.exp(q[:, part] @ k[:, part].T / np.sqrt(2))
    heads.append(s / s.sum(1, keepdims=True) @ v[:, part])
case("attention", x, (np.concatenate(heads, 1) @ wo.T + bo)[None])

# Embedding and LayerNorm lie as they do here.
table = weight("net.emb.weight", 5, 3)
case("embedding", np.array([4.0, 0.0, 4.0]), table[[4, 0, 4]])
w, b = weight("net.ln.weight", 3), weight("net.ln.bias", 3)
x = rng.standard_normal((2, 3))
case("layer_norm", x, (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) * w + b)

save(folder / "foreign.safetensors")
(folder / "foreign.json").write_text(json.dumps(cases) + "\n")
