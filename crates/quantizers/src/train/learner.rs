use seedbed_autodiff::{Float, Module, Rng, Tensor};

use super::{Losses, convert};
use crate::{Quantizer, QuantizerError};

/// The index of a vector that is masked out. It names no code: decoding it is an error.
pub const MASKED: u64 = u64::MAX;

/// What a training pass gives.
#[derive(Clone, Debug)]
pub struct Quantized<F: Float = f32> {
    /// The quantized vectors, of the shape of the input; 0 where it is masked out. Their gradient is an estimator's.
    pub values: Tensor<F>,
    /// The indices, [`Learner::tokens`] a vector; [`MASKED`] where the input is masked out, or a stage was dropped.
    pub indices: Vec<u64>,
    /// Losses by name.
    pub losses: Losses<F>,
    /// What [`Learner::update`] needs.
    pub seen: Seen<F>,
}

/// What a pass saw of the data: for each codebook the vectors that were compared with it, and their codes.
#[derive(Clone, Debug, Default)]
pub struct Seen<F: Float = f32>(pub Vec<Batch<F>>);

/// The vectors that were compared with one codebook.
#[derive(Clone, Debug)]
pub struct Batch<F: Float = f32> {
    /// A row a vector, as constants.
    pub vectors: Tensor<F>,
    /// The code of each.
    pub codes: Vec<u32>,
}

/// What a pass over rows knows beside them.
#[derive(Debug)]
pub struct Pass<'a> {
    /// Where noise comes from.
    pub rng: &'a mut Rng,
    /// Rows that belong to one item of the batch, the first axis of the input.
    rows_per_item: usize,
    /// The rows that are left of the input, unless all are.
    rows: Option<&'a [usize]>,
}

impl<'a> Pass<'a> {
    /// A pass over rows that are items by themselves.
    pub fn new(rng: &'a mut Rng) -> Self {
        Self { rng, rows_per_item: 1, rows: None }
    }

    /// Which item of the batch a row belongs to.
    pub fn item(&self, row: usize) -> usize {
        self.rows.map_or(row, |rows| rows[row]) / self.rows_per_item
    }
}

/// A quantizer that learns.
///
/// The last axis of an input is a vector; all others are leading axes of any number. Vectors that are not finite, or of another length,
/// are a bug of the program: they panic at the caller's line.
pub trait Learner<F: Float>: Module<F> {
    /// Numbers in a vector.
    fn dim(&self) -> usize;

    /// Indices of a vector.
    fn tokens(&self) -> usize {
        1
    }

    /// How many codebooks it stores: so many batches it adds to what is [`Seen`].
    fn codebooks(&self) -> usize {
        0
    }

    /// The training pass over the rows of a matrix.
    fn train_rows(&self, x: &Tensor<F>, pass: &mut Pass<'_>) -> Quantized<F>;

    /// Fits a first codebook to vectors of data, where the quantizer wants that. Call it once, before training.
    ///
    /// # Panics
    /// If it wants that and there are no vectors, or a number is not finite.
    #[track_caller]
    fn prepare(&mut self, _x: &Tensor<F>, _rng: &mut Rng) {}

    /// Moves what follows the data by itself, after a step: averages, dead codes. Returns how many codes were revived.
    fn update(&mut self, _seen: &Seen<F>, _rng: &mut Rng) -> usize {
        0
    }

    /// The quantizer as it stands, for use without the engine.
    ///
    /// # Errors
    /// If a parameter is not finite.
    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError>;

    /// The training pass. `mask` has an entry for each vector: where it is false, the value is 0, the index [`MASKED`], and the vector
    /// plays no part in losses, averages or the gradient.
    ///
    /// # Panics
    /// If the last axis is not [`dim`](Self::dim) long, the mask has not an entry a vector, or a number that is not masked out is not finite.
    #[track_caller]
    fn forward_train(&self, x: &Tensor<F>, mask: Option<&[bool]>, rng: &mut Rng) -> Quantized<F> {
        let dim = self.dim();
        assert!(
            x.shape().last() == Some(&dim),
            "forward_train: the last axis must be {dim} long, the shape is {:?}",
            x.shape()
        );
        let rows = x.len() / dim;
        let x32 = convert::to_f32(x);
        let all = (0..rows).filter(|&row| mask.is_none_or(|mask| mask.get(row) == Some(&true)));
        let wrong = match mask {
            None => crate::error::not_finite(x32.data(), dim),
            Some(_) => all.into_iter().find_map(|row| {
                let error = crate::error::not_finite(&x32.data()[row * dim..][..dim], dim)?;
                Some(error.shifted(row, 1))
            }),
        };
        if let Some(error) = wrong {
            panic!("forward_train: {error}");
        }
        let flat = x.reshape(&[rows, dim]);
        let rows_per_item = if x.ndim() > 1 { (rows / x.shape()[0].max(1)).max(1) } else { 1 };
        let Some(mask) = mask else {
            let out = self.train_rows(&flat, &mut Pass { rng, rows_per_item, rows: None });
            return Quantized { values: out.values.reshape(x.shape()), ..out };
        };
        assert!(
            mask.len() == rows,
            "forward_train: the mask has {} entries for {rows} vectors",
            mask.len()
        );
        let real: Vec<usize> = (0..rows).filter(|&row| mask[row]).collect();
        let mut pass = Pass { rng, rows_per_item, rows: Some(&real) };
        let out = self.train_rows(&flat.index_select(0, &real), &mut pass);
        let values = Tensor::zeros(&[rows, dim]).index_add(0, &real, &out.values);
        let tokens = self.tokens();
        let mut indices = vec![MASKED; rows * tokens];
        for (own, &row) in out.indices.chunks_exact(tokens).zip(&real) {
            indices[row * tokens..][..tokens].copy_from_slice(own);
        }
        Quantized { values: values.reshape(x.shape()), indices, ..out }
    }

    /// The quantized vectors and their indices, as they are in use: no noise, no gradient.
    ///
    /// # Errors
    /// As [`freeze`](Self::freeze), or if the last axis is not [`dim`](Self::dim) long, or a number is not finite.
    fn quantize(&self, x: &Tensor<F>) -> Result<(Tensor<F>, Vec<u64>), QuantizerError> {
        let quantizer = self.freeze()?;
        let x32 = convert::to_f32(x);
        let rows = crate::error::rows_of("x", x.len(), self.dim())?;
        let (mut values, mut indices) = (vec![0.0; x.len()], vec![0; rows * self.tokens()]);
        let scratch = &mut crate::Scratch::new();
        quantizer.quantize_into(x32.data(), Some(&mut values), (&mut indices).into(), scratch)?;
        Ok((convert::of_f32(values, x.shape()), indices))
    }
}
