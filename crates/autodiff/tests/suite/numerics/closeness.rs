//! The traits of `approx` for tensors and modules.

use approx::{
    assert_abs_diff_eq, assert_abs_diff_ne, assert_relative_eq, assert_relative_ne, assert_ulps_eq,
    assert_ulps_ne,
};
use seedbed_autodiff::Tensor;
use seedbed_autodiff::approx::Parts;

#[test]
fn tensors_are_close_element_by_element() {
    let x = Tensor::<f64>::new(vec![1.0, 1000.0], &[2]);
    let near = Tensor::new(vec![1.0 + 1e-12, 1000.0], &[2]);
    assert_abs_diff_eq!(x, near, epsilon = 1e-11);
    assert_abs_diff_ne!(x, near, epsilon = 1e-13);
    assert_relative_eq!(x, &x * (1.0 + 1e-12), max_relative = 1e-11);
    assert_relative_ne!(x, &x * (1.0 + 1e-9), max_relative = 1e-11);
    let next = Tensor::new(vec![1.0_f64.next_up(), 1000.0], &[2]);
    assert_ulps_eq!(x, next, max_ulps = 1, epsilon = 0.0);
    assert_ulps_ne!(
        x,
        Tensor::new(vec![1.0_f64.next_up().next_up(), 1000.0], &[2]),
        max_ulps = 1,
        epsilon = 0.0
    );
    // Another shape, and a NaN, are never close.
    assert_abs_diff_ne!(x, x.reshape(&[2, 1]), epsilon = 1.0);
    let nan = Tensor::new(vec![f64::NAN, 1000.0], &[2]);
    assert_abs_diff_ne!(nan, nan, epsilon = 1.0);
    assert_relative_eq!(Tensor::<f32>::ones(&[3]), Tensor::ones(&[3]));
}

#[test]
fn modules_are_close_tensor_by_tensor() {
    let model = (Tensor::<f32>::ones(&[2]), vec![Tensor::zeros(&[1])]);
    let near = (&model.0 + 1e-6, model.1.clone());
    assert_abs_diff_eq!(Parts::of(&model), Parts::of(&near), epsilon = 1e-5);
    assert_relative_ne!(Parts::of(&model), Parts::of(&near), max_relative = 1e-7, epsilon = 0.0);
    assert_ulps_eq!(Parts::of(&model), Parts::of(&near), max_ulps = 20, epsilon = 0.0);
    let longer = (model.0.clone(), vec![Tensor::zeros(&[1]); 2]);
    assert_abs_diff_ne!(Parts::of(&model), Parts::of(&longer), epsilon = 1.0);
}
