//! Layer, group and batch normalisation: y = w ⊙ (x − mean)/√(var + ε) + b.

use super::rows_and_columns;
use crate::kernels::norm::columns::{self, Layout, Statistics};
use crate::kernels::norm::segments::{self, Affine};
use crate::{Float, Fused, FusedCtx, Tensor};

/// The specification of all three: mean and variance over axes 1 and 3 of `samples × rows × groups × depth`.
fn normalized<F: Float>([x, weight, bias]: [&Tensor<F>; 3], layout: Layout, eps: f64) -> Tensor<F> {
    let Layout { samples, rows, groups, depth } = layout;
    let split = x.reshape(&[samples, rows, groups, depth]);
    let centered = split.centered(&[1, 3]);
    let var = centered.square().mean_keepdim([1, 3]);
    (centered * (var + eps).rsqrt()).reshape(x.shape()) * weight + bias
}

/// Groups of `depth` neighbours.
#[derive(Debug)]
struct Segments {
    name: &'static str,
    depth: usize,
    eps: f64,
}

impl Segments {
    fn affine<'a, F: Float>(&self, weight: &'a Tensor<F>, bias: &'a Tensor<F>) -> Affine<'a, F> {
        let (weight, bias) = (weight.data(), bias.data());
        Affine { weight, bias, depth: self.depth, eps: F::of(self.eps) }
    }
}

impl<F: Float> Fused<F, 3> for Segments {
    /// Mean and 1/√(var + ε) of every group.
    type Saved = Vec<F>;

    fn name(&self) -> &'static str {
        self.name
    }

    fn reference(&self, [x, weight, bias]: [&Tensor<F>; 3]) -> Tensor<F> {
        let channels = weight.len();
        let samples = x.len() / channels;
        let (groups, depth) = (channels / self.depth, self.depth);
        normalized([x, weight, bias], Layout { samples, rows: 1, groups, depth }, self.eps)
    }

    fn forward(&self, [x, weight, bias]: [&Tensor<F>; 3]) -> (Tensor<F>, Vec<F>) {
        let (y, saved) = segments::forward(x.data(), self.affine(weight, bias));
        (Tensor::new(y, x.shape()), saved)
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Vec<F>, 3>, g: Tensor<F>) -> [Option<Tensor<F>>; 3] {
        let needs = [c.needs(0), c.needs(1) || c.needs(2)];
        let affine = self.affine(c.x(1), c.x(2));
        let d = segments::gradients(c.x(0).data(), affine, c.saved(), g.data(), needs);
        gradients_of(c, d)
    }
}

/// Groups that span many rows; the statistics are found when the op is made, so that batch norm can return them.
#[derive(Debug)]
struct Columns<F> {
    name: &'static str,
    layout: Layout,
    eps: f64,
    found: Statistics<F>,
}

impl<F: Float> Columns<F> {
    fn new(name: &'static str, x: &Tensor<F>, layout: Layout, eps: f64) -> Self {
        Self { name, layout, eps, found: columns::statistics(x.data(), layout) }
    }
}

impl<F: Float> Fused<F, 3> for Columns<F> {
    type Saved = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn reference(&self, x: [&Tensor<F>; 3]) -> Tensor<F> {
        normalized(x, self.layout, self.eps)
    }

    fn forward(&self, [x, weight, bias]: [&Tensor<F>; 3]) -> (Tensor<F>, ()) {
        let eps = F::of(self.eps);
        let (weight, bias) = (weight.data(), bias.data());
        let y = columns::forward(x.data(), self.layout, &self.found, eps, weight, bias);
        (Tensor::new(y, x.shape()), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 3>, g: Tensor<F>) -> [Option<Tensor<F>>; 3] {
        let (x, weight, eps) = (c.x(0).data(), c.x(1).data(), F::of(self.eps));
        let input = c.needs(0);
        let d = columns::gradients(x, self.layout, &self.found, eps, weight, g.data(), input);
        gradients_of(c, d)
    }
}

/// The gradients that are needed, as tensors.
fn gradients_of<F: Float, S>(
    c: &FusedCtx<'_, F, S, 3>,
    d: crate::kernels::norm::Gradients<F>,
) -> [Option<Tensor<F>>; 3] {
    let mut of_input = [d.x, d.weight, d.bias].into_iter();
    std::array::from_fn(|i| {
        let d = of_input.next().expect("three inputs");
        c.needs(i).then(|| Tensor::new(d, c.x(i).shape()))
    })
}

/// Normalisation.
impl<F: Float> Tensor<F> {
    /// Layer normalisation over the last axis (Ba, Kiros & Hinton 2016): every row `[channels]` gets mean 0 and
    /// variance 1, then `weight` and `bias` (`[channels]`) are applied.
    ///
    /// # Panics
    /// If `weight` or `bias` has another shape, or `eps` is not positive.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f64>::new(vec![1.0, 3.0], &[1, 2]);
    /// let y = x.layer_norm(&Tensor::ones(&[2]), &Tensor::zeros(&[2]), 1e-12);
    /// assert!((y.data()[0] + 1.0).abs() < 1e-9 && (y.data()[1] - 1.0).abs() < 1e-9);
    /// ```
    #[track_caller]
    pub fn layer_norm(&self, weight: &Self, bias: &Self, eps: f64) -> Self {
        let (_, channels) = check("layer_norm", self, weight, bias, eps);
        Tensor::fused(Segments { name: "layer_norm", depth: channels, eps }, [self, weight, bias])
    }

