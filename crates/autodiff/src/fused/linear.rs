//! A linear layer in one op: product, bias and activation.

use super::nonzero_rows::NonzeroRows;
use crate::kernels::accumulate::add_assign;
use crate::kernels::gemm::{Mat, Store, gemm, product, product_then};
use crate::kernels::pointwise;
use crate::kernels::pointwise::{map_in_place, map_in_place_here};
use crate::kernels::reduce;
use crate::shape::{self, Dims};
use crate::{Float, Fused, FusedCtx, Tensor};

/// What follows a linear map.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// Nothing.
    #[default]
    Identity,
    /// [`Tensor::relu`].
    Relu,
    /// [`Tensor::leaky_relu`] with a slope above 0.
    LeakyRelu(f64),
    /// [`Tensor::elu`] with an `alpha` above 0.
    Elu(f64),
    /// [`Tensor::tanh`].
    Tanh,
    /// [`Tensor::sigmoid`].
    Sigmoid,
    /// [`Tensor::softplus`].
    Softplus,
    /// [`Tensor::gelu`].
    Gelu,
    /// [`Tensor::gelu_tanh`].
    GeluTanh,
    /// [`Tensor::silu`].
    Silu,
}

impl Activation {
    /// Whether the slope is known from the value, so that the fused op needs to keep nothing else.
    fn slope_from_value(self) -> bool {
        match self {
            Self::Identity | Self::Relu | Self::Tanh | Self::Sigmoid => true,
            Self::LeakyRelu(slope) => slope > 0.0,
            Self::Elu(alpha) => alpha > 0.0,
            Self::Softplus | Self::Gelu | Self::GeluTanh | Self::Silu => false,
        }
    }

    /// The activation of every element.
    #[track_caller]
    pub fn apply<F: Float>(self, x: &Tensor<F>) -> Tensor<F> {
        match self {
            Self::Identity => x.clone(),
            Self::Relu => x.relu(),
            Self::LeakyRelu(slope) => x.leaky_relu(slope),
            Self::Elu(alpha) => x.elu(alpha),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => x.sigmoid(),
            Self::Softplus => x.softplus(),
            Self::Gelu => x.gelu(),
            Self::GeluTanh => x.gelu_tanh(),
            Self::Silu => x.silu(),
        }
    }

    /// The activation of `z + b`, in place of `z`, as a part of a piece of work.
    fn apply_in_place<F: Float>(self, z: &mut [F], b: &[F]) {
        match self {
            Self::Identity => map_in_place_here(Identity {}, z, [b]),
            Self::Relu => map_in_place_here(Relu {}, z, [b]),
            Self::LeakyRelu(slope) => map_in_place_here(LeakyRelu { slope }, z, [b]),
            Self::Elu(alpha) => map_in_place_here(Elu { alpha }, z, [b]),
            Self::Tanh => map_in_place_here(Tanh {}, z, [b]),
            Self::Sigmoid => map_in_place_here(Sigmoid {}, z, [b]),
            _ => unreachable!("{self:?} is not fused"),
        }
    }

    /// `g` times the slope, known from the value `y`, in place of `g`.
    fn scale<F: Float>(self, g: &mut [F], y: &[F]) {
        match self {
            Self::Identity => {}
            Self::Relu => map_in_place(ReluSlope {}, g, [y]),
            Self::LeakyRelu(slope) => map_in_place(LeakyReluSlope { slope }, g, [y]),
            Self::Elu(alpha) => map_in_place(EluSlope { alpha }, g, [y]),
            Self::Tanh => map_in_place(TanhSlope {}, g, [y]),
            Self::Sigmoid => map_in_place(SigmoidSlope {}, g, [y]),
            _ => unreachable!("{self:?} is not fused"),
        }
    }
}

pointwise! { Identity {} work 1, |z, b| [z + b]; }
pointwise! { Relu {} work 1, |z, b| [(z + b).maximum(0.0)]; }
pointwise! { LeakyRelu { slope: f64 } work 2, |z, b| [(z + b).gt(0.0).select(z + b, (z + b) * slope)]; }
pointwise! { Elu { alpha: f64 } work 10, |z, b| [(z + b).gt(0.0).select(z + b, (z + b).exp_m1() * alpha)]; }
pointwise! { Tanh {} work 10, |z, b| [(z + b).tanh()]; }
pointwise! { Sigmoid {} work 10, |z, b| [(z + b).sigmoid()]; }

