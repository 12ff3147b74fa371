"""Makes tests/golden/{encodec,mimi,dac,package}.safetensors and interop.json: tokens of the quantizers of trained networks' formats.

    venv/bin/pip install torch==2.15.0 transformers==5.24.0 vector-quantize-pytorch==1.32.0 safetensors
    venv/bin/python crates/quantizers/scripts/interop.py

The modules are those of the packages, with random weights; they are run in double precision.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import DacConfig, EncodecConfig, MimiConfig
from transformers.models.dac.modeling_dac import DacResidualVectorQuantizer
from transformers.models.encodec.modeling_encodec import EncodecResidualVectorQuantizer
from transformers.models.mimi.modeling_mimi import MimiSplitResidualVectorQuantizer
from vector_quantize_pytorch import FSQ, LFQ, SimVQ, VectorQuantize

OUT = Path(__file__).parent.parent / "tests" / "golden"
BLOCK = 10_000
# Tokens of each format, at least.
COUNT = 100_000


def vectors(seed, count, dim):
    """As in tokens.py, on [-1, 1)."""
    with np.errstate(over="ignore"):
        z = (np.arange(count * dim, dtype=np.uint64) + np.uint64(seed << 40)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    whole = (z >> np.uint64(40)).astype(np.int64) - (1 << 23)
    return torch.from_numpy((whole.astype(np.float32) / np.float32(1 << 23)).reshape(count, dim))


cases = []
torch.Tensor.float = lambda t: t.double()


def add(name, module, dim, tokens, encode, seed):
    """`encode(module, x)` gives `[vectors, tokens]`."""
    torch.manual_seed(seed)
    for value in module.state_dict().values():
        if value.is_floating_point() and value.ndim > 1:
            value.copy_(torch.randn(value.shape) * 0.5)
        elif value.is_floating_point() and value.numel() > 1:
            value.copy_(torch.rand(value.shape) + 0.5)
    state = {k: v.clone().contiguous() for k, v in module.state_dict().items()}
    save_file(state, OUT / f"{name}.safetensors")
    module = module.double().eval()
    count = -(-COUNT // (tokens * BLOCK)) * BLOCK
    sums = []
    with torch.no_grad():
        for x in vectors(seed, count, dim).split(BLOCK):
            found = encode(module, x.double())
            sums.append(zlib.crc32(found.numpy().astype("<u8").tobytes()))
    cases.append({"name": name, "dim": dim, "tokens": tokens, "seed": seed, "checksums": sums})
    print(name, count * tokens, "tokens")


def encodec(module, x):
    return module.encode(x.t()[None], module_bandwidth)[:, 0].t().contiguous()


config = EncodecConfig(codebook_size=64, codebook_dim=8, hidden_size=8, target_bandwidths=[2.0])
module = EncodecResidualVectorQuantizer(config)
module.layers = module.layers[:3]
module.num_quantizers = 3
module_bandwidth = None
add("encodec", module, 8, 3, encodec, 1)

config = MimiConfig(codebook_size=64, codebook_dim=8, vector_quantization_hidden_dimension=8, hidden_size=12, num_quantizers=4, num_semantic_quantizers=1)
add("mimi", MimiSplitResidualVectorQuantizer(config), 12, 4, lambda m, x: m.encode(x.t()[None])[:, 0].t().contiguous(), 2)

config = DacConfig(codebook_size=64, codebook_dim=4, hidden_size=12, n_codebooks=3)
add("dac", DacResidualVectorQuantizer(config), 12, 3, lambda m, x: m(x.t()[None])[1][0].t().contiguous(), 3)

one = lambda m, x: m(x[None])[1][0].reshape(len(x), -1)
add("package-vq", VectorQuantize(12, 64, codebook_dim=4, heads=2, separate_codebook_per_head=True), 12, 2, one, 4)
add("package-shared", VectorQuantize(12, 64, codebook_dim=4, heads=3), 12, 3, one, 5)
add("package-fsq", FSQ([8, 5, 5, 5], dim=12), 12, 1, one, 6)
add("package-lfq", LFQ(codebook_size=2**10, dim=12, num_codebooks=2), 12, 2, one, 7)
add("package-sim-vq", SimVQ(6, 64, frozen_codebook_dim=4), 6, 1, one, 8)

OUT.joinpath("interop.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
