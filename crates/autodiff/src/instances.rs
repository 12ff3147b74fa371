//! Every op, compiled here for both element types.
//!
//! Generic code is compiled where it is used. In a development build a crate may use what another one has compiled
//! already, so that compiling the ops once, here, spares every crate, test and example from doing it again. (An
//! optimised build shares nothing, and so leaves this out.)

use crate::{Float, Tensor};

macro_rules! instances {
    (plain: $($op:ident)*; binary: $($binary:ident)*; reduction: $($reduction:ident)*;) => {
        /// Addresses, so that the compiler must make what they point to.
        #[doc(hidden)]
        pub fn instances() -> Vec<*const ()> {
            let mut all = of::<f32>();
            all.extend(of::<f64>());
            all.extend([$(Tensor::<f32>::$op as *const (), Tensor::<f64>::$op as *const ()),*]);
            all
        }

        /// Ops that take several types of arguments, for the commonest.
        fn of<F: Float>() -> Vec<*const ()> {
            type Unary<F> = fn(&Tensor<F>) -> Tensor<F>;
            type Binary<F> = fn(&Tensor<F>, &Tensor<F>) -> Tensor<F>;
            vec![
                $((|a, b| a.$binary(b)) as Binary<F> as *const (),)*
                $((|x| x.$reduction(..)) as Unary<F> as *const (),)*
                $((|x| x.$reduction(-1)) as Unary<F> as *const (),)*
            ]
        }
    };
}

instances! {
    plain:
    abs adaptive_avg_pool2d adaptive_max_pool2d attention avg_pool1d avg_pool1d_inside avg_pool2d avg_pool2d_inside batch_norm batch_norm_with bce_with_logits bce_with_logits_each
    broadcast_to chunk clamp clamp_ste conv1d conv2d conv_transpose1d conv_transpose2d cos cross_entropy cumprod
    cross_entropy_each cumsum dot dropout einsum elu erf exp exp_m1 flatten floor gather gelu gelu_tanh
    group_norm gru_cell hard_sigmoid hard_tanh index index_add index_select layer_norm leaky_relu linear
    ln ln_1p log_sigmoid log_softmax lstm_cell matmul matmul_nt matmul_tn max_pool1d max_pool2d mse
    neg one_hot outer pad permute
    powf powi recip relu reshape roll round round_ste rsqrt scatter_add sigmoid sign sign_ste silu sin
    smooth_cross_entropy_each soft_cross_entropy_each softmax softplus sort split sqrt square sum_to
    swap_axes t tanh topk tril triu upsample_bilinear2d upsample_nearest1d upsample_nearest2d;
    binary: add sub mul div mul_no_nan atan2 maximum minimum pow;
    reduction: sum mean max min prod var logsumexp norm std;
}
