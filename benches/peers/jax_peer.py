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


def ntm_train(batch):
    """A Neural Turing Machine on the copy task: loss, gradient, clipping, centred RMSProp; a scan over time."""

    def prepare():
        s = sizes.NTM
        bits, n, m, hidden = s["bits"], s["slots"], s["width"], s["hidden"]
        address = m + 6
        uniform = lambda *shape: jax.random.uniform(next(KEYS), shape, minval=-1, maxval=1) * shape[0] ** -0.5
        params = {
            "x": uniform(bits + 1, 4 * hidden),
            "rh": uniform(m + hidden, 4 * hidden),
            "b": jnp.zeros(4 * hidden),
            "heads": uniform(hidden, 2 * address + 2 * m),
            "heads_b": jnp.zeros(2 * address + 2 * m),
            "output": uniform(hidden + m, bits),
            "output_b": jnp.zeros(bits),
            "read": jnp.zeros((1, m)),
            "h": jnp.zeros((1, hidden)),
            "c": jnp.zeros((1, hidden)),
        }
        y = jax.random.bernoulli(next(KEYS), 0.5, (s["length"], batch, bits)).astype(float)
        given = jnp.pad(y, ((0, 0), (0, 0), (0, 1)))
        delimiter = jnp.broadcast_to(jax.nn.one_hot(bits, bits + 1), (1, batch, bits + 1))
        x = jnp.concatenate([given, delimiter, jnp.zeros_like(given)])

        def over_norm(x):
            return jax.lax.rsqrt(jnp.sum(x * x, -1) + 1e-6)

        def attend(memory, raw, before):
            key, strength, gate, shift, sharpness = jnp.split(raw, [m, m + 1, m + 2, m + 5], axis=1)
            similarity = jnp.einsum("bnm,bm->bn", memory, key) * over_norm(memory) * over_norm(key)[:, None]
            content = jax.nn.softmax(jax.nn.softplus(strength) * similarity)
            gate = jax.nn.sigmoid(gate)
            w = gate * content + (1 - gate) * before
            s = jax.nn.softmax(shift)
            w = s[:, :1] * jnp.roll(w, -1, 1) + s[:, 1:2] * w + s[:, 2:] * jnp.roll(w, 1, 1)
            return jax.nn.softmax((1 + jax.nn.softplus(sharpness)) * jnp.log(w + 1e-16))

        def loss(params, x, y):
            # The product with the inputs of all steps at once, as ours.
            projected = x @ params["x"] + params["b"]

            def step(carry, gates):
                memory, at, read, h, c = carry
                gates = gates + jnp.concatenate([read, h], 1) @ params["rh"]
                i, f, g, o = jnp.split(gates, 4, axis=1)
                c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
                raw = jnp.clip(h @ params["heads"] + params["heads_b"], -20, 20)
                raws = jnp.split(raw, [address, 2 * address, 2 * address + m], axis=1)
                at = [attend(memory, raws[k], at[k]) for k in range(2)]
                read = jnp.einsum("bn,bnm->bm", at[0], memory)
                w = at[1][:, :, None]
                memory = memory * (1 - w * jax.nn.sigmoid(raws[2])[:, None]) + w * raws[3][:, None]
                return (memory, at, read, h, c), jnp.concatenate([h, read], 1)

            first = [jnp.broadcast_to(params[k], (batch, params[k].shape[1])) for k in ("read", "h", "c")]
            at = [jnp.broadcast_to(jax.nn.one_hot(0, n), (batch, n))] * 2
            _, features = jax.lax.scan(step, (jnp.full((batch, n, m), 1e-6), at, *first), projected)
            z = features[-s["length"] :] @ params["output"] + params["output_b"]
            return jnp.mean(jax.nn.softplus(z) - y * z)

        def rmsprop(p, g, n, q, d):
            n, q = 0.95 * n + 0.05 * g * g, 0.95 * q + 0.05 * g
            d = 0.9 * d - 1e-4 * g * jax.lax.rsqrt(n - q * q + 1e-4)
            return p + d, n, q, d

        def train(params, n, q, d, x, y):
            grads = jax.grad(loss)(params, x, y)
            norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(grads)))
            scale = jnp.minimum(1.0, s["clip"] / norm)
            updated = jax.tree.map(lambda p, g, *s: rmsprop(p, g * scale, *s), params, grads, n, q, d)
            return jax.tree.transpose(jax.tree.structure(params), jax.tree.structure((0, 0, 0, 0)), updated)

        compiled = jax.jit(train, donate_argnums=(0, 1, 2, 3))
        kept = [params] + [jax.tree.map(jnp.zeros_like, params) for _ in range(3)]

        def work():
            kept[:] = compiled(*kept, x, y)
            jax.block_until_ready(kept)

        return work

    return prepare


