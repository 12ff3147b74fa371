"""Golden values by PyTorch: forward and gradients of machines written here a second time, plainly, head by head.

    python crates/ntm/scripts/golden.py crates/ntm/tests/golden

Needs torch. Everything is computed in double precision.

- `pairs_N.safetensors`, `pairs_N_gradient.safetensors`, `pairs_N.json`: a machine of N pairs of heads as a PyTorch state dict with
  the names of the well-known implementation pytorch-ntm (loudinthecloud), its gradient under the same names, and input and output.
  `pairs_closed`: one pair whose gates are nearly shut (a bias of -5) and whose sharpness is high (5), so that attention stays far below 1.
- `together.json`, `dnc.json`: our own order of heads and a DNC; parameters under our own names and in our own layout.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(4)
OUT = Path(sys.argv[1])
TIME, BATCH = 5, 2


def normal(*shape, scale=0.6):
    return (torch.randn(*shape) * scale).requires_grad_()


def cosine(memory, key, eps):
    """[batch, N] from [batch, N, M] and [batch, M]."""
    dots = (memory * key[:, None]).sum(2)
    squares = (memory**2).sum(2) + eps, (key**2).sum(1, keepdim=True) + eps
    return dots / (squares[0] * squares[1]).sqrt()


def address(memory, raw, before, shifts, eps, direction=1, divided_by_more=0):
    """One head's attention; its shift weights stand for moving by -R, ..., R rows, or by R, ..., -R if `direction` is -1. Sharpened
    attention is divided by its sum and `divided_by_more`."""
    m = memory.shape[2]
    key, strength, gate, shift, sharpness = raw.split([m, 1, 1, shifts, 1], dim=1)
    w = (F.softplus(strength) * cosine(memory, key, eps)).softmax(1)
    w = gate.sigmoid() * w + (1 - gate.sigmoid()) * before
    s, reach, n = shift.softmax(1), shifts // 2, w.shape[1]
    moved = torch.zeros_like(w)
    for i in range(n):
        for j in range(shifts):
            by = (j - reach) * direction
            moved = moved + s[:, j, None] * F.one_hot(torch.tensor(i), n) * w[:, (i - by) % n, None]
    w = moved ** (1 + F.softplus(sharpness))
    return w / (w.sum(1, keepdim=True) + divided_by_more)


def lstm(x, state, w, bias):
    """The gates in PyTorch's order i, f, g, o."""
    h, c = state
    i, f, g, o = (torch.cat([x, h], 1) @ w + bias).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def numbers(x):
    return {"shape": list(x.shape), "data": x.detach().flatten().tolist()}


def save_json(name, **entries):
    (OUT / f"{name}.json").write_text(json.dumps(entries) + "\n")


def save_file(tensors, file):
    """The safetensors format: the length of a JSON header, the header, the numbers."""
    header, data = {}, b""
    for name, x in tensors.items():
        part = x.numpy().tobytes()
        offsets = [len(data), len(data) + len(part)]
        header[name] = {"dtype": "F64", "shape": list(x.shape), "data_offsets": offsets}
        data += part
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)


def loss_of(logits):
    """Weights that differ, so that no gradient cancels."""
    return (logits * torch.linspace(-1, 1, logits.numel()).view_as(logits)).sum()


