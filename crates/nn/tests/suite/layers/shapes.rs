//! Shapes, modes and states of layers.

use seedbed_autodiff::{Activation, ConvOptions, Float, Module, Rng, Tensor, grad};
use seedbed_nn::{
    BatchNorm, Conv1d, Conv2d, ConvTranspose1d, Dropout, Embedding, GroupNorm, Gru, Layer,
    LayerNorm, Linear, Lstm, LstmState, Mlp, Sequential,
};

#[test]
fn linear_keeps_leading_axes_and_may_have_no_bias() {
    let linear = Linear::<f64>::new(3, 2, &mut Rng::new(0));
    for shape in [&[3][..], &[5, 3], &[2, 4, 3], &[0, 3]] {
        let y = linear.forward(&Tensor::ones(shape));
        assert_eq!(
            (&y.shape()[..shape.len() - 1], y.shape().last()),
            (&shape[..shape.len() - 1], Some(&2))
        );
    }
    let plain = linear.clone().without_bias();
    assert_eq!((plain.params().len(), linear.params().len()), (1, 2));
    assert_eq!(plain.forward(&Tensor::zeros(&[1, 3])), Tensor::zeros(&[1, 2]));
}

#[test]
fn models_are_generic_over_the_element() {
    fn check<F: Float>() {
        let rng = &mut Rng::new(0);
        let mlp = Mlp::<F>::new(&[4, 8, 3], Activation::Gelu, rng);
        let x = Tensor::normal(&[5, 4], 0.0, 1.0, rng);
        let gradient = grad(&mlp, |m| m.forward(&x).cross_entropy(&[0, 1, 2, 0, 1]));
        assert!(gradient.params().iter().all(|g| g.data().iter().any(|&g| g != F::zero())));
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn an_mlp_is_its_layers_with_activations_between() {
    let rng = &mut Rng::new(0);
    let mlp = Mlp::<f64>::new(&[4, 6, 3], Activation::Tanh, rng);
    let x = Tensor::normal(&[5, 4], 0.0, 1.0, rng);
    let by_hand = mlp.layers[1].forward(&mlp.layers[0].forward(&x).tanh());
    let difference = (mlp.forward(&x) - by_hand).abs();
    assert!(difference.data().iter().all(|&d| d < 1e-14));
}

#[test]
fn a_sequence_may_be_cut_in_two() {
    let rng = &mut Rng::new(0);
    let lstm = Lstm::<f64>::new(3, 5, 2, rng);
    let gru = Gru::<f64>::new(3, 5, 2, rng);
    let x = Tensor::normal(&[4, 7, 3], 0.0, 1.0, rng);
    let (head, tail) = (x.slice(1, 0..3), x.slice(1, 3..7));

    let (whole, _) = lstm.forward(&x, None);
    let (first, states) = lstm.forward(&head, None);
    let (second, _) = lstm.forward(&tail, Some(&states));
    assert_eq!(whole, Tensor::concat(&[first, second], 1));

    let (whole, _) = gru.forward(&x, None);
    let (first, states) = gru.forward(&head, None);
    let (second, _) = gru.forward(&tail, Some(&states));
    assert_eq!(whole, Tensor::concat(&[first, second], 1));

    let (nothing, states) = lstm.forward(&x.slice(1, 0..0), None);
    assert_eq!((nothing.shape(), states.len()), (&[4, 0, 5][..], 2));
}

#[test]
fn an_initial_state_can_be_learnt() {
    let rng = &mut Rng::new(0);
    let lstm = Lstm::<f64>::new(2, 3, 1, rng);
    let x = Tensor::normal(&[1, 4, 2], 0.0, 1.0, rng);
    let state: Vec<LstmState<f64>> = vec![lstm.layers[0].zero_state(1)];
    let g = grad(&state, |state| lstm.forward(&x, Some(state)).0.square().sum(..));
    assert!(g[0].h.data().iter().all(|&g| g != 0.0) && g[0].c.data().iter().all(|&g| g != 0.0));
}

#[test]
#[should_panic(expected = "Lstm: 2 layers need as many initial states, got 1")]
fn a_missing_state_is_refused() {
    let lstm = Lstm::<f32>::new(2, 3, 2, &mut Rng::new(0));
    let state = lstm.layers[0].zero_state(1);
    let _ = lstm.forward(&Tensor::zeros(&[1, 4, 2]), Some(&[state]));
}

#[test]
fn modes_are_explicit() {
    let rng = &mut Rng::new(0);
    let dropout = Dropout::new(0.5);
    let x = Tensor::<f32>::ones(&[100]);
    assert_eq!(dropout.forward(&x), x);
    assert_ne!(dropout.forward_train(&x, rng), x);

    let mut net: Sequential<f64> = Sequential::new()
        .push(Linear::new(3, 4, rng))
        .push(BatchNorm::new(4))
        .push(Sequential::new().push(BatchNorm::new(4)).push(Dropout::new(0.1)))
        .push(Activation::Relu);
    let x = Tensor::normal(&[16, 3], 1.0, 2.0, rng);
    assert_eq!(net.forward(&x), net.forward(&x));
    let before = net.clone();
    let (_, statistics) = net.forward_train(&x, rng);
    assert_eq!(statistics.len(), 2);
    net.update(&statistics);
    for (old, new) in before.named().iter().zip(net.named()) {
        let running = old.0.contains("running");
        assert_eq!(old.2 != new.2, running, "{}", old.0);
    }
}

#[test]
#[should_panic(
    expected = "Sequential::update: 0 statistics are not one for each batch normalisation"
)]
fn forgotten_statistics_are_refused() {
    Sequential::<f32>::new().push(BatchNorm::new(4)).update(&[]);
}

