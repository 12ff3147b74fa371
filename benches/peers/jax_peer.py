"""JAX under `jit`, on the CPU. Inputs are arguments of the compiled function, never constants."""

import os

import sizes

os.environ["JAX_PLATFORMS"] = "cpu"
# XLA's pool has as many threads as the process may run on.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: sizes.THREADS])

import jax
import jax.numpy as jnp

from serve import serve

KEYS = iter(jax.random.split(jax.random.key(1), 1000))


def normal(*shape):
    return jax.random.normal(next(KEYS), shape)


def waiting(function, *inputs):
    """The compiled function as work to be timed."""
    compiled = jax.jit(function)
    return lambda: jax.block_until_ready(compiled(*inputs))


def cross_entropy(logits, labels):
    """Per-sample losses."""
    picked = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return jax.nn.logsumexp(logits, axis=1) - picked


def rho_step():
    """Score the candidates without gradient, pick the best, one AdamW step on them."""
    s = sizes.RHO
    widths, classes = s["widths"], s["widths"][-1]
    params = [
        (normal(n, m) / n**0.5, jnp.zeros(m)) for n, m in zip(widths[:-1], widths[1:])
    ]
    x = jax.random.uniform(next(KEYS), (s["candidates"], widths[0]))
    y = jax.random.randint(next(KEYS), (s["candidates"],), 0, classes)
    irreducible = jax.random.uniform(next(KEYS), (s["candidates"],))

    def model(params, x):
        for w, b in params[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = params[-1]
        return x @ w + b

    def adamw(p, g, m, v, t):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        step = (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return p - 1e-3 * (step + 0.01 * p), m, v

    def step(params, m, v, t, x, y, irreducible):
        score = cross_entropy(model(params, x), y) - irreducible
        _, picked = jax.lax.top_k(score, s["picked"])
        loss = lambda params: cross_entropy(model(params, x[picked]), y[picked]).mean()
        grads = jax.grad(loss)(params)
        updated = jax.tree.map(lambda p, g, m, v: adamw(p, g, m, v, t), params, grads, m, v)
        return jax.tree.transpose(jax.tree.structure(params), jax.tree.structure((0, 0, 0)), updated)

    # Old parameters and moments are given up, so that they can be updated in place.
    compiled = jax.jit(step, donate_argnums=(0, 1, 2))
    state = (params, jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params))
    kept = {"state": state, "t": 0.0}

    def work():
        kept["t"] += 1
        kept["state"] = compiled(*kept["state"], kept["t"], x, y, irreducible)
        jax.block_until_ready(kept["state"])

    return work


def gemm():
    return waiting(jnp.matmul, normal(sizes.GEMM, sizes.GEMM), normal(sizes.GEMM, sizes.GEMM))


def conv(channels):
    """Forward and both gradients, channels last."""

    def prepare():
        s = sizes.CONV

        def forward(x, w):
            layout = ("NHWC", "HWIO", "NHWC")
            return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=layout)

        def both(x, w, g):
            y, gradients = jax.vjp(forward, x, w)
            return y, gradients(g)

        x = normal(s["batch"], s["height"], s["width"], channels)
        g = normal(s["batch"], s["height"], s["width"], channels)
        return waiting(both, x, normal(s["kernel"], s["kernel"], channels, channels), g)

    return prepare


def tanh():
    return waiting(jnp.tanh, normal(sizes.TANH))


def softmax_xent():
    """The mean loss and its gradient."""
    rows, classes = sizes.XENT["rows"], sizes.XENT["classes"]
    labels = jax.random.randint(next(KEYS), (rows,), 0, classes)
    loss = lambda logits, labels: cross_entropy(logits, labels).mean()
    return waiting(jax.value_and_grad(loss), normal(rows, classes), labels)


def op_overhead():
    """The chain of PyTorch's and ours; compiled as a whole here, it has no overhead an op."""
    n = sizes.CHAIN["numbers"]

    def chain(x, a, b):
        for _ in range(sizes.CHAIN["rounds"]):
            x = jnp.tanh(x * a + b)
        return x.sum()

    return waiting(jax.grad(chain), normal(n), normal(n), normal(n))


if __name__ == "__main__":
    workloads = {
        "rho-step": rho_step,
        "gemm-512": gemm,
        "tanh-64k": tanh,
        "softmax-xent": softmax_xent,
        "op-overhead": op_overhead,
    }
    workloads |= {f"conv3x3-{c}": conv(c) for c in sizes.CONV["channels"]}
    serve("jax", jax.__version__, workloads)
