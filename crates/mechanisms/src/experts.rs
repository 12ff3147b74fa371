//! A trained set of experts: images in, restored images and winners out.

use std::path::Path;

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};
use seedbed_nn::{Checked, Config as _};

use crate::MechanismsError;
use crate::competition::{Competition, Round, Rule};
use crate::error::all_finite;
use crate::network::{Discriminator, Expert};
use crate::train::TrainConfig;

/// Experts and their judge.
#[derive(Clone, Debug)]
pub struct Experts<F: Float = f32> {
    /// Who competes.
    pub experts: Vec<Expert<F>>,
    /// Who judges.
    pub discriminator: Discriminator<F>,
}
module!(Experts<F> { experts, discriminator });

/// What became of images.
#[derive(Clone, Debug)]
pub struct Restored<F: Float = f32> {
    /// The winners' outputs, `[n, h, w, channels]`.
    pub images: Tensor<F>,
    /// Which experts made each, first to last.
    pub experts: Vec<Vec<usize>>,
    /// The discriminator's logit of each.
    pub scores: Vec<f64>,
}

/// Every expert's images, and who wins.
pub(crate) struct Competed<F: Float> {
    pub(crate) outputs: Vec<Tensor<F>>,
    pub(crate) round: Round<F>,
}

/// An image on its way through several experts.
#[derive(Clone)]
struct Attempt<F: Float> {
    score: f64,
    image: Tensor<F>,
    by: Vec<usize>,
}

/// Images that are in memory at a time for each expert.
const CHUNK: usize = 128;

impl<F: Float> Experts<F> {
    /// Untrained ones.
    pub fn new(config: &Checked<TrainConfig>, rng: &mut Rng) -> Self {
        let of_expert = config.expert.clone().check().expect("a part of what was checked");
        let of_judge = config.discriminator.clone().check().expect("a part of what was checked");
        Self {
            experts: (0..config.experts).map(|_| Expert::new(&of_expert, rng)).collect(),
            discriminator: Discriminator::new(&of_judge, rng),
        }
    }

    /// What every expert makes of images, and the scores `[n, experts]`: the discriminator's logits. Batch normalisation by running statistics.
    ///
    /// # Panics
    /// If the images do not fit.
    #[track_caller]
    pub fn compete(&self, images: &Tensor<F>) -> (Vec<Tensor<F>>, Tensor<F>) {
        let outputs: Vec<Tensor<F>> = self.experts.iter().map(|e| e.forward(images)).collect();
        let scores: Vec<Tensor<F>> =
            outputs.iter().map(|y| self.discriminator.forward(y)).collect();
        (outputs, Tensor::stack(&scores, 1))
    }

    /// Every image by the expert that the discriminator likes best.
    ///
    /// # Errors
    /// If the images do not fit the experts, a pixel is not finite, or an image has NaN as every score.
    pub fn restore(&self, images: &Tensor<F>) -> Result<Restored<F>, MechanismsError> {
        self.by_rounds(images, |experts, images| {
            let (outputs, scores) = experts.compete(images);
            let round = experts.judge(&scores)?;
            let n = experts.experts.len();
            let of_winner = |(i, &w): (usize, &usize)| scores.data()[i * n + w].f64();
            Ok(Restored {
                images: round.select(&outputs),
                scores: round.winners().iter().enumerate().map(of_winner).collect(),
                experts: round.winners().iter().map(|&w| vec![w]).collect(),
            })
        })
    }

    /// Every image by all experts together, weighted by softmax(scores / `temperature`): a committee. `experts` names the best one.
    ///
    /// # Errors
    /// As [`restore`](Self::restore); also if the temperature is not above 0.
    pub fn restore_together(
        &self,
        images: &Tensor<F>,
        temperature: f64,
    ) -> Result<Restored<F>, MechanismsError> {
        let rule = Rule::Soft { temperature };
        Competition::new(self.experts.len(), rule)?;
        self.by_rounds(images, |experts, images| {
            let (outputs, scores) = experts.compete(images);
            let round =
                Competition::new(experts.experts.len(), rule)?.judge(&scores, &mut Rng::new(0))?;
            let mixed = round.mix(&outputs);
            let of_mixed = experts.discriminator.forward(&mixed);
            Ok(Restored {
                images: mixed,
                scores: of_mixed.data().iter().map(|x| x.f64()).collect(),
                experts: round.winners().iter().map(|&w| vec![w]).collect(),
            })
        })
    }

    /// Every image by up to `depth` experts in a row: of all rows, with the `beam` best ones kept after each step, the one with the highest score.
    /// With a beam as large as the number of experts, two steps are an exhaustive search.
    ///
    /// # Errors
    /// As [`restore`](Self::restore); also if `depth` or `beam` is 0.
    pub fn restore_in_turn(
        &self,
        images: &Tensor<F>,
        depth: usize,
        beam: usize,
    ) -> Result<Restored<F>, MechanismsError> {
        for (setting, value) in [("depth", depth), ("beam", beam)] {
            if value == 0 {
                return Err(MechanismsError::setting(setting, 0, "at least 1"));
            }
        }
        self.by_rounds(images, |experts, images| experts.search(images, depth, beam))
    }

