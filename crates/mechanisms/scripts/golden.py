"""Values for tests/suite/golden.rs, by plain loops in double precision: python3 scripts/golden.py > tests/golden/values.json

Nothing of the crate is used: the formulas are written down again from their sources.
"""

import itertools
import json
import math
import random

random.seed(7)


def elu(x):
    return x if x > 0 else math.exp(x) - 1


def conv(image, weight, bias):
    """3x3, zeros around; image[r][c][i], weight[a][b][i][o]."""
    height, width = len(image), len(image[0])
    outputs = len(weight[0][0][0])
    result = []
    for r in range(height):
        row = []
        for c in range(width):
            pixel = list(bias)
            for a, b in itertools.product(range(3), range(3)):
                y, x = r + a - 1, c + b - 1
                if 0 <= y < height and 0 <= x < width:
                    for i, value in enumerate(image[y][x]):
                        for o in range(outputs):
                            pixel[o] += value * weight[a][b][i][o]
            row.append(pixel)
        result.append(row)
    return result


def numbers(*shape):
    if not shape:
        return round(random.uniform(-0.5, 0.5), 3)
    return [numbers(*shape[1:]) for _ in range(shape[0])]


def flat(nested):
    return [nested] if isinstance(nested, float) else [x for part in nested for x in flat(part)]


def each(image, f):
    return [[[f(x) for x in pixel] for pixel in row] for row in image]


def expert(image, layers):
    h = image
    for weight, bias in layers[:-1]:
        h = each(conv(h, weight, bias), elu)
    f = conv(h, *layers[-1])
    return [[[x + y for x, y in zip(p, q)] for p, q in zip(r, s)] for r, s in zip(image, f)]


def judge(image, conv_layer, hidden, output):
    h = each(conv(image, *conv_layer), elu)
    pooled = []
    for r in range(0, len(h) - 1, 2):
        for c in range(0, len(h[0]) - 1, 2):
            for k in range(len(h[0][0])):
                pooled.append((h[r][c][k] + h[r][c + 1][k] + h[r + 1][c][k] + h[r + 1][c + 1][k]) / 4)
    units = [elu(sum(x * hidden[0][i][j] for i, x in enumerate(pooled)) + hidden[1][j]) for j in range(len(hidden[1]))]
    return sum(x * output[0][i][0] for i, x in enumerate(units)) + output[1][0]


def bilinear(image, source):
    """Every pixel from source(row, column); 0 outside."""
    height, width = len(image), len(image[0])

    def pixel(r, c):
        return image[r][c][0] if 0 <= r < height and 0 <= c < width else 0.0

    result = []
    for r in range(height):
        for c in range(width):
            y, x = source(r, c)
            top, left = math.floor(y), math.floor(x)
            v, u = y - top, x - left
            result.append(
                (1 - v) * ((1 - u) * pixel(top, left) + u * pixel(top, left + 1))
                + v * ((1 - u) * pixel(top + 1, left) + u * pixel(top + 1, left + 1))
            )
    return result


def blur(image, sigma):
    """The two-dimensional Gaussian, cut at three standard deviations along each axis, and normalised."""
    height, width = len(image), len(image[0])
    reach = math.ceil(3 * sigma)
    taps = {d: math.exp(-0.5 * (d / sigma) ** 2) for d in range(-reach, reach + 1)}
    total = sum(taps.values())
    result = []
    for r in range(height):
        for c in range(width):
            value = 0.0
            for a, b in itertools.product(taps, taps):
                if 0 <= r + a < height and 0 <= c + b < width:
                    value += taps[a] * taps[b] / total**2 * image[r + a][c + b][0]
            result.append(value)
    return result


def balanced(scores, capacity):
    """The best assignment, by trying all."""
    experts = len(scores[0])
    return max(
        (w for w in itertools.product(range(experts), repeat=len(scores)) if all(w.count(e) <= capacity for e in range(experts))),
        key=lambda w: sum(row[e] for row, e in zip(scores, w)),
    )


image = [[[abs(x[0])] for x in row] for row in numbers(6, 6, 1)]
layers = [(numbers(3, 3, 1, 2), numbers(2)), (numbers(3, 3, 2, 2), numbers(2)), (numbers(3, 3, 2, 1), numbers(1))]
restored = expert(image, layers)
first, hidden, output = (numbers(3, 3, 1, 2), numbers(2)), (numbers(18, 3), numbers(3)), (numbers(3, 1), numbers(1))
logits = [judge(image, first, hidden, output), judge(restored, first, hidden, output)]
softplus = lambda x: math.log(1 + math.exp(x))
angle, slope = math.radians(20), 0.3
centre = 2.5
turned = bilinear(
    image,
    lambda r, c: (
        centre + math.cos(angle) * (r - centre) + math.sin(angle) * (c - centre),
        centre - math.sin(angle) * (r - centre) + math.cos(angle) * (c - centre),
    ),
)
scores = numbers(6, 3)
print(
    json.dumps(
        {
            "image": flat(image),
            "expert": [[flat(w), b] for w, b in layers],
            "restored": flat(restored),
            "judge": [[flat(w), b] for w, b in (first, hidden, output)],
            "logits": logits,
            "discriminator_loss": softplus(-logits[0]) + softplus(logits[1]),
            "rotate_20": turned,
            "shear_0.3": bilinear(image, lambda r, c: (r, c + slope * (r - centre))),
            "blur_0.8": blur(image, 0.8),
            "scores": flat(scores),
            "balanced": balanced(scores, 2),
        }
    )
)