#[test]
fn a_chain_of_image_layers() {
    let rng = &mut Rng::new(0);
    let halve = ConvOptions { stride: [2, 2], padding: [1, 1], ..Default::default() };
    let net: Sequential = [
        Conv2d::new(3, 8, [3, 3], halve, rng).into(),
        GroupNorm::new(2, 8).into(),
        Activation::Silu.into(),
        Conv2d::same(8, 8, [3, 3], rng).into(),
        Layer::max_pool2d([2, 2]),
        Layer::avg_pool2d([2, 2]),
        Layer::GlobalMean,
        LayerNorm::new(8).into(),
        Linear::new(8, 5, rng).into(),
    ]
    .into_iter()
    .collect();
    assert_eq!(net.forward(&Tensor::ones(&[2, 16, 16, 3])).shape(), [2, 5]);
    let flat = Layer::<f32>::Flatten.forward(&Tensor::ones(&[2, 3, 4]));
    assert_eq!(flat.shape(), [2, 12]);
}

#[test]
fn sequences_of_convolutions() {
    let rng = &mut Rng::new(0);
    let two = ConvOptions { stride: [2], ..Default::default() };
    let down = Conv1d::<f32>::new(4, 6, [2], ConvOptions { groups: 2, ..two }, rng);
    let up = ConvTranspose1d::<f32>::new(6, 4, [2], ConvOptions { groups: 2, ..two }, rng);
    let x = Tensor::ones(&[3, 10, 4]);
    let y = down.forward(&x);
    assert_eq!((down.weight.shape(), y.shape()), (&[2, 2, 6][..], &[3, 5, 6][..]));
    assert_eq!(up.forward(&y).shape(), x.shape());
}

#[test]
fn embedding_gradients_gather_at_the_rows_that_were_used() {
    let embedding = Embedding::<f64>::new(4, 2, &mut Rng::new(0));
    let g = grad(&embedding, |e| e.forward(&[1, 3, 1]).sum(..));
    assert_eq!(g.weight.to_vec(), [0.0, 0.0, 2.0, 2.0, 0.0, 0.0, 1.0, 1.0]);
}
