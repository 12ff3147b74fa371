//! The quantizers that are compared, by size.

use seedbed::quantizers::train::{
    CodebookInit, CodebookLearning, Estimator, FsqConfig, LearnerConfig, LfqConfig, Revival,
    SimVqConfig, VqConfig,
};
use seedbed::quantizers::{Dialect, Metric, levels_for_bits};

/// A quantizer of any size.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// Its name in rows.
    pub name: &'static str,
    /// Its configuration for 2^bits codes.
    pub of: fn(u32) -> LearnerConfig,
    /// Whether vectors are normalised before it.
    pub normalize: bool,
}

const fn kind(name: &'static str, of: fn(u32) -> LearnerConfig) -> Kind {
    Kind { name, of, normalize: false }
}

/// All of them; the first is the one that others are held against.
pub(super) const KINDS: [Kind; 12] = [
    kind("fsq", |bits| fsq(bits, Dialect::Lucidrains)),
    kind("ifsq", |bits| fsq(bits, Dialect::Ifsq)),
    Kind { name: "lfq", of: |bits| lfq(bits, false), normalize: true },
    Kind { name: "bsq", of: |bits| lfq(bits, true), normalize: true },
    kind("vq-over-size", |bits| gradient(bits, CodebookInit::OverSize, Estimator::StraightThrough)),
    kind("vq-reference", |bits| {
        gradient(bits, CodebookInit::Reference, Estimator::StraightThrough)
    }),
    kind("vq-average", |bits| average(bits, Estimator::StraightThrough)),
    kind("vq-rotation", |bits| average(bits, Estimator::Rotation)),
    kind("vq-no-revival", |bits| LearnerConfig::Vq(VqConfig { revival: None, ..vq(bits) })),
    kind("vq-cosine", cosine),
    kind("vq-diveq", |bits| {
        gradient(bits, CodebookInit::Data, Estimator::Diveq { variance: 1e-3 })
    }),
    kind("sim-vq", sim),
];

fn fsq(bits: u32, dialect: Dialect) -> LearnerConfig {
    LearnerConfig::Fsq(FsqConfig { levels: levels_for_bits(bits), dialect, ..Default::default() })
}

fn lfq(bits: u32, spherical: bool) -> LearnerConfig {
    // The authors' weights; codes are as sure as a temperature of 1 makes them.
    let inverse_temperature = if spherical { 10.0 } else { 1.0 };
    LearnerConfig::Lfq(LfqConfig {
        bits,
        spherical,
        inverse_temperature,
        commitment: 0.25,
        ..Default::default()
    })
}

/// Averages from k-means, with revival: the default.
fn vq(bits: u32) -> VqConfig {
    VqConfig { codebook_size: 1 << bits, commitment: 0.25, ..Default::default() }
}

fn average(bits: u32, estimator: Estimator) -> LearnerConfig {
    LearnerConfig::Vq(VqConfig { estimator, revival: Some(REVIVAL), ..vq(bits) })
}

/// A code that on average has less than a hundredth of a vector in a batch is moved.
const REVIVAL: Revival = Revival { threshold: 0.01, reset: 1.0 };

fn gradient(bits: u32, init: CodebookInit, estimator: Estimator) -> LearnerConfig {
    let revival = matches!(estimator, Estimator::Diveq { .. }).then_some(REVIVAL);
    let learning = CodebookLearning::Gradient;
    LearnerConfig::Vq(VqConfig { learning, init, estimator, revival, ..vq(bits) })
}

/// Few dimensions and unit length: what large codebooks of image tokenizers are made of.
fn cosine(bits: u32) -> LearnerConfig {
    LearnerConfig::Vq(VqConfig {
        metric: Metric::Cosine,
        codebook_dim: Some(8),
        revival: Some(REVIVAL),
        ..vq(bits)
    })
}

fn sim(bits: u32) -> LearnerConfig {
    LearnerConfig::SimVq(SimVqConfig { codebook_size: 1 << bits, ..Default::default() })
}
