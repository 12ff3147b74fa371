//! Updates in place: the same bits on any number of threads, copies where somebody looks, refusals.

use seedbed_autodiff::update::{self, Update};
use seedbed_autodiff::{Float, Rng, Tensor, grad, module};

#[derive(Clone, Debug, PartialEq)]
struct Net<F: Float = f32> {
    weight: Tensor<F>,
    bias: Tensor<F>,
    seen: Tensor<F>,
}
module!(Net<F> { weight, bias } buffers { seen });

fn net<F: Float>(seed: u64) -> Net<F> {
    let rng = &mut Rng::new(seed);
    let mut normal = |shape: &[usize]| Tensor::normal(shape, 0.0, 1.0, rng);
    // Long enough for several chunks, with a rest that fills no block.
    Net { weight: normal(&[403, 101]), bias: normal(&[17]), seen: normal(&[2]) }
}

/// `s ← s / 2 + g`, `t ← t + s`, `x ← x − √(1 + s²) t`.
#[derive(Clone, Copy)]
struct Rule;

impl<F: Float> Update<F, 2> for Rule {
    #[inline(always)]
    fn at(self, x: F, g: F, [s, t]: [F; 2]) -> (F, [F; 2]) {
        let s = s * F::of(0.5) + g;
        let t = t + s;
        (x - (F::one() + s * s).sqrt() * t, [s, t])
    }
}

fn run<F: Float>(threads: usize) -> (Net<F>, Net<F>, Net<F>, u64) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let (mut x, mut s, mut t) = (net(1), net(2), net(3));
        for seed in 4..7 {
            update::apply(&mut x, &net(seed), [&mut s, &mut t], |_| Some(Rule));
        }
        let squares = update::sum_of_squares(&x).to_bits();
        (x, s, t, squares)
    })
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (one32, one64) = (run::<f32>(1), run::<f64>(1));
    for threads in [2, 3, 8] {
        assert_eq!(run::<f32>(threads), one32, "{threads} threads");
        assert_eq!(run::<f64>(threads), one64, "{threads} threads");
    }
}

#[test]
fn the_loop_is_the_rule_on_each_element() {
    let (mut x, mut s, mut t, g) = (net::<f64>(1), net(2), net(3), net(4));
    let (x0, s0, t0) = (x.clone(), s.clone(), t.clone());
    update::apply(&mut x, &g, [&mut s, &mut t], |_| Some(Rule));
    let each = |x0: &Tensor<f64>, g: &Tensor<f64>, s0: &Tensor<f64>, t0: &Tensor<f64>| {
        let state = s0.data().iter().zip(t0.data());
        (x0.data().iter().zip(g.data()).zip(state))
            .map(|((&x, &g), (&s, &t))| Rule.at(x, g, [s, t]).0)
            .collect::<Vec<f64>>()
    };
    assert_eq!(x.weight.to_vec(), each(&x0.weight, &g.weight, &s0.weight, &t0.weight));
    assert_eq!(x.bias.to_vec(), each(&x0.bias, &g.bias, &s0.bias, &t0.bias));
    assert_eq!(x.seen, x0.seen, "buffers stay");
}

#[test]
fn a_parameter_without_a_rule_stays_with_its_state() {
    let (mut x, mut s, mut t) = (net::<f32>(1), net(2), net(3));
    let rule = |path: &seedbed_autodiff::Path| (path.to_string() != "weight").then_some(Rule);
    update::apply(&mut x, &net(4), [&mut s, &mut t], rule);
    assert_eq!((&x.weight, &s.weight, &t.weight), (&net(1).weight, &net(2).weight, &net(3).weight));
    assert_ne!(x.bias, net(1).bias);
}

#[test]
fn unshared_tensors_change_in_place_and_shared_ones_are_copied() {
    let mut x = net::<f32>(1);
    let shared = x.bias.clone();
    let place = x.weight.data().as_ptr();
    update::map(&mut x, |x| x + 1.0);
    assert_eq!(x.weight.data().as_ptr(), place);
    assert_eq!(shared, net(1).bias);
    assert_eq!(x.bias.data()[3], shared.data()[3] + 1.0);
}

#[test]
fn the_squares_are_added_in_f64() {
    let x = Tensor::<f32>::full(&[100_000], 0.1);
    let exact = f64::from(0.1_f32).powi(2) * 1e5;
    assert!((update::sum_of_squares(&x) / exact - 1.0).abs() < 1e-12);
    assert_eq!(
        update::sum_of_squares(&Tensor::<f32>::full(&[3], 1e30)),
        3.0 * f64::from(1e30_f32).powi(2)
    );
}

#[test]
#[should_panic(expected = "update: state and gradient differ at `bias`: shapes [17] and [3]")]
fn a_state_of_another_shape_is_refused() {
    let mut x = net::<f32>(1);
    x.bias = Tensor::zeros(&[3]);
    let g = x.clone();
    update::apply(&mut x, &g, [&mut net(2), &mut net(3)], |_| Some(Rule));
}

#[test]
#[should_panic(expected = "update: `` of the module was recorded by a transform")]
fn a_variable_of_an_open_transform_is_refused() {
    grad(&Tensor::<f64>::scalar(1.0), |x| {
        let mut y = x * x;
        update::map(&mut y, |y| 2.0 * y);
        y
    });
}

#[test]
#[should_panic(expected = "data_mut: this tensor was recorded by a transform")]
fn the_elements_of_a_recorded_tensor_are_not_lent() {
    grad(&Tensor::<f64>::scalar(1.0), |x| {
        let mut y = x * x;
        y.data_mut()[0] = 3.0;
        y
    });
}

#[test]
fn a_part_of_another_tensor_is_copied_before_it_is_changed() {
    let whole = Tensor::<f32>::ones(&[2, 2]);
    let mut row = whole.index(0, 0);
    row.data_mut()[0] = 5.0;
    assert_eq!((row.to_vec(), whole.to_vec()), (vec![5.0, 1.0], vec![1.0; 4]));
    let mut flat = Tensor::<f32>::ones(&[3, 2]).reshape(&[6]).slice(0, 2..4);
    update::map(&mut flat, |x| 2.0 * x);
    assert_eq!(flat.to_vec(), [2.0, 2.0]);
}
