#!/usr/bin/env python3
"""Writes ../tests/golden/metrics.json: measures of predictions by scikit-learn, and losses and calibration errors by their definitions in NumPy.

    pip install numpy scikit-learn && python3 golden_metrics.py

Scores are rounded to one digit, so that there are ties.
"""

import json
import pathlib

import numpy as np
from sklearn import metrics

rng = np.random.default_rng(7)
cases = []


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def calibration(logits, labels, bins):
    p = np.exp(log_softmax(logits))
    confidence, predicted = p.max(-1), p.argmax(-1)
    error = 0.0
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        if inside.any():
            right = (predicted[inside] == labels[inside]).mean()
            error += inside.mean() * abs(right - confidence[inside].mean())
    return error


def weighted(logits, labels, weights, ignored, smoothing):
    """The weighted mean cross-entropy with label smoothing, row by row."""
    log_p, classes = log_softmax(logits), logits.shape[1]
    total = norm = 0.0
    for row, label in zip(log_p, labels):
        if label == ignored:
            continue
        for j in range(classes):
            target = (1 - smoothing) * (j == label) + smoothing / classes
            total -= weights[j] * target * row[j]
        norm += weights[label]
    return total / norm


for rows, classes in [(1, 2), (30, 2), (50, 5), (200, 10), (40, 7)]:
    logits = rng.normal(size=(rows, classes)) * 2
    labels = rng.integers(0, classes, rows)
    # The last class may be missing.
    predicted = logits.argmax(-1) if rows < 200 else np.minimum(logits.argmax(-1), classes - 2)
    names = list(range(classes))
    scores, answers = logits[:, 0].round(1), labels == 0
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(labels, predicted, labels=names, zero_division=0)
    occur = sorted(set(labels) | set(predicted))
    macro = metrics.precision_recall_fscore_support(labels, predicted, labels=occur, average="macro", zero_division=0)
    weights = rng.uniform(0.1, 3.0, classes)
    targets = (labels % 2).astype(float)
    x, w = logits[:, 1], 2.5
    sigmoid = 1 / (1 + np.exp(-x))
    p_t = np.where(targets == 1, sigmoid, 1 - sigmoid)
    cases.append({
        "logits": logits.tolist(),
        "labels": labels.tolist(),
        "predicted": predicted.tolist(),
        "scores": scores.tolist(),
        "confusion": metrics.confusion_matrix(labels, predicted, labels=names).tolist(),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "macro": [float(m) for m in macro[:3]],
        "auroc": float(metrics.roc_auc_score(answers, scores)) if 0 < answers.sum() < rows else None,
        "top_k": [float(metrics.top_k_accuracy_score(labels, logits, k=k, labels=names)) if classes > 2
                  else float(1.0 if k > 1 else (logits.argmax(-1) == labels).mean()) for k in (1, 2)],
        "perplexity": float(np.exp(-log_softmax(logits)[np.arange(rows), labels].mean())),
        "calibration": calibration(logits, labels, 15),
        "weights": weights.tolist(),
        "weighted": [weighted(logits, labels, weights, classes - 1 if rows > 1 else -1, s) for s in (0.0, 0.2)],
        "positive_weight": float(np.mean(-w * targets * np.log(sigmoid) - (1 - targets) * np.log(1 - sigmoid))),
        "focal": float(np.mean(-np.where(targets == 1, 0.25, 0.75) * (1 - p_t) ** 2 * np.log(p_t))),
    })

path = pathlib.Path(__file__).parent.parent / "tests" / "golden" / "metrics.json"
path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
