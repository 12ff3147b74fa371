//! Tasks and few-shot learners.

use std::collections::BTreeSet;

use approx::assert_relative_eq;
use seedbed_autodiff::{Module as _, Rng, Tensor};
use seedbed_meta::fewshot::{
    FewShotConfig, FewShotTrainer, Method, Reduction, TaskConfig, Tasks, prototype_logits,
};
use seedbed_nn::Config as _;

/// Images of `classes` patterns with a little noise: every class is told from the others by a few pixels.
fn patterns(classes: usize, each: usize, rng: &mut Rng) -> (Tensor, Vec<usize>) {
    const PIXELS: usize = 64;
    let pattern = Tensor::<f32>::normal(&[classes, PIXELS], 0.0, 1.0, rng);
    let labels: Vec<usize> = (0..classes * each).map(|i| i / each).collect();
    let images =
        pattern.index_select(0, &labels) + Tensor::normal(&[classes * each, PIXELS], 0.0, 0.7, rng);
    (images.reshape(&[classes * each, 8, 8, 1]), labels)
}

pub(crate) fn tasks(ways: usize) -> Tasks {
    let (images, labels) = patterns(20, 8, &mut Rng::new(5));
    Tasks::new(images, &labels, TaskConfig { ways, shots: 2, queries: 3 }).unwrap()
}

#[test]
fn tasks_have_what_they_say_and_nothing_twice() {
    // The pixel of an image is its number.
    let images = Tensor::<f32>::new((0..60).map(|i| i as f32).collect(), &[60, 1, 1, 1]);
    let labels: Vec<usize> = (0..60).map(|i| 100 + i / 6).collect();
    let config = TaskConfig { ways: 4, shots: 2, queries: 3 };
    let tasks = Tasks::new(images, &labels, config).unwrap();
    assert_eq!(tasks.classes(), 10);
    for task in tasks.fixed(50, 3) {
        let (support, query) = (&task.support, &task.query);
        assert_eq!(support.1, [0, 1, 2, 3, 0, 1, 2, 3]);
        assert_eq!((query.0.shape(), query.1.len()), (&[12, 1, 1, 1][..], 12));
        let mut all: Vec<(usize, usize)> = Vec::new();
        for (images, labels) in [support, query] {
            let numbers = images.data().iter().map(|&x| x as usize);
            all.extend(numbers.zip(labels.iter().copied()));
        }
        let images: BTreeSet<usize> = all.iter().map(|(image, _)| *image).collect();
        assert_eq!(images.len(), 4 * 5, "no image twice");
        let pairs: BTreeSet<(usize, usize)> =
            all.iter().map(|(image, label)| (image / 6, *label)).collect();
        assert_eq!(pairs.len(), 4, "a class has one label, and a label one class");
    }
    let again = tasks.fixed(50, 3);
    assert_eq!(tasks.fixed(50, 3)[7].query.0.to_vec(), again[7].query.0.to_vec());
}

#[test]
fn turned_classes_are_classes() {
    let corner = Tensor::<f32>::new(vec![1.0, 2.0, 3.0, 4.0], &[1, 2, 2, 1]);
    let images = Tensor::concat(&[&corner, &corner], 0);
    let config = TaskConfig { ways: 4, shots: 1, queries: 1 };
    let one = Tasks::new(images, &[0, 0], TaskConfig { ways: 1, ..config }).unwrap();
    let turned = one.turned().unwrap().with(config).unwrap();
    let task = turned.sample(&mut Rng::new(0));
    let seen: BTreeSet<Vec<u32>> = (0..4)
        .map(|i| task.support.0.index(0, i).data().iter().map(|&x| x as u32).collect())
        .collect();
    let expected = [[1, 2, 3, 4], [2, 4, 1, 3], [4, 3, 2, 1], [3, 1, 4, 2]].map(Vec::from);
    assert_eq!(seen, BTreeSet::from(expected));
    // Support and query of a class are turned alike.
    assert_eq!(task.support.0.to_vec(), task.query.0.to_vec());
}

#[test]
fn tasks_that_cannot_be_are_refused() {
    let (images, labels) = patterns(3, 4, &mut Rng::new(0));
    let error = |ways, shots, queries| {
        Tasks::new(images.clone(), &labels, TaskConfig { ways, shots, queries })
            .unwrap_err()
            .to_string()
    };
    assert_eq!(error(5, 1, 1), "a task needs 5 classes, but there are 3");
    assert_eq!(error(2, 3, 2), "a task needs 5 examples of class 0, but there are 4");
    assert_eq!(error(0, 1, 1), "TaskConfig.ways is 0, but should be at least 1");
    assert!(error(2, usize::MAX, 2).contains("examples of class 0"));
    let few =
        Tasks::new(images.clone(), &labels[1..], TaskConfig { ways: 2, shots: 1, queries: 1 });
    assert!(few.unwrap_err().to_string().contains("12 labels, one an image"));
    let wide = Tensor::<f32>::zeros(&[4, 2, 3, 1]);
    let tasks = Tasks::new(wide, &[0; 4], TaskConfig { ways: 1, shots: 1, queries: 1 }).unwrap();
    assert!(tasks.turned().is_err());
}

