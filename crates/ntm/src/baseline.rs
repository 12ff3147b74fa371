use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Linear, Lstm};

use crate::SequenceModel;

/// What the paper compares with: a stack of LSTM layers and a linear map to the outputs, without an external memory.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_ntm::{LstmBaseline, SequenceModel};
/// let lstm = LstmBaseline::<f32>::new(9, 8, 32, 3, &mut Rng::new(0));
/// assert_eq!(lstm.logits(&Tensor::zeros(&[5, 2, 9])).shape(), [5, 2, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct LstmBaseline<F: Float = f32> {
    /// The layers.
    pub lstm: Lstm<F>,
    /// To the outputs.
    pub output: Linear<F>,
}
module!(LstmBaseline<F> { lstm, output });

impl<F: Float> LstmBaseline<F> {
    /// `layers` layers of `hidden` units; 3 of 256 in the paper's copy task (table 3).
    pub fn new(inputs: usize, outputs: usize, hidden: usize, layers: usize, rng: &mut Rng) -> Self {
        let width = if layers == 0 { inputs } else { hidden };
        Self {
            lstm: Lstm::new(inputs, hidden, layers, rng),
            output: Linear::new(width, outputs, rng),
        }
    }
}

impl<F: Float> SequenceModel<F> for LstmBaseline<F> {
    fn inputs(&self) -> usize {
        match self.lstm.layers.first() {
            Some(cell) => cell.weight_x.shape()[0],
            None => self.output.weight.shape()[0],
        }
    }

    #[track_caller]
    fn logits(&self, sequence: &Tensor<F>) -> Tensor<F> {
        assert!(
            sequence.ndim() == 3,
            "LstmBaseline: needs a sequence [time, batch, inputs], got {:?}",
            sequence.shape()
        );
        // The layers take sequences batch first.
        let (features, _) = self.lstm.forward(&sequence.swap_axes(0, 1), None);
        self.output.forward(&features.swap_axes(0, 1))
    }
}
