//! Searching with all operations at once.

use seedbed_autodiff::{Rng, Tensor};
use seedbed_meta::search::{
    DartsConfig, Derived, EdgeOp, Labelled, Selection, SharingConfig, darts, share_weights,
};
use seedbed_nn::Config as _;

/// Bars, upright and level, in noise.
fn bars(n: usize, seed: u64) -> Labelled {
    let rng = &mut Rng::new(seed);
    let labels: Vec<usize> = (0..n).map(|i| i % 2).collect();
    let mut pixels: Vec<f32> = (0..n * 64).map(|_| 0.3 * rng.normal() as f32).collect();
    for (image, label) in pixels.chunks_exact_mut(64).zip(&labels) {
        let at = rng.below(8);
        (0..8).for_each(|i| image[if *label == 0 { at * 8 + i } else { i * 8 + at }] += 1.0);
    }
    (Tensor::new(pixels, &[n, 8, 8, 1]), labels)
}

fn search(config: DartsConfig) -> Derived {
    let config = DartsConfig { channels: 4, batch: 16, epochs: 3, ..config };
    darts((&bars(64, 1), &bars(64, 2)), 2, &config.check().unwrap(), 5)
}

#[test]
fn a_search_ends_with_a_cell_and_says_how_it_came_there() {
    for config in [
        DartsConfig::default(),
        DartsConfig { second_order: true, ..Default::default() },
        DartsConfig { auxiliary_skip: 1.0, ..Default::default() },
        DartsConfig { selection: Selection::Perturbation, ..Default::default() },
    ] {
        let found = search(config.clone());
        assert!(found.cell.iter().all(|op| *op != EdgeOp::None), "{:?}", found.cell);
        assert_eq!((found.epochs, found.weights.len(), found.eigenvalues.len()), (3, 3, 3));
        let sums = found.weights[2].sum(-1);
        assert!(sums.data().iter().all(|sum| (sum - 1.0).abs() < 1e-5));
        assert!(found.eigenvalues.iter().all(|x| x.is_finite()));
        // α has moved, and the same seed moves it again to the same bits.
        assert_ne!(found.weights[0].to_vec(), found.weights[2].to_vec());
        let again = search(config);
        assert_eq!(
            (found.weights[2].to_vec(), found.cell),
            (again.weights[2].to_vec(), again.cell)
        );
    }
}

#[test]
fn looking_ahead_changes_the_weights() {
    let first = search(DartsConfig::default());
    let second = search(DartsConfig { second_order: true, ..Default::default() });
    assert_ne!(first.weights[2].to_vec(), second.weights[2].to_vec());
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let error = |config: DartsConfig| config.check().unwrap_err().to_string();
    assert!(error(DartsConfig { epochs: 0, ..Default::default() }).contains("epochs is 0"));
    assert!(
        error(DartsConfig { stop_at_eigenvalue: Some(1.0), ..Default::default() })
            .contains("should be above 1")
    );
}

/// Cells read bars with weights that none of them was trained with alone, and the best of those that were judged is chosen.
#[test]
fn shared_weights_serve_every_cell() {
    let config = SharingConfig {
        channels: 6,
        batch: 16,
        epochs: 20,
        rate: 0.05,
        candidates: 60,
        ..Default::default()
    };
    let (train, validation) = (bars(128, 1), bars(128, 2));
    let search =
        |seed| share_weights((&train, &validation), 2, &config.clone().check().unwrap(), seed);
    let found = search(3);
    let best = found.judged.iter().map(|(_, accuracy)| *accuracy).fold(0.0, f64::max);
    assert!(best > 0.8, "{best}");
    assert!(found.judged.contains(&(found.cell, best)));
    // Where one cell is judged twice, it is judged alike.
    for (cell, accuracy) in &found.judged {
        let again = found.judged.iter().filter(|(other, _)| other == cell);
        assert!(again.into_iter().all(|(_, other)| other == accuracy));
    }
    assert_eq!(search(3).judged, found.judged, "the same seed");
    assert_ne!(search(4).judged, found.judged, "another seed");
}
