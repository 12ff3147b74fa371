//! Experts and the discriminator.

use seedbed_autodiff::{Module, Rng, Tensor};
use seedbed_mechanisms::network::{
    Discriminator, DiscriminatorConfig, Expert, ExpertConfig, Head, Norm,
};
use seedbed_nn::Config;

const NORMS: [Norm; 3] = [Norm::Batch, Norm::Group { groups: 2 }, Norm::None];

fn expert(norm: Norm, head: Head) -> Expert<f64> {
    let config = ExpertConfig { width: 4, layers: 3, norm, head, ..ExpertConfig::default() };
    Expert::new(&config.check().unwrap(), &mut Rng::new(1))
}

fn images() -> Tensor<f64> {
    Tensor::uniform(&[6, 5, 7, 1], 0.0, 1.0, &mut Rng::new(2))
}

#[test]
fn a_residual_expert_is_exactly_the_identity_before_the_first_step() {
    let x = images();
    for norm in NORMS {
        assert_eq!(expert(norm, Head::Residual { std: 0.0 }).forward(&x), x);
        assert_ne!(expert(norm, Head::Residual { std: 0.1 }).forward(&x), x);
    }
}

#[test]
fn the_papers_expert_has_the_papers_size() {
    let paper = Expert::<f32>::new(&ExpertConfig::paper().check().unwrap(), &mut Rng::new(0));
    // Four 3×3 kernels without a bias, gains and shifts, and the last layer.
    assert_eq!(paper.num_params(), 9 * 32 + 3 * 9 * 32 * 32 + 4 * 64 + 9 * 32 + 1);
    assert!((paper.flops(32, 32) / 57.8e6 - 1.0).abs() < 0.01);
    let judge = Discriminator::<f32>::new(
        &DiscriminatorConfig::default().check().unwrap(),
        &mut Rng::new(0),
    );
    assert!((judge.flops(32, 32) / 26.0e6 - 1.0).abs() < 0.02, "{}", judge.flops(32, 32));
}

/// With batch normalisation, what wins and what is learnt are the same only if the few are normalised by the statistics of all.
#[test]
fn a_part_of_a_batch_is_normalised_as_in_the_whole() {
    let (x, won) = (images(), [1, 4, 5]);
    for norm in NORMS {
        let expert = expert(norm, Head::Sigmoid);
        let (all, moments) = expert.forward_train(&x);
        let part = expert.forward_with(&x.index_select(0, &won), &moments);
        assert!((part - all.index_select(0, &won)).abs().max(..).item() < 1e-12);
        if norm == Norm::Batch {
            let (by_itself, wrong) = expert.forward_train(&x.index_select(0, &won));
            wrong.into_iter().for_each(|moments| moments.discard());
            assert!((by_itself - all.index_select(0, &won)).abs().max(..).item() > 1e-3);
        }
        let mut expert = expert;
        expert.update(&moments);
    }
}

#[test]
fn a_shift_as_far_as_the_layers_reach_can_be_undone_and_no_further() {
    // What an output pixel depends on: changed by an input pixel three columns away, never by one four away.
    let expert = expert(Norm::None, Head::Residual { std: 0.5 });
    let x = Tensor::<f64>::full(&[1, 9, 9, 1], 0.5);
    let changed = |column: usize| {
        let mut data = x.to_vec();
        data[4 * 9 + column] += 0.3;
        expert.forward(&Tensor::new(data, &[1, 9, 9, 1])).data()[4 * 9]
            != expert.forward(&x).data()[4 * 9]
    };
    assert!(changed(3) && !changed(4));
}

#[test]
fn spectral_normalisation_divides_by_the_largest_singular_value() {
    let config =
        DiscriminatorConfig { image: [4, 4, 1], blocks: vec![vec![3]], hidden: 4, spectral: true };
    let mut judge = Discriminator::<f64>::new(&config.check().unwrap(), &mut Rng::new(0));
    (0..200).for_each(|_| judge.update());
    let x = Tensor::uniform(&[3, 4, 4, 1], 0.0, 1.0, &mut Rng::new(1));
    let before = judge.forward(&x);
    // A larger weight is the same weight; and the biases are 0, but stay as they are.
    judge.blocks[0][0].weight = &judge.blocks[0][0].weight * 7.0;
    judge.output.weight = &judge.output.weight * 0.1;
    judge.update();
    assert!((judge.forward(&x) - before).abs().max(..).item() < 1e-9);
    assert_eq!(judge.singular.len(), 3);
}

#[test]
fn a_discriminator_without_spectral_normalisation_has_no_vectors() {
    let mut judge = crate::training::judge();
    judge.update();
    assert!(judge.singular.is_empty());
}