    fn search(
        &self,
        images: &Tensor<F>,
        depth: usize,
        beam: usize,
    ) -> Result<Restored<F>, MechanismsError> {
        let mut restored = Vec::new();
        for sample in 0..images.shape()[0] {
            let start = Attempt {
                score: f64::NEG_INFINITY,
                image: images.slice(0, sample..sample + 1),
                by: vec![],
            };
            let (mut front, mut best) = (vec![start], None::<Attempt<F>>);
            for _ in 0..depth {
                front = self.continued(&front, beam);
                let first = front.first().ok_or(MechanismsError::NoScore { sample })?;
                if best.as_ref().is_none_or(|best| first.score > best.score) {
                    best = Some(first.clone());
                }
            }
            restored.extend(best);
        }
        let images: Vec<Tensor<F>> = restored.iter().map(|attempt| attempt.image.clone()).collect();
        Ok(Restored {
            images: Tensor::concat(&images, 0),
            scores: restored.iter().map(|attempt| attempt.score).collect(),
            experts: restored.into_iter().map(|attempt| attempt.by).collect(),
        })
    }

    /// Every attempt goes on with every expert; the `beam` best, best first. NaN is left out.
    fn continued(&self, front: &[Attempt<F>], beam: usize) -> Vec<Attempt<F>> {
        let images: Vec<Tensor<F>> = front.iter().map(|attempt| attempt.image.clone()).collect();
        let (outputs, scores) = self.compete(&Tensor::concat(&images, 0));
        let experts = self.experts.len();
        let mut order: Vec<usize> =
            (0..scores.len()).filter(|&i| !scores.data()[i].is_nan()).collect();
        order.sort_by(|&a, &b| scores.data()[b].f64().total_cmp(&scores.data()[a].f64()));
        order.truncate(beam);
        let attempt = |i: usize| {
            let (row, expert) = (i / experts, i % experts);
            Attempt {
                score: scores.data()[i].f64(),
                image: outputs[expert].slice(0, row..row + 1),
                by: front[row].by.iter().copied().chain([expert]).collect(),
            }
        };
        order.into_iter().map(attempt).collect()
    }

    /// What every expert makes of any number of images, some at a time, and who wins them.
    pub(crate) fn compete_all(&self, images: &Tensor<F>) -> Result<Competed<F>, MechanismsError> {
        self.check(images)?;
        let n = images.shape()[0];
        let mut parts = vec![Vec::new(); self.experts.len()];
        let mut scores = Vec::new();
        for start in (0..n).step_by(CHUNK) {
            let (outputs, of_part) = self.compete(&images.slice(0, start..n.min(start + CHUNK)));
            parts.iter_mut().zip(outputs).for_each(|(parts, output)| parts.push(output));
            scores.push(of_part);
        }
        let outputs = parts.iter().map(|parts| Tensor::concat(parts, 0)).collect();
        Ok(Competed { outputs, round: self.judge(&Tensor::concat(&scores, 0))? })
    }

    /// The highest score wins.
    pub(crate) fn judge(&self, scores: &Tensor<F>) -> Result<Round<F>, MechanismsError> {
        Competition::new(self.experts.len(), Rule::Argmax)?.judge(scores, &mut Rng::new(0))
    }

    /// Cuts the images, so that not everything is in memory at once.
    fn by_rounds(
        &self,
        images: &Tensor<F>,
        round: impl Fn(&Self, &Tensor<F>) -> Result<Restored<F>, MechanismsError>,
    ) -> Result<Restored<F>, MechanismsError> {
        self.check(images)?;
        let mut parts = Vec::new();
        let (mut experts, mut scores) = (Vec::new(), Vec::new());
        let n = images.shape()[0];
        for start in (0..n).step_by(CHUNK) {
            let part = round(self, &images.slice(0, start..n.min(start + CHUNK)))?;
            parts.push(part.images);
            experts.extend(part.experts);
            scores.extend(part.scores);
        }
        Ok(Restored { images: Tensor::concat(&parts, 0), experts, scores })
    }

    /// Whether the images fit.
    fn check(&self, images: &Tensor<F>) -> Result<(), MechanismsError> {
        let Some(first) = self.experts.first() else { return Err(MechanismsError::NoExperts) };
        let channels = first.convs[0].weight.shape()[2];
        let halvings = self.discriminator.blocks.len() as u32;
        let features = |shape: &[usize]| {
            let last = self.discriminator.blocks.last().and_then(|block| block.last());
            let width = last.map_or(channels, |conv| conv.weight.shape()[3]);
            (shape[1] >> halvings) * (shape[2] >> halvings) * width
        };
        let wanted = self.discriminator.hidden.weight.shape()[0];
        let shape = images.shape();
        if shape.len() != 4 || shape[3] != channels || features(shape) != wanted {
            let expected = format!(
                "[n, height, width, {channels}] of the size that the experts were trained on"
            );
            return Err(MechanismsError::shape("the images", shape, expected));
        }
        if shape[0] == 0 {
            return Err(MechanismsError::Empty { what: "the set of images" });
        }
        all_finite(images, || "a pixel".into())
    }

    /// Writes experts, discriminator and configuration to a file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, config: &Checked<TrainConfig>, file: &Path) -> Result<(), CheckpointError> {
        Writer::new().module("model", self).value("config", &**config)?.write(file)
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold what its configuration says.
    pub fn load(file: &Path) -> Result<(Self, Checked<TrainConfig>), CheckpointError> {
        let checkpoint = Checkpoint::read(file)?;
        let corrupt = |problem| CheckpointError::Corrupt { file: file.into(), problem };
        let config: TrainConfig = checkpoint.value("config")?;
        let config = config.check().map_err(|error| corrupt(error.to_string()))?;
        // A few bytes of configuration may ask for any amount of memory; the tensors are as large as the file.
        if config.elements() > checkpoint.elements() as f64 {
            return Err(corrupt(
                "its configuration describes larger networks than it holds".into(),
            ));
        }
        let model = checkpoint.module("model", &Self::new(&config, &mut Rng::new(0)))?;
        Ok((model, config))
    }
}
