//! Every family of layers learns something that it could not without learning.

use seedbed_autodiff::{
    Activation, Module, Rng, Tensor, module, value_and_grad, value_and_grad_aux,
};
use seedbed_nn::optim::{Adam, AdamConfig};
use seedbed_nn::{
    BatchNorm, Config, Conv1d, Dropout, Gru, Layer, Linear, Lstm, Mlp, Sequential, loss::accuracy,
};

/// Trains on fresh batches; the accuracy on one more.
fn learn<M: Module<f32>>(
    mut model: M,
    steps: usize,
    mut batch: impl FnMut() -> (Tensor, Vec<usize>),
    logits: impl Fn(&M, &Tensor) -> Tensor,
) -> f64 {
    let config = AdamConfig { lr: 0.01, ..Default::default() }.check().expect("a good rate");
    let mut optimizer = Adam::new(&model, config);
    for _ in 0..steps {
        let (x, labels) = batch();
        let (_, g) = value_and_grad(&model, |m| logits(m, &x).cross_entropy(&labels));
        optimizer.step(&mut model, &g);
    }
    let (x, labels) = batch();
    accuracy(&logits(&model, &x), &labels)
}

/// Points of the plane; the label says whether the signs of the coordinates differ. No linear map knows.
fn quadrants(n: usize, rng: &mut Rng) -> (Tensor, Vec<usize>) {
    let x: Tensor = Tensor::uniform(&[n, 2], -1.0, 1.0, rng);
    let labels = x.data().chunks(2).map(|p| usize::from(p[0] * p[1] < 0.0)).collect();
    (x, labels)
}

/// Sequences `[n, time, 1]` of noise; the label is the sign of the first number, which must be remembered.
fn first_sign(n: usize, time: usize, rng: &mut Rng) -> (Tensor, Vec<usize>) {
    let x: Tensor = Tensor::normal(&[n, time, 1], 0.0, 1.0, rng);
    let labels = x.data().chunks(time).map(|s| usize::from(s[0] > 0.0)).collect();
    (x, labels)
}

#[test]
fn an_mlp_tells_quadrants_apart() {
    let rng = &mut Rng::new(0);
    let mlp = Mlp::new(&[2, 32, 32, 2], Activation::Relu, rng);
    let found = learn(mlp, 150, || quadrants(128, rng), |m, x| m.forward(x));
    assert!(found > 0.93, "{found}");
}

#[test]
fn batch_norm_and_dropout_train_and_then_infer() {
    let rng = &mut Rng::new(0);
    let mut net = Sequential::<f32>::new()
        .push(Linear::new(2, 64, rng))
        .push(BatchNorm::new(64))
        .push(Activation::Relu)
        .push(Dropout::new(0.1))
        .push(Linear::new(64, 2, rng));
    let config = AdamConfig { lr: 0.01, ..Default::default() }.check().expect("a good rate");
    let mut optimizer = Adam::new(&net, config);
    for _ in 0..200 {
        let (x, labels) = quadrants(128, rng);
        let (_, statistics, g) = value_and_grad_aux(&net, |net| {
            let (logits, statistics) = net.forward_train(&x, rng);
            (logits.cross_entropy(&labels), statistics)
        });
        optimizer.step(&mut net, &g);
        net.update(&statistics);
    }
    let (x, labels) = quadrants(512, rng);
    let found = accuracy(&net.forward(&x), &labels);
    assert!(found > 0.93, "{found}");
}

/// A recurrent layer and a linear one on its last output.
#[derive(Clone)]
struct Remember<R: Module<f32>> {
    recurrent: R,
    head: Linear,
}
module!([R: Module<f32>] Remember<R>: f32 { recurrent, head });

#[test]
fn an_lstm_and_a_gru_remember_the_first_number() {
    let rng = &mut Rng::new(0);
    let model = Remember { recurrent: Lstm::new(1, 16, 1, rng), head: Linear::new(16, 2, rng) };
    let last = |m: &Remember<Lstm>, x: &Tensor| {
        m.head.forward(&m.recurrent.forward(x, None).0.index(1, -1))
    };
    let found = learn(model, 150, || first_sign(64, 6, rng), last);
    assert!(found > 0.9, "LSTM: {found}");

    let model = Remember { recurrent: Gru::new(1, 16, 1, rng), head: Linear::new(16, 2, rng) };
    let last = |m: &Remember<Gru>, x: &Tensor| {
        m.head.forward(&m.recurrent.forward(x, None).0.index(1, -1))
    };
    let found = learn(model, 150, || first_sign(64, 6, rng), last);
    assert!(found > 0.9, "GRU: {found}");
}

#[test]
fn a_convolution_finds_an_edge_wherever_it_is() {
    // Steps up or down at a random place, in noise: the sum of the sequence does not tell.
    fn edges(rng: &mut Rng) -> (Tensor, Vec<usize>) {
        let (n, length) = (64, 16);
        let mut data = vec![0.0; n * length];
        let mut labels = Vec::new();
        for row in data.chunks_mut(length) {
            let (label, at) = (rng.below(2), 1 + rng.below(length - 1));
            let sign = if label == 0 { 1.0 } else { -1.0 };
            for (i, x) in row.iter_mut().enumerate() {
                *x = (if i < at { -sign } else { sign }) as f32 + 0.1 * rng.normal() as f32;
            }
            labels.push(label);
        }
        (Tensor::new(data, &[n, length, 1]), labels)
    }
    let rng = &mut Rng::new(0);
    let net = Sequential::new()
        .push(Conv1d::same(1, 8, [3], rng))
        .push(Activation::Relu)
        .push(Layer::GlobalMean)
        .push(Linear::new(8, 2, rng));
    let found = learn(net, 150, || edges(rng), |m, x| m.forward(x));
    assert!(found > 0.93, "{found}");
}
