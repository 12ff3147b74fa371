"""The sizes of the rows' work, as the scoreboard hands them over (the module speed::work)."""

import json
import sys

SIZES = json.loads(sys.argv[1])

THREADS = SIZES["threads"]
RHO = SIZES["rho"]
GEMM = SIZES["gemm"]
CONV = SIZES["conv"]
TANH = SIZES["tanh"]
XENT = SIZES["xent"]
CHAIN = SIZES["chain"]
NTM = SIZES["ntm"]
NGPU = SIZES["ngpu"]
QUANTIZERS = SIZES["quantizers"]
MECHANISMS = SIZES["mechanisms"]
MAML = SIZES["maml"]
