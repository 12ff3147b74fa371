//! Real data made as hard as data often is: wrong labels, duplicates, classes of very different size.
//!
//! `cargo run --features mnist --example 08_data`

use seedbed::autodiff::Rng;
use seedbed::data::{
    Batches, DataError, LabelNoise, Normalize, duplicate, imbalance, mnist, stratified_split,
};

fn main() -> Result<(), DataError> {
    let mut rng = Rng::new(0);

    // ANCHOR: split
    let digits = mnist::embedded(); // the first 10,000 + 2,000, compiled in
    let parts = stratified_split(digits.train.labels(), &[0.9, 0.1], &mut rng)?;
    let [train, holdout] = [&parts[0], &parts[1]].map(|rows| digits.train.select(rows));
    // ANCHOR_END: split
    println!("{} to train on, {} held out", train.len(), holdout.len());

    // ANCHOR: hard
    // Of the digits 5 to 9, one in ten is kept.
    let keep: Vec<f64> = (0..10).map(|digit| if digit < 5 { 1.0 } else { 0.1 }).collect();
    let train = train.select(&imbalance(train.labels(), &keep, &mut rng)?);
    // A tenth of what is left stands there five times.
    let train = train.select(&duplicate(train.len(), 0.1, 5, &mut rng)?);
    // One label in five is drawn anew.
    let noise = LabelNoise::Uniform { share: 0.2 };
    let noisy = noise.apply(train.labels(), train.num_classes(), &mut rng)?;
    let wrong = noisy.corrupted.iter().filter(|&&corrupted| corrupted).count();
    let train = train.with_labels(noisy.labels)?;
    // ANCHOR_END: hard
    println!("{} after that, {wrong} labels drawn anew", train.len());

    // ANCHOR: batches
    let mut batches = Batches::new(train.len(), 64, rng.split())?;
    let rows = batches.next_rows();
    let images = train.tensor_with::<f32>(&rows, &Normalize::mnist()); // (64, 28, 28, 1)
    let labels = train.labels_of(&rows);
    // A checkpoint keeps this; resumed, the batches go on as if nothing had happened.
    let state = batches.state();
    let mut resumed = Batches::new(train.len(), 64, rng.split())?;
    resumed.restore(&state)?;
    assert_eq!(resumed.next_rows(), batches.next_rows());
    // ANCHOR_END: batches
    println!("a batch {:?} with {} labels", images.shape(), labels.len());
    Ok(())
}
