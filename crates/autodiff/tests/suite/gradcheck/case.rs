//! A row of the check table.

use std::panic::{AssertUnwindSafe, catch_unwind};

use seedbed_autodiff::{GradCheck, Rng, Tensor, check_grads, grad};

use super::support::part_of_a_larger;

/// Derivatives are checked in double precision.
pub(crate) type T = Tensor<f64>;

/// An op as a function of its arguments.
type Function = Box<dyn Fn(&[T]) -> T>;

/// One op with arguments of given shapes.
///
/// Every row checks derivatives of order 1, 2 and 3; that inputs which are parts of larger tensors give
/// the same value and gradient; and, if the arguments have equal shapes, that one tensor may be passed as all of them.
pub(crate) struct Case {
    op: &'static str,
    shapes: Vec<Vec<Vec<usize>>>,
    points: Vec<Vec<T>>,
    low: f64,
    high: f64,
    apart: f64,
    check: GradCheck,
    f: Function,
}

/// The op as a function of arguments that have these shapes.
///
/// `case("atan2", &[&[2, 3], &[3]], |x| x[0].atan2(&x[1]))`
pub(crate) fn case(op: &'static str, shapes: &[&[usize]], f: impl Fn(&[T]) -> T + 'static) -> Case {
    let case = Case {
        op,
        shapes: vec![],
        points: vec![],
        low: -1.0,
        high: 1.0,
        apart: 0.0,
        check: GradCheck::default(),
        f: Box::new(f),
    };
    if shapes.is_empty() { case } else { case.also(shapes) }
}

#[allow(dead_code, reason = "each family uses some of them")]
impl Case {
    /// The same for other shapes: empty axes, axes of size 1, broadcasting.
    pub(crate) fn also(mut self, shapes: &[&[usize]]) -> Self {
        self.shapes.push(shapes.iter().map(|s| s.to_vec()).collect());
        self
    }

    /// The same at a given argument.
    pub(crate) fn at(mut self, x: T) -> Self {
        self.points.push(vec![x]);
        self
    }

    /// Arguments are drawn from [`low`, `high`) instead of [−1, 1).
    pub(crate) fn within(self, low: f64, high: f64) -> Self {
        Self { low, high, ..self }
    }

    /// Arguments keep this distance from one another and from zero, where the op has a kink.
    pub(crate) fn apart(self, apart: f64) -> Self {
        Self { apart, ..self }
    }

    /// The largest error, relative to 1 + |exact|.
    pub(crate) fn tolerance(mut self, tolerance: f64) -> Self {
        self.check.tolerance = tolerance;
        self
    }

    /// The step of the differences.
    pub(crate) fn step(mut self, step: f64) -> Self {
        self.check.step = step;
        self
    }

    fn arguments(&self, shapes: &[Vec<usize>], rng: &mut Rng) -> Vec<T> {
        let mut taken = vec![0.0];
        let mut draw = || {
            for _ in 0..10_000 {
                let x = T::uniform(&[], self.low, self.high, rng).item();
                if taken.iter().all(|t| (x - t).abs() >= self.apart) {
                    taken.push(x);
                    return x;
                }
            }
            panic!("{}: no room for values that lie {} apart", self.op, self.apart)
        };
        let mut argument =
            |s: &Vec<usize>| T::new((0..s.iter().product()).map(|_| draw()).collect(), s);
        shapes.iter().map(&mut argument).collect()
    }

    fn run(&self) {
        let rng = &mut Rng::new(1);
        let drawn = self.shapes.iter().map(|shapes| self.arguments(shapes, rng));
        for x in drawn.collect::<Vec<_>>().iter().chain(&self.points) {
            check_grads(self.check, x, &self.f);

            let parts: Vec<T> = x.iter().map(part_of_a_larger).collect();
            assert_eq!((self.f)(x), (self.f)(&parts), "the place in memory changed the value");
            let gradient = |x: &Vec<T>| grad(x, |x| (self.f)(x).sum(..));
            assert_eq!(gradient(x), gradient(&parts), "the place in memory changed the gradient");

            if x.len() > 1 && x.iter().all(|other| other.shape() == x[0].shape()) {
                let n = x.len();
                check_grads(self.check, &x[..1], |x| (self.f)(&vec![x[0].clone(); n]));
            }
        }
    }
}

/// Runs every row, and names those that fail.
pub(crate) fn run(cases: Vec<Case>) {
    let failed: Vec<_> = cases
        .iter()
        .filter(|case| catch_unwind(AssertUnwindSafe(|| case.run())).is_err())
        .map(|case| case.op)
        .collect();
    assert!(failed.is_empty(), "failed: {failed:?}");
}
