"""Gives tests/golden/written/*.safetensors, which the crate wrote, to vector-quantize-pytorch 1.32.0 itself: it must load all of each file, and find the same tokens.

    SEEDBED_GOLDEN=write cargo test -p seedbed-quantizers written
    venv/bin/pip install torch==2.15.0 vector-quantize-pytorch==1.32.0 safetensors
    venv/bin/python crates/quantizers/scripts/written.py

The modules are run in double precision.
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from vector_quantize_pytorch import FSQ, LFQ, ResidualVQ, SimVQ, VectorQuantize

FILES = Path(__file__).parent.parent / "tests" / "golden" / "written"
TYPES = {"F32": (np.float32, torch.float32), "I64": (np.int64, torch.int64), "BOOL": (np.bool_, torch.bool)}


def load(file):
    """A safetensors file: eight bytes of length, a JSON header, the numbers."""
    bytes = file.read_bytes()
    length = struct.unpack("<Q", bytes[:8])[0]
    header, data = json.loads(bytes[8 : 8 + length]), bytes[8 + length :]
    found = {}
    for name, about in header.items():
        kind, torch_kind = TYPES[about["dtype"]]
        begin, end = about["data_offsets"]
        found[name] = torch.from_numpy(np.frombuffer(data[begin:end], kind).copy()).reshape(about["shape"]).to(torch_kind)
    return found


def vectors(seed, count, dim):
    """As in tokens.py, on [-1, 1)."""
    with np.errstate(over="ignore"):
        z = (np.arange(count * dim, dtype=np.uint64) + np.uint64(seed << 40)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    whole = (z >> np.uint64(40)).astype(np.int64) - (1 << 23)
    return torch.from_numpy((whole.astype(np.float32) / np.float32(1 << 23)).reshape(count, dim))


modules = {
    "vq": VectorQuantize(6, 32),
    "vq-heads": VectorQuantize(6, 32, codebook_dim=3, heads=2, separate_codebook_per_head=True, use_cosine_sim=True),
    "vq-learnt": VectorQuantize(6, 32, learnable_codebook=True, ema_update=False),
    "residual-vq": ResidualVQ(dim=6, codebook_dim=4, codebook_size=32, num_quantizers=3),
    "residual-vq-shared": ResidualVQ(dim=6, codebook_size=32, num_quantizers=3, shared_codebook=True),
    "fsq": FSQ([8, 5, 5, 5], dim=6),
    "lfq": LFQ(codebook_size=2**5, dim=6, num_codebooks=2),
    "sim-vq": SimVQ(6, 32, frozen_codebook_dim=4),
}
torch.Tensor.float = lambda t: t.double()
wrong = 0
for case in json.loads((FILES / "tokens.json").read_text()):
    name = case["name"]
    module = modules.pop(name)
    state = load(FILES / f"{name}.safetensors")
    # Every key of either side is on the other, with its type and shape.
    own = {key: (t.dtype, t.shape) for key, t in module.state_dict().items()}
    assert own == {key: (t.dtype, t.shape) for key, t in state.items()}, (name, own.keys(), state.keys())
    module.load_state_dict(state, strict=True)
    module = module.double().eval()
    x = vectors(9, 2000, case["dim"]).double()
    with torch.no_grad():
        found = module(x[None])[1][0].reshape(len(x), -1)
    assert found.shape[1] == case["tokens"]
    same = zlib.crc32(found.numpy().astype("<u8").tobytes()) == case["sum"]
    wrong += not same
    print(f"{name}: {len(state)} tensors, {found.numel()} tokens", "alike" if same else "DIFFERENT")
assert not modules and not wrong
