//! The speed rows and their goals.

use super::rho_select::RhoSelectShare;
use super::rho_store::RhoStore;
use super::rho_stream::RhoStream;
use super::threads::{Scaling, SmallMlp};
use super::timed::{Rival, Timed};
use super::vq_memory::VqMemory;
use super::work::mlp::{RhoStep, rho_step};
use super::work::{chain, convolution, dense, ntm, quantizers};
use crate::experiment::Experiment;
use crate::row::Goal;

const RHO_STEP: Timed = Timed {
    flops: Some(RhoStep::FLOPS),
    goals: &[("ratio", Goal::AtLeast(2.0))],
    ..Timed::new(
        "rho-step",
        "MLP 784-512-512-10: 320 candidates scored, the 32 with the highest reducible loss picked, one step of AdamW on them. \
         The gradient goes back through the pass that scored, for the picked rows alone; the peers make a second pass over these.",
        rho_step,
    )
};

const OP_OVERHEAD: Timed = Timed {
    ops: Some(chain::OPS),
    goals: &[("ns_per_op", Goal::AtMost(300.0))],
    ..Timed::new(
        "op-overhead",
        "A chain of 200 × (mul, add, tanh) on 64 numbers with its gradient. JAX compiles it as a whole.",
        chain::chain,
    )
};

const GEMM: Timed = Timed {
    flops: Some(dense::product_flops(dense::GEMM)),
    rivals: &[Rival {
        name: "matrixmultiply",
        prepare: || super::matrixmultiply::product(dense::GEMM),
    }],
    goals: &[("ratio", Goal::AtLeast(0.85))],
    ..Timed::new("gemm-512", "A product of two 512×512 matrices.", dense::gemm)
};

const CONV_24: Timed = Timed {
    flops: Some(convolution::flops(convolution::CHANNELS[0])),
    goals: &[("peak_share", Goal::AtLeast(0.65))],
    ..Timed::new(
        "conv3x3-24",
        "A 3×3 convolution of 24 channels on 32 images of 41×4 positions, forward and both gradients.",
        || convolution::both_ways(convolution::CHANNELS[0]),
    )
};

const CONV_128: Timed = Timed {
    flops: Some(convolution::flops(convolution::CHANNELS[1])),
    goals: &[("peak_share", Goal::AtLeast(0.65))],
    ..Timed::new(
        "conv3x3-128",
        "A 3×3 convolution of 128 channels on 32 images of 41×4 positions, forward and both gradients.",
        || convolution::both_ways(convolution::CHANNELS[1]),
    )
};

const TANH: Timed = Timed::new("tanh-64k", "tanh of 65,536 numbers.", dense::tanh);

const SOFTMAX_XENT: Timed = Timed::new(
    "softmax-xent",
    "The mean cross-entropy of 1,024 rows of 1,000 logits, and its gradient.",
    dense::softmax_cross_entropy,
);

const NTM_TRAIN_1: Timed = Timed {
    flops: Some(ntm::flops(1)),
    goals: &[("ratio", Goal::AtLeast(2.0))],
    ..Timed::new(
        "ntm-train-1",
        "Neural Turing Machine, memory 128×20, LSTM of 100, one read and one write head, copy of 20 vectors (41 steps), batch 1: \
         loss, gradient, clipping, centred RMSProp.",
        || ntm::train(1),
    )
};

const NTM_TRAIN_16: Timed = Timed {
    flops: Some(ntm::flops(16)),
    goals: &[("ratio", Goal::AtLeast(3.0))],
    ..Timed::new("ntm-train-16", "The same, batch 16, in two shards.", || ntm::train(16))
};

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
    goals: &[("ratio", Goal::AtLeast(5.0))],
    ..Timed::new(
        "encode-throughput-vq",
        "Inference without the engine: indices of 65,536 vectors of 64 among 1,024 codes.",
        quantizers::encode_vq,
    )
};

const ENCODE_FSQ: Timed = Timed {
    goals: &[("ratio", Goal::AtLeast(5.0))],
    ..Timed::new(
        "encode-throughput-fsq",
        "Inference without the engine: FSQ indices of 1,048,576 vectors of 4, levels [8, 5, 5, 5].",
        quantizers::encode_fsq,
    )
};

const ENCODE_LFQ: Timed = Timed {
    goals: &[("ratio", Goal::AtLeast(5.0))],
    ..Timed::new(
        "encode-throughput-lfq-18",
        "Inference without the engine: LFQ indices of 1,048,576 vectors of 18.",
        quantizers::encode_lfq,
    )
};

/// The rows that are one piece of work each.
pub fn timed() -> Vec<Timed> {
    vec![
        RHO_STEP,
        NTM_TRAIN_1,
        NTM_TRAIN_16,
        FSQ,
        FSQ_PROJECTED,
        LFQ_10,
        LFQ_18,
        VQ,
        RVQ_8,
        ENCODE_VQ,
        ENCODE_FSQ,
        ENCODE_LFQ,
        OP_OVERHEAD,
        GEMM,
        CONV_24,
        CONV_128,
        TANH,
        SOFTMAX_XENT,
    ]
}

/// The speed rows, in the order of the table.
pub fn all() -> Vec<Box<dyn Experiment>> {
    let mut all: Vec<Box<dyn Experiment>> =
        vec![Box::new(Scaling::MLP), Box::new(Scaling::NTM), Box::new(SmallMlp)];
    all.extend(timed().into_iter().map(|row| Box::new(row) as Box<dyn Experiment>));
    all.extend([
        Box::new(RhoSelectShare) as Box<dyn Experiment>,
        Box::new(RhoStore),
        Box::new(RhoStream),
        Box::new(VqMemory),
    ]);
    all
}
