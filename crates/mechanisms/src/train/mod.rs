//! Training by competition (Parascandolo et al. 2018, algorithm 1, and ours).

mod config;
mod gradient;
mod identity;
mod revival;
mod saved;

pub use config::{Identity, Opening, Sharpening, Statistics, TrainConfig};
pub use gradient::discriminator_loss;
pub use revival::Revival;

use seedbed_autodiff::{Float, Module as _, Rng, Tensor, value_and_grad, value_and_grad_aux};
use seedbed_data::Batches;
use seedbed_nn::ema::{Ema, EmaConfig};
use seedbed_nn::optim::Adam;
use seedbed_nn::{Checked, Config as _};
use serde::{Deserialize, Serialize};

use crate::MechanismsError;
use crate::competition::{Competition, Round};
use crate::experts::Experts;
use crate::network::{Discriminator, Expert};
use crate::samples::Unpaired;

/// Experts in training.
///
/// One step: draw transformed images x′ and canonical images x. Every expert makes y = E(x′) of every image, the discriminator judges all, and
/// the competition says who wins which image. An expert learns from what it won only; the discriminator learns to tell x from every y:
///
/// ```text
/// expert j:        − Σ ln D(E_j(x′)) over the images that j won, divided by the batch
/// discriminator:   − mean ln D(x) − mean over experts and images of ln (1 − D(E_j(x′)))
/// ```
///
/// With [`Sharpening`] the discriminator looks harder at the winners, once there are any.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_mechanisms::mechanism::Mechanism;
/// use seedbed_mechanisms::network::DiscriminatorConfig;
/// use seedbed_mechanisms::samples::Unpaired;
/// use seedbed_mechanisms::train::{TrainConfig, Trainer};
/// use seedbed_nn::Config;
///
/// let images = Tensor::<f32>::uniform(&[64, 8, 8, 1], 0.0, 1.0, &mut Rng::new(0));
/// let two = [Mechanism::Invert, Mechanism::Shift { down: 0, right: 1 }];
/// let (data, _truth) = Unpaired::split(&images, &two, &mut Rng::new(1))?;
/// let config = TrainConfig { experts: 2, ..TrainConfig::default() }.half().half();
/// let config = config.for_images(data.image_shape()).check()?;
/// let mut trainer = Trainer::<f32>::new(&config, &data, 7)?;
/// let report = trainer.step(&data)?;
/// assert_eq!(report.wins.iter().sum::<usize>(), config.batch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trainer<F: Float = f32> {
    config: Checked<TrainConfig>,
    /// Experts and discriminator as they are.
    pub model: Experts<F>,
    /// Who says who wins, where that is not the discriminator itself.
    judge: Option<Ema<Discriminator<F>>>,
    expert_adams: Vec<Adam<Expert<F>>>,
    discriminator_adam: Adam<Discriminator<F>>,
    competition: Competition,
    /// For which share of images each expert's score was the highest lately.
    best_shares: Vec<f64>,
    canonical: Batches,
    transformed: Batches,
    /// How many canonical and transformed images there are.
    images: [usize; 2],
    rng: Rng,
    steps: u64,
}

/// What happened in a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Which step, from 1.
    pub step: u64,
    /// How many images each expert won.
    pub wins: Vec<usize>,
    /// The mean logit of each expert's outputs; NaN of one that diverged, which JSON has as `null`.
    #[serde(with = "or_nan")]
    pub scores: Vec<f64>,
    /// The winners' loss.
    #[serde(with = "or_nan::one")]
    pub expert_loss: f64,
    /// The discriminator's loss, without its regularisers.
    #[serde(with = "or_nan::one")]
    pub discriminator_loss: f64,
    /// The expert that took over after this step, and from which.
    pub revived: Option<[usize; 2]>,
}