#[test]
fn prototypes_are_means_and_logits_are_distances() {
    let rng = &mut Rng::new(1);
    let support = Tensor::<f64>::normal(&[5, 3], 0.0, 1.0, rng);
    let queries = Tensor::<f64>::normal(&[4, 3], 0.0, 1.0, rng);
    let labels = [0, 1, 1, 0, 1];
    let logits = prototype_logits(&support, &labels, 2, &queries);
    for q in 0..4 {
        for class in 0..2 {
            let rows: Vec<usize> = (0..5).filter(|&row| labels[row] == class).collect();
            let expected: f64 = (0..3)
                .map(|f| {
                    let mean = rows.iter().map(|row| support.data()[row * 3 + f]).sum::<f64>()
                        / rows.len() as f64;
                    -(queries.data()[q * 3 + f] - mean).powi(2)
                })
                .sum();
            assert_relative_eq!(logits.data()[q * 2 + class], expected, epsilon = 1e-12);
        }
    }
}

pub(crate) fn small(method: Method, steps: u64) -> FewShotConfig {
    let config = FewShotConfig { channels: 8, steps, tasks: 4, ..FewShotConfig::of(method, 4) };
    FewShotConfig { inner_batch: config.inner_batch.map(|_| 4), ..config }
}

#[test]
fn a_rate_on_the_sum_is_as_many_times_larger_on_the_mean_as_there_are_ways() {
    let tasks = tasks(4);
    let first_step = |reduction, inner_rate| {
        let config = FewShotConfig { reduction, inner_rate, ..small(Method::Maml, 10) };
        let mut trainer = FewShotTrainer::new(&config.check().unwrap(), 8, 0);
        trainer.step(&tasks)
    };
    let on_sum = first_step(Reduction::SumOverWays, 0.25);
    assert_relative_eq!(on_sum, first_step(Reduction::Mean, 1.0), epsilon = 1e-5);
    assert!((on_sum - first_step(Reduction::Mean, 0.25)).abs() > 1e-3);
}

#[test]
fn a_head_that_adapts_alone_leaves_the_body_alone_within_a_task() {
    // One inner step more or less changes what ANIL says only through the head: with a head of rate 0 nothing changes.
    let tasks = tasks(4);
    let judged = tasks.fixed(10, 2);
    let accuracy = |judged_steps| {
        let config = FewShotConfig { judged_steps, inner_rate: 1e-30, ..small(Method::Anil, 10) };
        FewShotTrainer::new(&config.check().unwrap(), 8, 3).accuracy(&judged)
    };
    assert_eq!(accuracy(0), accuracy(5));
}

#[test]
fn threads_do_not_change_a_bit() {
    let tasks = tasks(4);
    let trained = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let config = small(Method::Maml, 5).check().unwrap();
            let mut trainer = FewShotTrainer::new(&config, 8, 4);
            (0..5).for_each(|_| {
                trainer.step(&tasks);
            });
            trainer.net().params().iter().flat_map(Tensor::to_vec).collect::<Vec<f32>>()
        })
    };
    assert_eq!(trained(1), trained(2));
}

/// Every method, stopped in the middle: the same bits as without a stop. Files of other trainings are refused.
#[test]
fn a_training_that_was_stopped_goes_on_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (images, labels) = patterns(12, 6, &mut Rng::new(0));
    let tasks = Tasks::new(images, &labels, TaskConfig { ways: 3, shots: 1, queries: 2 }).unwrap();
    for (i, method) in
        [Method::Maml, Method::MetaSgd, Method::Reptile, Method::Prototypes].into_iter().enumerate()
    {
        let small =
            FewShotConfig { channels: 4, tasks: 2, steps: 6, ..FewShotConfig::of(method, 3) };
        let config = FewShotConfig { inner_steps: 1, ..small.clone() }.check().unwrap();
        let file = folder.path().join(format!("{i}.safetensors"));
        let bits = |trainer: &FewShotTrainer| -> Vec<f32> {
            trainer.net().params().iter().flat_map(Tensor::to_vec).collect()
        };
        let mut whole = FewShotTrainer::new(&config, 8, 4);
        for _ in 0..3 {
            whole.step(&tasks);
        }
        whole.save(&file).unwrap();
        // Another seed: all that matters is in the file.
        let mut later = FewShotTrainer::new(&config, 8, 5);
        later.load(&file).unwrap();
        for _ in 0..3 {
            assert_eq!(whole.step(&tasks).to_bits(), later.step(&tasks).to_bits());
        }
        assert_eq!(bits(&whole), bits(&later));

        let before = bits(&later);
        let slower = FewShotConfig { rate: 1e-4, ..small }.check().unwrap();
        let error = FewShotTrainer::new(&slower, 8, 4).load(&file).unwrap_err().to_string();
        assert!(error.contains("this training of"), "{error}");
        std::fs::write(&file, "no checkpoint").unwrap();
        assert!(later.load(&file).is_err());
        assert_eq!(bits(&later), before);
    }
}
