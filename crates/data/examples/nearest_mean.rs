//! The oldest check of a loader: classify each test image by the nearest mean of a class.
//!
//! ```sh
//! cargo run --release -p seedbed-data --example nearest_mean                  # the embedded sets
//! cargo run --release -p seedbed-data --example nearest_mean -- --data DIR    # the full ones
//! ```
//!
//! On the full sets the right answers are 82.0 % (MNIST) and 67.7 % (Fashion-MNIST).

use std::path::PathBuf;
use std::process::ExitCode;

use seedbed_data::{DataDir, DataError, ImageSet, TrainTest, fashion_mnist, in_order, mnist};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), DataError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = match &arguments[..] {
        [] => None,
        [flag, folder] if flag == "--data" => Some(PathBuf::from(folder)),
        _ => {
            eprintln!("usage: nearest_mean [--data DIR]");
            return Ok(());
        }
    };
    report("MNIST, embedded", &mnist::embedded());
    report("Fashion-MNIST, embedded", &fashion_mnist::embedded());
    match DataDir::resolve(folder.as_deref()) {
        Ok(dir) => {
            report("MNIST, full", &mnist::load(&dir)?);
            report("Fashion-MNIST, full", &fashion_mnist::load(&dir)?);
        }
        Err(error) => eprintln!("full sets left out: {error}"),
    }
    Ok(())
}

fn report(name: &str, TrainTest { train, test }: &TrainTest) {
    let means = class_means(train);
    let mut correct = 0;
    each_image(test, |image, label| correct += usize::from(nearest(&means, image) == label));
    let accuracy = 100.0 * correct as f64 / test.len() as f64;
    println!("{name:24} {accuracy:5.2} %   ({correct} of {})", test.len());
}

/// Calls `f` with the pixels and the label of each image.
fn each_image(set: &ImageSet, mut f: impl FnMut(&[f32], usize)) {
    let size: usize = set.image_shape().iter().product();
    for rows in in_order(set.len(), 1000) {
        let images = set.tensor::<f32>(&rows);
        for (image, label) in images.data().chunks_exact(size).zip(set.labels_of(&rows)) {
            f(image, label);
        }
    }
}

fn class_means(set: &ImageSet) -> Vec<Vec<f64>> {
    let size: usize = set.image_shape().iter().product();
    let mut means = vec![vec![0.0; size]; set.num_classes()];
    let counts = set.class_counts();
    each_image(set, |image, label| {
        for (mean, &x) in means[label].iter_mut().zip(image) {
            *mean += f64::from(x) / counts[label] as f64;
        }
    });
    means
}

fn nearest(means: &[Vec<f64>], image: &[f32]) -> usize {
    let distance = |mean: &[f64]| -> f64 {
        image.iter().zip(mean).map(|(&x, m)| (f64::from(x) - m).powi(2)).sum()
    };
    let distances: Vec<f64> = means.iter().map(|mean| distance(mean)).collect();
    (0..means.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b])).unwrap_or(0)
}