pointwise! { ReluSlope {} work 1, |g, y| [y.gt(0.0).select(g, 0.0)]; }
pointwise! { LeakyReluSlope { slope: f64 } work 1, |g, y| [y.gt(0.0).select(g, g * slope)]; }
// Below 0, y = α(eᶻ − 1), so the slope αeᶻ is y + α.
pointwise! { EluSlope { alpha: f64 } work 1, |g, y| [y.gt(0.0).select(g, g * (y + alpha))]; }
pointwise! { TanhSlope {} work 1, |g, y| [g * (1.0 - y * y)]; }
pointwise! { SigmoidSlope {} work 1, |g, y| [g * (y * (1.0 - y))]; }

impl<F: Float> Tensor<F> {
    /// `activation(x · w + b)` over the last axis: (…, in) with weights (in, out) and, if there is one, a bias (out)
    /// gives (…, out).
    ///
    /// Bias and activation are applied while the product is in cache. Activations whose slope is not
    /// known from their value (softplus, GELU, SiLU) follow as an op of their own.
    ///
    /// # Panics
    /// If the shapes disagree.
    ///
    /// ```
    /// use seedbed_autodiff::{Activation, Tensor};
    /// let x = Tensor::<f32>::new(vec![1.0, 2.0], &[1, 2]);
    /// let w = Tensor::new(vec![1.0, -1.0, 1.0, -1.0], &[2, 2]);
    /// let b = Tensor::new(vec![0.5, 0.5], &[2]);
    /// assert_eq!(x.linear(&w, Some(&b), Activation::Relu).to_vec(), [3.5, 0.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn linear(&self, w: &Self, b: Option<&Self>, activation: Activation) -> Self {
        let inner = self.shape().last();
        assert!(
            w.ndim() == 2 && inner == w.shape().first(),
            "linear: needs an input (…, in) and weights (in, out): input {:?}, weights {:?}",
            self.shape(),
            w.shape()
        );
        if let Some(b) = b {
            assert!(
                b.shape() == &w.shape()[1..],
                "linear: the bias has one number an output: weights {:?}, bias {:?}",
                w.shape(),
                b.shape()
            );
        }
        shape::room::<F>("linear", &sizes(self, w).1);
        let fused = activation.slope_from_value();
        let op = Linear { activation: if fused { activation } else { Activation::Identity } };
        let y = match b {
            Some(b) => Self::fused(op, [self, w, b]),
            None => Self::fused(op, [self, w]),
        };
        if fused { y } else { activation.apply(&y) }
    }
}

#[derive(Clone, Copy, Debug)]
struct Linear {
    activation: Activation,
}

impl Linear {
    fn value<F: Float>(self, x: &Tensor<F>, w: &Tensor<F>, b: Option<&Tensor<F>>) -> Tensor<F> {
        let (dims, shape) = sizes(x, w);
        let [_, n, k] = dims;
        let (a, weights) = (Mat::new(x.data(), k), Mat::new(w.data(), n));
        let y = match (b, self.activation) {
            (None, Activation::Identity) => product(dims, a, weights),
            _ => {
                let none = if b.is_none() { vec![F::zero(); dims[1]] } else { Vec::new() };
                let b = b.map_or(&none[..], Tensor::data);
                product_then(dims, a, weights, |_, col, part| {
                    self.activation.apply_in_place(part, &b[col..col + part.len()]);
                })
            }
        };
        Tensor::new(y, &shape)
    }

