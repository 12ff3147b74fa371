//! The speed rows of quantizers and their goals.

use super::timed::Timed;
use super::work::quantizers;
use crate::row::Goal;

const FSQ: Timed = Timed {
    goals: &[("ratio", Goal::AtLeast(3.0))],
    ..Timed::new(
        "fsq",
        "FSQ of levels [8, 5, 5, 5] on 16,384 vectors of 4: values, indices and gradient.",
        quantizers::fsq,
    )
};

const FSQ_PROJECTED: Timed = Timed {
    goals: &[("ratio", Goal::AtLeast(2.0))],
    ..Timed::new(
        "fsq-proj",
        "The same between projections of 64 to 4 and back.",
        quantizers::fsq_projected,
    )
};

const LFQ_10: Timed = Timed {
    goals: &[("ratio", Goal::AtLeast(20.0))],
    ..Timed::new(
        "lfq-10",
        "LFQ of 2¹⁰ codes between projections of 64 to 10 and back, with both entropies, on 16,384 vectors: values, indices and gradient.",
        || quantizers::lfq(10),
    )
};

const LFQ_18: Timed = Timed::new(
    "lfq-18",
    "The same with 2¹⁸ codes; the batch's entropy in two groups of nine bits.",
    || quantizers::lfq(18),
);

const VQ: Timed = Timed {
    flops: Some(quantizers::search_flops(1)),
    goals: &[("ratio", Goal::AtLeast(3.0))],
    ..Timed::new(
        "vq",
        "VQ of 1,024 codes of 64 on 16,384 vectors: nearest codes, averages, commitment, straight-through gradient.",
        quantizers::vq,
    )
};

const RVQ_8: Timed = Timed {
    flops: Some(quantizers::search_flops(8)),
    goals: &[("ratio", Goal::AtLeast(3.0))],
    ..Timed::new("rvq-8", "Eight residual stages of the same.", quantizers::residual_vq)
};

const ENCODE_VQ: Timed = Timed {
    tokens: Some(quantizers::encoded(0)),
    goals: &[("ratio", Goal::AtLeast(5.0))],
    ..Timed::new(
        "encode-throughput-vq",
        "Inference without the engine: indices of 65,536 vectors of 64 among 1,024 codes.",
        quantizers::encode_vq,
    )
};

const ENCODE_FSQ: Timed = Timed {
    tokens: Some(quantizers::encoded(1)),
    goals: &[("ratio", Goal::AtLeast(5.0))],
    ..Timed::new(
        "encode-throughput-fsq",
        "Inference without the engine: FSQ indices of 1,048,576 vectors of 4, levels [8, 5, 5, 5].",
        quantizers::encode_fsq,
    )
};

const ENCODE_LFQ: Timed = Timed {
    tokens: Some(quantizers::encoded(2)),
    goals: &[("ratio", Goal::AtLeast(5.0))],
    ..Timed::new(
        "encode-throughput-lfq-18",
        "Inference without the engine: LFQ indices of 1,048,576 vectors of 18.",
        quantizers::encode_lfq,
    )
};

/// All of them.
pub(super) fn all() -> Vec<Timed> {
    vec![FSQ, FSQ_PROJECTED, LFQ_10, LFQ_18, VQ, RVQ_8, ENCODE_VQ, ENCODE_FSQ, ENCODE_LFQ]
}
