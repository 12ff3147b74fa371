//! The transforms: nesting, independence of levels, long chains, recomputation, data parallelism.

use approx::assert_relative_eq;
use seedbed_autodiff::{
    Activation, GradCheck, Module, Rng, Tensor, check_grads, custom_gradient, debug_nan, grad, hvp,
    jvp, module, par_value_and_grad, remat, update, value_and_grad, vjp,
};

use crate::panics::panic_of;

type T = Tensor<f64>;

fn vector(x: &[f64]) -> T {
    Tensor::new(x.to_vec(), &[x.len()])
}

#[test]
fn derivatives_nest_to_any_order() {
    let x = T::scalar(2.0);
    let d = grad(&x, |x| grad(x, |x| grad(x, |x| grad(x, |x| x * x * x * x * x))));
    assert_eq!(d.item(), 240.0);
}

#[test]
fn levels_keep_perturbations_apart() {
    // d/dx (x · d/dy (x + y)) = 1, and d/dx (x · d/dy x) = 0.
    let (x, y) = (T::scalar(3.0), T::scalar(1.0));
    assert_eq!(grad(&x, |x| x * grad(&y, |y| x + y)).item(), 1.0);
    assert_eq!(grad(&x, |x| x * grad(&y, |_| x.clone())).item(), 0.0);
    // d/dx (x · d/dy (x y)) = d/dx x² = 2 x.
    assert_eq!(grad(&x, |x| x * grad(&y, |y| x * y)).item(), 6.0);
}

#[test]
fn one_tensor_bound_to_two_names_gets_two_gradients() {
    let x = T::scalar(3.0);
    let (a, b) = grad(&(x.clone(), x), |(a, b)| a * a * b);
    assert_eq!((a.item(), b.item()), (18.0, 9.0));
}

#[test]
fn a_chain_of_a_million_ops_differentiates_and_drops() {
    let x = Tensor::<f32>::scalar(1.0);
    let (y, g) = value_and_grad(&x, |x| {
        let mut y = x.clone();
        for _ in 0..1_000_000 {
            y = y + 1.0;
        }
        y
    });
    assert_eq!((y.item(), g.item()), (1_000_001.0, 1.0));
    // A graph that is never walked back must drop without recursion, too.
    let _ = grad(&x, |x| {
        let mut y = x.clone();
        for _ in 0..1_000_000 {
            y = y + 1.0;
        }
        drop(y);
        x * 2.0
    });
}

#[test]
fn wide_graphs_gather_every_path() {
    let x = T::scalar(2.0);
    let g = grad(&x, |x| (0..10_000).fold(T::scalar(0.0), |s, _| s + x * x));
    assert_eq!(g.item(), 40_000.0);
    // The gradient is a long sum that nobody wrote: of a million tenths, in single precision.
    let x = Tensor::<f32>::scalar(2.0);
    let g = grad(&x, |x| {
        let uses: Vec<_> = (0..1_000_000).map(|_| x.reshape(&[1])).collect();
        Tensor::concat(&uses, 0).sum(..) * 0.1
    });
    assert_relative_eq!(g.item(), 100_000.0, max_relative = 1e-5);
}

#[test]
fn products_agree_with_the_derivatives_written_out() {
    let (x, v) = (vector(&[1.0, 2.0]), vector(&[3.0, -1.0]));
    let cube = |x: &T| x * x * x;
    assert_eq!(jvp(&x, &v, cube).to_vec(), [9.0, -12.0]);
    assert_eq!(vjp(&x, cube).1(&v).to_vec(), [9.0, -12.0]);
    assert_eq!(hvp(&x, &v, |x| cube(x).sum(..)).to_vec(), [18.0, -12.0]);
    // They nest: d/dx ⟨J v, 1⟩ = 6 x v.
    assert_eq!(grad(&x, |x| jvp(x, &v, cube).sum(..)).to_vec(), [18.0, -12.0]);
}

#[test]
fn a_pull_back_may_be_used_twice_and_after_another_transform() {
    let (_, pull) = vjp(&vector(&[2.0]), |x| x * x);
    let _ = grad(&vector(&[5.0]), |x| (x * x).sum(..));
    for _ in 0..2 {
        assert_eq!(pull(&vector(&[1.0])).to_vec(), [4.0]);
    }
}

