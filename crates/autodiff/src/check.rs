//! Derivatives held against differences of values.

use std::cell::RefCell;

use crate::{Float, Fused, Rng, Tensor, grad};

/// How [`check_grads`] compares; [`GradCheck::default`] suits smooth functions of moderate size.
#[derive(Clone, Copy, Debug)]
pub struct GradCheck {
    /// The highest order of derivative that is checked.
    pub order: usize,
    /// The step of the five-point difference, relative to nothing.
    pub step: f64,
    /// The largest error, relative to 1 + |exact|.
    pub tolerance: f64,
    /// The seed of the random projections.
    pub seed: u64,
}

impl Default for GradCheck {
    fn default() -> Self {
        Self { order: 3, step: 1e-3, tolerance: 1e-7, seed: 0 }
    }
}

/// Checks the derivatives of `f` at `x` up to the order that `check` says, by random projections.
///
/// With random `u` and `v`, the directional derivative ⟨∇⟨u, f(x)⟩, v⟩ is compared with a five-point difference of ⟨u, f(x + t v)⟩.
/// The directional derivative is a function of `x` again, so the next order is checked by calling the same on it. Each gradient is
/// computed twice, with and without an outer transform watching, because the two take different paths.
///
/// # Panics
/// If an error exceeds the tolerance, with the order and both figures.
///
/// ```
/// use seedbed_autodiff::{GradCheck, Tensor, check_grads};
/// let x = [Tensor::new(vec![0.3, 0.7], &[2])];
/// check_grads(GradCheck::default(), &x, |x| &x[0] * &x[0]);
/// ```
#[track_caller]
pub fn check_grads(check: GradCheck, x: &[Tensor<f64>], f: impl Fn(&[Tensor<f64>]) -> Tensor<f64>) {
    let rng = RefCell::new(Rng::new(check.seed));
    recurse(check, 1, x, &f, &rng);
}

#[track_caller]
fn recurse(
    check: GradCheck,
    order: usize,
    x: &[Tensor<f64>],
    f: &dyn Fn(&[Tensor<f64>]) -> Tensor<f64>,
    rng: &RefCell<Rng>,
) {
    let random = |shape: &[usize]| Tensor::uniform(shape, -1.0, 1.0, &mut rng.borrow_mut());
    let u = random(f(x).shape());
    let v: Vec<_> = x.iter().map(|x| random(x.shape())).collect();

    let gradient = |x: &[Tensor<f64>]| grad(&x.to_vec(), |x| (f(x) * &u).sum(..));
    let along = |x: &[Tensor<f64>]| inner(&gradient(x), &v);

    let exact = along(x).item();
    let at = |t: f64| {
        let moved: Vec<_> = x.iter().zip(&v).map(|(x, v)| x + v * t).collect();
        inner(&[f(&moved)], std::slice::from_ref(&u)).item()
    };
    let h = check.step;
    let numeric = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
    compare(
        check,
        exact,
        numeric,
        &format!("order {order}: exact {exact}, by differences {numeric}"),
    );

    // The same gradient while an outer transform watches.
    let watched = RefCell::new(Vec::new());
    let _ = grad(&x.to_vec(), |x| {
        let g = gradient(x);
        *watched.borrow_mut() = g.iter().map(Tensor::stop_gradient).collect();
        inner(&g, &v)
    });
    for (i, (plain, watched)) in gradient(x).iter().zip(watched.borrow().iter()).enumerate() {
        assert!(
            plain.shape() == x[i].shape(),
            "order {order}: gradient {i} has shape {:?}",
            plain.shape()
        );
        for (&p, &w) in plain.data().iter().zip(watched.data()) {
            compare(check, p, w, &format!("order {order}, input {i}: unwatched {p}, watched {w}"));
        }
    }
    if order < check.order {
        recurse(check, order + 1, x, &along, rng);
    }
}

#[track_caller]
fn compare(check: GradCheck, a: f64, b: f64, message: &str) {
    let error = (a - b).abs();
    assert!(error <= check.tolerance * (1.0 + a.abs()), "{message} (seed {})", check.seed);
}

/// Σᵢ ⟨aᵢ, bᵢ⟩.
fn inner(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> Tensor<f64> {
    a.iter().zip(b).fold(Tensor::scalar(0.0), |s, (a, b)| s + (a * b).sum(..))
}

/// Checks a [`Fused`] op against its reference: the value, and the gradient of a random projection for every
/// input, to `tolerance` relative to 1 + |reference|.
///
/// # Panics
/// If they differ.
///
/// See the example at [`Fused`] for an op to check:
/// `check_fused(|| Square, [&x], 1e-12)`.
#[track_caller]
pub fn check_fused<F: Float, T: Fused<F, N>, const N: usize>(
    op: impl Fn() -> T,
    x: [&Tensor<F>; N],
    tolerance: f64,
) {
    let name = op().name();
    let compare = |what: &str, fast: &Tensor<F>, reference: &Tensor<F>| {
        assert!(
            fast.shape() == reference.shape(),
            "{name}: {what} has shape {:?}, the reference {:?}",
            fast.shape(),
            reference.shape()
        );
        for (i, (a, b)) in fast.data().iter().zip(reference.data()).enumerate() {
            let (a, b) = (a.f64(), b.f64());
            let same = a == b || (a - b).abs() <= tolerance * (1.0 + b.abs());
            assert!(same, "{name}: {what}[{i}] is {a}, the reference {b}");
        }
    };
    let (fast, reference) = (Tensor::fused(op(), x), op().reference(x));
    compare("the value", &fast, &reference);

    let u = Tensor::uniform(fast.shape(), -1.0, 1.0, &mut Rng::new(0));
    let x: Vec<Tensor<F>> = x.into_iter().cloned().collect();
    let refs = |x: &Vec<Tensor<F>>| -> [Tensor<F>; N] { std::array::from_fn(|i| x[i].clone()) };
    let fast = grad(&x, |x| (Tensor::fused(op(), refs(x).each_ref()) * &u).sum(..));
    let reference = grad(&x, |x| (op().reference(refs(x).each_ref()) * &u).sum(..));
    for (i, (a, b)) in fast.iter().zip(&reference).enumerate() {
        compare(&format!("gradient {i}"), a, b);
    }
}