def maml_step():
    """MAML on sines, mapped over the tasks, with the exact outer gradient."""
    s = sizes.MAML
    widths = [1, *s["hidden"], 1]
    params = [(normal(a, b) * 0.3, jnp.zeros(b)) for a, b in zip(widths[:-1], widths[1:])]

    def loss(params, x, y):
        for i, (w, b) in enumerate(params):
            x = x @ w + b
            x = jax.nn.relu(x) if i + 1 < len(params) else x
        return jnp.mean((x - y) ** 2)

    def task(params, x, y):
        inner = jax.grad(loss)(params, x[0], y[0])
        return loss(jax.tree.map(lambda p, g: p - s["inner_rate"] * g, params, inner), x[1], y[1])

    def outer(params, x, y):
        return jnp.mean(jax.vmap(task, (None, 0, 0))(params, x, y))

    def train(params, m, v, t, key):
        tasks = s["tasks"]
        of_amplitude, of_phase, of_x = jax.random.split(key, 3)
        amplitude = jax.random.uniform(of_amplitude, (tasks, 1, 1, 1), minval=0.1, maxval=5.0)
        phase = jax.random.uniform(of_phase, (tasks, 1, 1, 1), maxval=jnp.pi)
        x = jax.random.uniform(of_x, (tasks, 2, s["points"], 1), minval=-5.0, maxval=5.0)
        gradient = jax.grad(outer)(params, x, amplitude * jnp.sin(x - phase))
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
        a, b = 1 - 0.9**t, 1 - 0.999**t
        params = jax.tree.map(lambda p, m, v: p - s["lr"] * (m / a) / (jnp.sqrt(v / b) + 1e-8), params, m, v)
        return params, m, v

    compiled = jax.jit(train)
    state = {"params": params, "m": jax.tree.map(jnp.zeros_like, params), "v": jax.tree.map(jnp.zeros_like, params), "t": 0}
    keys = jax.random.key(2)

    def work():
        state["t"] += 1
        key = jax.random.fold_in(keys, state["t"])
        state["params"], state["m"], state["v"] = jax.block_until_ready(
            compiled(state["params"], state["m"], state["v"], float(state["t"]), key)
        )

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


def fsq(projected):
    """FSQ in the formula of vector-quantize-pytorch: values, indices and gradients."""

    def prepare():
        s = sizes.QUANTIZERS
        levels = jnp.array(s["levels"])
        basis = jnp.cumprod(jnp.concatenate([jnp.ones(1, int), levels[:-1]]))
        half = (levels - 1) * 1.001 / 2
        offset = jnp.where(levels % 2 == 0, 0.5, 0.0)
        shift, width = jnp.arctanh(offset / half), levels // 2
        inner = len(s["levels"])
        dim = s["dim"] if projected else inner
        maps = (normal(dim, inner) / dim**0.5, normal(inner, dim)) if projected else ()

        def forward(maps, x):
            z = x @ maps[0] if maps else x
            bounded = jnp.tanh(z + shift) * half - offset
            rounded = bounded + jax.lax.stop_gradient(jnp.round(bounded) - bounded)
            indices = ((rounded + width) * basis).sum(1).astype(int)
            codes = rounded / width
            return codes @ maps[1] if maps else codes, indices

        def step(maps, x, g):
            values, pull, indices = jax.vjp(forward, maps, x, has_aux=True)
            return values, indices, pull(g)

        x, g = normal(s["vectors"], dim), normal(s["vectors"], dim)
        return waiting(step, maps, x, g)

    return prepare


