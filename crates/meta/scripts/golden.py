"""Hypergradients worked out by dual numbers, without a graph or a gradient backwards: python3 scripts/golden.py > tests/golden/values.json

The problem: y = tanh(w x + b) is fitted to three points, each with a weight; after a few steps the error on two other points is the outer loss.
The upper parameters are where w and b start, and the weights. A second derivative is a dual number whose parts are dual numbers.
"""

import json
import math


class Dual:
    """a + b ε with ε² = 0; a and b are numbers or dual numbers of another ε."""

    def __init__(self, a, b):
        self.a, self.b = a, b

    def __add__(self, other):
        other = lift(other)
        return Dual(self.a + other.a, self.b + other.b)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.a, -self.b)

    def __sub__(self, other):
        return self + (-lift(other))

    def __rsub__(self, other):
        return lift(other) - self

    def __mul__(self, other):
        other = lift(other)
        return Dual(self.a * other.a, self.a * other.b + self.b * other.a)

    __rmul__ = __mul__


def lift(x):
    return x if isinstance(x, Dual) else Dual(x, 0.0)


def tanh(x):
    if isinstance(x, Dual):
        y = tanh(x.a)
        return Dual(y, (1.0 - y * y) * x.b)
    return math.tanh(x)


def inverse_root(x):
    """1 / √x."""
    if isinstance(x, Dual):
        y = inverse_root(x.a)
        return Dual(y, -0.5 * (y * y * y) * x.b)
    return 1.0 / math.sqrt(x)


TRAIN = [(-1.0, 0.3), (0.5, -0.4), (2.0, 0.9)]
OTHER = [(-0.5, 0.1), (1.5, 0.6)]


def error(w, b, points, weights):
    total = 0.0
    for (x, y), weight in zip(points, weights):
        miss = tanh(w * x + b) - y
        total = total + weight * (miss * miss)
    return total * (1.0 / len(points))


def inner_gradient(w, b, weights):
    """By a dual number for each parameter; the arguments may be dual numbers of the outer derivative themselves."""
    of_w = error(Dual(w, 1.0), Dual(b, 0.0), TRAIN, [Dual(weight, 0.0) for weight in weights])
    of_b = error(Dual(w, 0.0), Dual(b, 1.0), TRAIN, [Dual(weight, 0.0) for weight in weights])
    return [of_w.b, of_b.b]


def sgd(rate):
    def step(params, gradient, state, _):
        return [p - rate * g for p, g in zip(params, gradient)], state
    return step


def momentum(rate, mu):
    def step(params, gradient, state, _):
        state = [mu * v + g for v, g in zip(state or [0.0, 0.0], gradient)]
        return [p - rate * v for p, v in zip(params, state)], state
    return step


def adam(rate, beta1, beta2, eps):
    def step(params, gradient, state, k):
        m, v = state or ([0.0, 0.0], [0.0, 0.0])
        m = [beta1 * old + (1 - beta1) * g for old, g in zip(m, gradient)]
        v = [beta2 * old + (1 - beta2) * (g * g) for old, g in zip(v, gradient)]
        c1, c2 = 1 / (1 - beta1 ** (k + 1)), 1 / (1 - beta2 ** (k + 1))
        change = [rate * c1 * a * inverse_root(c2 * b + eps * eps) for a, b in zip(m, v)]
        return [p - c for p, c in zip(params, change)], (m, v)
    return step


def outcome(upper, step, steps):
    params, weights, state = list(upper[:2]), list(upper[2:]), None
    for k in range(steps):
        params, state = step(params, inner_gradient(*params, weights), state, k)
    return error(*params, OTHER, [1.0, 1.0])


UPPER = [0.7, -0.2, 1.0, 0.5, 2.0]


def case(step, steps):
    loss = outcome(UPPER, step, steps)
    gradient = []
    for i in range(len(UPPER)):
        dual = [Dual(x, 1.0 if i == j else 0.0) for j, x in enumerate(UPPER)]
        gradient.append(outcome(dual, step, steps).b)
    return {"loss": loss, "gradient": gradient}


print(json.dumps({
    "sgd": case(sgd(0.3), 4),
    "momentum": case(momentum(0.2, 0.9), 4),
    "adam": case(adam(0.1, 0.9, 0.999, 1e-8), 4),
}, indent=1))
