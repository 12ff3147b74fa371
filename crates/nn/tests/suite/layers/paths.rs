//! The names of tensors in checkpoints. A change here makes old checkpoints unreadable.

use seedbed_autodiff::{Activation, Module, Rng};
use seedbed_nn::{
    BatchNorm, Conv2d, ConvTranspose2d, Dropout, Embedding, GroupNorm, Gru, Layer, LayerNorm,
    Linear, Lstm, Mlp, Sequential,
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
