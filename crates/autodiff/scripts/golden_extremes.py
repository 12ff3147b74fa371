"""Golden values where numbers are large, tiny, equal or infinite, at 60 digits: writes tests/golden/extremes.json.

    pip install mpmath && python scripts/golden_extremes.py

Arguments are exact in single precision. Every row is an op, its arguments, and the value; for most also the gradient of the value with respect to
the first argument. The formulas are the definitions, in as many digits as they need. The test `tests/suite/numerics/golden.rs` knows each op by its
name. Infinite numbers are written as strings.
"""

import json
import pathlib
import struct

from mpmath import atan2, exp, inf, isinf, log, log1p, mp, mpf, sqrt

mp.dps = 60
rows = []


def single(x):
    """The nearest number of single precision."""
    return struct.unpack("f", struct.pack("f", x))[0]


def number(x):
    if isinf(x):
        return "inf" if x > 0 else "-inf"
    return float(x)


def row(op, args, value, gradient=None, **more):
    as_list = lambda x: x if isinstance(x, list) else [x]
    entry = {"op": op, "args": [[number(x) for x in a] for a in args], "value": [number(x) for x in as_list(value)], **more}
    if gradient is not None:
        entry["gradient"] = [number(x) for x in as_list(gradient)]
    rows.append(entry)


def mps(x):
    return [mpf(v) for v in x]


# --- Softmax and its relatives -----------------------------------------------------------------------------------------------------

NAN_FREE = [
    [1e7, 1e7 + 1, 1e7 + 2],
    [-1e7, -1e7 + 1, -1e7 + 2],
    [single(3e30), single(1e30), single(-3e30)],
    [1e7, 1e7, 1e7, 1e7],
    [20.0, 0.0],
    [40.0, 0.0, -40.0],
    [80.0, 1.0, 1.0, 1.0],
    [single(1e-20), 0.0, single(-1e-20)],
    [single(1e-41), single(2e-41)],
    [0.0, -float("inf"), 1.0],
    [16777216.0, 16777215.0, 16777200.0],
    [5.0],
]


def log_softmax(x):
    m = max(x)
    if isinf(m):
        return [-inf] * len(x)
    others = [exp(v - m) for i, v in enumerate(x) if i != x.index(m)]
    return [v - m - log1p(sum(others)) for v in x]


for raw in NAN_FREE:
    x = mps(raw)
    log_p = log_softmax(x)
    p = [exp(v) for v in log_p]
    row("log_softmax", [raw], log_p)
    row("softmax", [raw], p)
    row("logsumexp", [raw], max(x) - log_p[x.index(max(x))], p)
    for label in range(len(x)):
        loss = -log_p[label]
        others = sum(q for i, q in enumerate(p) if i != label)
        row("cross_entropy", [raw], loss, [-others if i == label else q for i, q in enumerate(p)], label=label)
        hot = [1.0 if i == label else 0.0 for i in range(len(x))]
        row("soft_cross_entropy", [raw, hot], loss, [-others if i == label else q for i, q in enumerate(p)])
        if not any(isinf(v) for v in x):
            smoothing = mpf(1) / 8
            target = [(1 - smoothing) * t + smoothing / len(x) for t in hot]
            value = sum(-t * l for t, l in zip(target, log_p))
            row("smooth_cross_entropy", [raw], value, [q - t for q, t in zip(p, target)], label=label, smoothing=0.125)

# Where a target is 0 a masked class is absent; where all are, nothing is left.
row("soft_cross_entropy", [[0.0, -inf, 1.0], [0.25, 0.0, 0.75]], log1p(exp(mpf(1))) - mpf(3) / 4,
    [1 / (1 + exp(mpf(1))) - mpf(1) / 4, 0, 1 / (1 + exp(mpf(-1))) - mpf(3) / 4])
row("soft_cross_entropy", [[-inf, -inf], [0.0, 0.0]], 0, [0, 0])
row("soft_cross_entropy", [[-inf, -inf], [1.0, 0.0]], inf, [-1, 0])
row("cross_entropy", [[-inf, -inf]], inf, [-1, 0], label=0)
row("cross_entropy", [[0.0, -inf]], inf, [1, -1], label=1)
row("logsumexp", [[-inf, -inf]], -inf, [0, 0])
row("logsumexp", [[inf, 0.0]], inf)
row("softmax", [[-inf, -inf]], [0, 0])
row("log_softmax", [[-inf, -inf]], [-inf, -inf])

# --- Binary cross-entropy ----------------------------------------------------------------------------------------------------------

for x in [0.0, 20.0, -20.0, 50.0, -50.0, 100.0, -100.0, single(1e-30), single(1e30), single(-1e30), single(1e-42), 0.5, -3.0]:
    for t in [0.0, 1.0, 0.25, single(0.9)]:
        xx, tt = mpf(x), mpf(t)
        softplus = lambda v: max(v, mpf(0)) + log1p(exp(-abs(v)))
        small, large = exp(-abs(xx)) / (1 + exp(-abs(xx))), 1 / (1 + exp(-abs(xx)))
        sigma, other = (large, small) if xx > 0 else (small, large)
        row("bce", [[x], [t]], (1 - tt) * softplus(xx) + tt * softplus(-xx), (1 - tt) * sigma - tt * other)
        row("softplus", [[x]], softplus(xx), sigma)
        row("log_sigmoid", [[x]], -softplus(-xx), other)
row("bce", [[inf], [1.0]], 0, 0)
row("bce", [[-inf], [0.0]], 0, 0)
row("bce", [[inf], [0.0]], inf, 1)
row("bce", [[-inf], [1.0]], inf, -1)

# --- Normalisation, variance, lengths, angles -----------------------------------------------------------------------------------------------

for far, near in [(1e6, 1.0), (1e7, 2.0), (0.0, single(1e-15)), (single(1e12), single(1e7)), (-3e5, 0.25)]:
    x = [single(far + near * (i * 37 % 64) / 16) for i in range(64)]
    xx = mps(x)
    mean = sum(xx) / len(xx)
    var = sum((v - mean) ** 2 for v in xx) / len(xx)
    row("var", [x], var, [2 * (v - mean) / len(xx) for v in xx])
    row("std", [x], sqrt(var), [(v - mean) / len(xx) / sqrt(var) for v in xx])
    eps = mpf(single(1e-5))
    row("layer_norm", [x], [(v - mean) / sqrt(var + eps) for v in xx], eps=float(eps))

for x in [[3.0, -4.0], [single(3e30), single(-4e30), 1.0], [single(3e-30), single(4e-30)], [single(1e-20), single(1e20)],
          [0.0, 0.0], [5.0], [single(1e-36), single(2e-36)]]:
    xx = mps(x)
    norm = sqrt(sum(v * v for v in xx))
    row("norm", [x], norm, [v / norm if norm else 0 for v in xx])

for a, b in [(single(1e30), single(1e30)), (single(1e-30), single(2e-30)), (single(1e-42), 0.0), (3.0, -4.0), (0.0, single(1e25))]:
    aa, bb = mpf(a), mpf(b)
    row("atan2", [[a], [b]], atan2(aa, bb), bb / (aa * aa + bb * bb))
row("atan2", [[0.0], [0.0]], 0, 0)

path = pathlib.Path(__file__).parent.parent / "tests" / "golden" / "extremes.json"
path.write_text("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
