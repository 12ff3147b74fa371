#!/usr/bin/env python3
"""Writes src/kernels/math/tables.rs: the polynomial coefficients of the elementary functions.

Each table is a Chebyshev interpolation (near-minimax) at 60 digits, rounded to f32 and f64. The error
printed beside a table is relative to the function that uses it, before rounding.

    python3 scripts/math_tables.py > src/kernels/math/tables.rs        (needs mpmath)
"""

import struct

from mpmath import chebyfit, erf, erfc, exp, log, mp, mpf, pi, polyval, sqrt

mp.dps = 60


def exp_rest(r):
    """(exp(r) - 1 - r) / r^2."""
    return mpf(1) / 2 + r / 6 if abs(r) < mpf(10) ** -20 else (exp(r) - 1 - r) / r**2


def ln_rest(z):
    """(ln((1 + s) / (1 - s)) - 2 s) / s^3 with z = s^2."""
    if z < mpf(10) ** -20:
        return mpf(2) / 3 + 2 * z / 5
    s = sqrt(z)
    return (log((1 + s) / (1 - s)) - 2 * s) / s**3


def erf_rest(t):
    """erf(a) / a - 1 with t = a^2."""
    if t < mpf(10) ** -20:
        return 2 / sqrt(pi) - 1 - 2 / sqrt(pi) * t / 3
    a = sqrt(t)
    return erf(a) / a - 1


def ln_erfc(u):
    """-ln(erfc(1 + u))."""
    return -log(erfc(1 + u))


HALF_LN2 = log(2) / 2
LN_RANGE = (3 - 2 * sqrt(2)) ** 2 * mpf("1.0001")
TABLES = [
    # name, what it approximates, function, range and terms for f32 and f64, weight of an error
    ("EXP", "(eʳ − 1 − r)/r² for |r| ≤ ln2/2", exp_rest, (-HALF_LN2, HALF_LN2), 6, (-HALF_LN2, HALF_LN2), 11, lambda r: r),
    ("LN", "(ln((1+s)/(1−s)) − 2s)/s³ in s², for s = f/(2+f), 1+f in [√½, √2]", ln_rest, (0, LN_RANGE), 4, (0, LN_RANGE), 7, lambda z: z),
    ("ERF", "erf(a)/a − 1 in a², for a ≤ 1", erf_rest, (0, 1), 7, (0, 1), 13, lambda t: 1),
    ("ERFC", "−ln(erfc(1+u)) in u, up to where erf rounds to 1", ln_erfc, (0, mpf("2.95")), 9, (0, 5), 25, lambda u: erfc(1 + u)),
]


def weighted_error(f, coefficients, low, high, weight):
    points = (low + (high - low) * (i + mpf(1) / 2) / 500 for i in range(500))
    return max(abs((polyval(coefficients, x) - f(x)) * weight(x)) for x in points)



def shortest_f32(x):
    value = struct.unpack("f", struct.pack("f", float(x)))[0]
    for digits in range(1, 17):
        text = f"{value:.{digits}e}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == value:
            return text
    raise AssertionError(x)


def table(name, about, f, low, high, terms, weight, single):
    coefficients = chebyfit(f, [mpf(low), mpf(high)], terms)
    error = weighted_error(f, coefficients, mpf(low), mpf(high), weight)
    kind = "f32" if single else "f64"
    print(f"/// {about}: error 2^{float(log(error, 2)):.1f}; lowest power first.")
    print(f"pub(super) const {name}_{kind.upper()}: &[{kind}] = &[")
    for c in reversed(coefficients):
        print(f"    {shortest_f32(c) if single else repr(float(c))},")
    print("];\n")


print("//! Polynomial coefficients of the elementary functions, written by `scripts/math_tables.py`.\n")
for name, about, f, range32, n32, range64, n64, weight in TABLES:
    table(name, about, f, *range32, n32, weight, single=True)
    table(name, about, f, *range64, n64, weight, single=False)
