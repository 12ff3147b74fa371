#!/usr/bin/env python3
"""Writes src/kernels/math/tests/golden.txt: elementary functions of f64 at 50 digits.

A line is: name, the argument's bits, the nearest f64's bits, and what the exact value has beyond that, in
units in the last place. Arguments are random over the functions' ranges, close to where they bend, and at
the ends.

    python3 scripts/golden_math.py > src/kernels/math/tests/golden.txt        (needs mpmath)
"""

import math
import random
import struct

from mpmath import erf, exp, expm1, log, log1p, mp, mpf, tanh

mp.dps = 50
random.seed(1)


def softplus(x):
    return log1p(exp(x)) if x < 0 else x + log1p(exp(-x))


def sigmoid(x):
    return 1 / (1 + exp(-x))


def bits(x):
    return struct.pack(">d", x).hex()


def both_signs(low, high, n):
    """Log-uniform magnitudes."""
    draws = [math.exp(random.uniform(math.log(low), math.log(high))) for _ in range(n)]
    return [x if random.random() < 0.5 else -x for x in draws]


def uniform(low, high, n):
    return [random.uniform(low, high) for _ in range(n)]


def around(*centres):
    return [c + k * 2.0**-9 * random.random() for c in centres for k in (-1, 0, 1)]


FUNCTIONS = {
    "exp": (exp, uniform(-745, 709.7, 80) + uniform(-2, 2, 80) + around(-745.0, -708.0, 709.5, 0.34657, -0.34657)),
    "exp_m1": (expm1, uniform(-50, 709.7, 50) + uniform(-2, 2, 100) + both_signs(1e-300, 1, 50) + around(0.34657, -0.34657, -36.7)),
    "ln": (log, [abs(x) for x in both_signs(1e-320, 1e308, 80)] + uniform(0.5, 2, 100) + [abs(x) for x in around(1.0, 0.7071, 1.4142)]),
    "ln_1p": (log1p, both_signs(1e-300, 0.9, 80) + uniform(-0.999, 3, 80) + [abs(x) for x in both_signs(1, 1e300, 30)] + around(0.4142, -0.2929)),
    "tanh": (tanh, uniform(-3, 3, 120) + both_signs(1e-300, 25, 80) + around(0.1733, 19.06)),
    "sigmoid": (sigmoid, uniform(-5, 5, 120) + uniform(-740, 40, 80) + around(0.0, -708.0)),
    "softplus": (softplus, uniform(-5, 5, 120) + uniform(-740, 740, 80) + around(0.0, 0.5413, 36.7)),
    "erf": (erf, uniform(-3, 3, 160) + both_signs(1e-300, 7, 80) + around(1.0, -1.0, 5.92)),
}

for name, (f, arguments) in FUNCTIONS.items():
    for x in arguments:
        y = f(mpf(x))
        nearest = float(y)
        beyond = float((y - mpf(nearest)) / mpf(math.ulp(nearest)))
        print(name, bits(x), bits(nearest), f"{beyond:.3f}")
