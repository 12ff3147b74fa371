"""PyTorch, eager, on the CPU."""

import math

import torch
import torch.nn.functional as F
import vector_quantize_pytorch as package

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


def ntm_train(batch):
    """A Neural Turing Machine on the copy task: loss, gradient, clipping, centred RMSProp."""

    def prepare():
        s = sizes.NTM
        bits, n, m, hidden = s["bits"], s["slots"], s["width"], s["hidden"]
        address = m + 6
        controller = torch.nn.LSTMCell(bits + 1 + m, hidden)
        heads = torch.nn.Linear(hidden, 2 * address + 2 * m)
        output = torch.nn.Linear(hidden + m, bits)
        start = [torch.nn.Parameter(torch.zeros(1, k)) for k in (m, hidden, hidden)]
        parameters = start + [p for part in (controller, heads, output) for p in part.parameters()]
        optimiser = torch.optim.RMSprop(parameters, 1e-4, 0.95, eps=1e-4, momentum=0.9, centered=True)
        y = torch.randint(2, (s["length"], batch, bits)).float()
        given = F.pad(y, (0, 1))
        delimiter = F.one_hot(torch.full((1, batch), bits), bits + 1).float()
        x = torch.cat([given, delimiter, torch.zeros_like(given)])

        def attend(memory, raw, before):
            key, strength, gate, shift, sharpness = raw.split([m, 1, 1, 3, 1], dim=1)
            similarity = F.cosine_similarity(memory, key[:, None], dim=2, eps=1e-6)
            content = (F.softplus(strength) * similarity).softmax(1)
            gate = gate.sigmoid()
            w = gate * content + (1 - gate) * before
            s = shift.softmax(1)
            w = s[:, :1] * w.roll(-1, 1) + s[:, 1:2] * w + s[:, 2:] * w.roll(1, 1)
            return ((1 + F.softplus(sharpness)) * (w + 1e-16).log()).softmax(1)

        def forward():
            memory = torch.full((batch, n, m), 1e-6)
            at = [F.one_hot(torch.zeros(batch, dtype=torch.long), n).float()] * 2
            read, h, c = (p.expand(batch, -1) for p in start)
            features = []
            for step in x:
                h, c = controller(torch.cat([step, read], 1), (h, c))
                raw = heads(h).clamp(-20, 20).split([address, address, m, m], dim=1)
                at = [attend(memory, raw[i], at[i]) for i in range(2)]
                read = torch.bmm(at[0][:, None], memory)[:, 0]
                w = at[1][:, :, None]
                memory = memory * (1 - w * raw[2].sigmoid()[:, None]) + w * raw[3][:, None]
                features.append(torch.cat([h, read], 1))
            return output(torch.stack(features[-s["length"] :]))

        def step():
            loss = F.binary_cross_entropy_with_logits(forward(), y)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, s["clip"])
            optimiser.step()

        return step

    return prepare


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


def quantizer(make, dim, inference=None):
    """A quantizer of vector-quantize-pytorch: values, indices, losses and gradient; or indices alone of this many vectors."""

    def prepare():
        module = make(package)
        if inference is not None:
            module.eval()
            x = torch.randn(1, inference, dim)
            parts = x.split(min(inference, 65_536), dim=1)

            def encode():
                with torch.no_grad():
                    for part in parts:
                        module(part)

            return encode
        x = torch.randn(1, sizes.QUANTIZERS["vectors"], dim).requires_grad_()
        g = torch.randn(1, sizes.QUANTIZERS["vectors"], dim)
        inputs = [x, *(p for p in module.parameters() if p.requires_grad)]

        def step():
            out = module(x)
            loss = (out[0] * g).sum()
            if len(out) > 2:
                loss = loss + out[2].sum()
            torch.autograd.grad(loss, inputs)

        return step

    return prepare


def quantizers():
    s = sizes.QUANTIZERS
    levels, dim, codes, stages, (vq, fsq, lfq) = s["levels"], s["dim"], s["codes"], s["stages"], s["encoded"]
    average = {"decay": 0.99, "rotation_trick": False}
    return {
        "fsq": quantizer(lambda p: p.FSQ(levels), len(levels)),
        "fsq-proj": quantizer(lambda p: p.FSQ(levels, dim=dim), dim),
        "lfq-10": quantizer(lambda p: p.LFQ(codebook_size=2**10, dim=dim), dim),
        "vq": quantizer(lambda p: p.VectorQuantize(dim, codes, **average), dim),
        "rvq-8": quantizer(lambda p: p.ResidualVQ(dim=dim, codebook_size=codes, num_quantizers=stages, **average), dim),
        "encode-throughput-vq": quantizer(lambda p: p.VectorQuantize(dim, codes), dim, vq),
        "encode-throughput-fsq": quantizer(lambda p: p.FSQ(levels), len(levels), fsq),
        "encode-throughput-lfq-18": quantizer(lambda p: p.LFQ(codebook_size=2**18, dim=18), 18, lfq),
    }