/// NaN and infinities in files: JSON has no number for them, and all are read as NaN.
mod or_nan {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(all: &[f64], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(all.iter().map(|x| x.is_finite().then_some(*x)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        let all = Vec::<Option<f64>>::deserialize(from)?;
        Ok(all.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect())
    }

    /// A single one.
    pub(super) mod one {
        use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

        pub(in super::super) fn serialize<S: Serializer>(
            x: &f64,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            x.is_finite().then_some(*x).serialize(to)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<f64, D::Error> {
            Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
        }
    }
}

impl<F: Float> Trainer<F> {
    /// Before the first step; [`Identity`] training, where the configuration asks for it, is done here.
    ///
    /// # Errors
    /// If the data's images have another shape than the configuration's, or there are fewer than a batch.
    pub fn new(
        config: &Checked<TrainConfig>,
        data: &Unpaired<F>,
        seed: u64,
    ) -> Result<Self, MechanismsError> {
        let mut rng = Rng::new(seed);
        let mut model = Experts::new(config, &mut rng);
        let batches = |images: &Tensor<F>, what, rng: &mut Rng| {
            let n = images.shape()[0];
            let too_few = |_| {
                let expected = format!("at least {} images, a batch", config.batch);
                MechanismsError::shape(what, images.shape(), expected)
            };
            Batches::new(n, config.batch, rng.split())
                .and_then(|b| b.drop_last(true))
                .map_err(too_few)
        };
        check(config, data)?;
        let canonical = batches(data.canonical(), "the canonical images", &mut rng)?;
        let mut transformed = batches(data.transformed(), "the transformed images", &mut rng)?;
        if let Some(identity) = config.identity {
            identity::learn(&mut model.experts, &identity, data.transformed(), &mut transformed);
        }
        let adam = |config: &seedbed_nn::optim::AdamConfig| {
            config.clone().check().expect("a part of what was checked")
        };
        let of_expert = |expert| Adam::new(expert, adam(&config.expert_adam));
        Ok(Self {
            expert_adams: model.experts.iter().map(of_expert).collect(),
            discriminator_adam: Adam::new(&model.discriminator, adam(&config.discriminator_adam)),
            judge: (config.judge_decay > 0.0).then(|| {
                let ema = EmaConfig { decay: config.judge_decay, warm_up: true };
                Ema::new(&model.discriminator, ema.check().expect("a decay that was checked"))
            }),
            competition: Competition::new(config.experts, config.rule)?,
            best_shares: vec![1.0 / config.experts as f64; config.experts],
            config: config.clone(),
            model,
            canonical,
            transformed,
            images: counts(data),
            rng,
            steps: 0,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &Checked<TrainConfig> {
        &self.config
    }

    /// Experts as they are, with the discriminator that says who wins: the running average, where there is one.
    pub fn judged(&self) -> Experts<F> {
        let mut model = self.model.clone();
        if let Some(judge) = &self.judge {
            model.discriminator = judge.average.clone();
        }
        model
    }

    /// How many steps were made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// One step. Nothing changes where it fails, but the batches that were drawn.
    ///
    /// # Errors
    /// If the data have another shape or number of images than those that the trainer was made for, or the scores of an image are all NaN, which is how a training that diverged ends.
    pub fn step(&mut self, data: &Unpaired<F>) -> Result<StepReport, MechanismsError> {
        self.check(data)?;
        let x = data.transformed().index_select(0, &self.transformed.next_rows());
        self.step_on(data, &x, |competition, scores, rng| competition.judge(scores, rng))
    }

    /// One step in which another function decides who wins: an oracle that knows the mechanism of every row of the transformed images, for example.
    ///
    /// # Errors
    /// As [`step`](Self::step), and what `decide` says.
    pub fn step_decided(
        &mut self,
        data: &Unpaired<F>,
        decide: impl FnOnce(&[usize]) -> Vec<usize>,
    ) -> Result<StepReport, MechanismsError> {
        self.check(data)?;
        let rows = self.transformed.next_rows();
        let x = data.transformed().index_select(0, &rows);
        self.step_on(data, &x, |_, scores, _| Round::of_winners(decide(&rows), scores))
    }

    /// Whether these can be the data that the trainer was made for.
    fn check(&self, data: &Unpaired<F>) -> Result<(), MechanismsError> {
        check(&self.config, data)?;
        let all = [
            ("the canonical images", data.canonical()),
            ("the transformed images", data.transformed()),
        ];
        for ((what, images), n) in all.into_iter().zip(self.images) {
            if images.shape()[0] != n {
                let expected = format!("{n} images, as those that the trainer was made for");
                return Err(MechanismsError::shape(what, images.shape(), expected));
            }
        }
        Ok(())
    }

    fn step_on(
        &mut self,
        data: &Unpaired<F>,
        x: &Tensor<F>,
        decide: impl FnOnce(&mut Competition, &Tensor<F>, &mut Rng) -> Result<Round<F>, MechanismsError>,
    ) -> Result<StepReport, MechanismsError> {
        let config = &self.config;
        let real = data.canonical().index_select(0, &self.canonical.next_rows());
        let opening = config.opening.and_then(|opening| opening.at(self.steps));
        self.competition.set_rule(opening.unwrap_or(config.rule))?;
        // Everybody on everything, without a graph.
        let (outputs, moments): (Vec<_>, Vec<_>) =
            self.model.experts.iter().map(|expert| expert.forward_train(x)).unzip();
        let fakes = Tensor::concat(&outputs, 0);
        let (_, (logits, discriminator_loss), mut of_discriminator) =
            value_and_grad_aux(&self.model.discriminator, |d| {
                gradient::discriminator_loss(d, config, &real, &fakes)
            });
        let logits = match &self.judge {
            // What the discriminator cannot judge has no score: nobody may learn from it.
            Some(judge) => logits.ne(&logits).select(f64::NAN, judge.average.forward(&fakes)),
            None => logits,
        };
        let scores = logits.reshape(&[config.experts, config.batch]).t();
        let round = decide(&mut self.competition, &scores, &mut self.rng)?;

        if let Some(Sharpening { weight, .. }) = config.sharpening.filter(|s| s.from <= self.steps)
        {
            let won = round.select(&outputs);
            let (_, more) = value_and_grad(&self.model.discriminator, |d| {
                gradient::told_apart(d, config.smoothing, &real, &won).0 * weight
            });
            of_discriminator = of_discriminator.zip_params(&more, |a, b| a + b);
        }

        let (expert_loss, of_experts) =
            gradient::winners(&self.model, config.statistics, x, &round, &moments);
        let rate = config.schedule.factor(self.steps);
        for (j, gradient) in of_experts {
            self.expert_adams[j].step_scaled(&mut self.model.experts[j], &gradient, rate);
        }
        for (expert, moments) in self.model.experts.iter_mut().zip(&moments) {
            expert.update(moments);
        }
        self.discriminator_adam.step_scaled(&mut self.model.discriminator, &of_discriminator, rate);
        self.model.discriminator.update();
        if let Some(judge) = &mut self.judge {
            judge.update(&self.model.discriminator);
        }
        self.steps += 1;
        let revived = self.revive(&round.statistics.best);
        let mean = |j: isize| scores.index(1, j).mean(..).item().f64();
        Ok(StepReport {
            step: self.steps,
            wins: round.statistics.wins,
            scores: (0..self.config.experts as isize).map(mean).collect(),
            expert_loss,
            discriminator_loss,
            revived,
        })
    }

    /// Lets an idle expert take over from one that does too much, if that is due; `best` counts the highest scores of this step.
    fn revive(&mut self, best: &[usize]) -> Option<[usize; 2]> {
        const DECAY: f64 = 0.95;
        let images = best.iter().sum::<usize>() as f64;
        for (share, &n) in self.best_shares.iter_mut().zip(best) {
            *share = *share * DECAY + n as f64 / images * (1.0 - DECAY);
        }
        let [idle, crowded] = self.config.revival?.due(self.steps, &self.best_shares)?;
        self.model.experts[idle] = self.model.experts[crowded].clone();
        self.expert_adams[idle] = self.expert_adams[crowded].clone();
        self.competition.level([idle, crowded]);
        let mean = (self.best_shares[idle] + self.best_shares[crowded]) / 2.0;
        (self.best_shares[idle], self.best_shares[crowded]) = (mean, mean);
        Some([idle, crowded])
    }
}

fn counts<F: Float>(data: &Unpaired<F>) -> [usize; 2] {
    [data.canonical(), data.transformed()].map(|images| images.shape()[0])
}

fn check<F: Float>(config: &TrainConfig, data: &Unpaired<F>) -> Result<(), MechanismsError> {
    let [h, w, c] = config.discriminator.image;
    if data.image_shape() != [h, w, c] {
        let expected = format!("[n, {h}, {w}, {c}], as the configuration says");
        return Err(MechanismsError::shape("the images", data.canonical().shape(), expected));
    }
    Ok(())
}
