"""Makes tests/golden/learners.json: what vector-quantize-pytorch 1.32.0 gives for many combinations of options.

    python -m venv venv
    venv/bin/pip install torch==2.15.0 vector-quantize-pytorch==1.32.0
    venv/bin/python crates/quantizers/scripts/golden.py

Every case has an input, the package's state under Seedbed's names, and the output, indices, losses, the gradient of a weighted sum of all of
it, and for averages the state after the update. The package is run in double precision, and its logarithms are not cut off at ln 1e-5 (with them, entropies
of large codebooks saturate): otherwise as it is.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
import vector_quantize_pytorch as package
from vector_quantize_pytorch import FSQ, LFQ, GroupedResidualVQ, LatentQuantize, ResidualFSQ, ResidualLFQ, ResidualVQ, SimVQ, VectorQuantize
from vector_quantize_pytorch import lookup_free_quantization as lfq_module
from vector_quantize_pytorch import vector_quantize_pytorch as vq_module

OUT = Path(__file__).parent.parent / "tests" / "golden" / "learners.json"

torch.set_default_dtype(torch.float64)
Tensor.float = Tensor.double
vq_module.log = lambda t, eps=0.0: torch.log(t.clamp(min=1e-300))
lfq_module.log = lambda t, eps=0.0: torch.log(t.clamp(min=1e-300))

cases = []


def numbers(t):
    t = t.detach()
    return {"shape": list(t.shape), "data": [float(f"{v:.9g}") for v in t.flatten().tolist()]}


def linear(state, path, layer):
    """A linear layer: our weights are the transpose."""
    state[f"{path}.weight"] = layer.weight.t()
    if layer.bias is not None:
        state[f"{path}.bias"] = layer.bias


def projections(state, path, module):
    if getattr(module, "has_projections", False):
        linear(state, f"{path}projection.into", module.project_in)
        linear(state, f"{path}projection.out_of", module.project_out)


def vq_state(module, path=""):
    state = {}
    projections(state, path, module)
    book = module._codebook
    state[path + ("learned" if module.learnable_codebook or book.learnable_codebook else "fixed")] = book.embed
    if book.ema_update and not module.freeze_codebook:
        state[path + "sums"] = book.embed_avg
        state[path + "sizes"] = book.cluster_size
    if book.affine_param and book.batch_mean is not None:
        rows = [book.batch_mean, book.batch_variance, book.codebook_mean, book.codebook_variance, torch.ones_like(book.batch_mean)]
        state[path + "moments"] = torch.cat(rows, dim=1)
    return state


def copies(state):
    return {name: numbers(t) for name, t in state.items()}


def case(name, kind, config, module, state, shape, *, evaluate=False, mask=None, forward=None, losses=None, scale=1.0, seed=0):
    """Runs a module; `state(module)` names its tensors, `losses(outputs)` its losses with their weights."""
    torch.manual_seed(100 + seed + len(cases))
    x = (torch.randn(shape) * scale).to(torch.float32).to(torch.float64).requires_grad_()
    module.train(not evaluate)
    before = copies(state(module)) if state else {}
    out = forward(module, x) if forward else module(x)
    values, indices = out[0], out[1]
    named = losses(out) if losses else {}
    u = torch.randn(values.shape)
    if mask is not None:
        u = u * mask[..., None]
    total = (values * u).sum() + sum(weight * value for value, weight in named.values())
    result = {"name": name, "kind": kind, "config": config, "x": numbers(x), "state": before, "u": numbers(u)}
    if mask is not None:
        result["mask"] = mask.flatten().tolist()
    if not evaluate:
        total.backward()
        result["gradient"] = {"x": numbers(x.grad)}
        if state:
            own = {k: t for k, t in state(module).items()}
            for key, t in own.items():
                # The transpose of a weight is no leaf: its gradient is that of the leaf.
                leaf = t._base if t._base is not None and t._base.requires_grad else t
                if leaf.grad is not None:
                    grad = leaf.grad.t() if key.endswith("weight") else leaf.grad
                    result["gradient"][key] = numbers(grad)
            if any(key.endswith("sums") for key in own):
                result["after"] = {k: numbers(t) for k, t in own.items() if k.rsplit(".")[-1] in ("fixed", "sums", "sizes", "moments")}
    result |= {"evaluate": evaluate, "values": numbers(values), "indices": indices.flatten().tolist(), "losses": {k: float(v.detach()) for k, (v, _) in named.items()}}
    cases.append(result)


def spread(module):
    """The package's codes begin almost at 0: put them where vectors are."""
    for m in module.modules():
        if isinstance(m, vq_module.Codebook):
            torch.manual_seed(7 + m.codebook_size)
            embed = torch.randn(m.embed.shape)
            embed = vq_module.l2norm(embed) if m.use_cosine_sim else embed
            m.embed.data.copy_(embed)
            m.embed_avg.data.copy_(embed)
            m.cluster_size.data.copy_(torch.rand(m.cluster_size.shape) + 0.5)
    return module


