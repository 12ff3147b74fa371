//! What is trained: a machine or one of those it is compared with.

use anyhow::Result;
use seedbed::autodiff::{Module, Path, Rng, Role, Tensor};
use seedbed::nn::Config as _;
use seedbed::ntm::{
    AddActivation, ControllerConfig, Dnc, DncConfig, LstmBaseline, MemoryInit, Ntm, NtmConfig,
    SequenceModel,
};

use super::recall::SIMILARITY_EPS;

/// A network before it has weights; the task says how many inputs and outputs it has.
#[derive(Clone, Debug)]
pub(super) enum Network {
    Ntm(NtmConfig),
    Dnc(DncConfig),
    Lstm { hidden: usize, layers: usize },
}

/// A network with weights.
#[derive(Clone, Debug)]
pub(super) enum Model {
    Ntm(Ntm),
    Dnc(Dnc),
    Lstm(LstmBaseline),
}

/// A machine with a feed-forward controller.
pub(super) fn feed_forward(hidden: usize) -> NtmConfig {
    NtmConfig {
        controller: ControllerConfig::FeedForward { hidden, layers: 1 },
        ..Default::default()
    }
}

/// A machine with an LSTM as its controller.
pub(super) fn lstm(hidden: usize) -> NtmConfig {
    NtmConfig { controller: ControllerConfig::Lstm { hidden, layers: 1 }, ..Default::default() }
}

/// A machine whose places are found by content, among so many first rows that are learnt: they have to differ before anything is written.
pub(super) fn with_learnt_rows(slots: usize, machine: NtmConfig) -> NtmConfig {
    NtmConfig {
        slots,
        memory: MemoryInit::Learned,
        add: AddActivation::Tanh,
        similarity_eps: SIMILARITY_EPS,
        ..machine
    }
}

impl Network {
    pub(super) fn build(&self, [inputs, outputs]: [usize; 2], rng: &mut Rng) -> Result<Model> {
        Ok(match self {
            Network::Ntm(config) => {
                let config = NtmConfig { inputs, outputs, ..config.clone() };
                Model::Ntm(Ntm::new(&config.check()?, rng))
            }
            Network::Dnc(config) => {
                let config = DncConfig { inputs, outputs, ..config.clone() };
                Model::Dnc(Dnc::new(&config.check()?, rng))
            }
            &Network::Lstm { hidden, layers } => {
                Model::Lstm(LstmBaseline::new(inputs, outputs, hidden, layers, rng))
            }
        })
    }
}

impl Module<f32> for Model {
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor)) {
        match self {
            Model::Ntm(m) => m.walk(path, f),
            Model::Dnc(m) => m.walk(path, f),
            Model::Lstm(m) => m.walk(path, f),
        }
    }
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor)) {
        match self {
            Model::Ntm(m) => m.walk_mut(path, f),
            Model::Dnc(m) => m.walk_mut(path, f),
            Model::Lstm(m) => m.walk_mut(path, f),
        }
    }
}

impl SequenceModel<f32> for Model {
    fn inputs(&self) -> usize {
        match self {
            Model::Ntm(m) => SequenceModel::inputs(m),
            Model::Dnc(m) => SequenceModel::inputs(m),
            Model::Lstm(m) => m.inputs(),
        }
    }
    fn slots(&self) -> Option<usize> {
        match self {
            Model::Ntm(m) => SequenceModel::slots(m),
            Model::Dnc(m) => m.slots(),
            Model::Lstm(m) => m.slots(),
        }
    }
    fn logits(&self, sequence: &Tensor) -> Tensor {
        match self {
            Model::Ntm(m) => m.logits(sequence),
            Model::Dnc(m) => m.logits(sequence),
            Model::Lstm(m) => m.logits(sequence),
        }
    }
    fn noisy_logits(&self, sequence: &Tensor, std: f64, rng: &mut Rng) -> Tensor {
        match self {
            Model::Ntm(m) => m.forward_noisy(sequence, std, rng),
            Model::Dnc(_) | Model::Lstm(_) => self.logits(sequence),
        }
    }
}
