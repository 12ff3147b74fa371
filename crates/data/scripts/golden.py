#!/usr/bin/env python3
"""What the embedded data sets should read as, computed without this crate: tests/golden.json.

    python3 scripts/golden.py > tests/golden.json

For each part: the size, the SHA-256 of pixels and labels, the mean and standard deviation of the
pixels on [0, 1], the number of examples of each class. For each data set: the accuracy on the test
part of the nearest class mean of the training part, the oldest check of a loader there is.
Needs Python 3.9 or later and no package.
"""

import gzip
import hashlib
import json
import math
import struct
from operator import mul
from pathlib import Path

EMBEDDED = Path(__file__).resolve().parent.parent / "embedded"
CLASSES = 10


def read(name, rank):
    raw = gzip.open(EMBEDDED / f"{name}.gz").read()
    shape = struct.unpack_from(f">{rank}I", raw, 4)
    elements = raw[4 + 4 * rank:]
    assert raw[:4] == bytes([0, 0, 8, rank]) and len(elements) == math.prod(shape)
    return shape, elements


def describe(shape, pixels, labels):
    histogram = [0] * 256
    for value in pixels:
        histogram[value] += 1
    mean = sum(v * n for v, n in enumerate(histogram)) / len(pixels)
    variance = sum((v - mean) ** 2 * n for v, n in enumerate(histogram)) / len(pixels)
    return {
        "shape": list(shape),
        "pixels_sha256": hashlib.sha256(pixels).hexdigest(),
        "labels_sha256": hashlib.sha256(labels).hexdigest(),
        "mean": mean / 255,
        "std": math.sqrt(variance) / 255,
        "class_counts": [labels.count(label) for label in range(CLASSES)],
    }


def nearest_mean_correct(train, test):
    """How many test images are closest to their own class's mean (squared distance)."""
    size = math.prod(train[0][1:])
    sums = [[0] * size for _ in range(CLASSES)]
    counts = [0] * CLASSES
    for i, label in enumerate(train[2]):
        image = train[1][i * size:(i + 1) * size]
        sums[label] = [a + b for a, b in zip(sums[label], image)]
        counts[label] += 1
    means = [[s / n for s in row] for row, n in zip(sums, counts)]
    # |x − m|² = |x|² − 2 x·m + |m|², and |x|² is the same for all classes.
    norms = [sum(map(mul, mean, mean)) for mean in means]
    correct = 0
    for i, label in enumerate(test[2]):
        image = test[1][i * size:(i + 1) * size]
        distance = [norm - 2 * sum(map(mul, mean, image)) for mean, norm in zip(means, norms)]
        correct += distance.index(min(distance)) == label
    return correct


def main():
    golden = {}
    for data_set in ["mnist", "fashion-mnist"]:
        parts = []
        for part in ["train", "t10k"]:
            shape, pixels = read(f"{data_set}-{part}-images-idx3-ubyte", 3)
            (count,), labels = read(f"{data_set}-{part}-labels-idx1-ubyte", 1)
            assert count == shape[0]
            parts.append((shape, pixels, labels))
        train, test = parts
        golden[data_set] = {
            "train": describe(*train),
            "test": describe(*test),
            "nearest_mean_correct": nearest_mean_correct(train, test),
        }
    print(json.dumps(golden, indent=2))


if __name__ == "__main__":
    main()