AVERAGE = {"average": {"decay": 0.8, "epsilon": 1e-5}}


def vq(name, config, options, *, shape=(2, 5, 6), size=8, evaluate=False, mask=None, warm=None):
    """`config` has what differs from our defaults, `options` from the package's."""
    torch.manual_seed(3 + len(cases))
    module = spread(VectorQuantize(shape[-1], size, **options))
    if warm is not None:
        module(warm)
    commitment = config.get("commitment", 1.0)
    learned = options.get("learnable_codebook", False) or options.get("directional_reparam", False)
    ours = {"dim": shape[-1], "codebook_size": size, "learning": "gradient" if learned else AVERAGE, "revival": None, "init": "normal"} | config

    def losses(out):
        loss = out[3]
        named = {}
        if module.training and commitment > 0 and not options.get("directional_reparam"):
            named["commitment"] = (loss.commitment, commitment)
        if options.get("codebook_diversity_loss_weight", 0) > 0:
            named["diversity"] = (loss.codebook_diversity, options["codebook_diversity_loss_weight"])
        if options.get("orthogonal_reg_weight", 0) > 0:
            named["orthogonal"] = (loss.orthogonal_reg, options["orthogonal_reg_weight"])
        return named

    forward = lambda m, x: m(x, mask=mask, return_loss_breakdown=True)
    case(name, "vq", ours, module, vq_state, shape, evaluate=evaluate, mask=mask, forward=forward, losses=losses)


STE = {"rotation_trick": False}
still = {"learning": "frozen"}
through = {"estimator": "straight-through"}
half = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]], dtype=torch.bool)
learnt = {"learnable_codebook": True, "ema_update": False}

