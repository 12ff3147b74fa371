"""Writes tests/golden.txt: losses, scores and picks computed with NumPy.

    python3 -m venv venv && venv/bin/pip install numpy && venv/bin/python scripts/golden.py
"""

import pathlib

import numpy as np

rng = np.random.default_rng(20220614)
training = rng.gamma(1.0, 1.5, 320).astype(np.float32)
irreducible = rng.gamma(0.5, 1.0, 320).astype(np.float32)
reducible = training - irreducible
ties = np.array([1, 3, 3, 2, 3, 1, 2, 2], dtype=np.float32)


def top(scores, k):
    """The k highest, highest first, ties in the order given."""
    return np.argsort(-scores, kind="stable")[:k]


values = {
    "training": training,
    "irreducible": irreducible,
    "reducible": reducible,
    "top_32_reducible": top(reducible, 32),
    "top_32_training": top(training, 32),
    "ties": ties,
    "top_5_ties": top(ties, 5),
}
lines = [" ".join([name, *(str(x) for x in array.tolist())]) for name, array in values.items()]
target = pathlib.Path(__file__).parent.parent / "tests" / "golden.txt"
target.write_text("\n".join(lines) + "\n")