#[test]
fn a_pull_back_is_differentiated_by_a_later_transform() {
    let (x, u) = (vector(&[2.0, -1.0]), vector(&[0.5, 3.0]));
    let (_, pull) = vjp(&x, |x| x * x * x);
    // ⟨3 x² u, u⟩, whose gradient with respect to u is 6 x² u, and whose second one is 6 x².
    let product = |u: &T| (pull(u) * u).sum(..);
    assert_eq!(grad(&u, product).to_vec(), [12.0, 18.0]);
    assert_eq!(hvp(&u, &vector(&[1.0, 1.0]), product).to_vec(), [24.0, 6.0]);
    // And of a transform within one.
    let inner = |y: &T| {
        let (_, pull) = vjp(y, |y| y * y);
        grad(&u, |u| (pull(u) * u).sum(..)).sum(..)
    };
    assert_eq!(grad(&x, inner).to_vec(), [2.0, 12.0]);
}

#[test]
fn checkpoint_is_transparent_to_any_order() {
    let x = [vector(&[0.3, -0.7])];
    check_grads(GradCheck::default(), &x, |x| remat(&x[0], |x| x * x * x + x * x));
}

#[test]
#[should_panic(expected = "not among what is given to remat")]
fn checkpoint_refuses_to_lose_a_gradient() {
    let x = T::scalar(2.0);
    let _ = grad(&x, |x| {
        let captured = x.clone();
        // A leaked variable: the gradient through it would silently vanish.
        remat(&T::scalar(1.0), move |y| y * &captured)
    });
}

#[test]
#[should_panic(
    expected = "custom_gradient: the function uses a variable of an open transform (in mul)"
)]
fn a_custom_gradient_refuses_to_lose_a_gradient() {
    let x = T::scalar(2.0);
    let _ = grad(&x, |x| {
        let y = T::scalar(3.0);
        custom_gradient("scaled", [&y], |[y]| y * x, |_, _, g| [Some(g)])
    });
}

#[test]
fn a_custom_gradient_may_use_constants_and_its_inputs() {
    let x = T::scalar(2.0);
    let c = x.clone();
    let f = |x: &T| {
        custom_gradient("scaled", [x], |[x]| grad(x, |x| x * x) * &c, |_, _, g| [Some(g * 5.0)])
    };
    assert_eq!(value_and_grad(&x, f), (T::scalar(8.0), T::scalar(5.0)));
    // A variable in the backward function is differentiated like any other.
    let mixed = grad(&x, |x| {
        let scale = x.clone();
        let f = |y: &T| {
            let scale = scale.clone();
            custom_gradient("scaled", [y], |[y]| y.clone(), move |_, _, g| [Some(g * &scale)])
        };
        grad(&T::scalar(1.0), f) * 7.0
    });
    assert_eq!(mixed.item(), 7.0);
}

/// A fused op that holds a variable, in place of taking it as an input.
#[derive(Debug)]
struct Scaled(T);

impl seedbed_autodiff::Fused<f64, 1> for Scaled {
    type Saved = ();
    fn name(&self) -> &'static str {
        "scaled"
    }
    fn reference(&self, [x]: [&T; 1]) -> T {
        x * &self.0
    }
    fn forward(&self, x: [&T; 1]) -> (T, ()) {
        (self.reference(x), ())
    }
    fn vjp(&self, _: &seedbed_autodiff::FusedCtx<'_, f64, (), 1>, g: T) -> [Option<T>; 1] {
        [Some(g * &self.0)]
    }
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "scaled: the function uses a variable of an open transform (in mul)")]
fn a_fused_op_that_holds_a_variable_is_refused() {
    let x = T::scalar(2.0);
    let _ = grad(&x, |x| T::fused(Scaled(x.clone()), [&T::scalar(1.0)]));
}

#[test]
fn a_vector_of_another_shape_is_refused_at_the_callers_line() {
    let x = vector(&[1.0, 2.0]);
    let square = |x: &T| (x * x).sum(..);
    let mistakes: [(&dyn Fn(), &str); 4] = [
        (
            &|| drop(hvp(&x, &vector(&[1.0]), square)),
            "hvp: parameter 0 of the model has shape [2], that of the vector [1]",
        ),
        (
            &|| drop(hvp(&x, &T::ones(&[3, 2]), square)),
            "hvp: parameter 0 of the model has shape [2], that of the vector [3, 2]",
        ),
        (
            &|| drop(jvp(&x, &T::scalar(1.0), |x| x * x)),
            "jvp: parameter 0 of the model has shape [2], that of the tangent []",
        ),
        (
            &|| drop(jvp(&vec![x.clone()], &vec![x.clone(); 2], |x| &x[0] * &x[0])),
            "jvp: the model has 1 parameters, the tangent 2",
        ),
    ];
    for (mistake, want) in mistakes {
        let panic = panic_of(mistake).expect(want);
        assert_eq!(panic.message, want);
        assert!(panic.file.ends_with("transforms.rs"), "{want}");
    }
}