vq("vq rotation", {}, {})
vq("vq straight-through", through, STE)
vq("vq slow averages", {"learning": {"average": {"decay": 0.99, "epsilon": 1e-3}}}, {"decay": 0.99, "eps": 1e-3})
vq("vq commitment", {"commitment": 0.25}, {"commitment_weight": 0.25})
vq("vq no commitment", {"commitment": 0.0}, {"commitment_weight": 0.0})
vq("vq cosine", {"metric": "cosine"}, {"use_cosine_sim": True})
vq("vq cosine straight-through", {"metric": "cosine"} | through, {"use_cosine_sim": True} | STE)
vq("vq projected", {"codebook_dim": 3}, {"codebook_dim": 3})
vq("vq projected straight-through", {"codebook_dim": 3} | through, {"codebook_dim": 3} | STE)
vq("vq projected cosine", {"codebook_dim": 3, "metric": "cosine"}, {"codebook_dim": 3, "use_cosine_sim": True})
vq("vq heads", {"heads": 2}, {"heads": 2, "codebook_dim": 3})
vq("vq heads projected", {"heads": 2, "codebook_dim": 2}, {"heads": 2, "codebook_dim": 2})
vq("vq separate heads", {"heads": 2, "separate_codebooks": True}, {"heads": 2, "codebook_dim": 3, "separate_codebook_per_head": True})
vq("vq separate heads projected cosine", {"heads": 3, "codebook_dim": 4, "separate_codebooks": True, "metric": "cosine"}, {"heads": 3, "codebook_dim": 4, "separate_codebook_per_head": True, "use_cosine_sim": True})
vq("vq mask", {}, {}, mask=half)
vq("vq mask straight-through", through, STE, mask=half)
vq("vq one vector", {}, {}, shape=(1, 1, 6))
vq("vq dimension 1", through, {}, shape=(1, 20, 1))
vq("vq many codes", {}, {}, shape=(1, 40, 4), size=70)
# The package takes the mean over the batch alone, position by position: where every vector is a sequence of its own, that is all of them. And its averages move
# in place while the gradient of the distances still needs the codes as they were: so they are kept still.
vq("vq diversity", still | {"diversity": {"weight": 0.5, "inverse_temperature": 2.0}}, {"freeze_codebook": True, "codebook_diversity_loss_weight": 0.5, "codebook_diversity_temperature": 2.0}, shape=(9, 1, 6))
vq("vq diversity cosine", still | {"diversity": {"weight": 0.5, "inverse_temperature": 5.0}, "metric": "cosine"}, {"freeze_codebook": True, "codebook_diversity_loss_weight": 0.5, "codebook_diversity_temperature": 5.0, "use_cosine_sim": True}, shape=(9, 1, 6))
# The package takes one mean square for both losses of a codebook that learns by gradient.
vq("vq learnt", {}, learnt)
vq("vq learnt straight-through", through, learnt | STE)
vq("vq learnt projected", {"codebook_dim": 3}, learnt | {"codebook_dim": 3})
vq("vq learnt heads", {"heads": 2, "separate_codebooks": True}, learnt | {"heads": 2, "codebook_dim": 3, "separate_codebook_per_head": True})
orthogonal = {"weight": 10.0, "active_only": False, "most": None}
vq("vq orthogonal", {"orthogonal": orthogonal}, learnt | {"orthogonal_reg_weight": 10.0})
vq("vq orthogonal active", {"orthogonal": orthogonal | {"active_only": True}}, learnt | {"orthogonal_reg_weight": 10.0, "orthogonal_reg_active_codes_only": True}, shape=(1, 5, 6))
revival = {"threshold": 1e-9, "reset": 1.0}
diveq = {"directional_reparam": True, "directional_reparam_variance": 0.0, "threshold_ema_dead_code": 1e-9}
vq("vq diveq", {"estimator": {"diveq": {"variance": 0.0}}, "revival": revival}, diveq)
vq("vq diveq projected", {"estimator": {"diveq": {"variance": 0.0}}, "revival": revival, "codebook_dim": 3}, diveq | {"codebook_dim": 3})
vq("vq in use", {}, {}, evaluate=True)
vq("vq cosine in use", {"metric": "cosine"}, {"use_cosine_sim": True}, evaluate=True)
vq("vq heads projected in use", {"heads": 2, "codebook_dim": 2}, {"heads": 2, "codebook_dim": 2}, evaluate=True)
vq("vq separate heads in use", {"heads": 2, "separate_codebooks": True}, {"heads": 2, "codebook_dim": 3, "separate_codebook_per_head": True}, evaluate=True)


def fsq(name, config, options, levels, *, dim=None, books=1, evaluate=False, mask=None):
    torch.manual_seed(5 + len(cases))
    if options.get("preserve_symmetry"):
        config = {"dialect": "symmetric-clamp-1" if options.get("bound_hard_clamp") else "symmetric-1"} | config
    elif options.get("bound_hard_clamp"):
        config = {"dialect": "lucidrains-clamp-1"} | config
    module = FSQ(levels, dim=dim, num_codebooks=books, **options)
    width = dim or len(levels) * books
    ours = {"levels": levels, "dim": dim, "codebooks": books} | config

    def state(m):
        named = {}
        projections(named, "", m)
        return named

    case(name, "fsq", ours, module, state, (2, 5, width), evaluate=evaluate)


symmetric = {"preserve_symmetry": True}
clamp = {"bound_hard_clamp": True}
fsq("fsq", {}, {}, [8, 5, 5, 5])
fsq("fsq odd", {}, {}, [7, 5, 3])
fsq("fsq even", {}, {}, [4, 6, 8])
fsq("fsq of 2^16", {}, {}, [8, 8, 8, 5, 5, 5])
fsq("fsq clamp", {}, clamp, [8, 5, 4])
fsq("fsq symmetric", {}, symmetric, [8, 5, 2])
fsq("fsq symmetric clamp", {}, symmetric | clamp, [8, 5, 2])
fsq("fsq projected", {}, {}, [8, 5, 5], dim=6)
fsq("fsq projected symmetric", {}, symmetric, [8, 5, 5], dim=6)
fsq("fsq codebooks", {}, {}, [8, 5], books=2)
fsq("fsq codebooks projected", {}, {}, [8, 5], books=3, dim=4)
fsq("fsq in use", {}, {}, [8, 5, 5, 5], evaluate=True)
fsq("fsq projected in use", {}, {}, [8, 5, 5], dim=6, evaluate=True)
fsq("fsq codebooks projected in use", {}, symmetric, [8, 5], books=3, dim=4, evaluate=True)


