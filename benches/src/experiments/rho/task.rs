//! What is trained on: rows, what is known about them, and a test set.

use anyhow::Result;
use seedbed::autodiff::{Rng, Tensor};
use seedbed::data::{
    ImageSet, LabelNoise, Normalize, TrainTest, dominated, duplicate, fashion_mnist, imbalance,
    long_tail, mnist, stratified_split,
};
use seedbed::nn::Sequential;

use super::net;
use crate::experiment::{Context, Profile};

/// A data set as tensors, shared by the tasks of all seeds.
#[derive(Clone)]
pub(crate) struct Source {
    pub images: ImageSet,
    /// `[images, 784]`.
    x: Tensor,
    test: (Tensor, Vec<usize>),
}

impl Source {
    pub(crate) fn new(data: &TrainTest) -> Result<Self> {
        let normalize = Normalize::fit(&data.train)?;
        let flat = |set: &ImageSet| {
            let rows: Vec<usize> = (0..set.len()).collect();
            set.tensor_with(&rows, &normalize).reshape(&[set.len(), 784])
        };
        let test = (flat(&data.test), data.test.labels().to_vec());
        Ok(Self { images: data.train.clone(), x: flat(&data.train), test })
    }

    fn classes(&self) -> usize {
        self.images.num_classes()
    }
}

/// MNIST: embedded, or all of it.
pub(crate) fn digits(context: &Context) -> Result<Source> {
    Source::new(&match context.profile {
        Profile::Quick => mnist::embedded(),
        Profile::Full => mnist::load(&context.data_dir()?)?,
    })
}

/// Fashion-MNIST: embedded, or all of it.
pub(crate) fn clothes(context: &Context) -> Result<Source> {
    Source::new(&match context.profile {
        Profile::Quick => fashion_mnist::embedded(),
        Profile::Full => fashion_mnist::load(&context.data_dir()?)?,
    })
}

/// Rows to train on, then rows of a holdout set. A row is an example: several may show one image.
pub(crate) struct Task {
    source: Source,
    /// The image of each row.
    image: Vec<usize>,
    /// The label that is trained on, of each row.
    labels: Vec<usize>,
    /// The rows below are for training, the others for the reference model.
    train: usize,
    /// Whether a row's label is wrong.
    pub corrupted: Vec<bool>,
    /// Whether other training rows show the same image.
    pub duplicated: Vec<bool>,
    /// Whether the test set has nothing like it.
    pub irrelevant: Vec<bool>,
    test: (Tensor, Vec<usize>),
}

impl Task {
    /// Rows of these images with these labels.
    fn new(source: &Source, train: Vec<Example>, holdout: Vec<Example>) -> Self {
        let mut shown = vec![0_u32; source.images.len()];
        train.iter().for_each(|example| shown[example.image] += 1);
        let count = train.len();
        let rows: Vec<Example> = train.into_iter().chain(holdout).collect();
        let truth = source.images.labels();
        Self {
            image: rows.iter().map(|row| row.image).collect(),
            labels: rows.iter().map(|row| row.label).collect(),
            train: count,
            corrupted: rows.iter().map(|row| row.label != truth[row.image]).collect(),
            duplicated: rows.iter().map(|row| shown[row.image] > 1).collect(),
            irrelevant: vec![false; rows.len()],
            test: source.test.clone(),
            source: source.clone(),
        }
    }

    /// The rows to train on.
    pub(crate) fn train(&self) -> Vec<usize> {
        (0..self.train).collect()
    }

    /// The rows of the holdout set.
    pub(crate) fn holdout(&self) -> Vec<usize> {
        (self.train..self.labels.len()).collect()
    }

    /// `[rows, 784]`.
    pub(crate) fn x(&self, rows: &[usize]) -> Tensor {
        let images: Vec<usize> = rows.iter().map(|&row| self.image[row]).collect();
        self.source.x.index_select(0, &images)
    }

    pub(crate) fn labels(&self, rows: &[usize]) -> Vec<usize> {
        rows.iter().map(|&row| self.labels[row]).collect()
    }

    /// The loss of each row, for inference.
    pub(crate) fn losses(&self, net: &Sequential, rows: &[usize]) -> Tensor {
        net::outputs(net, &self.x(rows)).logits.cross_entropy_each(&self.labels(rows))
    }

    pub(crate) fn test(&self) -> (&Tensor, &[usize]) {
        (&self.test.0, &self.test.1)
    }

    /// The pixels and the label of a row, for a picture.
    pub(crate) fn picture(&self, row: usize) -> (Vec<u8>, String) {
        let pixels = self.source.images.images().outer_iter().nth(self.image[row]);
        let pixels = pixels.expect("a row shows an image").iter().copied().collect();
        (pixels, self.labels[row].to_string())
    }

    pub(crate) fn classes(&self) -> usize {
        self.source.classes()
    }
}

/// An image with the label that it is given.
#[derive(Clone, Copy)]
struct Example {
    image: usize,
    label: usize,
}

fn examples(images: &[usize], labels: &[usize]) -> Vec<Example> {
    images.iter().map(|&image| Example { image, label: labels[image] }).collect()
}

