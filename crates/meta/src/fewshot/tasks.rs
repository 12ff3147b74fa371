//! Tasks: a few classes, a few examples of each to learn from, and others to be judged by.

use seedbed_autodiff::{Float, Rng, Tensor};
use seedbed_data::ImageSet;
use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

use crate::MetaError;

/// How large a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskConfig {
    /// Classes of a task ("way").
    pub ways: usize,
    /// Examples of each class to learn from ("shot").
    pub shots: usize,
    /// Further examples of each class to be judged by.
    pub queries: usize,
}

impl Config for TaskConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("TaskConfig");
        check.at_least_one("ways", self.ways as u64)?;
        check.at_least_one("shots", self.shots as u64)?;
        check.at_least_one("queries", self.queries as u64)
    }
}

/// Images `[n, height, width, channels]`, and for each its class within the task.
pub type Examples<F = f32> = (Tensor<F>, Vec<usize>);

/// A task. Examples of all classes take turns.
#[derive(Clone, Debug)]
pub struct Task<F: Float = f32> {
    /// To learn from.
    pub support: Examples<F>,
    /// To be judged by.
    pub query: Examples<F>,
    /// How many classes there are.
    pub ways: usize,
}

/// Images by class, from which tasks are drawn.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_meta::fewshot::{TaskConfig, Tasks};
///
/// // Four classes of three images.
/// let images = Tensor::<f32>::zeros(&[12, 8, 8, 1]);
/// let labels: Vec<usize> = (0..12).map(|i| i / 3).collect();
/// let config = TaskConfig { ways: 3, shots: 1, queries: 2 };
/// let tasks = Tasks::new(images.clone(), &labels, config)?;
/// let task = tasks.sample(&mut Rng::new(0));
/// assert_eq!(task.support.0.shape(), [3, 8, 8, 1]);
/// assert_eq!(task.query.1, [0, 1, 2, 0, 1, 2]);
///
/// let error = Tasks::new(images, &labels, TaskConfig { shots: 2, ..config }).unwrap_err();
/// assert_eq!(error.to_string(), "a task needs 4 examples of class 0, but there are 3");
/// # Ok::<(), seedbed_meta::MetaError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tasks<F: Float = f32> {
    images: Tensor<F>,
    /// The rows of each class.
    classes: Vec<Vec<usize>>,
    /// 4 where a turned class is another class, else 1.
    turns: usize,
    config: TaskConfig,
}

impl<F: Float> Tasks<F> {
    /// Tasks of labelled images `[n, height, width, channels]`. Labels without an image are no class.
    ///
    /// # Errors
    /// If there are fewer classes than ways, a class has fewer examples than shots and queries, these are no images, or there is not one label an image.
    pub fn new(images: Tensor<F>, labels: &[usize], config: TaskConfig) -> Result<Self, MetaError> {
        config.validate()?;
        if images.ndim() != 4 {
            return Err(MetaError::Shape { found: images.shape().to_vec() });
        }
        let n = images.shape()[0];
        if labels.len() != n {
            let what = "labels, one an image".into();
            return Err(MetaError::TooFew { what, wanted: n, found: labels.len() });
        }
        let mut by_label: std::collections::BTreeMap<usize, Vec<usize>> = Default::default();
        for (row, &label) in labels.iter().enumerate() {
            by_label.entry(label).or_default().push(row);
        }
        let needed = config.shots.saturating_add(config.queries);
        for (label, rows) in &by_label {
            if rows.len() < needed {
                let what = format!("examples of class {label}");
                return Err(MetaError::TooFew { what, wanted: needed, found: rows.len() });
            }
        }
        let tasks = Self { images, classes: by_label.into_values().collect(), turns: 1, config };
        tasks.check_ways()?;
        Ok(tasks)
    }

    /// Tasks of these rows of a set of images, with pixels on [0, 1].
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// If a row does not exist.
    #[track_caller]
    pub fn of(set: &ImageSet, rows: &[usize], config: TaskConfig) -> Result<Self, MetaError> {
        Self::new(set.tensor(rows), &set.labels_of(rows), config)
    }

    /// Every class also turned by 90, 180 and 270 degrees, each as a class of its own, as usual for Omniglot.
    ///
    /// # Errors
    /// If images are not square.
    pub fn turned(mut self) -> Result<Self, MetaError> {
        let (height, width) = (self.images.shape()[1], self.images.shape()[2]);
        if height != width {
            let what = "columns for a turned image".into();
            return Err(MetaError::TooFew {
                what,
                wanted: height.max(width),
                found: height.min(width),
            });
        }
        self.turns = 4;
        Ok(self)
    }

    /// The same images with tasks of another size.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with(&self, config: TaskConfig) -> Result<Self, MetaError> {
        config.validate()?;
        let needed = config.shots.saturating_add(config.queries);
        let fewest = self.classes.iter().map(Vec::len).min().unwrap_or(0);
        if fewest < needed {
            let what = "examples of each class".into();
            return Err(MetaError::TooFew { what, wanted: needed, found: fewest });
        }
        let tasks = Self { config, ..self.clone() };
        tasks.check_ways()?;
        Ok(tasks)
    }

    fn check_ways(&self) -> Result<(), MetaError> {
        let (wanted, found) = (self.config.ways, self.classes());
        let what = || "classes".into();
        if found < wanted { Err(MetaError::TooFew { what: what(), wanted, found }) } else { Ok(()) }
    }

    /// Classes of a task.
    pub(super) fn ways(&self) -> usize {
        self.config.ways
    }

    /// Height, width and channels.
    pub(super) fn image(&self) -> &[usize] {
        &self.images.shape()[1..]
    }

    /// How many classes there are, turned ones included.
    pub fn classes(&self) -> usize {
        self.classes.len() * self.turns
    }

    /// A task: classes at random, none twice; examples at random, none twice.
    pub fn sample(&self, rng: &mut Rng) -> Task<F> {
        let TaskConfig { ways, shots, queries } = self.config;
        let (mut support, mut query) = (Vec::new(), Vec::new());
        for class in rng.choose(self.classes(), ways) {
            let (rows, turn) = (&self.classes[class / self.turns], class % self.turns);
            let drawn = rng.choose(rows.len(), shots + queries);
            let rows: Vec<usize> = drawn.into_iter().map(|i| rows[i]).collect();
            let images = turned(&self.images.index_select(0, &rows), turn);
            support.push(images.slice(0, 0..shots));
            query.push(images.slice(0, shots..shots + queries));
        }
        // From [ways][examples] to examples in which classes take turns.
        let examples = |of_class: &[Tensor<F>], each: usize| {
            let all = Tensor::stack(of_class, 1);
            let shape: Vec<usize> =
                [each * ways].into_iter().chain(all.shape()[2..].iter().copied()).collect();
            (all.reshape(&shape), (0..each * ways).map(|i| i % ways).collect())
        };
        Task { support: examples(&support, shots), query: examples(&query, queries), ways }
    }

    /// A fixed set of tasks to be judged by: the same seed gives the same tasks.
    pub fn fixed(&self, tasks: usize, seed: u64) -> Vec<Task<F>> {
        (0..tasks).map(|task| self.sample(&mut Rng::numbered(seed, task as u64))).collect()
    }
}

/// Images turned by so many quarters.
fn turned<F: Float>(images: &Tensor<F>, quarters: usize) -> Tensor<F> {
    match quarters % 4 {
        0 => images.clone(),
        1 => images.swap_axes(1, 2).flip(1),
        2 => images.flip([1, 2]),
        _ => images.swap_axes(1, 2).flip(2),
    }
}
