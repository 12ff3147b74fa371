//! Hypergradients against numeric derivatives of the whole training, in double precision.

use seedbed_autodiff::{Module, Rng, Tensor};
use seedbed_meta::bilevel::{
    Bilevel, Hypergradient, ImplicitConfig, InnerAdam, InnerMomentum, InnerOptimizer, InnerSgd,
    adapt, hypergradient,
};

type Params = (Tensor<f64>, Tensor<f64>);

/// A network with one layer; λ is where it starts, a weight of each example, and a learnt rate of each parameter.
struct Network {
    x: Tensor<f64>,
    y: Tensor<f64>,
}

impl Network {
    fn new() -> (Self, (Params, Tensor<f64>, Params)) {
        let rng = &mut Rng::new(7);
        let normal = |shape: &[usize], rng: &mut Rng| Tensor::<f64>::normal(shape, 0.0, 1.0, rng);
        let network = Self { x: normal(&[6, 3], rng), y: normal(&[6, 2], rng) };
        let params = |rng: &mut Rng| (normal(&[3, 2], rng), normal(&[2], rng));
        let start = params(rng);
        let weights = normal(&[6, 1], rng).square();
        let rates = params(rng).map_params(|x| x.square() + 0.5);
        (network, (start, weights, rates))
    }

    fn errors(&self, (w, b): &Params) -> Tensor<f64> {
        ((self.x.matmul(w) + b).tanh() - &self.y).square()
    }
}

impl Bilevel<f64> for Network {
    type Upper = (Params, Tensor<f64>, Params);
    type Lower = Params;

    fn start(&self, (start, ..): &Self::Upper) -> Params {
        start.clone()
    }

    fn inner(&self, (_, weights, _): &Self::Upper, lower: &Params, step: usize) -> Tensor<f64> {
        // Another loss at every step, as batches make it.
        (self.errors(lower) * weights).mean(..) * (1.0 + 0.1 * step as f64)
    }

    fn outer(&self, (_, weights, _): &Self::Upper, lower: &Params) -> Tensor<f64> {
        self.errors(lower).mean(..) + 0.01 * weights.square().sum(..)
    }

    fn precondition(&self, (_, _, rates): &Self::Upper, gradient: &Params) -> Params {
        gradient.zip_params(rates, |g, rate| g * rate)
    }
}

/// The derivative of the outer loss of the whole training, by central differences.
fn numeric<P: Bilevel<f64>, O: InnerOptimizer<f64, P::Lower>>(
    problem: &P,
    upper: &P::Upper,
    optimizer: &O,
    steps: usize,
) -> Vec<f64> {
    let params = upper.params();
    let mut all = Vec::new();
    for (which, param) in params.iter().enumerate() {
        for at in 0..param.len() {
            let outcome = |distance: f64| {
                let mut index = 0;
                let moved = upper.map_params(|x| {
                    index += 1;
                    if index - 1 != which {
                        return x.clone();
                    }
                    let mut data = x.to_vec();
                    data[at] += distance;
                    Tensor::new(data, x.shape())
                });
                problem.outer(&moved, &adapt(problem, &moved, optimizer, steps)).item()
            };
            // Of fourth order.
            let h = 1e-3;
            let slope = |h: f64| (outcome(h) - outcome(-h)) / (2.0 * h);
            all.push((4.0 * slope(h) - slope(2.0 * h)) / 3.0);
        }
    }
    all
}

fn flat<M: Module<f64>>(module: &M) -> Vec<f64> {
    module.params().iter().flat_map(Tensor::to_vec).collect()
}

#[track_caller]
fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    assert!(largest > 0.0, "a derivative of 0 would show nothing");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * largest, "{i}: {a} is not {b}");
    }
}

fn exact_ways_agree<O: InnerOptimizer<f64, Params>>(optimizer: &O, steps: &[usize]) {
    let (network, upper) = Network::new();
    for &steps in steps {
        let [nested, recomputed, difference] = [
            Hypergradient::Nested,
            Hypergradient::Recomputed,
            Hypergradient::FiniteDifference { step: 1e-5 },
        ]
        .map(|how| hypergradient(&network, &upper, optimizer, steps, how));
        let expected = numeric(&network, &upper, optimizer, steps);
        close(&flat(&nested.gradient), &expected, 1e-8);
        close(&flat(&recomputed.gradient), &flat(&nested.gradient), 1e-12);
        close(&flat(&difference.gradient), &expected, 1e-7);
        assert_eq!(flat(&nested.lower), flat(&recomputed.lower));
        assert_eq!(nested.loss.item(), recomputed.loss.item());
        assert_eq!(nested.lower.0.to_vec(), adapt(&network, &upper, optimizer, steps).0.to_vec());
    }
}

#[test]
fn gradient_descent_is_differentiated_exactly() {
    exact_ways_agree(&InnerSgd { rate: 0.2 }, &[0, 1, 2, 7]);
}