def pairs(count, layers, name=None, gate=0, sharpness=0):
    """pytorch-ntm: each pair reads, then writes; shift weights by correlation; the first attention is 0; sharpened attention is
    divided by its sum + 1e-16. `gate` and `sharpness` are added to the heads' biases."""
    name = name or f"pairs_{count}"
    n, m, hidden, inputs, outputs = 6, 3, 4, 3, 2
    p = {f"ntm.read{k}_bias": normal(1, m) for k in range(count)}
    p["ntm.controller.lstm_h_bias"] = normal(layers, 1, hidden)
    p["ntm.controller.lstm_c_bias"] = normal(layers, 1, hidden)
    for k in range(layers):
        width = inputs + count * m if k == 0 else hidden
        p[f"ntm.controller.lstm.weight_ih_l{k}"] = normal(4 * hidden, width)
        p[f"ntm.controller.lstm.weight_hh_l{k}"] = normal(4 * hidden, hidden)
        p[f"ntm.controller.lstm.bias_ih_l{k}"] = normal(4 * hidden)
        p[f"ntm.controller.lstm.bias_hh_l{k}"] = normal(4 * hidden)
    for k in range(count):
        for head, kind, size in [(2 * k, "read", m + 6), (2 * k + 1, "write", 3 * m + 6)]:
            p[f"ntm.heads.{head}.fc_{kind}.weight"] = normal(size, hidden)
            bias = normal(size)
            with torch.no_grad():
                bias[m + 1] += gate
                bias[m + 5] += sharpness
            p[f"ntm.heads.{head}.fc_{kind}.bias"] = bias
    p["ntm.fc.weight"] = normal(outputs, hidden + count * m)
    p["ntm.fc.bias"] = normal(outputs)
    mem_bias = torch.randn(n, m) * 0.5
    x = torch.randn(TIME, BATCH, inputs)

    network = torch.nn.LSTM(inputs + count * m, hidden, layers)
    lstm_names = [name for name, _ in network.named_parameters()]
    weights = {name: p[f"ntm.controller.lstm.{name}"] for name in lstm_names}
    memory = mem_bias.expand(BATCH, n, m)
    reads = [p[f"ntm.read{k}_bias"].expand(BATCH, m) for k in range(count)]
    state = [p[f"ntm.controller.lstm_{k}_bias"].expand(layers, BATCH, hidden).contiguous() for k in "hc"]
    at = [torch.zeros(BATCH, n)] * (2 * count)
    logits = []
    for step in x:
        feed = torch.cat([step, *reads], 1)[None]
        h, state = torch.func.functional_call(network, weights, (feed, tuple(state)))
        h = h[0]
        for head in range(2 * count):
            kind = "write" if head % 2 else "read"
            raw = h @ p[f"ntm.heads.{head}.fc_{kind}.weight"].T + p[f"ntm.heads.{head}.fc_{kind}.bias"]
            # By correlation: the first weight takes from the row before, so that it moves attention by +1.
            at[head] = address(memory, raw[:, : m + 6], at[head], 3, 1e-32, direction=-1, divided_by_more=1e-16)
            w = at[head][:, :, None]
            if head % 2:
                erase, add = raw[:, m + 6 : 2 * m + 6].sigmoid(), raw[:, 2 * m + 6 :]
                memory = memory * (1 - w * erase[:, None]) + w * add[:, None]
            else:
                reads[head // 2] = (w * memory).sum(1)
        logits.append(torch.cat([h, *reads], 1) @ p["ntm.fc.weight"].T + p["ntm.fc.bias"])
    logits = torch.stack(logits)
    loss_of(logits).backward()

    aliases = ["ntm.memory", "memory"] + [f"ntm.heads.{k}.memory" for k in range(2 * count)]
    memories = {f"{alias}.mem_bias": mem_bias.clone() for alias in aliases}
    save_file({k: v.detach().contiguous() for k, v in p.items()} | memories, OUT / f"{name}.safetensors")
    # Two biases that are added have one gradient; it is kept with the first.
    gradient = {k: torch.zeros_like(v) if "bias_hh" in k else v.grad.contiguous() for k, v in p.items()}
    save_file(gradient | memories, OUT / f"{name}_gradient.safetensors")
    save_json(name, input=numbers(x), logits=numbers(logits))


def ours(name, params, x, logits):
    loss_of(logits).backward()
    gradient = {k: numbers(v.grad) for k, v in params.items()}
    params = {k: numbers(v) for k, v in params.items()}
    save_json(name, params=params, input=numbers(x), logits=numbers(logits), gradient=gradient)


def together():
    """All heads see the memory as the last step left it; two read heads, three that write, shifts to 2; a feed-forward
    controller of two layers; learnt memory and first attention; add vectors through tanh."""
    n, m, hidden, inputs, outputs, reads, writes, shifts = 6, 3, 4, 3, 2, 2, 3, 5
    eps, place = 1e-3, m + 3 + shifts
    p = {
        "controller.layers.0.weight": normal(inputs + reads * m, hidden),
        "controller.layers.0.bias": normal(hidden),
        "controller.layers.1.weight": normal(hidden, hidden),
        "controller.layers.1.bias": normal(hidden),
        "heads.linear.weight": normal(hidden, (reads + writes) * place + writes * 2 * m),
        "heads.linear.bias": normal((reads + writes) * place + writes * 2 * m),
        "output.weight": normal(hidden + reads * m, outputs),
        "output.bias": normal(outputs),
        "start.memory": normal(n, m),
        "start.attention": normal(reads + writes, n, scale=1.5),
        "start.read": normal(1, reads * m),
    }
    x = torch.randn(TIME, BATCH, inputs)
    memory = p["start.memory"].expand(BATCH, n, m)
    read = p["start.read"].expand(BATCH, reads * m)
    at = [p["start.attention"][k].softmax(0).expand(BATCH, n) for k in range(reads + writes)]
    logits = []
    for step in x:
        h = torch.cat([step, read], 1)
        for k in range(2):
            h = (h @ p[f"controller.layers.{k}.weight"] + p[f"controller.layers.{k}.bias"]).tanh()
        raw = (h @ p["heads.linear.weight"] + p["heads.linear.bias"]).clamp(-20, 20)
        at = [
            address(memory, raw[:, k * place : (k + 1) * place], at[k], shifts, eps)
            for k in range(reads + writes)
        ]
        read = torch.cat([(at[k][:, :, None] * memory).sum(1) for k in range(reads)], 1)
        keep, added = 1, 0
        for k in range(writes):
            w = at[reads + k][:, :, None]
            start = (reads + writes) * place + k * 2 * m
            keep = keep * (1 - w * raw[:, start : start + m].sigmoid()[:, None])
            added = added + w * raw[:, start + m : start + 2 * m].tanh()[:, None]
        memory = memory * keep + added
        logits.append(torch.cat([h, read], 1) @ p["output.weight"] + p["output.bias"])
    ours("together", p, x, torch.stack(logits))


def dnc():
    """Two read heads, two that write: see Graves et al. 2016, methods. Loops over rows."""
    n, m, hidden, inputs, outputs, reads, writes = 5, 3, 4, 3, 2, 2, 2
    eps, place, modes = 1e-3, m + 1, 2 * writes + 1
    sizes = [reads * place, writes * place, writes * m, writes * m, reads, writes, writes, reads * modes]
    p = {
        "controller.layers.0.weight": normal(inputs + reads * m + hidden, 4 * hidden),
        "controller.layers.0.bias": normal(4 * hidden),
        "controller.first.0.h": normal(1, hidden),
        "controller.first.0.c": normal(1, hidden),
        "interface.weight": normal(hidden, sum(sizes), scale=1.2),
        "interface.bias": normal(sum(sizes), scale=1.2),
        "output.weight": normal(hidden + reads * m, outputs),
        "output.bias": normal(outputs),
    }
    x = torch.randn(TIME, BATCH, inputs)
    memory, read = torch.zeros(BATCH, n, m), torch.zeros(BATCH, reads * m)
    usage = torch.zeros(BATCH, n)
    read_at, write_at = [torch.zeros(BATCH, n)] * reads, [torch.zeros(BATCH, n)] * writes
    precedence, links = [torch.zeros(BATCH, n)] * writes, [torch.zeros(BATCH, n, n)] * writes
    state = [p[f"controller.first.0.{k}"].expand(BATCH, hidden) for k in "hc"]

    def by_content(memory, raw):
        return (F.softplus(raw[:, m:]) * cosine(memory, raw[:, :m], eps)).softmax(1)

    def allocation(usage):
        usage = 1e-6 + (1 - 1e-6) * usage
        rows = []
        for u in usage:
            shares, product = [None] * n, 1
            for j in sorted(range(n), key=lambda j: u[j].item()):
                shares[j] = (1 - u[j]) * product
                product = product * u[j]
            rows.append(torch.stack(shares))
        return torch.stack(rows)

    logits = []
    for step in x:
        state = lstm(torch.cat([step, read], 1), state, p["controller.layers.0.weight"], p["controller.layers.0.bias"])
        h = state[0]
        raw = (h @ p["interface.weight"] + p["interface.bias"]).clamp(-20, 20).split(sizes, dim=1)
        part = lambda i, head, width: raw[i][:, head * width : (head + 1) * width]
        unwritten = 1
        for w in write_at:
            unwritten = unwritten * (1 - w.detach())
        usage = usage + (1 - usage) * (1 - unwritten)
        for r in range(reads):
            usage = usage * (1 - part(4, r, 1).sigmoid() * read_at[r])
        now, write_at = usage, []
        for w in range(writes):
            gate, allocate = part(6, w, 1).sigmoid(), part(5, w, 1).sigmoid()
            free = allocation(now)
            now = now + (1 - now) * gate * allocate * free
            similar = by_content(memory, part(1, w, place))
            write_at.append(gate * (allocate * free + (1 - allocate) * similar))
        keep, added = 1, 0
        for w in range(writes):
            at = write_at[w][:, :, None]
            keep = keep * (1 - at * part(2, w, m).sigmoid()[:, None])
            added = added + at * part(3, w, m)[:, None]
        memory = memory * keep + added
        for w in range(writes):
            old, at = links[w], write_at[w]
            rows = []
            for i in range(n):
                cells = [
                    (1 - at[:, i] - at[:, j]) * old[:, i, j] + at[:, i] * precedence[w][:, j]
                    if i != j
                    else torch.zeros(BATCH)
                    for j in range(n)
                ]
                rows.append(torch.stack(cells, 1))
            links[w] = torch.stack(rows, 1)
            precedence[w] = (1 - at.sum(1, keepdim=True)) * precedence[w] + at
        at = []
        for r in range(reads):
            share = part(7, r, modes).softmax(1)
            w = share[:, 2 * writes :] * by_content(memory, part(0, r, place))
            for k in range(writes):
                w = w + share[:, k, None] * torch.einsum("bij,bi->bj", links[k], read_at[r])
                w = w + share[:, writes + k, None] * torch.einsum("bij,bj->bi", links[k], read_at[r])
            at.append(w)
        read_at = at
        read = torch.cat([(w[:, :, None] * memory).sum(1) for w in read_at], 1)
        logits.append(torch.cat([h, read], 1) @ p["output.weight"] + p["output.bias"])
    ours("dnc", p, x, torch.stack(logits))


OUT.mkdir(exist_ok=True)
pairs(1, layers=1)
pairs(2, layers=2)
together()
dnc()
pairs(1, layers=1, name="pairs_closed", gate=-5, sharpness=5)
