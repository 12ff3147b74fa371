//! A small space of convolutional cells, and the networks that they build.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::Linear;

use super::space::Choices;
use crate::NormedConv;

/// What may stand on an edge of a cell (the operations of NAS-Bench-201).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EdgeOp {
    /// Nothing passes.
    None,
    /// Everything passes.
    Skip,
    /// Every place by itself: ReLU, convolution 1×1, normalisation.
    Conv1x1,
    /// ReLU, convolution 3×3, normalisation.
    Conv3x3,
    /// The mean of 3×3 places, those outside of the image counted as 0.
    AvgPool3x3,
}

impl EdgeOp {
    /// All, in the order of the options of [`cells`].
    pub const ALL: [Self; 5] =
        [Self::None, Self::Skip, Self::Conv1x1, Self::Conv3x3, Self::AvgPool3x3];

    /// The name in a candidate's text.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Skip => "skip",
            Self::Conv1x1 => "conv1x1",
            Self::Conv3x3 => "conv3x3",
            Self::AvgPool3x3 => "avgpool3x3",
        }
    }
}

/// The edges of a cell, from node to node. Node 0 is the cell's input.
pub const EDGES: [(usize, usize); 4] = [(0, 1), (0, 2), (1, 2), (2, 3)];

const NODES: usize = 4;

/// The space of cells: an [`EdgeOp`] on each of the four [`EDGES`], so 625 candidates.
///
/// ```
/// use seedbed_meta::search::{SearchSpace, cells};
/// assert_eq!(cells().size(), Some(625));
/// assert_eq!(cells().encode(&vec![3, 1, 2, 0]), "conv3x3|skip|conv1x1|none");
/// ```
pub fn cells() -> Choices {
    let names = || EdgeOp::ALL.map(EdgeOp::name);
    Choices::new([(); EDGES.len()].map(|()| names())).expect("five names, each once")
}

/// What is on an edge: one operation, or a mixture of all.
#[derive(Clone, Debug)]
pub enum OnEdge<F: Float = f32> {
    /// One operation.
    One(EdgeOp),
    /// Σ wₒ o(x) + βx over the operations of [`EdgeOp::ALL`], with weights w `[5]` and an auxiliary connection β, mostly 0.
    Mixed(Tensor<F>, f64),
}

/// The weights that an edge may need.
#[derive(Clone, Debug)]
struct Edge<F: Float> {
    conv1x1: Option<NormedConv<F>>,
    conv3x3: Option<NormedConv<F>>,
}
module!(Edge<F> { conv1x1, conv3x3 });

impl<F: Float> Edge<F> {
    /// `None` where nothing passes.
    fn one(&self, op: EdgeOp, x: &Tensor<F>) -> Option<Tensor<F>> {
        let conv = |conv: &Option<NormedConv<F>>| {
            conv.as_ref().expect("the network was built for this operation").forward(&x.relu())
        };
        match op {
            EdgeOp::None => None,
            EdgeOp::Skip => Some(x.clone()),
            EdgeOp::Conv1x1 => Some(conv(&self.conv1x1)),
            EdgeOp::Conv3x3 => Some(conv(&self.conv3x3)),
            EdgeOp::AvgPool3x3 => Some(x.avg_pool2d([3, 3], [1, 1], [1, 1])),
        }
    }

    fn forward(&self, on: &OnEdge<F>, x: &Tensor<F>) -> Option<Tensor<F>> {
        match on {
            OnEdge::One(op) => self.one(*op, x),
            OnEdge::Mixed(weights, auxiliary) => {
                let parts = EdgeOp::ALL.into_iter().enumerate().filter_map(|(i, op)| {
                    self.one(op, x).map(|y| y * weights.index(0, i as isize))
                });
                let auxiliary = (*auxiliary != 0.0).then(|| x * *auxiliary);
                parts.chain(auxiliary).reduce(|sum, part| sum + part)
            }
        }
    }
}

/// A network around one cell: a 3×3 convolution of stride 2, the cell with a way around it, the mean over all places, a linear layer.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_meta::search::{CellNet, EdgeOp, OnEdge};
///
/// let cell = [EdgeOp::Conv3x3, EdgeOp::Skip, EdgeOp::Conv1x1, EdgeOp::AvgPool3x3].map(OnEdge::One);
/// let net = CellNet::<f32>::new(&cell, 1, 8, 10, &mut Rng::new(0));
/// assert_eq!(net.forward(&Tensor::zeros(&[5, 14, 14, 1]), &cell).shape(), [5, 10]);
/// ```
#[derive(Clone, Debug)]
pub struct CellNet<F: Float = f32> {
    stem: NormedConv<F>,
    edges: Vec<Edge<F>>,
    head: Linear<F>,
}
module!(CellNet<F> { stem, edges, head });

impl<F: Float> CellNet<F> {
    /// With the weights that `cell` needs, `channels` wide, for images with so many `inputs` channels.
    pub fn new(
        cell: &[OnEdge<F>; EDGES.len()],
        inputs: usize,
        channels: usize,
        classes: usize,
        rng: &mut Rng,
    ) -> Self {
        let stem = NormedConv::new(inputs, channels, 3, 2, rng);
        let edges = cell.iter().map(|on| {
            let needs = |op| match on {
                OnEdge::One(one) => *one == op,
                OnEdge::Mixed(..) => true,
            };
            let mut conv =
                |op, kernel| needs(op).then(|| NormedConv::new(channels, channels, kernel, 1, rng));
            Edge { conv1x1: conv(EdgeOp::Conv1x1, 1), conv3x3: conv(EdgeOp::Conv3x3, 3) }
        });
        let edges = edges.collect();
        Self { stem, edges, head: Linear::new(channels, classes, rng) }
    }

    /// Images `[samples, height, width, channels]` to logits `[samples, classes]`.
    ///
    /// # Panics
    /// If the images do not fit, or `cell` has an operation that the network was not built for.
    #[track_caller]
    pub fn forward(&self, images: &Tensor<F>, cell: &[OnEdge<F>; EDGES.len()]) -> Tensor<F> {
        let input = self.stem.forward(images);
        // The sum of what arrives at each node; a node where nothing arrives is 0.
        let mut nodes: [Option<Tensor<F>>; NODES] = [const { None }; NODES];
        nodes[0] = Some(input.clone());
        for ((&(from, to), edge), on) in EDGES.iter().zip(&self.edges).zip(cell) {
            let arrives = nodes[from].as_ref().and_then(|x| edge.forward(on, x));
            if let Some(y) = arrives {
                nodes[to] = Some(match nodes[to].take() {
                    Some(sum) => sum + y,
                    None => y,
                });
            }
        }
        let output = match &nodes[NODES - 1] {
            Some(cell) => input + cell,
            None => input,
        };
        self.head.forward(&output.relu().mean([1, 2]))
    }
}