/// d/dx (x · d/dy (x y)) = 2 x, wherever the inner transform runs.
#[test]
fn a_transform_on_another_thread_is_an_inner_one() {
    fn elsewhere<R: Send>(f: impl FnOnce() -> R + Send) -> R {
        std::thread::scope(|s| s.spawn(f).join().expect("it does not panic"))
    }
    let (x, y) = (T::scalar(3.0), T::scalar(1.0));
    let inner = |x: &T| grad(&y, |y| x * y);
    assert_eq!(grad(&x, |x| x * elsewhere(|| inner(x))).item(), 6.0);
    // The value, too, is differentiated.
    let of_value = |x: &T| elsewhere(|| value_and_grad(&y, |y| x * x * y).0);
    assert_eq!(grad(&x, of_value).item(), 6.0);
    // With fused ops, by vjp, by hvp, and where the variable is the model of the inner transform itself.
    let rows = |x: &T| x.reshape(&[1, 1]).linear(&T::full(&[1, 1], 2.0), None, Activation::Tanh);
    let g = |x: &T| grad(x, |x| rows(x).sum(..));
    let (here, there) = (grad(&x, g), grad(&x, |x| elsewhere(|| g(x))));
    assert!(here.item() != 0.0 && (here.item() - there.item()).abs() < 1e-15);
    let pulled = |x: &T| elsewhere(|| vjp(&y, |y| x * y * y).1(&T::scalar(1.0)));
    assert_eq!(grad(&x, pulled).item(), 2.0);
    let second = |x: &T| elsewhere(|| hvp(&y, &y, |y| x * x * y * y));
    assert_eq!(grad(&x, second).item(), 12.0);
    // Two threads deep, and twice differentiated.
    let deep = |x: &T| elsewhere(|| elsewhere(|| grad(&y, |y| x * x * x * y)));
    assert_eq!(grad(&x, |x| grad(x, deep)).item(), 18.0);
    assert_eq!(grad(&x, |x| grad(x, |x| x * elsewhere(|| inner(x)))).item(), 2.0);
    // One that uses nothing of the outer transform gives constants.
    let apart = |x: &T| x * elsewhere(|| grad(&T::scalar(5.0), |y| y * y));
    assert_eq!(grad(&x, apart).item(), 10.0);
}

#[test]
fn threads_with_transforms_of_their_own_do_not_meet() {
    std::thread::scope(|s| {
        for k in 0..8 {
            s.spawn(move || {
                for i in 0..200 {
                    let x = T::scalar(f64::from(k * 1000 + i));
                    let y = grad(&x, |x| grad(x, |x| x * x * x));
                    assert_eq!(y.item(), 6.0 * x.item());
                }
            });
        }
    });
}

