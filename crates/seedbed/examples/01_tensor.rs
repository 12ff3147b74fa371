//! Tensors: immutable n-dimensional arrays that share their data.

use seedbed::prelude::*;

fn main() {
    // ANCHOR: tensor
    let x: Tensor = Tensor::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3]);
    let bias = Tensor::new(vec![10.0, 20.0, 30.0], &[3]);

    // NumPy's broadcasting, operators on values and references, numbers on either side.
    let y = 2.0 * &x + &bias;
    assert_eq!(y.to_vec(), [12.0, 24.0, 36.0, 18.0, 30.0, 42.0]);

    // Reductions over any axes.
    assert_eq!(y.sum(0).shape(), [3]);
    assert_eq!(y.mean(..).item(), 27.0);

    // From and to ndarray.
    let view = y.view();
    println!("{view}");
    let back = Tensor::from(&view);
    assert_eq!(back, y);
    // ANCHOR_END: tensor

    // ANCHOR: rng
    // Randomness is always passed explicitly; one seed, one stream of bits.
    let mut rng = Rng::new(7);
    let noise = Tensor::<f32>::normal(&[2, 3], 0.0, 1.0, &mut rng);
    println!("{}", x + noise);
    // ANCHOR_END: rng
}
