//! The speed rows and their goals.

use super::rho_select::RhoSelectShare;
use super::rho_store::RhoStore;
use super::rho_stream::RhoStream;
use super::threads::{Scaling, SmallMlp};
use super::timed::{Rival, Timed};
use super::tokenize::Tokenize;
use super::vq_memory::VqMemory;
use super::work::mlp::{RhoStep, rho_step};
use super::work::{chain, convolution, dense, maml, mechanisms, ngpu, ntm, user_fused};
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
    goals: &[("ns_per_op", Goal::AtMost(150.0))],
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

const NGPU_TRAIN: Timed = Timed {
    flops: Some(ngpu::ORIGINAL_FLOPS),
    goals: &[("ratio", Goal::AtLeast(2.0)), ("peak_share", Goal::AtLeast(0.6))],
    ..Timed::new(
        "ngpu-train",
        "The original Neural GPU, 24 maps, 4 pixels a cell, two units a step, 32 strings of 41 symbols, 41 steps: loss, gradient, clipping, Adam. \
         FLOPs are those of convolutions of 3×3 pixels.",
        ngpu::train_original,
    )
};

const DNGPU_TRAIN: Timed = Timed {
    flops: Some(ngpu::DIAGONAL_FLOPS),
    goals: &[("ratio", Goal::AtLeast(2.0)), ("peak_share", Goal::AtLeast(0.6))],
    ..Timed::new(
        "dngpu-train",
        "The diagonal Neural GPU, 96 numbers a cell, 32 strings of 41 symbols, 41 steps: loss with the saturation cost, gradient, AdaMax with the relative clip.",
        ngpu::train_diagonal,
    )
};

const NGPU_INFER: Timed = Timed {
    flops: Some(ngpu::INFER_FLOPS),
    goals: &[("ratio", Goal::AtLeast(4.0))],
    ..Timed::new(
        "ngpu-infer",
        "The original Neural GPU on one string of 401 symbols, 401 steps.",
        ngpu::infer_original,
    )
};

const USER_FUSED: Timed = Timed {
    rivals: &[Rival { name: "plain", prepare: user_fused::plain }],
    // At most 0.6 of the time of plain ops.
    goals: &[("ratio", Goal::AtLeast(1.67))],
    ..Timed::new(
        "user-fused",
        "A fused op a · silu(b) of a user's crate, 40 lines of safe code, on 512×1024: the sum and both gradients; beside it the same in \
         plain ops.",
        user_fused::fused,
    )
};

const MAML_STEP: Timed = Timed {
    flops: Some(maml::FLOPS),
    goals: &[("ratio", Goal::AtLeast(2.0)), ("torch_ratio", Goal::AtLeast(20.0))],
    ..Timed::new(
        "maml-step",
        "MAML on sines: 25 tasks of 10 + 10 points, a network of two layers of 40, one inner step, the exact outer gradient, Adam. PyTorch takes one task after the other, as its libraries do; JAX maps \
         over the tasks.",
        maml::step,
    )
};

/// The FLOPs are counted from the networks.
fn mechanisms_step() -> Timed {
    Timed {
        flops: Some(mechanisms::flops()),
        goals: &[("ratio", Goal::AtLeast(2.0)), ("peak_share", Goal::AtLeast(0.6))],
        ..Timed::new(
            "mechanisms-step",
            "Ten experts of half width compete for 32 pictures of 32×32 pixels: all forward, the discriminator's loss and gradient on 352 pictures, every winner's gradient on what it won, Adam.",
            mechanisms::step,
        )
    }
}

/// The rows that are one piece of work each.
pub fn timed() -> Vec<Timed> {
    let mut all = vec![
        RHO_STEP,
        NTM_TRAIN_1,
        NTM_TRAIN_16,
        NGPU_TRAIN,
        DNGPU_TRAIN,
        NGPU_INFER,
        mechanisms_step(),
        MAML_STEP,
        OP_OVERHEAD,
        USER_FUSED,
        GEMM,
        CONV_24,
        CONV_128,
        TANH,
        SOFTMAX_XENT,
    ];
    all.extend(super::quantizer_rows::all());
    all
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
        Box::new(Tokenize),
    ]);
    all
}
