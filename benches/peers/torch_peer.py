"""PyTorch, eager, on the CPU."""

import torch
import torch.nn.functional as F

import sizes
from serve import serve


def rho_step():
    """Score the candidates without gradient, pick the best, one AdamW step on them."""
    s = sizes.RHO
    widths, classes = s["widths"], s["widths"][-1]
    layers = []
    for n, m in zip(widths[:-1], widths[1:]):
        layers += [torch.nn.Linear(n, m), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    x = torch.rand(s["candidates"], widths[0])
    y = torch.randint(classes, (s["candidates"],))
    irreducible = torch.rand(s["candidates"])

    def step():
        with torch.no_grad():
            score = F.cross_entropy(model(x), y, reduction="none") - irreducible
            picked = score.topk(s["picked"]).indices
        loss = F.cross_entropy(model(x[picked]), y[picked])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return step


def gemm():
    a, b = torch.randn(sizes.GEMM, sizes.GEMM), torch.randn(sizes.GEMM, sizes.GEMM)
    return lambda: a @ b


def conv(channels):
    """Forward and both gradients; channels-last memory where that is faster (it is measured)."""

    def prepare():
        s = sizes.CONV
        x = torch.randn(s["batch"], channels, s["height"], s["width"])
        x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
        w = torch.randn(channels, channels, s["kernel"], s["kernel"])
        w = w.contiguous(memory_format=torch.channels_last).requires_grad_()
        g = torch.randn(s["batch"], channels, s["height"], s["width"])
        g = g.contiguous(memory_format=torch.channels_last)
        return lambda: torch.autograd.grad(F.conv2d(x, w, padding="same"), (x, w), g)

    return prepare


def tanh():
    x = torch.randn(sizes.TANH)
    return lambda: torch.tanh(x)


def softmax_xent():
    """The mean loss and its gradient."""
    x = torch.randn(sizes.XENT["rows"], sizes.XENT["classes"]).requires_grad_()
    y = torch.randint(sizes.XENT["classes"], (sizes.XENT["rows"],))
    return lambda: torch.autograd.grad(F.cross_entropy(x, y), x)


def op_overhead():
    """A chain of mul, add, tanh and its gradient."""
    x = torch.randn(sizes.CHAIN["numbers"]).requires_grad_()
    a, b = torch.randn(sizes.CHAIN["numbers"]), torch.randn(sizes.CHAIN["numbers"])

    def chain():
        h = x
        for _ in range(sizes.CHAIN["rounds"]):
            h = torch.tanh(h * a + b)
        torch.autograd.grad(h.sum(), x)

    return chain


if __name__ == "__main__":
    torch.set_num_threads(sizes.THREADS)
    torch.manual_seed(1)
    workloads = {
        "rho-step": rho_step,
        "gemm-512": gemm,
        "tanh-64k": tanh,
        "softmax-xent": softmax_xent,
        "op-overhead": op_overhead,
    }
    workloads |= {f"conv3x3-{c}": conv(c) for c in sizes.CONV["channels"]}
    serve("torch", torch.__version__, workloads)