def lfq(name, config, options, bits, *, dim=None, books=1, evaluate=False, mask=None, temperature=1.0, scale=1.0):
    torch.manual_seed(6 + len(cases))
    module = LFQ(codebook_size=2**bits, dim=dim, num_codebooks=books, **options)
    width = dim or bits * books
    entropy, gamma = options.get("entropy_loss_weight", 0.1), options.get("diversity_gamma", 1.0)
    commitment = options.get("commitment_loss_weight", 0.0)
    ours = {"bits": bits, "dim": dim, "codebooks": books, "inverse_temperature": temperature} | config

    def state(m):
        named = {}
        projections(named, "", m)
        return named

    def losses(out):
        if evaluate:
            return {}
        parts = out[1]
        named = {"entropy-vector": (parts.per_sample_entropy, entropy), "entropy-batch": (parts.batch_entropy, -entropy * gamma)}
        if commitment > 0:
            named["commitment"] = (parts.commitment, commitment)
        return named

    def run(m, x):
        ret, parts = m(x, inv_temperature=temperature, return_loss_breakdown=True)
        if mask is not None:
            # With a mask the package takes the entropy of each vector for that of the batch, and the two cancel: so it is given what is left alone.
            _, parts = m(x[mask][None], inv_temperature=temperature, return_loss_breakdown=True)
        return ret[0], ret[1], parts

    case(name, "lfq", ours, module, state, (2, 5, width), evaluate=evaluate, mask=mask, forward=run, losses=lambda out: losses((out[0], out[2])), scale=scale)


lfq("lfq", {}, {}, 5)
lfq("lfq warm", {}, {}, 6, temperature=0.2)
lfq("lfq cold", {}, {}, 4, temperature=100.0, scale=0.05)
lfq("lfq of 2^10", {}, {}, 10)
lfq("lfq projected", {}, {}, 4, dim=7)
lfq("lfq codebooks", {}, {}, 3, books=2)
lfq("lfq codebooks projected", {}, {}, 3, books=2, dim=5)
lfq("lfq scale", {"scale": 0.5}, {"codebook_scale": 0.5}, 4)
lfq("lfq diversity", {"diversity": 2.5, "entropy": 0.3}, {"diversity_gamma": 2.5, "entropy_loss_weight": 0.3}, 4)
lfq("lfq commitment", {"commitment": 0.25}, {"commitment_loss_weight": 0.25}, 4)
lfq("lfq soft clamp", {"soft_clamp": 1.5}, {"soft_clamp_input_value": 1.5}, 4)
lfq("lfq mask", {"commitment": 0.25}, {"commitment_loss_weight": 0.25}, 4, mask=half)
lfq("bsq", {"spherical": True}, {"spherical": True}, 6)
lfq("bsq projected", {"spherical": True, "commitment": 0.25}, {"spherical": True, "commitment_loss_weight": 0.25}, 6, dim=4)
lfq("bsq scale", {"spherical": True, "scale": 0.5}, {"spherical": True, "codebook_scale": 0.5}, 5, temperature=3.0)
lfq("lfq in use", {}, {}, 5, evaluate=True)
lfq("bsq projected in use", {"spherical": True}, {"spherical": True}, 6, dim=4, evaluate=True)


def stages_state(module, path=""):
    state = {}
    projections(state, path, module)
    for i, layer in enumerate(module.layers[:1] if module.shared_codebook else module.layers):
        state |= vq_state(layer, f"{path}stages.{i}.")
    return state