class Cgru(torch.nn.Module):
    """A convolutional gated recurrent unit, both gates in one convolution."""

    def __init__(self, maps):
        super().__init__()
        self.gates = torch.nn.Conv2d(maps, 2 * maps, 3, padding=1)
        self.candidate = torch.nn.Conv2d(maps, maps, 3, padding=1)

    def forward(self, state):
        cut = lambda x: (1.2 * x.sigmoid() - 0.1).clamp(0, 1)
        reset, update = cut(self.gates(state) + 1).chunk(2, dim=1)
        return update * state + (1 - update) * self.candidate(reset * state).tanh()


def original_ngpu():
    """The original Neural GPU: from symbols to logits, one step a symbol."""
    s = sizes.NGPU
    maps, width, (inputs, answers) = s["maps"], s["width"], s["symbols"]
    embedding = torch.nn.Embedding(inputs, maps)
    first, last = torch.nn.Linear(maps, maps), torch.nn.Linear(maps, answers)
    cells = torch.nn.ModuleList(Cgru(maps) for _ in range(s["layers"]))

    def forward(symbols):
        pixels = first(embedding(symbols).tanh()).permute(0, 2, 1)
        state = F.pad(pixels[..., None], (0, width - 1))
        for _ in range(symbols.shape[1]):
            for cell in cells:
                state = cell(state)
        return last(state[..., 0].permute(0, 2, 1))

    return forward, [p for part in (embedding, first, last, cells) for p in part.parameters()]


def strings(batch, length):
    inputs, answers = sizes.NGPU["symbols"]
    return torch.randint(1, inputs, (batch, length)), torch.randint(answers, (batch, length))


def ngpu_train():
    s = sizes.NGPU
    forward, parameters = original_ngpu()
    optimiser = torch.optim.Adam(parameters, 1e-3, eps=1e-4)
    x, y = strings(s["batch"], s["length"])

    def step():
        loss = F.cross_entropy(forward(x).flatten(0, 1), y.flatten())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()

    return step


def ngpu_infer():
    forward, _ = original_ngpu()
    x, _ = strings(1, sizes.NGPU["long"])

    def run():
        with torch.no_grad():
            forward(x)

    return run


def dngpu_train():
    """The diagonal Neural GPU, with AdaMax and its relative clip."""
    s = sizes.NGPU
    maps, (inputs, answers) = s["diagonal_maps"], s["symbols"]
    third = maps // 3
    embedding, last = torch.nn.Embedding(inputs, maps), torch.nn.Linear(maps, answers)
    gates = torch.nn.Conv1d(maps, 2 * maps, 3, padding=1)
    candidate = torch.nn.Conv1d(maps, maps, 3, padding=1)
    offset = torch.tensor([0.5] * maps + [0.7] * maps)[:, None]
    parameters = [p for part in (embedding, gates, candidate, last) for p in part.parameters()]
    moments = [[torch.zeros_like(p), torch.zeros_like(p)] for p in parameters]
    x, y = strings(s["batch"], s["length"])
    excess = lambda x: (x.abs() - 0.9).relu().sum()

    def step():
        state, cost = embedding(x).clamp(-1, 1).permute(0, 2, 1), 0
        for _ in range(s["length"]):
            before = gates(state) + offset
            reset, update = (0.5 * before + 0.5).clamp(0, 1).chunk(2, dim=1)
            inner = candidate(reset * state)
            cost = cost + excess(before) + excess(inner)
            stay, right, left = state.split([maps - 2 * third, third, third], dim=1)
            held = torch.cat([stay, F.pad(right[..., :-1], (1, 0)), F.pad(left[..., 1:], (0, 1))], dim=1)
            state = update * held + (1 - update) * inner.clamp(-1, 1)
        logits = last(state.permute(0, 2, 1))
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten()) + s["saturation"] * cost
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, g, (m, v) in zip(parameters, gradients, moments):
                bound = 1.2 * v + 1e-4
                g = g.clamp(-bound, bound)
                m.mul_(0.9).add_(g, alpha=0.1)
                torch.maximum(v.mul_(0.99), g.abs(), out=v)
                p.sub_(0.005 * m / (v + 1e-8))

    return step


