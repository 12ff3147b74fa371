//! A batch over all cores: the same bits on any number of threads.

// ANCHOR: all
use std::time::Instant;

use seedbed::autodiff::Activation;
use seedbed::nn::Mlp;
use seedbed::prelude::*;

fn main() {
    let mut rng = Rng::new(0);
    let model = Mlp::<f32>::new(&[784, 512, 512, 10], Activation::Relu, &mut rng);

    // The number of shards is part of the computation; the number of threads is not.
    let shards: Vec<(Tensor, Vec<usize>)> = (0..8)
        .map(|_| {
            let x = Tensor::uniform(&[64, 784], 0.0, 1.0, &mut rng);
            (x, (0..64).map(|_| rng.below(10)).collect())
        })
        .collect();
    let step = || par_value_and_grad(&model, &shards, |m, (x, y)| m.forward(x).cross_entropy(y));

    let (loss, gradient) = step();
    let start = Instant::now();
    for _ in 0..20 {
        let (again, same) = step();
        assert_eq!((again, same.params()), (loss.clone(), gradient.params()));
    }
    println!("loss {loss}, {:?} a step of 512 examples", start.elapsed() / 20);
}
// ANCHOR_END: all