def residual(name, config, options, *, sizes=(8, 8, 8), dim=6, inner=None, evaluate=False, mask=None, **more):
    torch.manual_seed(8 + len(cases))
    module = spread(ResidualVQ(dim=dim, num_quantizers=len(sizes), codebook_size=sizes, codebook_dim=inner, **options))
    for i, layer in enumerate(module.layers):
        book = layer._codebook
        torch.manual_seed(50 + i)
        embed = torch.randn(book.embed.shape) * 0.6**i
        book.embed.data.copy_(vq_module.l2norm(embed) if book.use_cosine_sim else embed)
        book.embed_avg.data.copy_(book.embed)
    ours = {"dim": inner or dim, "learning": "gradient" if options.get("learnable_codebook") else AVERAGE, "revival": None, "init": "normal"} | config
    forward = lambda m, x: m(x, mask=mask) if mask is not None else m(x)
    losses = lambda out: {} if evaluate else {"commitment": (out[2].sum(), 1.0)}
    case(name, "residual-vq", {"dim": dim, "sizes": list(sizes), "stage": ours} | more, module, stages_state, (2, 5, dim), evaluate=evaluate, mask=mask, forward=forward, losses=losses)


residual("residual vq", {}, {})
residual("residual vq straight-through", through, STE)
residual("residual vq of one stage", {}, {}, sizes=(8,))
residual("residual vq of different sizes", {}, {}, sizes=(4, 9, 17))
residual("residual vq projected", {}, {}, inner=3)
residual("residual vq cosine", {"metric": "cosine"}, {"use_cosine_sim": True})
residual("residual vq learnt", {}, {"learnable_codebook": True, "ema_update": False})
residual("residual vq mask", {}, {}, mask=half)
residual("residual vq in use", {}, {}, evaluate=True)
residual("residual vq projected in use", {}, {}, inner=3, evaluate=True)

def later():
    """Cases that came later: at the end, so that the seeds of those before stay what they were."""
    residual("residual vq shared", {}, {"shared_codebook": True}, shared=True)
    residual("residual vq shared straight-through projected", through, STE | {"shared_codebook": True}, inner=4, shared=True)
    residual("residual vq shared in use", {}, {"shared_codebook": True}, evaluate=True, shared=True)
    residual("residual vq beam in use", {}, {"beam_size": 4}, evaluate=True, beam={"width": 4, "weights": [1.0, 1.0, 1.0]})
    residual("residual vq wide beam in use", {}, {"beam_size": 8}, sizes=(8, 8, 8, 8), evaluate=True, beam={"width": 8, "weights": [1.0, 1.0, 1.0, 1.0]})
    weights = [0.25, 0.5, 2.0]
    residual("residual vq weighted beam projected in use", {}, {"beam_size": 3, "beam_score_quantizer_weights": weights}, sizes=(4, 9, 17), inner=4, evaluate=True, beam={"width": 3, "weights": weights})
    # In training the package's values have no gradient, and its losses cancel out: use alone is compared. Its channels come second.
    for name, levels, more in [("", [8, 5, 3], {}), (" projected", [5, 5, 4], {"dim": 6}), (" codebooks", [9, 4], {"books": 2})]:
        torch.manual_seed(31)
        dim, books = more.get("dim", len(levels) * more.get("books", 1)), more.get("books", 1)
        latent = LatentQuantize(levels, dim, num_codebooks=books)
        if books == 1:
            state = lambda m: {f"values.{i}": v for i, v in enumerate(m.values_per_latent)} | (lambda named: (projections(named, "", m), named)[1])({})
        else:
            state = lambda m: {f"values.{i}": v for i, v in enumerate(m.values_per_latent)}

        def run(m, x):
            values, indices, loss = m(x.transpose(1, 2))
            return values.transpose(1, 2), indices, loss

        config = {"levels": levels, "dim": dim, "codebooks": books}
        case("latent" + name + " in use", "latent", config, latent, state, (2, 5, dim), evaluate=True, forward=run)
    # Moments that were never seen are those of the first batch.
    affine = {"affine_param": True}
    vq("vq affine", {"affine": {}}, affine)
    vq("vq affine straight-through", {"affine": {}} | through, affine | STE)
    vq("vq affine learnt", {"affine": {}}, affine | learnt)
    vq("vq affine mask", {"affine": {}}, affine, mask=half)
    # The second batch: moments follow.
    torch.manual_seed(77)
    drift = torch.randn(2, 5, 6) * 2 + 1
    slow = {"affine": {"batch_decay": 0.7, "codebook_decay": 0.4}}
    decays = {"affine_param_batch_decay": 0.7, "affine_param_codebook_decay": 0.4}
    vq("vq affine second batch", slow, affine | decays, warm=drift)
    vq("vq affine second batch heads", slow | {"heads": 2, "separate_codebooks": True}, affine | decays | {"heads": 2, "codebook_dim": 3, "separate_codebook_per_head": True}, warm=drift)


