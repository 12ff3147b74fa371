//! The gradient of a selection step is that of the mean loss of the chosen rows, and nothing else.

use seedbed_autodiff::{GradCheck, Rng, Tensor, check_grads, grad};
use seedbed_rho_selection::top_k;

/// The mean loss of a linear classifier with weights `w` on chosen rows.
fn chosen_loss(
    w: &Tensor<f64>,
    x: &Tensor<f64>,
    labels: &[usize],
    chosen: &[usize],
) -> Tensor<f64> {
    let labels: Vec<usize> = chosen.iter().map(|&i| labels[i]).collect();
    x.index_select(0, chosen).matmul(w).cross_entropy_each(&labels).mean(..)
}

fn problem() -> (Tensor<f64>, Tensor<f64>, Vec<usize>) {
    let mut rng = Rng::new(5);
    let x = Tensor::normal(&[12, 3], 0.0, 1.0, &mut rng);
    let w = Tensor::normal(&[3, 4], 0.0, 1.0, &mut rng);
    let labels = (0..12).map(|_| rng.below(4)).collect();
    (x, w, labels)
}

#[test]
fn the_loss_of_the_chosen_differentiates_to_third_order() {
    let (x, w, labels) = problem();
    check_grads(GradCheck::default(), &[w], |w| chosen_loss(&w[0], &x, &labels, &[7, 2, 2, 11]));
}

#[test]
fn rows_that_are_not_chosen_have_no_gradient() {
    let (x, w, labels) = problem();
    let losses = x.matmul(&w).cross_entropy_each(&labels).cast::<f32>();
    let chosen = top_k(losses.data(), 4).unwrap();
    let gradient = grad(&x, |x| chosen_loss(&w, x, &labels, &chosen));
    for row in 0..12 {
        let is_zero = gradient.data()[3 * row..3 * row + 3].iter().all(|&g| g == 0.0);
        assert_eq!(is_zero, !chosen.contains(&row), "row {row}");
    }
}
