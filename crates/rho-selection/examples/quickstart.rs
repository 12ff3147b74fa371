//! RHO-LOSS in a training loop of your own, on a toy problem with wrong labels.

// ANCHOR: all
use seedbed_autodiff::{Activation, Rng, Tensor};
use seedbed_nn::optim::{AdamW, AdamWConfig};
use seedbed_nn::{Config, Mlp};
use seedbed_rho_selection::train::{ReferenceConfig, selection_step, train_reference};
use seedbed_rho_selection::{IrreducibleLosses, SelectionConfig, Selector};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Points of a plane, labelled by which side of a circle they lie on; one label in ten is flipped.
    let mut rng = Rng::new(0);
    let x = Tensor::<f32>::normal(&[8_000, 2], 0.0, 1.0, &mut rng);
    let outside = |point: &[f32]| usize::from(point[0].hypot(point[1]) > 1.2);
    let wrong: Vec<bool> = (0..8_000).map(|_| rng.bernoulli(0.1)).collect();
    let points = x.data().chunks(2).zip(&wrong);
    let labels: Vec<usize> = points.map(|(p, &wrong)| outside(p) ^ usize::from(wrong)).collect();

    // A model is known by its loss on each of some rows.
    let losses = |m: &Mlp, rows: &[usize]| {
        let labels: Vec<usize> = rows.iter().map(|&row| labels[row]).collect();
        m.forward(&x.index_select(0, rows)).cross_entropy_each(&labels)
    };

    // A small model learns from the holdout half what can be learnt …
    let rows: Vec<usize> = (0..8_000).collect();
    let (train, holdout) = rows.split_at(4_000);
    let small = Mlp::new(&[2, 16, 2], Activation::Relu, &mut rng);
    let adamw = AdamWConfig { lr: 0.01, ..Default::default() };
    let config = ReferenceConfig { optimizer: adamw.clone(), ..Default::default() };
    let reference = train_reference(small, holdout, train, losses, &config, &mut rng)?;
    let ids: Vec<u64> = train.iter().map(|&row| row as u64).collect();
    let irreducible = IrreducibleLosses::new(&ids, &reference.losses)?;
    let mut selector = Selector::new(SelectionConfig::default().check()?, irreducible)?;

    // … and the large one trains on what is learnable, worth learning and not yet learnt.
    let mut model = Mlp::new(&[2, 128, 128, 2], Activation::Relu, &mut rng);
    let mut optimizer = AdamW::new(&model, adamw.check()?);
    let (mut flipped, mut picked) = (0, 0);
    for _ in 0..200 {
        let rows: Vec<usize> =
            rng.permutation(train.len())[..320].iter().map(|&i| train[i]).collect();
        let ids: Vec<u64> = rows.iter().map(|&row| row as u64).collect();
        let chosen =
            selection_step(&mut model, &mut optimizer, &mut selector, &rows, &ids, losses)?;
        flipped += chosen.indices.iter().filter(|&&i| wrong[rows[i]]).count();
        picked += chosen.indices.len();
    }
    let share = 100.0 * flipped as f64 / picked as f64;
    println!("{share:.1} % of the chosen have a flipped label; of all, 10 % have");
    Ok(())
}
// ANCHOR_END: all