def lfq(bits):
    """LFQ with its entropies over all codes: values, indices, losses and gradients."""

    def prepare():
        s = sizes.QUANTIZERS
        maps = (normal(s["dim"], bits) / s["dim"] ** 0.5, normal(bits, s["dim"]))
        weights = 2 ** jnp.arange(bits - 1, -1, -1)
        codes = jnp.where(jnp.arange(2**bits)[:, None] & weights, 1.0, -1.0)

        def forward(maps, x, g):
            z = x @ maps[0]
            q = z + jax.lax.stop_gradient(jnp.where(z > 0, 1.0, -1.0) - z)
            logp = jax.nn.log_softmax(200 * z @ codes.T)
            p = jnp.exp(logp)
            own, mean = -(p * logp).sum(1).mean(), p.mean(0)
            batch = -(mean * jnp.log(jnp.maximum(mean, 1e-30))).sum()
            indices = ((z > 0) * weights).sum(1)
            return (q @ maps[1] * g).sum() + 0.1 * (own - batch), indices

        def step(maps, x, g):
            return jax.value_and_grad(forward, (0, 1), has_aux=True)(maps, x, g)

        return waiting(step, maps, normal(s["vectors"], s["dim"]), normal(s["vectors"], s["dim"]))

    return prepare


def vq(stages):
    """Residual VQ by averages: nearest codes, straight-through gradient, commitment, averages."""

    def prepare():
        s = sizes.QUANTIZERS
        state = [(normal(s["codes"], s["dim"]),) * 2 + (jnp.ones(s["codes"]),) for _ in range(stages)]

        def stage(x, codes, sums, counts):
            scores = x @ codes.T - 0.5 * (codes**2).sum(1)
            indices = scores.argmax(1)
            q = codes[indices]
            counts = 0.99 * counts + 0.01 * jnp.zeros_like(counts).at[indices].add(1)
            sums = 0.99 * sums + 0.01 * jnp.zeros_like(sums).at[indices].add(x)
            total = counts.sum()
            smooth = (counts + 1e-5) / (total + len(counts) * 1e-5) * total
            return q, indices, (sums / smooth[:, None], sums, counts)

        def forward(x, state, g):
            residual, out, loss, after, indices = x, 0.0, 0.0, [], []
            for codes in state:
                q, i, moved = jax.lax.stop_gradient(stage(residual, *codes))
                loss += ((residual - q) ** 2).mean()
                out += residual + jax.lax.stop_gradient(q - residual)
                residual = residual - q
                after.append(moved)
                indices.append(i)
            return (out * g).sum() + loss, (after, indices)

        def step(x, state, g):
            return jax.value_and_grad(forward, has_aux=True)(x, state, g)

        return waiting(step, normal(s["vectors"], s["dim"]), state, normal(s["vectors"], s["dim"]))

    return prepare


if __name__ == "__main__":
    workloads = {
        "rho-step": rho_step,
        "ntm-train-1": ntm_train(1),
        "ntm-train-16": ntm_train(16),
        "maml-step": maml_step,
        "gemm-512": gemm,
        "tanh-64k": tanh,
        "softmax-xent": softmax_xent,
        "op-overhead": op_overhead,
    }
    workloads |= {f"conv3x3-{c}": conv(c) for c in sizes.CONV["channels"]}
    workloads |= {"fsq": fsq(False), "fsq-proj": fsq(True), "lfq-10": lfq(10), "vq": vq(1), "rvq-8": vq(sizes.QUANTIZERS["stages"])}
    serve("jax", jax.__version__, workloads)
