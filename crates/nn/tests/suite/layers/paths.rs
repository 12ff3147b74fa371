//! The names of tensors in checkpoints. A change here makes old checkpoints unreadable.

use seedbed_autodiff::{Activation, Module, Rng};
use seedbed_nn::{
    BatchNorm, Conv2d, ConvTranspose2d, Dropout, Embedding, GroupNorm, Gru, Layer, LayerNorm,
    LearntPositions, Linear, Lstm, Mlp, RmsNorm, Sequential, TransformerBlock,
};

fn names<M: Module<f32>>(model: &M) -> String {
    let named = model.named();
    let row = |(path, role, x): &(String, _, seedbed_autodiff::Tensor)| {
        format!("{path} {role:?} {:?}\n", x.shape())
    };
    named.iter().map(row).collect()
}

#[test]
fn paths_of_layers_are_stable() {
    let rng = &mut Rng::new(0);
    let options = Default::default();
    let model = (
        Mlp::<f32>::new(&[2, 3, 1], Activation::Relu, rng),
        Embedding::<f32>::new(5, 2, rng),
        (Lstm::<f32>::new(2, 3, 2, rng), Gru::<f32>::new(2, 3, 1, rng)),
        Sequential::<f32>::new()
            .push(Conv2d::same(1, 2, [3, 3], rng))
            .push(BatchNorm::new(2))
            .push(Activation::Relu)
            .push(Sequential::new().push(Dropout::new(0.1)).push(GroupNorm::new(1, 2)))
            .push(ConvTranspose2d::new(2, 1, [2, 2], options, rng).without_bias())
            .push(Layer::Flatten)
            .push(LayerNorm::new(9))
            .push(Linear::new(9, 4, rng)),
    );
    let expected = "\
0.layers.0.weight Param [2, 3]
0.layers.0.bias Param [3]
0.layers.1.weight Param [3, 1]
0.layers.1.bias Param [1]
1.weight Param [5, 2]
2.0.layers.0.weight_x Param [2, 12]
2.0.layers.0.weight_h Param [3, 12]
2.0.layers.0.bias Param [12]
2.0.layers.1.weight_x Param [3, 12]
2.0.layers.1.weight_h Param [3, 12]
2.0.layers.1.bias Param [12]
2.1.layers.0.weight_x Param [2, 9]
2.1.layers.0.weight_h Param [3, 9]
2.1.layers.0.bias_x Param [9]
2.1.layers.0.bias_h Param [9]
3.layers.0.weight Param [3, 3, 1, 2]
3.layers.0.bias Param [2]
3.layers.1.weight Param [2]
3.layers.1.bias Param [2]
3.layers.1.running_mean Buffer [2]
3.layers.1.running_var Buffer [2]
3.layers.3.layers.1.weight Param [2]
3.layers.3.layers.1.bias Param [2]
3.layers.4.weight Param [2, 2, 1, 2]
3.layers.6.weight Param [9]
3.layers.6.bias Param [9]
3.layers.7.weight Param [9, 4]
3.layers.7.bias Param [4]
";
    assert_eq!(names(&model), expected);
}

#[test]
fn paths_of_a_transformer_are_stable() {
    let rng = &mut Rng::new(0);
    let model = (
        LearntPositions::<f32>::new(5, 2, rng),
        TransformerBlock::<f32>::new(2, 1, rng),
        Sequential::<f32>::new().push(RmsNorm::new(2)),
    );
    let expected = "\
0.weight Param [5, 2]
1.attention_norm.weight Param [2]
1.attention_norm.bias Param [2]
1.attention.query.weight Param [2, 2]
1.attention.query.bias Param [2]
1.attention.key.weight Param [2, 2]
1.attention.key.bias Param [2]
1.attention.value.weight Param [2, 2]
1.attention.value.bias Param [2]
1.attention.output.weight Param [2, 2]
1.attention.output.bias Param [2]
1.mlp_norm.weight Param [2]
1.mlp_norm.bias Param [2]
1.up.weight Param [2, 8]
1.up.bias Param [8]
1.down.weight Param [8, 2]
1.down.bias Param [2]
2.layers.0.weight Param [2]
";
    assert_eq!(names(&model), expected);
    let x = seedbed_autodiff::Tensor::ones(&[1, 3, 2]);
    assert_eq!(model.2.forward(&x), RmsNorm::new(2).forward(&x));
}