    /// Group normalisation (Wu & He 2018) of `[samples, …, channels]`: the channels are split into `groups` of neighbours, and each group of a
    /// sample is normalised over its channels and over all positions. One group is layer norm of the whole sample, as many groups
    /// as channels is instance norm.
    ///
    /// # Panics
    /// If there are fewer than two axes, if the channels do not split into the groups, if `weight` or `bias` is not
    /// `[channels]`, or `eps` is not positive.
    #[track_caller]
    pub fn group_norm(&self, groups: usize, weight: &Self, bias: &Self, eps: f64) -> Self {
        let (rows, channels) = check("group_norm", self, weight, bias, eps);
        assert!(
            self.ndim() >= 2,
            "group_norm: needs [samples, …, channels], the shape is {:?}",
            self.shape()
        );
        assert!(
            groups > 0 && channels % groups == 0,
            "group_norm: {channels} channels do not split into {groups} groups"
        );
        let (samples, depth) = (self.shape()[0], channels / groups);
        let rows = rows.checked_div(samples).unwrap_or(1);
        if rows == 1 {
            return Tensor::fused(
                Segments { name: "group_norm", depth, eps },
                [self, weight, bias],
            );
        }
        let layout = Layout { samples, rows, groups, depth };
        Tensor::fused(Columns::new("group_norm", self, layout, eps), [self, weight, bias])
    }

    /// Batch normalisation (Ioffe & Szegedy 2015) of `[…, channels]` by the statistics of the batch: every channel gets mean 0 and variance 1
    /// over all other axes, then `weight` and `bias` (`[channels]`) are applied.
    ///
    /// Returns the result, and as constants the mean and the (biased) variance of every channel, for running statistics. They are 0 for an
    /// empty batch.
    ///
    /// # Panics
    /// If `weight` or `bias` is not `[channels]`, or `eps` is not positive.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f64>::new(vec![1.0, 10.0, 3.0, 10.0], &[2, 2]);
    /// let (_, mean, var) = x.batch_norm(&Tensor::ones(&[2]), &Tensor::zeros(&[2]), 1e-5);
    /// assert_eq!((mean.to_vec(), var.to_vec()), (vec![2.0, 10.0], vec![1.0, 0.0]));
    /// ```
    #[track_caller]
    pub fn batch_norm(&self, weight: &Self, bias: &Self, eps: f64) -> (Self, Self, Self) {
        let (rows, channels) = check("batch_norm", self, weight, bias, eps);
        let layout = Layout { samples: 1, rows, groups: channels, depth: 1 };
        let op = Columns::new("batch_norm", self, layout, eps);
        let statistic = |x: &[F]| Tensor::new(x.to_vec(), &[channels]);
        let (mean, var) = (statistic(&op.found.mean), statistic(&op.found.var));
        (Tensor::fused(op, [self, weight, bias]), mean, var)
    }

    /// Batch normalisation by given statistics (`[channels]`), as at inference: w ⊙ (x − mean)/√(var + ε) + b.
    ///
    /// # Panics
    /// If a parameter is not `[channels]`, or `eps` is not positive.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let (one, two) = (Tensor::<f64>::ones(&[1]), Tensor::full(&[1], 2.0));
    /// let y = Tensor::full(&[3, 1], 5.0).batch_norm_with(&one, &(&two * &two), &one, &two, 1e-12);
    /// assert!((y.data()[0] - 4.0).abs() < 1e-9); // (5 − 1)/2 + 2
    /// ```
    #[track_caller]
    pub fn batch_norm_with(
        &self,
        mean: &Self,
        var: &Self,
        weight: &Self,
        bias: &Self,
        eps: f64,
    ) -> Self {
        check("batch_norm_with", self, weight, bias, eps);
        check("batch_norm_with", self, mean, var, eps);
        let scale = weight * (var + eps).rsqrt();
        (self - mean) * scale + bias
    }
}

/// The rows and channels of `x`, after a look at all arguments.
#[track_caller]
fn check<F: Float>(
    op: &str,
    x: &Tensor<F>,
    weight: &Tensor<F>,
    bias: &Tensor<F>,
    eps: f64,
) -> (usize, usize) {
    let (rows, channels) = rows_and_columns(op, x);
    assert!(channels > 0, "{op}: the shape {:?} has no channels", x.shape());
    for p in [weight, bias] {
        assert!(
            p.shape() == [channels],
            "{op}: the parameters of an input {:?} must have shape [{channels}], got {:?}",
            x.shape(),
            p.shape()
        );
    }
    assert!(eps > 0.0 && eps.is_finite(), "{op}: eps must be positive, got {eps}");
    (rows, channels)
}

#[cfg(test)]
mod tests;