#[test]
fn momentum_is_differentiated_exactly() {
    exact_ways_agree(&InnerMomentum { rate: 0.1, momentum: 0.8 }, &[1, 5]);
}

#[test]
fn adam_is_differentiated_exactly() {
    exact_ways_agree(&InnerAdam { rate: 0.05, ..Default::default() }, &[1, 5]);
}

#[test]
fn adam_has_a_derivative_where_a_gradient_is_0() {
    // The first input is 0 everywhere, and so is the gradient of its weights.
    let (mut network, upper) = Network::new();
    network.x = &network.x * Tensor::new(vec![0.0, 1.0, 1.0], &[3]);
    let adam = InnerAdam { rate: 0.05, ..Default::default() };
    let found = hypergradient(&network, &upper, &adam, 3, Hypergradient::Recomputed);
    assert!(flat(&found.gradient).iter().all(|x| x.is_finite()));
}

#[test]
fn first_order_leaves_second_derivatives_out() {
    let (network, upper) = Network::new();
    let sgd = InnerSgd { rate: 0.2 };
    let found = hypergradient(&network, &upper, &sgd, 3, Hypergradient::FirstOrder);
    let lower = adapt(&network, &upper, &sgd, 3);
    let direct = seedbed_autodiff::grad(&(upper, lower), |(u, l)| network.outer(u, l));
    assert_eq!(flat(&found.gradient.0), flat(&direct.1), "the start has what θ_K has");
    assert_eq!(flat(&found.gradient.1), flat(&direct.0.1));
    assert!(flat(&found.gradient.2).iter().all(|&x| x == 0.0), "rates act through the steps only");
}

#[test]
fn reptile_goes_towards_what_was_reached() {
    let (network, upper) = Network::new();
    let sgd = InnerSgd { rate: 0.2 };
    let found = hypergradient(&network, &upper, &sgd, 4, Hypergradient::Reptile);
    let way = upper.0.zip_params(&found.lower, |start, end| start - end);
    assert_eq!(flat(&found.gradient.0), flat(&way));
}

/// Ridge regression with a penalty of its own for each weight: its minimum is known.
struct Ridge {
    x: Tensor<f64>,
    y: Tensor<f64>,
}

impl Bilevel<f64> for Ridge {
    type Upper = Tensor<f64>;
    type Lower = Tensor<f64>;

    fn start(&self, _: &Tensor<f64>) -> Tensor<f64> {
        Tensor::zeros(&[4, 1])
    }

    fn inner(&self, penalty: &Tensor<f64>, w: &Tensor<f64>, _: usize) -> Tensor<f64> {
        (self.x.matmul(w) - &self.y).square().mean(..) + (penalty.exp() * w.square()).sum(..)
    }

    fn outer(&self, _: &Tensor<f64>, w: &Tensor<f64>) -> Tensor<f64> {
        (w - 1.0).square().sum(..)
    }
}

#[test]
fn implicit_is_exact_at_the_minimum() {
    let rng = &mut Rng::new(3);
    let ridge = Ridge {
        x: Tensor::normal(&[9, 4], 0.0, 1.0, rng),
        y: Tensor::normal(&[9, 1], 0.0, 1.0, rng),
    };
    let penalty = Tensor::new(vec![-2.0, -1.5, -1.0, -2.5], &[4, 1]);
    let sgd = InnerSgd { rate: 0.2 };
    // So many steps that nothing moves any more.
    let steps = 400;
    let config = ImplicitConfig { tolerance: 1e-12, ..Default::default() };
    let implicit = hypergradient(&ridge, &penalty, &sgd, steps, Hypergradient::Implicit(config));
    assert!(implicit.residual.is_some_and(|left| left < 1e-12));
    close(&implicit.gradient.to_vec(), &numeric(&ridge, &penalty, &sgd, steps), 1e-8);
    let unrolled = hypergradient(&ridge, &penalty, &sgd, steps, Hypergradient::Recomputed);
    close(&implicit.gradient.to_vec(), &unrolled.gradient.to_vec(), 1e-10);
}

#[test]
fn too_few_iterations_are_seen_in_the_residual() {
    let rng = &mut Rng::new(3);
    let ridge = Ridge {
        x: Tensor::normal(&[9, 4], 0.0, 1.0, rng),
        y: Tensor::normal(&[9, 1], 0.0, 1.0, rng),
    };
    let config = ImplicitConfig { iterations: 1, ..Default::default() };
    let how = Hypergradient::Implicit(config);
    let found = hypergradient(&ridge, &Tensor::zeros(&[4, 1]), &InnerSgd { rate: 0.2 }, 50, how);
    assert!(found.residual.is_some_and(|left| left > 1e-3));
}

#[test]
#[should_panic(
    expected = "the step of a finite difference is 0, but should be a finite number > 0"
)]
fn a_difference_needs_a_distance() {
    let (network, upper) = Network::new();
    let how = Hypergradient::FiniteDifference { step: 0.0 };
    hypergradient(&network, &upper, &InnerSgd { rate: 0.2 }, 1, how);
}