#[test]
#[should_panic(expected = "remat: the function uses a variable of an open transform")]
fn remat_on_another_thread_refuses_to_lose_a_gradient() {
    let _ = grad(&T::scalar(2.0), |x| {
        let run = || {
            let captured = x.clone();
            remat(&T::scalar(1.0), move |y| y * &captured)
        };
        std::thread::scope(|s| s.spawn(run).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
}

#[test]
#[should_panic(expected = "the function uses a variable of another open transform")]
fn shards_that_use_a_variable_of_another_thread_are_refused() {
    let _ = grad(&T::scalar(2.0), |x| {
        let run = || par_value_and_grad(&T::scalar(1.0), &[1.0], |w, s| w * x * *s).1;
        std::thread::scope(|s| s.spawn(run).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
}

/// A tensor that a transform of the past recorded is a constant to later ones.
#[test]
fn what_is_left_of_a_past_transform_is_a_constant() {
    let mut kept = None;
    let _ = grad(&T::scalar(3.0), |x| {
        kept = Some(x * x);
        x.clone()
    });
    let kept = kept.expect("it ran");
    let (y, g) = value_and_grad(&T::scalar(2.0), |x| x * &kept);
    assert_eq!((y.item(), g.item()), (18.0, 9.0));
    // No graph hangs on the results: they can be changed in place.
    let mut g = g;
    g.data_mut()[0] = 1.0;
    assert_eq!(remat(&T::scalar(2.0), move |y| y * &kept).item(), 18.0);
}

/// The test below, run by itself in a process of its own, so that its standard error can be read.
#[test]
#[cfg(debug_assertions)]
fn a_loss_that_ignores_its_model_is_warned_of_once() {
    const LOSSES: &str = "transforms::losses_that_ignore_their_model";
    let program = std::env::current_exe().expect("the tests are a program");
    let run = std::process::Command::new(program)
        .args(["--exact", LOSSES, "--nocapture"])
        .output()
        .expect("it runs again");
    assert!(run.status.success());
    let text = String::from_utf8_lossy(&run.stderr);
    let warnings: Vec<_> = text.lines().filter(|line| line.starts_with("warning: ")).collect();
    let [one, other] = warnings[..] else { panic!("two warnings are due: {text}") };
    assert!(
        one.starts_with("warning: value_and_grad at ") && one.contains("transforms.rs:"),
        "{one}"
    );
    assert!(one.ends_with("the gradient is zero everywhere"), "{one}");
    assert!(other.starts_with("warning: vjp at ") && other.contains("transforms.rs:"), "{other}");
}

/// What it writes is looked at by the test above.
#[test]
fn losses_that_ignore_their_model() {
    let model = T::scalar(2.0);
    for _ in 0..3 {
        // The model outside of the function, in place of the one that it is given.
        assert_eq!(grad(&model, |_| &model * &model).item(), 0.0);
    }
    let _ = vjp(&model, |_| T::scalar(1.0)).1(&T::scalar(1.0));
    // No mistakes: a loss of a part of the model, and a model without parameters.
    let _ = grad(&(model.clone(), model.clone()), |m| m.0.clone());
    grad(&(), |()| T::scalar(1.0));
}

#[test]
fn a_custom_gradient_is_used_and_can_be_differentiated() {
    // The gradient is declared to be 3 x² g, whatever the value.
    let f =
        |x: &T| custom_gradient("odd", [x], |[x]| x.clone(), |[x], _, g| [Some(x * x * 3.0 * g)]);
    let x = T::scalar(2.0);
    assert_eq!(grad(&x, f).item(), 12.0);
    assert_eq!(grad(&x, |x| grad(x, f)).item(), 12.0); // d/dx 3 x² = 6 x
}

#[test]
#[should_panic(expected = "ln made a NaN from inputs [[1]]")]
fn debug_nan_names_the_op() {
    debug_nan(|| vector(&[-1.0]).ln());
}

#[test]
#[should_panic(expected = "mul got a NaN: input 0 of inputs [[1]] has one already")]
fn debug_nan_sees_what_was_given_away() {
    debug_nan(|| vector(&[f64::NAN]) * 2.0);
}

#[test]
#[should_panic(expected = "the loss must have exactly one element, its shape is [2]")]
fn a_loss_that_is_no_scalar_is_refused() {
    let _ = grad(&vector(&[1.0, 2.0]), |x| x * x);
}

#[derive(Clone, Debug)]
struct Model {
    w: Tensor<f32>,
    b: Option<Tensor<f32>>,
    mean: Tensor<f32>,
    name: &'static str,
}
module!(Model: f32 { w, b } buffers { mean } config { name });

fn model() -> Model {
    let rng = &mut Rng::new(1);
    let normal = |rng: &mut Rng| Tensor::normal(&[5], 0.0, 1.0, rng);
    Model { w: normal(rng), b: Some(normal(rng)), mean: normal(rng), name: "m" }
}

#[test]
fn buffers_are_constants_with_zero_gradient() {
    let m = model();
    let names: Vec<_> = m.named().into_iter().map(|(name, ..)| name).collect();
    assert_eq!((names, m.name), (vec!["w".into(), "b".into(), "mean".to_string()], "m"));
    assert_eq!(m.num_params(), 10);
    let g = grad(&m, |m| (&m.w * &m.mean).sum(..));
    assert_eq!(g.w, m.mean);
    assert_eq!(g.mean, Tensor::zeros(&[5]));
    assert_eq!(g.b.unwrap(), Tensor::zeros(&[5]));
}

#[test]
fn shards_give_the_same_bits_on_any_number_of_threads() {
    let m = model();
    let rng = &mut Rng::new(2);
    let shards: Vec<_> = (0..7).map(|_| Tensor::<f32>::normal(&[5], 0.0, 1.0, rng)).collect();
    let step = || {
        let (loss, g) = par_value_and_grad(&m, &shards, |m, x| {
            let y = &m.w * x + m.b.as_ref().unwrap();
            (&y * &y).sum(..)
        });
        (loss.to_vec(), g.w.to_vec(), g.b.unwrap().to_vec())
    };
    let on = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(step)
    };
    let one = on(1);
    assert!(one.1.iter().all(|x| x.is_finite() && *x != 0.0));
    for threads in [2, 3, 8] {
        assert_eq!(on(threads), one, "{threads} threads");
    }
}

#[test]
fn a_shard_may_wait_for_a_thread_that_multiplies() {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let step = || {
            par_value_and_grad(&T::scalar(1.0), &[50, 100], |w, &milliseconds| {
                std::thread::sleep(std::time::Duration::from_millis(milliseconds));
                if milliseconds == 100 {
                    let a = Tensor::<f32>::ones(&[300, 300]);
                    let product = std::thread::spawn(move || a.matmul(&a)).join().unwrap();
                    assert_eq!(product.data()[0], 300.0);
                }
                w * milliseconds as f64
            })
        };
        for threads in [2, 3, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(step).1.item(), 75.0);
        }
        send.send(()).unwrap();
    });
    receive.recv_timeout(std::time::Duration::from_secs(60)).expect("it ends");
}

#[test]
#[should_panic(expected = "par_value_and_grad: must be the outermost transform")]
fn shards_inside_a_transform_are_refused() {
    let _ = grad(&T::scalar(1.0), |x| par_value_and_grad(x, &[1.0], |x, s| x * *s).0);
}

#[test]
fn the_thread_recovers_from_a_panic_inside_a_transform() {
    let x = T::scalar(2.0);
    let caught = std::panic::catch_unwind(|| grad(&x, |_| panic!("user")));
    assert!(caught.is_err());
    assert_eq!(grad(&x, |x| x * x).item(), 4.0);
}

#[test]
fn tensors_cross_threads() {
    fn assert_send_sync<S: Send + Sync>() {}
    assert_send_sync::<Tensor<f32>>();
    // A part of the graph may be built by another thread.
    let g = grad(&T::scalar(3.0), |x| {
        let y = std::thread::scope(|s| s.spawn(|| x * x * x).join().unwrap());
        y * x
    });
    assert_eq!(g.item(), 108.0);
}

/// Rules add in place to what has been accumulated, and products of few rows wait for one another: the sum must be the same as by hand, also
/// where a tensor is used twice by one op, and where somebody else holds a gradient.
#[test]
fn gradients_that_are_accumulated_in_place_add_up() {
    // Two rows a step: more than wait together.
    const STEPS: usize = 100;
    let rng = &mut Rng::new(5);
    let w = Tensor::<f64>::normal(&[3, 3], 0.0, 0.5, rng);
    let x = Tensor::normal(&[STEPS, 2, 3], 0.0, 1.0, rng);
    let bias = Tensor::normal(&[3], 0.0, 1.0, rng);
    let steps = |w: &[Tensor<f64>], x: &Tensor<f64>, b: &Tensor<f64>| {
        // One weight a step, so that nothing is accumulated.
        let step = |h: Tensor<f64>, t: usize| {
            let h = (h + x.index(0, t as isize)).linear(&w[t], Some(b), Activation::Tanh);
            h.matmul(&w[t]).matmul(&w[t].matmul(&w[t])) + h.slice(1, 1..2)
        };
        (0..STEPS).fold(Tensor::zeros(&[2, 3]), step).square().sum(..)
    };
    let all = (vec![w.clone(); STEPS], x.clone(), bias.clone());
    let apart = grad(&all, |(w, x, b)| steps(w, x, b));
    let shared = grad(&(w, x, bias), |(w, x, b)| steps(&vec![w.clone(); STEPS], x, b));
    let by_hand = apart.0.iter().skip(1).fold(apart.0[0].clone(), |sum, g| sum + g);
    for (shared, apart) in [(shared.0, by_hand), (shared.1, apart.1), (shared.2, apart.2)] {
        assert_relative_eq!(shared.data(), apart.data(), epsilon = 1e-12, max_relative = 1e-12);
    }
}

#[test]
fn a_gradient_through_a_gradient_is_a_constant() {
    let mut g = grad(&vector(&[1.0, 2.0]), |x| grad(x, |x| x.powi(3).sum(..)).square().sum(..));
    // 36 x³. A recorded one could not be changed in place.
    update::map(&mut g, |x| x / 36.0);
    assert_eq!(g.to_vec(), [1.0, 8.0]);
}
