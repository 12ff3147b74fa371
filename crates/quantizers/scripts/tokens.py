"""Makes tests/golden/tokens.json: a million tokens of every format, as checksums.

    python -m venv venv
    venv/bin/pip install torch==2.15.0 vector-quantize-pytorch==1.32.0
    venv/bin/python crates/quantizers/scripts/tokens.py

Vectors are made of integers (`vectors`), alike here and in the test, so that nothing but codebooks and checksums needs to be kept. The package
is run in double precision: it says which code is the nearest. What it says in single precision is compared with that, and the
mismatches are printed: they are the package's rounding errors, which users live with.

Formats of which no package can be installed (Google's notebook and NeMo, S3, iFSQ) are their formula in double precision.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch
import vector_quantize_pytorch as package
from vector_quantize_pytorch import FSQ, LFQ, ResidualFSQ, ResidualLFQ, ResidualVQ, SimVQ, VectorQuantize
from vector_quantize_pytorch import vector_quantize_pytorch as vq_module

COUNT = 1_000_000
PART = 100_000
OUT = Path(__file__).parent.parent / "tests" / "golden" / "tokens.json"


def vectors(seed, count, dim, scale):
    """Uniform numbers in [-scale, scale), from the 24 highest bits of splitmix64."""
    with np.errstate(over="ignore"):
        z = (np.arange(count * dim, dtype=np.uint64) + np.uint64(seed << 40)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    whole = (z >> np.uint64(40)).astype(np.int64) - (1 << 23)
    return (whole.astype(np.float32) / np.float32(1 << 23) * np.float32(scale)).reshape(count, dim)


def checksums(tokens):
    """CRC-32 of the tokens as little-endian u64, part by part."""
    tokens = np.ascontiguousarray(tokens.reshape(COUNT, -1).astype("<u8"))
    return [zlib.crc32(tokens[i : i + PART].tobytes()) for i in range(0, COUNT, PART)]


def run(module, x, dtype):
    """The tokens that the package gives, in parts (it makes matrices of all distances)."""
    module.eval()
    out = []
    with torch.no_grad():
        for part in torch.from_numpy(x).to(dtype).split(20_000):
            out.append(module(part[None])[1][0].cpu().numpy())
    return np.concatenate(out)


class Double:
    """Within, the package computes in double precision, also where it asks for `float()`."""

    def __enter__(self):
        self.float = torch.Tensor.float
        torch.Tensor.float = lambda t: t.double() if t.is_floating_point() else self.float(t).double()
        torch.set_default_dtype(torch.float64)

    def __exit__(self, *_):
        torch.Tensor.float = self.float
        torch.set_default_dtype(torch.float32)


def exact_distances(x, y, eps=0.0):
    """In place of the package's cdist: distances in double precision of what was computed in single precision."""
    return (torch.cdist(x.double(), y.double(), compute_mode="donot_use_mm_for_euclid_dist"))


class ExactDistances:
    def __enter__(self):
        self.cdist = vq_module.cdist
        vq_module.cdist = exact_distances

    def __exit__(self, *_):
        vq_module.cdist = self.cdist


cases = []


def add(name, make, dim, scale, seed, double=True, **fields):
    x = vectors(seed, COUNT, dim, scale)
    torch.manual_seed(seed)
    with (Double() if double else ExactDistances()):
        torch.manual_seed(seed)
        module = make()
        for key, value in fields.pop("state", {}).items():
            module.state_dict()[key].copy_(value)
        tokens = run(module, x, torch.float64 if double else torch.float32)
    torch.manual_seed(seed)
    single = make()
    state = {k: v.to(v.dtype if not v.is_floating_point() else torch.float32) for k, v in module.state_dict().items()}
    single.load_state_dict(state)
    wrong = int((run(single, x, torch.float32).reshape(COUNT, -1) != tokens.reshape(COUNT, -1)).sum())
    print(f"{name}: the package in single precision has {wrong} other tokens of {tokens.size}")
    cases.append({"name": name, "dim": dim, "scale": scale, "seed": seed, **fields, "checksums": checksums(tokens)})