/// Whether a holdout set is as noisy as what is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holdout {
    /// That of a practitioner is no cleaner than the rest.
    Alike,
    Clean,
}

impl Holdout {
    fn labels<'a>(self, source: &'a Source, noisy: &'a [usize]) -> &'a [usize] {
        match self {
            Self::Alike => noisy,
            Self::Clean => source.images.labels(),
        }
    }
}

/// Two class-stratified halves, for training and as holdout set.
pub(crate) fn halves(
    source: &Source,
    noise: &LabelNoise,
    holdout: Holdout,
    rng: &mut Rng,
) -> Result<Task> {
    let labels = noisy(source, Some(noise), rng)?;
    let parts = stratified_split(&labels, &[0.5, 0.5], rng)?;
    let of_holdout = holdout.labels(source, &labels);
    Ok(Task::new(source, examples(&parts[0], &labels), examples(&parts[1], of_holdout)))
}

/// Two class-stratified halves without a wrong label.
pub(crate) fn clean_halves(source: &Source, rng: &mut Rng) -> Result<Task> {
    let labels = source.images.labels();
    let parts = stratified_split(labels, &[0.5, 0.5], rng)?;
    Ok(Task::new(source, examples(&parts[0], labels), examples(&parts[1], labels)))
}

/// Everything is for training.
pub(crate) fn whole(source: &Source, noise: Option<&LabelNoise>, rng: &mut Rng) -> Result<Task> {
    let labels = noisy(source, noise, rng)?;
    let all: Vec<usize> = (0..labels.len()).collect();
    Ok(Task::new(source, examples(&all, &labels), Vec::new()))
}

/// Two halves, that for training with a tenth of the labels random and a fifth of the digits five times.
pub(crate) fn repeated(source: &Source, holdout: Holdout, rng: &mut Rng) -> Result<Task> {
    let labels = noisy(source, Some(&LabelNoise::Uniform { share: 0.1 }), rng)?;
    let parts = stratified_split(&labels, &[0.5, 0.5], rng)?;
    let rows = duplicate(parts[0].len(), 0.2, 5, rng)?;
    let images: Vec<usize> = rows.into_iter().map(|row| parts[0][row]).collect();
    let of_holdout = holdout.labels(source, &labels);
    Ok(Task::new(source, examples(&images, &labels), examples(&parts[1], of_holdout)))
}

/// Clothes as a crawler finds them: 38 % of the labels wrong, by class, as in Clothing-1M; a tenth of the images five times; the most
/// frequent class ten times as frequent as the rarest. The holdout set is a clean, balanced tenth of the images.
pub(crate) fn web(source: &Source, rng: &mut Rng) -> Result<Task> {
    let truth = source.images.labels();
    let parts = stratified_split(truth, &[0.9, 0.1], rng)?;
    let noise = LabelNoise::fashion_confusions(0.38);
    let labels = noise.apply(truth, source.classes(), rng)?.labels;
    // The true classes of the crawled images are imbalanced, whatever their labels say.
    let crawled: Vec<usize> = parts[0].iter().map(|&image| truth[image]).collect();
    let kept = imbalance(&crawled, &long_tail(source.classes(), 10.0), rng)?;
    let rows = duplicate(kept.len(), 0.1, 5, rng)?;
    let images: Vec<usize> = rows.into_iter().map(|row| parts[0][kept[row]]).collect();
    Ok(Task::new(source, examples(&images, &labels), examples(&parts[1], truth)))
}

/// Four fifths of the training data come from two classes, which the test set (and the holdout set, which is drawn as the test set is)
/// has nothing of, where `absent`; or which are all that it has, where not.
pub(crate) fn relevance(source: &Source, absent: bool, rng: &mut Rng) -> Result<Task> {
    const DOMINANT: [usize; 2] = [0, 1];
    let truth = source.images.labels();
    let parts = stratified_split(truth, &[0.5, 0.5], rng)?;
    let tested = |class: usize| DOMINANT.contains(&class) != absent;
    let of_train: Vec<usize> = parts[0].iter().map(|&image| truth[image]).collect();
    let kept = imbalance(&of_train, &dominated(source.classes(), &DOMINANT, 0.8)?, rng)?;
    let train: Vec<usize> = kept.into_iter().map(|row| parts[0][row]).collect();
    let holdout: Vec<usize> =
        parts[1].iter().copied().filter(|&image| tested(truth[image])).collect();
    let mut task = Task::new(source, examples(&train, truth), examples(&holdout, truth));
    task.irrelevant = task.labels.iter().map(|&class| !tested(class)).collect();
    let (x, labels) = &source.test;
    let rows: Vec<usize> = (0..labels.len()).filter(|&row| tested(labels[row])).collect();
    task.test = (x.index_select(0, &rows), rows.iter().map(|&row| labels[row]).collect());
    Ok(task)
}

fn noisy(source: &Source, noise: Option<&LabelNoise>, rng: &mut Rng) -> Result<Vec<usize>> {
    let clean = source.images.labels();
    Ok(match noise {
        Some(noise) => noise.apply(clean, source.classes(), rng)?.labels,
        None => clean.to_vec(),
    })
}
