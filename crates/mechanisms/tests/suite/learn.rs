//! The paper's claim in small: two experts, two mechanisms, and each undoes one in the end.

use seedbed_autodiff::Rng;
use seedbed_mechanisms::evaluate::evaluate;
use seedbed_mechanisms::samples::transform;
use seedbed_mechanisms::train::Trainer;
use seedbed_nn::Config;

use crate::{crosses, small_config, small_data, two};

#[test]
fn experts_specialise_without_pairs_or_labels() {
    let (data, _) = small_data(1);
    let config = small_config().check().unwrap();
    let rng = &mut Rng::new(9);
    let (bank, truth) = transform(&crosses(100, rng), &two(), rng).unwrap();
    for seed in 0..2 {
        let mut trainer = Trainer::<f32>::new(&config, &data, seed).unwrap();
        (0..300).for_each(|_| drop(trainer.step(&data).unwrap()));
        let found = evaluate(&trainer.model, &bank, &truth).unwrap();
        assert!(found.wins.is_solved(), "{:?}", found.wins);
        for m in 0..2 {
            assert!(
                found.errors.restored[m] < 0.25 * found.errors.untouched[m],
                "{:?}",
                found.errors
            );
        }
    }
}