torch.manual_seed(9)
grouped = spread(GroupedResidualVQ(dim=6, num_quantizers=2, groups=2, codebook_size=8))


def grouped_state(module):
    state = {}
    for g, rvq in enumerate(module.rvqs):
        state |= stages_state(rvq, f"parts.{g}.")
    return state


def run_grouped(module, x):
    values, indices, loss = module(x)
    # The package has the groups first; ours are beside one another.
    return values, indices.permute(1, 2, 0, 3), loss


part = {"dim": 3, "sizes": [8, 8], "stage": {"dim": 3, "learning": AVERAGE, "revival": None, "init": "normal"}}
case("grouped residual vq", "grouped-residual-vq", {"groups": 2, "part": part}, grouped, grouped_state, (2, 5, 6), forward=run_grouped, losses=lambda out: {"commitment": (out[2].sum(), 1.0)})


def residual_fsq(name, levels, stages, *, dim=None, evaluate=False, **options):
    torch.manual_seed(10 + len(cases))
    module = ResidualFSQ(levels=levels, num_quantizers=stages, dim=dim, **options)

    def state(m):
        named = {}
        projections(named, "", m)
        return named

    clamps = options.get("bound_hard_clamp", True)
    config = {"levels": levels, "stages": stages, "dim": dim, "clamp": clamps}
    case(name, "residual-fsq", config, module, state, (2, 5, dim or len(levels)), evaluate=evaluate)


residual_fsq("residual fsq", [5, 5, 3], 4)
residual_fsq("residual fsq even", [8, 4], 3)
residual_fsq("residual fsq projected", [5, 5, 3], 2, dim=5)
residual_fsq("residual fsq tanh", [5, 7], 3, bound_hard_clamp=False)
residual_fsq("residual fsq in use", [5, 5, 3], 5, evaluate=True)


def residual_lfq(name, bits, stages, *, dim=None, evaluate=False, **options):
    torch.manual_seed(11 + len(cases))
    module = ResidualLFQ(dim=dim or bits, codebook_size=2**bits, num_quantizers=stages, **options)

    def state(m):
        named = {}
        projections(named, "", m)
        return named

    def losses(out):
        # The package gives one number a stage: 0.1 (entropy of vectors - entropy of the batch).
        return {} if evaluate else {"total": (out[2].sum(), 1.0)}

    config = {"bits": bits, "stages": stages, "dim": dim, "spherical": options.get("spherical", False)}
    case(name, "residual-lfq", config, module, state, (2, 5, dim or bits), evaluate=evaluate, losses=losses)


residual_lfq("residual lfq", 4, 3)
residual_lfq("residual lfq projected", 4, 2, dim=6)
residual_lfq("residual lfq spherical", 4, 3, spherical=True)
residual_lfq("residual lfq in use", 4, 3, evaluate=True)


def sim(name, config, options, *, frozen=None, evaluate=False):
    torch.manual_seed(12 + len(cases))
    module = SimVQ(6, 12, frozen_codebook_dim=frozen, **options)
    module.code_transform.weight.data.mul_(3)

    def state(m):
        return {"transform.weight": m.code_transform.weight.t(), "frozen": m.frozen_codebook}

    # One number for both losses: 1 and 0.25 of the same mean square.
    losses = lambda out: {} if evaluate else {"total": (out[2], 1.0)}
    ours = {"dim": 6, "codebook_size": 12, "frozen_dim": frozen} | config
    case(name, "sim-vq", ours, module, state, (2, 5, 6), evaluate=evaluate, losses=losses)


sim("sim vq", {}, {})
sim("sim vq straight-through", through, {"rotation_trick": False})
sim("sim vq frozen dimension", {}, {}, frozen=4)
sim("sim vq weights", {"weight": 2.0, "commitment": 0.5}, {"commitment_weight": 2.0, "input_to_quantize_commit_loss_weight": 0.5})
sim("sim vq in use", {}, {}, evaluate=True)

later()

OUT.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(f"{len(cases)} cases, {OUT.stat().st_size // 1024} KiB")
