//! Activation functions, each a row as in `unary.rs`.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// `√(2/π)`, doubled because `(1 + tanh u)/2 = sigmoid(2u)`.
const TWICE_ROOT_2_OVER_PI: f64 = 2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
/// `1/√(2π)`.
const NORMAL_PEAK: f64 = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
/// The cubic coefficient of the tanh approximation of GELU.
const GELU_CUBIC: f64 = 0.044_715;

unary! {
    work 1;

    /// The rectifier `max(x, 0)`. The subgradient at 0 is 0; NaN stays.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f64>::new(vec![-1.0, 0.0, 2.0], &[3]);
    /// assert_eq!(x.relu().to_vec(), [0.0, 0.0, 2.0]);
    /// assert_eq!(grad(&x, |x| x.relu().sum(..)).to_vec(), [0.0, 0.0, 1.0]);
    /// ```
    pub fn relu(x) = x.maximum(0.0), |x, y, g| x.gt(0.0).select(g, 0.0);

    /// `x` above 0, `slope · x` elsewhere. The subgradient at 0 is `slope`.
    pub fn leaky_relu(x, slope: f64) = x.gt(0.0).select(x, x * slope),
        |x, y, g| x.gt(0.0).select(g, g * slope);

    /// The identity clipped to [−1, 1]. The gradient is 1 there, ends included, and 0 outside.
    pub fn hard_tanh(x) = x.clamp(-1.0, 1.0), |x, y, g| x.eq(y).select(g, 0.0);

    /// `x/6 + ½` clipped to [0, 1] (Howard et al. 2019, MobileNetV3). The subgradient at ±3 is 0.
    pub fn hard_sigmoid(x) = (x * (1.0 / 6.0) + 0.5).clamp(0.0, 1.0),
        |x, y, g| x.abs().lt(3.0).select(g * (1.0 / 6.0), 0.0);
}

unary! {
    work 10;

    /// The logistic function `1/(1 + e^{−x})`, to 2.2 ulp.
    pub fn sigmoid(x) = x.sigmoid(), |x, y, g| g * (y * (1.0 - y));

    /// `ln(1 + eˣ)`, without overflow, to 1.5 ulp; its derivative is [`sigmoid`](Self::sigmoid).
    pub fn softplus(x) = x.softplus(), |x, y, g| g * x.sigmoid();

    /// `ln σ(x) = −ln(1 + e^{−x})`, without overflow or cancellation: to 1.5 ulp also where σ(x) rounds to 1 or to 0. Its
    /// derivative is `σ(−x)`.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f64>::new(vec![-1000.0, 0.0, 50.0], &[3]);
    /// assert_eq!(x.log_sigmoid().to_vec(), [-1000.0, -(2f64.ln()), -(-50f64).exp()]);
    /// ```
    pub fn log_sigmoid(x) = -(-x).softplus(), |x, y, g| g * (-x).sigmoid();

    /// `x` above 0, `alpha · (eˣ − 1)` elsewhere (Clevert et al. 2016). The subgradient at 0 is `alpha`.
    pub fn elu(x, alpha: f64) = x.gt(0.0).select(x, x.exp_m1() * alpha),
        |x, y, g| g * x.gt(0.0).select(1.0, x.minimum(0.0).exp() * alpha);

    /// `x · Φ(x)` with the standard normal distribution function `Φ(x) = (1 + erf(x/√2))/2` (Hendrycks and
    /// Gimpel 2016).
    ///
    /// The error is that of `Φ` relative to 1, so that the lower tail has no relative accuracy, as in
    /// other libraries.
    pub fn gelu(x) = x * x.normal_cdf(),
        |x, y, g| g * ((x * FRAC_1_SQRT_2).erf() * 0.5 + 0.5 + x * (x * x * -0.5).exp() * NORMAL_PEAK);

    /// The approximation `x · (1 + tanh(√(2/π)·(x + 0.044715 x³)))/2` of [`gelu`](Self::gelu), as in GPT-2.
    pub fn gelu_tanh(x) = x * (x * (x * x * GELU_CUBIC + 1.0) * TWICE_ROOT_2_OVER_PI).sigmoid(),
        |x, y, g| {
            // With the inner polynomial p, y = x·s(p): y' = s + x·s·(1 − s)·p'.
            let s = (x * (x * x * GELU_CUBIC + 1.0) * TWICE_ROOT_2_OVER_PI).sigmoid();
            let slope = (x * x * (3.0 * GELU_CUBIC) + 1.0) * TWICE_ROOT_2_OVER_PI;
            let rest = (1.0 - s.clone()) * y * slope;
            g * (s + rest)
        };

    /// `x · sigmoid(x)`, also called swish (Ramachandran et al. 2017).
    pub fn silu(x) = x.silu(), |x, y, g| g * (x.sigmoid() + y * (1.0 - x.sigmoid()));
}