def formula(name, levels, dialect, scale, seed, level):
    x = vectors(seed, COUNT, len(levels), scale).astype(np.float64)
    basis = np.cumprod([1] + levels[:-1])
    tokens = sum(level(x[:, k], n).astype(np.int64) * basis[k] for k, n in enumerate(levels))
    fields = {"kind": "fsq", "levels": levels, "dialect": dialect}
    cases.append({"name": name, "dim": len(levels), "scale": scale, "seed": seed, **fields, "checksums": checksums(tokens)})


def google(z, n):
    half = (n - 1) * (1 - 1e-3) / 2
    offset = 0.0 if n % 2 else 0.5
    return np.round(np.tanh(z + np.tan(offset / half)) * half - offset) + n // 2


def s3(z, _):
    return np.round(np.tanh(z) * float(np.float32(0.999))) + 1


def squash(z):
    return 2 / (1 + np.exp(-1.6 * z)) - 1


def fsq(name, levels, dialect, seed, scale=3.0, **options):
    add(name, lambda: FSQ(levels, **options), len(levels), scale, seed, kind="fsq", levels=levels, dialect=dialect)


fsq("fsq-1000", [8, 5, 5, 5], "lucidrains-1", 1)
fsq("fsq-4375", [7, 5, 5, 5, 5], "lucidrains-1", 2)
fsq("fsq-clamp", [8, 5, 4, 3], "lucidrains-clamp-1", 3, scale=1.25, bound_hard_clamp=True)
fsq("fsq-symmetric", [8, 5, 2, 3], "symmetric-1", 4, preserve_symmetry=True)
fsq("fsq-symmetric-clamp", [8, 5, 2, 3], "symmetric-clamp-1", 5, scale=1.25, preserve_symmetry=True, bound_hard_clamp=True)
formula("fsq-google", [8, 8, 6, 5], "google-1", 3.0, 6, google)
formula("fsq-nemo", [8, 7, 6, 6], "google-1", 3.0, 7, google)
formula("fsq-s3", [3] * 8, "s3-1", 2.0, 8, s3)
formula("ifsq", [8, 5, 5, 9], "ifsq-1", 3.0, 9, lambda z, n: np.clip(np.floor(n * (squash(z) + 1) / 2), 0, n - 1))
formula("ifsq-rounded", [7, 5, 5, 9], "ifsq-rounded-1", 3.0, 10, lambda z, n: np.round((n - 1) / 2 * squash(z)) + n // 2)

add("residual-fsq", lambda: ResidualFSQ(levels=[5, 3, 8], num_quantizers=4), 3, 2.0, 11, kind="residual-fsq", levels=[5, 3, 8], stages=4)
add("lfq-18", lambda: LFQ(codebook_size=2**18, dim=18), 18, 1.0, 12, kind="lfq", bits=18)
add("bsq-12", lambda: LFQ(codebook_size=2**12, dim=12, spherical=True), 12, 1.0, 13, kind="bsq", bits=12)
add("residual-lfq", lambda: ResidualLFQ(dim=6, codebook_size=64, num_quantizers=3), 6, 2.0, 14, kind="residual-lfq", bits=6, stages=3)


def codes(seed, count, dim, scale):
    return torch.from_numpy(vectors(seed, count, dim, scale))


def vq(name, size, dim, seed, **options):
    cosine = options.get("use_cosine_sim", False)
    embed = codes(seed + 1000, size, dim, 1.0)
    if cosine:
        embed = vq_module.l2norm(embed)
    make = lambda: VectorQuantize(dim, size, **options)
    kind = "cosine" if cosine else "vq"
    kept = {"codes": [float(v) for v in embed.flatten()]} if cosine else {}
    add(name, make, dim, 1.0, seed, double=cosine, kind=kind, size=size, state={"_codebook.embed": embed[None]}, **kept)


vq("vq-512x8", 512, 8, 15)
vq("cosine-64x4", 64, 4, 16, use_cosine_sim=True)

stages = {f"layers.{i}._codebook.embed": codes(1017 + i, 256, 8, 0.5**i)[None] for i in range(4)}
add("residual-vq", lambda: ResidualVQ(dim=8, codebook_size=256, num_quantizers=4), 8, 1.0, 17, double=False, kind="residual-vq", size=256, stages=4, state=stages)

OUT.write_text(json.dumps({"package": package.__name__, "version": "1.32.0", "cases": cases}, separators=(",", ":")) + "\n")
