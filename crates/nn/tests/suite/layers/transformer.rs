//! A transformer's layers: what sees what, and that they learn.

use seedbed_autodiff::{
    AttentionOptions, GradCheck, Module, Rng, Tensor, check_grads, module, value_and_grad,
};
use seedbed_nn::optim::{AdamW, AdamWConfig};
use seedbed_nn::{
    Config, Embedding, LayerNorm, LearntPositions, Linear, MultiHeadAttention, Rotary,
    TransformerBlock,
};

type T = Tensor<f64>;

#[test]
fn what_comes_later_changes_nothing_before() {
    let rng = &mut Rng::new(1);
    let block = TransformerBlock::<f64>::new(8, 2, rng);
    let x = T::normal(&[2, 6, 8], 0.0, 1.0, rng);
    let other = Tensor::concat(&[x.slice(1, ..4), T::normal(&[2, 2, 8], 0.0, 1.0, rng)], 1);
    let [a, b] = [&x, &other].map(|x| block.forward(x, &AttentionOptions::causal()));
    assert_eq!(a.slice(1, ..4), b.slice(1, ..4));
    assert_ne!(a.slice(1, 4..), b.slice(1, 4..));
    let all = block.forward(&x, &AttentionOptions::default());
    assert_ne!(a.slice(1, ..4), all.slice(1, ..4));
}

#[test]
fn derivatives_go_through_a_whole_layer() {
    let rng = &mut Rng::new(2);
    let block = TransformerBlock::<f64>::new(4, 2, rng);
    let block = TransformerBlock {
        attention: block.attention.clone().with_rotary(Rotary::default()).without_bias(),
        ..block
    };
    let x = T::normal(&[1, 3, 4], 0.0, 1.0, rng);
    let mut params = block.params();
    params.push(x);
    let check = GradCheck { order: 2, tolerance: 1e-6, ..Default::default() };
    check_grads(check, &params, |p| {
        let mut of = p.iter();
        let block = block.map_params(|_| of.next().expect("as many").clone());
        block.forward(of.next().expect("the input"), &AttentionOptions::causal())
    });
}

#[test]
fn dropout_is_for_training_alone() {
    let rng = &mut Rng::new(3);
    let block = TransformerBlock::<f32>::new(8, 2, rng).with_dropout(0.5);
    let (x, options) = (Tensor::arange(24).reshape(&[1, 3, 8]), AttentionOptions::default());
    assert_eq!(block.forward(&x, &options), block.forward(&x, &options));
    let [a, b] = [7, 7].map(|seed| block.forward_train(&x, &options, &mut Rng::new(seed)));
    assert_eq!(a, b);
    assert_ne!(a, block.forward(&x, &options));
}

#[derive(Clone, Debug)]
struct Repeater {
    tokens: Embedding,
    positions: LearntPositions,
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
    head: Linear,
}
module!(Repeater: f32 { tokens, positions, blocks, norm, head });

/// After half of a sequence it has to be said again: that takes attention, and a position.
#[test]
fn a_small_transformer_learns_to_repeat() {
    const HALF: usize = 3;
    const SYMBOLS: usize = 4;
    let rng = &mut Rng::new(4);
    let mut model = Repeater {
        tokens: Embedding::new(SYMBOLS, 16, rng),
        positions: LearntPositions::new(2 * HALF, 16, rng),
        blocks: (0..2).map(|_| TransformerBlock::new(16, 2, rng)).collect(),
        norm: LayerNorm::new(16),
        head: Linear::new(16, SYMBOLS, rng),
    };
    let draw = |rng: &mut Rng| -> Vec<usize> {
        let one = |rng: &mut Rng| {
            let half: Vec<usize> = (0..HALF).map(|_| rng.below(SYMBOLS)).collect();
            half.repeat(2)
        };
        (0..24).flat_map(|_| one(rng)).collect()
    };
    // The second half is to be foretold, each symbol from those before.
    let logits = |m: &Repeater, all: &[usize]| {
        let x =
            m.tokens.forward(all).reshape(&[24, 2 * HALF, 16]) + m.positions.forward(0, 2 * HALF);
        let options = AttentionOptions::causal();
        let x = m.blocks.iter().fold(x, |x, block| block.forward(&x, &options));
        m.head.forward(&m.norm.forward(&x)).slice(1, HALF as isize - 1..2 * HALF as isize - 1)
    };
    let labels = |all: &[usize]| -> Vec<usize> {
        all.chunks(2 * HALF).flat_map(|row| row[HALF..].to_vec()).collect()
    };
    let config = AdamWConfig { lr: 1e-2, ..Default::default() }.check().unwrap();
    let mut optimizer = AdamW::new(&model, config);
    for _ in 0..150 {
        let all = draw(rng);
        let (_, g) = value_and_grad(&model, |m| logits(m, &all).cross_entropy(&labels(&all)));
        optimizer.step(&mut model, &g);
    }
    let all = draw(rng);
    let right = seedbed_nn::metrics::accuracy(&logits(&model, &all), &labels(&all));
    assert!(right > 0.95, "{right}");
}

#[test]
#[should_panic(expected = "MultiHeadAttention: a width of 6 does not split into 4 heads")]
fn heads_have_to_divide_the_width() {
    let _ = MultiHeadAttention::<f32>::new(6, 4, &mut Rng::new(0));
}

#[test]
#[should_panic(expected = "LearntPositions: 3 positions from 8 on, but there are 10")]
fn positions_have_an_end() {
    let _ = LearntPositions::<f32>::new(10, 2, &mut Rng::new(0)).forward(8, 3);
}
