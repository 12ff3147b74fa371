"""Writes tests/golden/*.txt: scores and picks computed with NumPy, from the formulas, by plain means.

    python3 -m venv venv && venv/bin/pip install numpy && venv/bin/python scripts/golden.py
"""

import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).parent.parent / "tests" / "golden"


def write(name, values):
    """One line for each array: its name and its numbers, row by row."""
    flat = lambda array: np.asarray(array).ravel().tolist()
    lines = [" ".join([key, *(str(x) for x in flat(array))]) for key, array in values.items()]
    (GOLDEN / name).write_text("\n".join(lines) + "\n")


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def top(scores, k):
    """The k highest, highest first, ties in the order given."""
    return np.argsort(-scores, kind="stable")[:k]


def picks():
    rng = np.random.default_rng(20220614)
    training = rng.gamma(1.0, 1.5, 320).astype(np.float32)
    irreducible = rng.gamma(0.5, 1.0, 320).astype(np.float32)
    reducible = training - irreducible
    ties = np.array([1, 3, 3, 2, 3, 1, 2, 2], dtype=np.float32)
    return {
        "training": training,
        "irreducible": irreducible,
        "reducible": reducible,
        "top_32_reducible": top(reducible, 32),
        "top_32_training": top(training, 32),
        "ties": ties,
        "top_5_ties": top(ties, 5),
    }


def scores():
    """Scores of 12 examples of 4 classes, from 5 samples of their logits."""
    rng = np.random.default_rng(1)
    logits = (3 * rng.standard_normal((5, 12, 4))).astype(np.float32)
    labels = rng.integers(0, 4, 12)
    p = softmax(logits.astype(np.float64))
    mean = p.mean(axis=0)
    entropy = -(mean * np.log(mean)).sum(axis=-1)
    conditional = -(p * np.log(p)).sum(axis=-1).mean(axis=0)
    loss = -np.log(p[:, np.arange(12), labels]).mean(axis=0)
    first = p[0]
    onehot = np.eye(4)[labels]
    cooler = softmax(logits[0].astype(np.float64) / 2.5)
    features = np.random.default_rng(3).standard_normal((12, 5)).astype(np.float32)
    # The gradient in the weights and biases of the last layer, written out.
    errors, inputs = first - onehot, np.hstack([features.astype(np.float64), np.ones((12, 1))])
    outer = np.einsum("nc,nd->ncd", errors, inputs)
    return {
        "logits": logits,
        "labels": labels,
        "entropy": entropy,
        "conditional_entropy": conditional,
        "bald": entropy - conditional,
        "loss_minus_conditional_entropy": loss - conditional,
        "el2n": np.linalg.norm(p - onehot, axis=-1).mean(axis=0),
        "features": features,
        "last_layer_grand": np.sqrt((outer**2).sum(axis=(1, 2))),
        "gradient_norm": np.linalg.norm(first - onehot, axis=-1),
        "least_confidence": 1 - first.max(axis=-1),
        "losses_at_2.5": -np.log(cooler[np.arange(12), labels]),
    }


def laplace():
    """Deng et al. 2023 with explicit inverses: 5 features, 3 classes, 4 samples, two observations of half a batch."""
    rng = np.random.default_rng(2)
    n, d, c, samples = 8, 5, 3, 4
    features = rng.standard_normal((n, d)).astype(np.float32)
    logits = (2 * rng.standard_normal((n, c))).astype(np.float32)
    labels = rng.integers(0, c, n)
    irreducible = rng.gamma(1.0, 0.5, n).astype(np.float32)
    noise = rng.standard_normal((n, samples, c))
    alpha, n_e, tau, momentum = 0.2, 500.0, 1.0, 0.9
    h, f = features.astype(np.float64), logits.astype(np.float64)
    g = softmax(f) - np.eye(c)[labels]
    outer = lambda x: x.T @ x / len(x)
    a, b = slice(0, n // 2), slice(n // 2, n)
    A = momentum * outer(h[a]) + (1 - momentum) * outer(h[b])
    C = momentum * outer(g[a]) + (1 - momentum) * outer(g[b])
    V = np.sqrt(n_e) * A + np.sqrt(tau) * np.eye(d)
    U = np.sqrt(n_e) * C + np.sqrt(tau) * np.eye(c)
    variance = np.einsum("id,de,ie->i", h, np.linalg.inv(V), h)
    # Draws with covariance U⁻¹: L⁻ᵀ ε, L the Cholesky factor of U.
    half = np.linalg.inv(np.linalg.cholesky(U)).T
    assert np.allclose(half @ half.T, np.linalg.inv(U))
    drawn = f[:, None, :] + np.sqrt(variance)[:, None, None] * noise @ half.T
    p = softmax(drawn)[np.arange(n), :, labels]
    score = alpha * np.log(p).mean(axis=1) - (1 - alpha) * irreducible - np.log(p.mean(axis=1))
    return {
        "features": features,
        "logits": logits,
        "labels": labels,
        "irreducible": irreducible,
        "noise": noise,
        "scores": score,
    }


def diverse():
    """DivBS, the greedy choice, with gradients written out: 20 examples, 4 classes, 6 features, 9 picks."""
    rng = np.random.default_rng(3)
    n, c, d, k = 20, 4, 6, 9
    logits = rng.standard_normal((n, c)).astype(np.float32)
    features = rng.standard_normal((n, d)).astype(np.float32)
    labels = rng.integers(0, c, n)
    g = softmax(logits.astype(np.float64)) - np.eye(c)[labels]
    g = np.einsum("ic,id->icd", g, features.astype(np.float64)).reshape(n, c * d)
    residual, basis, chosen = g.mean(axis=0), [], []
    for _ in range(k):
        correlation = np.abs(g @ residual)
        correlation[chosen] = 0
        chosen.append(int(correlation.argmax()))
        direction = g[chosen[-1]] - sum((e @ g[chosen[-1]]) * e for e in basis)
        direction = direction / np.linalg.norm(direction)
        basis.append(direction)
        residual = residual - (direction @ residual) * direction
    return {"logits": logits, "features": features, "labels": labels, "greedy_9": chosen}


def joint():
    """The sigmoid losses of 6 × 6 pairs, as JEST learns from."""
    similarity = np.random.default_rng(4).uniform(-1, 1, (6, 6)).astype(np.float32)
    z = 2 * np.eye(6) - 1
    losses = np.log1p(np.exp(-z * (10.0 * similarity.astype(np.float64) - 10.0)))
    return {"similarity": similarity, "losses": losses}


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for make in [picks, scores, laplace, diverse, joint]:
        write(f"{make.__name__}.txt", make())