def mechanisms_step():
    """Experts that compete: all forward, the discriminator's step, then a step of every winner on what it won."""
    s = sizes.MECHANISMS
    n, batch, side, width = s["experts"], s["batch"], s["side"], s["width"]

    class Expert(torch.nn.Module):
        def __init__(self):
            super().__init__()
            widths = [1] + [width] * (s["layers"] - 1) + [1]
            self.convs = torch.nn.ModuleList(torch.nn.Conv2d(a, b, 3, padding=1) for a, b in zip(widths[:-1], widths[1:]))

        def forward(self, x):
            h = x
            for conv in self.convs[:-1]:
                h = F.elu(conv(h))
            return x + self.convs[-1](h)

    layers, channels = [], 1
    for block in s["blocks"]:
        for out in block:
            layers += [torch.nn.Conv2d(channels, out, 3, padding=1), torch.nn.ELU()]
            channels = out
        layers.append(torch.nn.AvgPool2d(2))
    features = channels * (side // 2 ** len(s["blocks"])) ** 2
    layers += [torch.nn.Flatten(), torch.nn.Linear(features, s["hidden"]), torch.nn.ELU(), torch.nn.Linear(s["hidden"], 1)]
    judge = torch.nn.Sequential(*layers)
    experts = [Expert() for _ in range(n)]
    betas = (s["beta1"], 0.999)
    adams = [torch.optim.Adam(e.parameters(), s["lrs"][0], betas) for e in experts]
    of_judge = torch.optim.Adam(judge.parameters(), s["lrs"][1], betas)
    canonical, transformed = torch.rand(2, 8 * batch, 1, side, side)

    def step():
        x, real = (images[torch.randint(8 * batch, (batch,))] for images in (transformed, canonical))
        with torch.no_grad():
            fakes = torch.cat([expert(x) for expert in experts])
        logits = judge(torch.cat([real, fakes]))[:, 0]
        bce = F.binary_cross_entropy_with_logits
        loss = bce(logits[:batch], torch.ones(batch)) + bce(logits[batch:], torch.zeros(n * batch))
        of_judge.zero_grad(set_to_none=True)
        loss.backward()
        winners = logits[batch:].detach().reshape(n, batch).argmax(0)
        won = [(j, x[winners == j]) for j in range(n)]
        won = [(j, images) for j, images in won if len(images)]
        # The judge's weights get no gradient from the winners.
        judge.requires_grad_(False)
        scores = judge(torch.cat([experts[j](images) for j, images in won]))[:, 0]
        for j, _ in won:
            adams[j].zero_grad(set_to_none=True)
        bce(scores, torch.ones(batch)).backward()
        judge.requires_grad_(True)
        for j, _ in won:
            adams[j].step()
        of_judge.step()

    return step


def maml_step():
    """MAML on sines, one task after the other, with the exact outer gradient."""
    s = sizes.MAML
    widths = [1, *s["hidden"], 1]
    params = [torch.randn(a, b) * 0.3 for a, b in zip(widths[:-1], widths[1:])]
    params += [torch.zeros(b) for b in widths[1:]]
    for p in params:
        p.requires_grad_()
    adam = torch.optim.Adam(params, s["lr"])
    layers = len(s["hidden"]) + 1

    def loss(params, x, y):
        for i in range(layers):
            x = x @ params[i] + params[layers + i]
            x = F.relu(x) if i + 1 < layers else x
        return ((x - y) ** 2).mean()

    def step():
        total = 0.0
        for _ in range(s["tasks"]):
            amplitude, phase = 0.1 + 4.9 * torch.rand(()), math.pi * torch.rand(())
            x = 10 * torch.rand(2, s["points"], 1) - 5
            y = amplitude * torch.sin(x - phase)
            inner = torch.autograd.grad(loss(params, x[0], y[0]), params, create_graph=True)
            adapted = [p - s["inner_rate"] * g for p, g in zip(params, inner)]
            total = total + loss(adapted, x[1], y[1]) / s["tasks"]
        adam.zero_grad(set_to_none=True)
        total.backward()
        adam.step()

    return step


if __name__ == "__main__":
    torch.set_num_threads(sizes.THREADS)
    torch.manual_seed(1)
    workloads = {
        "rho-step": rho_step,
        "ntm-train-1": ntm_train(1),
        "ntm-train-16": ntm_train(16),
        "ngpu-train": ngpu_train,
        "ngpu-infer": ngpu_infer,
        "dngpu-train": dngpu_train,
        "mechanisms-step": mechanisms_step,
        "maml-step": maml_step,
        "gemm-512": gemm,
        "tanh-64k": tanh,
        "softmax-xent": softmax_xent,
        "op-overhead": op_overhead,
    }
    workloads |= {f"conv3x3-{c}": conv(c) for c in sizes.CONV["channels"]}
    workloads |= quantizers()
    serve("torch", torch.__version__, workloads)
