//! The losses of experts and discriminator, to third order, against differences.

use seedbed_autodiff::{GradCheck, Module, Path, Rng, Tensor, check_grads};
use seedbed_mechanisms::network::{
    Discriminator, DiscriminatorConfig, Expert, ExpertConfig, Head, Norm,
};
use seedbed_mechanisms::train::{TrainConfig, discriminator_loss};
use seedbed_nn::Config;

fn images(seed: u64) -> Tensor<f64> {
    Tensor::uniform(&[3, 4, 4, 1], 0.0, 1.0, &mut Rng::new(seed))
}

fn judge(spectral: bool) -> (TrainConfig, Discriminator<f64>) {
    let config =
        DiscriminatorConfig { image: [4, 4, 1], blocks: vec![vec![2]], hidden: 3, spectral };
    let judge =
        away_from_kinks(Discriminator::new(&config.clone().check().unwrap(), &mut Rng::new(1)));
    (TrainConfig { discriminator: config, ..TrainConfig::default() }, judge)
}

/// Small weights and biases of 2 and −2: the second derivative of ELU jumps at 0, and no difference may step over it.
fn away_from_kinks<M: Module<f64>>(mut model: M) -> M {
    model.walk_mut(&mut Path::default(), &mut |path, _, x| {
        if path.to_string().ends_with("bias") && x.len() > 1 {
            let signs = (0..x.len()).map(|i| if i % 2 == 0 { 2.0 } else { -2.0 });
            *x = Tensor::new(signs.collect(), x.shape());
        } else if path.to_string().ends_with("weight") {
            *x = x.clone() * 0.3;
        }
    });
    model
}

fn check<M: Module<f64>>(model: &M, loss: impl Fn(&M) -> Tensor<f64>) {
    check_grads(GradCheck { tolerance: 1e-6, ..Default::default() }, &model.params(), |params| {
        let mut params = params.iter();
        loss(&model.map_params(|_| params.next().unwrap().clone()))
    });
}

#[test]
fn what_a_winner_learns_from() {
    let (_, judge) = judge(false);
    let x = images(2);
    for norm in [Norm::Batch, Norm::Group { groups: 2 }, Norm::None] {
        for head in [Head::Sigmoid, Head::Residual { std: 0.2 }] {
            let config =
                ExpertConfig { width: 2, layers: 3, norm, head, ..ExpertConfig::default() };
            let expert =
                away_from_kinks(Expert::<f64>::new(&config.check().unwrap(), &mut Rng::new(3)));
            let (_, moments) = expert.forward_train(&x);
            check(&expert, |expert| {
                let y = expert.forward_with(&x, &moments);
                judge.forward(&y).bce_with_logits(&Tensor::ones(&[3]))
            });
            moments.into_iter().for_each(|moments| moments.discard());
        }
    }
}

#[test]
fn what_the_discriminator_learns_from() {
    let (real, fakes) = (images(4), images(5));
    let (config, judge) = judge(false);
    let config = TrainConfig { smoothing: 0.1, ..config };
    check(&judge, |judge| discriminator_loss(judge, &config, &real, &fakes).0);
}

/// The singular vectors are constants to the gradient. Where they have converged the singular value does not depend on them, to first order.
#[test]
fn a_weight_divided_by_its_singular_value() {
    let (real, fakes) = (images(4), images(5));
    let (config, mut judge) = judge(true);
    (0..1000).for_each(|_| judge.update());
    let first = GradCheck { order: 1, tolerance: 1e-6, ..Default::default() };
    check_grads(first, &judge.params(), |params| {
        let mut params = params.iter();
        let judge = judge.map_params(|_| params.next().unwrap().clone());
        discriminator_loss(&judge, &config, &real, &fakes).0
    });
}

/// The penalty is made of a gradient already, so that its third derivative is a fourth one.
#[test]
fn the_penalty_on_the_discriminators_slope() {
    let (real, fakes) = (images(6), images(7));
    let (config, judge) = judge(false);
    let config = TrainConfig { r1: 2.0, ..config };
    check(&judge, |judge| discriminator_loss(judge, &config, &real, &fakes).0);
}
