//! The embedded sets against `tests/golden.json`, which `scripts/golden.py` computed without this crate.

use seedbed_data::{ImageSet, Normalize, TrainTest, fashion_mnist, mnist};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn golden(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../golden.json")).unwrap();
    all[name].clone()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_part(set: &ImageSet, golden: &Value) {
    let (n, h, w, c) = set.images().dim();
    assert_eq!(serde_json::json!([n, h, w]), golden["shape"]);
    assert_eq!(c, 1);
    assert_eq!(sha256(set.images().as_slice().unwrap()), golden["pixels_sha256"]);
    let labels: Vec<u8> = set.labels().iter().map(|&label| label as u8).collect();
    assert_eq!(sha256(&labels), golden["labels_sha256"]);
    assert_eq!(serde_json::json!(set.class_counts()), golden["class_counts"]);
    assert!(set.ids().iter().copied().eq(0..n as u64));
    let fit = Normalize::fit(set).unwrap();
    assert!((fit.mean()[0] - golden["mean"].as_f64().unwrap()).abs() < 1e-12);
    assert!((fit.std()[0] - golden["std"].as_f64().unwrap()).abs() < 1e-12);
}

/// How many test images are closest to the mean of their own class, through the tensors.
fn nearest_mean_correct(TrainTest { train, test }: &TrainTest) -> usize {
    let size: usize = train.image_shape().iter().product();
    let mut means = vec![vec![0.0; size]; train.num_classes()];
    let counts = train.class_counts();
    let rows: Vec<usize> = (0..train.len()).collect();
    let images = train.tensor::<f64>(&rows);
    for (image, &label) in images.data().chunks_exact(size).zip(train.labels()) {
        for (mean, x) in means[label].iter_mut().zip(image) {
            *mean += x / counts[label] as f64;
        }
    }
    let distance = |image: &[f64], mean: &[f64]| -> f64 {
        image.iter().zip(mean).map(|(x, m)| (x - m) * (x - m)).sum()
    };
    let rows: Vec<usize> = (0..test.len()).collect();
    let images = test.tensor::<f64>(&rows);
    let nearest = images.data().chunks_exact(size).map(|image| {
        let distances: Vec<f64> = means.iter().map(|mean| distance(image, mean)).collect();
        (0..means.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b])).unwrap()
    });
    nearest.zip(test.labels()).filter(|(found, right)| found == *right).count()
}

fn check(set: &TrainTest, name: &str) {
    let golden = golden(name);
    check_part(&set.train, &golden["train"]);
    check_part(&set.test, &golden["test"]);
    assert_eq!(nearest_mean_correct(set), golden["nearest_mean_correct"]);
}

#[test]
fn mnist_reads_as_python_says() {
    check(&mnist::embedded(), "mnist");
}

#[test]
fn fashion_mnist_reads_as_python_says() {
    check(&fashion_mnist::embedded(), "fashion-mnist");
}

#[test]
fn fingerprints_tell_sets_apart() {
    let set = mnist::embedded().test;
    let print = set.fingerprint();
    assert_eq!(print, mnist::embedded().test.fingerprint());
    let mut labels = set.labels().to_vec();
    labels[0] = (labels[0] + 1) % 10;
    assert_ne!(print, set.with_labels(labels).unwrap().fingerprint());
    let ids = set.ids().iter().map(|id| id + 1).collect();
    assert_ne!(print, set.clone().with_ids(ids).unwrap().fingerprint());
    let mut rows: Vec<usize> = (0..set.len()).collect();
    rows.swap(0, 1);
    assert_ne!(print, set.select(&rows).fingerprint());
}