    /// With `z = x · w + b` and `dz = g ⊙ activation'(z)`: `dx = dz · wᵀ`, `dw = xᵀ · dz`, `db = Σ rows of dz`.
    ///
    /// Rows of `g` that are zero throughout are left out where they are many: there `0 · ∞` and `0 · NaN` count as 0.
    fn gradients<F: Float, const N: usize>(
        self,
        c: &FusedCtx<'_, F, (), N>,
        g: Tensor<F>,
    ) -> [Option<Tensor<F>>; N] {
        let ([m, n, k], _) = sizes(c.x(0), c.x(1));
        let live = NonzeroRows::of(g.data(), n);
        let (m, x, dz) = match &live {
            None => (m, c.x(0).clone(), self.before_activation(c.y(), g)),
            Some(live) => {
                let dz = self.before_activation(&live.select(c.y()), live.select(&g));
                (live.len(), live.select(c.x(0)), dz)
            }
        };
        std::array::from_fn(|i| match i {
            _ if !c.needs(i) => None,
            0 => {
                let (a, b) = (Mat::new(dz.data(), n), Mat::new(c.x(1).data(), n).t());
                let dx = product([m, k, n], a, b);
                let dx = if let Some(live) = &live { live.spread(&dx, k) } else { dx };
                Some(Tensor::new(dx, c.x(0).shape()))
            }
            1 if c.add_product(1, [x.data(), dz.data()]) => None,
            1 => {
                let (a, b) = (Mat::new(x.data(), k).t(), Mat::new(dz.data(), n));
                Some(gemm_onto([k, n, m], a, b, c.accumulated(1)))
            }
            _ => {
                let db = reduce::sum(dz.data(), 1, m, n);
                let Some(mut sum) = c.accumulated(2) else { return Some(Tensor::new(db, &[n])) };
                add_assign(sum.data_mut(), &db);
                Some(sum)
            }
        })
    }

    /// The gradient before the activation, in the memory of `g` where nobody else sees it.
    fn before_activation<F: Float>(self, y: &Tensor<F>, mut g: Tensor<F>) -> Tensor<F> {
        if self.activation == Activation::Identity {
            return g;
        }
        if let Some(data) = g.unique_data() {
            self.activation.scale(data, y.data());
            return g;
        }
        let mut data = g.to_vec();
        self.activation.scale(&mut data, y.data());
        Tensor::new(data, y.shape())
    }
}

/// The product A · B of sizes m, n, k, added to what has been accumulated.
pub(crate) fn gemm_onto<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    accumulated: Option<Tensor<F>>,
) -> Tensor<F> {
    match accumulated {
        Some(mut sum) => {
            gemm([m, n, k], a, b, sum.data_mut(), Store::Add);
            sum
        }
        None => Tensor::new(product([m, n, k], a, b), &[m, n]),
    }
}

/// Rows, outputs and inputs of the product, and the shape of the result.
fn sizes<F: Float>(x: &Tensor<F>, w: &Tensor<F>) -> ([usize; 3], Dims) {
    let (rows, k) = (&x.shape()[..x.ndim() - 1], w.shape()[0]);
    let n = w.shape()[1];
    let mut shape = Dims::from_slice(rows);
    shape.push(n);
    ([shape::len(rows), n, k], shape)
}

impl<F: Float> Fused<F, 3> for Linear {
    type Saved = ();

    fn name(&self) -> &'static str {
        "linear"
    }

    fn reference(&self, [x, w, b]: [&Tensor<F>; 3]) -> Tensor<F> {
        self.activation.apply(&(x.matmul(w) + b))
    }

    fn forward(&self, [x, w, b]: [&Tensor<F>; 3]) -> (Tensor<F>, ()) {
        (self.value(x, w, Some(b)), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 3>, g: Tensor<F>) -> [Option<Tensor<F>>; 3] {
        self.gradients(c, g)
    }
}

impl<F: Float> Fused<F, 2> for Linear {
    type Saved = ();

    fn name(&self) -> &'static str {
        "linear"
    }

    fn reference(&self, [x, w]: [&Tensor<F>; 2]) -> Tensor<F> {
        self.activation.apply(&x.matmul(w))
    }

    fn forward(&self, [x, w]: [&Tensor<F>; 2]) -> (Tensor<F>, ()) {
        (self.value(x, w, None), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 2>, g: Tensor<F>) -> [Option<Tensor<F>>; 2] {
        self.gradients(c, g)
    }
}
