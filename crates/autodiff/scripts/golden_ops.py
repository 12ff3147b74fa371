"""Golden values of structured ops, by NumPy: writes tests/golden/ops.json.

    pip install numpy && python scripts/golden_ops.py

Every row is an op with its arguments (shape and elements, double precision) and what NumPy makes of them. The test
`tests/suite/golden.rs` knows each op by its name. Sums of products and gradients that NumPy does not have are written out here from
their definitions.
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(20260101)
rows = []


def tensor(a):
    a = np.asarray(a, dtype=np.float64)
    return {"shape": list(a.shape), "data": [float(x) for x in a.ravel()]}


def row(op, args, out, **numbers):
    rows.append({"op": op, "args": [tensor(a) for a in args], "out": tensor(out), **numbers})


def normal(*shape):
    return np.round(rng.normal(size=shape), 6)


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def logsumexp(x, axis):
    m = x.max(axis=axis, keepdims=True)
    return np.squeeze(m, axis) + np.log(np.exp(x - m).sum(axis=axis))


x = normal(2, 3, 4)
for axis in range(3):
    row("sum", [x], x.sum(axis), axis=axis)
    row("mean", [x], x.mean(axis), axis=axis)
    row("max", [x], x.max(axis), axis=axis)
    row("min", [x], x.min(axis), axis=axis)
    row("prod", [x], x.prod(axis), axis=axis)
    row("var", [x], x.var(axis), axis=axis)
    row("var_with", [x], x.var(axis, ddof=1), axis=axis)
    row("logsumexp", [x], logsumexp(x, axis), axis=axis)
    row("argmax", [x], x.argmax(axis), axis=axis)
    row("argmin", [x], x.argmin(axis), axis=axis)
    row("cumsum", [x], x.cumsum(axis), axis=axis)
    row("softmax", [x], softmax(x, axis), axis=axis)
    row("log_softmax", [x], np.log(softmax(x, axis)), axis=axis)
    row("sort", [x], np.sort(x, axis), axis=axis)
    row("argsort", [x], np.argsort(x, axis, kind="stable"), axis=axis)
    row("topk", [x], np.flip(np.sort(x, axis), axis).take(range(2), axis), axis=axis, k=2)
    row("flip", [x], np.flip(x, axis), axis=axis)
    row("roll", [x], np.roll(x, 3, axis), axis=axis, k=3)
    row("stack", [x, -x], np.stack([x, -x], axis), axis=axis)
    row("concat", [x, 2 * x], np.concatenate([x, 2 * x], axis), axis=axis)
    row("unsqueeze", [x], np.expand_dims(x, axis), axis=axis)
    row("index", [x], x.take(1, axis), axis=axis, k=1)
    row("index_select", [x], x.take([1, 0, 1], axis), axis=axis, at=[1, 0, 1])
    at = rng.integers(0, x.shape[axis], size=x.shape)
    row("gather", [x, at], np.take_along_axis(x, at, axis), axis=axis)
    added = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        j = list(i)
        j[axis] = at[i]
        added[tuple(j)] += x[i]
    row("scatter_add", [x, at], added, axis=axis)
    # d/dx Σ w·softmax(x), from the definition: the Jacobian of each group.
    w = normal(2, 3, 4)
    p, q = np.moveaxis(softmax(x, axis), axis, -1), np.moveaxis(w, axis, -1)
    jacobian = p[..., :, None] * (np.eye(p.shape[-1]) - p[..., None, :])
    gradient = np.moveaxis(np.einsum("...i,...ij->...j", q, jacobian), -1, axis)
    row("softmax_gradient", [x, w], gradient, axis=axis)

row("sum_all", [x], x.sum())
row("var_all", [x], x.var())
row("logsumexp_all", [x], np.log(np.exp(x).sum()))
row("max_outer_axes", [x], x.max(axis=(0, 2)))
row("prod_outer_axes", [x], x.prod(axis=(0, 2)))
row("var_outer_axes", [x], x.var(axis=(0, 2)))
row("permute", [x], x.transpose(2, 0, 1))
row("t", [x[0]], x[0].T)
row("swap_axes", [x], x.swapaxes(0, 2))
row("slice", [x], x[:, 1:, ::2])
row("slice_back", [x], x[:, :, 3:0:-2])
row("pad", [x[0]], np.pad(x[0], [(1, 0), (2, 1)], constant_values=0.5))
row("broadcast_to", [x[0, :, :1]], np.broadcast_to(x[0, :, :1], (2, 3, 4)))
row("large_offset_var", [1e8 + normal(50)], np.float64(0))
rows[-1]["out"] = tensor(np.var(np.asarray(rows[-1]["args"][0]["data"], dtype=np.longdouble)))

path = pathlib.Path(__file__).parent.parent / "tests" / "golden" / "ops.json"
path.write_text("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]\n")
print(path, len(rows), "rows")
