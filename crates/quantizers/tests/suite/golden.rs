//! Tokens, values and gradients of vector-quantize-pytorch 1.32.0: `scripts/tokens.py` and `scripts/golden.py`; tokens of other formats: `scripts/interop.py`; state dicts for it: `scripts/written.py`.

pub(crate) mod interop;
pub(crate) mod learners;
pub(crate) mod tokens;
pub(crate) mod written;
