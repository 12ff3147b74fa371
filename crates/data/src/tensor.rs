//! From bytes to tensors.

use seedbed_autodiff::{Float, Tensor};

use crate::image_set::ImageSet;
use crate::normalize::Normalize;

impl ImageSet {
    /// These rows' images as a tensor (rows, H, W, C) on [0, 1].
    ///
    /// # Panics
    /// If a row does not exist.
    #[track_caller]
    pub fn tensor<F: Float>(&self, rows: &[usize]) -> Tensor<F> {
        self.tensor_with(rows, &Normalize::unit())
    }

    /// These rows' images as a tensor (rows, H, W, C), normalised.
    ///
    /// # Panics
    /// If a row does not exist, or `normalize` is for another number of channels.
    #[track_caller]
    pub fn tensor_with<F: Float>(&self, rows: &[usize], normalize: &Normalize) -> Tensor<F> {
        self.check_rows("tensor", rows);
        let [h, w, channels] = self.image_shape();
        let tables: Vec<[F; 256]> = normalize.tables().map(|table| table.map(F::of)).collect();
        assert!(
            tables.len() == 1 || tables.len() == channels,
            "tensor: normalisation for {} channels, images with {channels}",
            tables.len()
        );
        let mut data = Vec::with_capacity(rows.len() * h * w * channels);
        for &row in rows {
            let pixels = self.pixels(row);
            match &tables[..] {
                [table] => data.extend(pixels.iter().map(|&value| table[usize::from(value)])),
                _ => data.extend(
                    pixels.iter().zip(tables.iter().cycle()).map(|(&v, t)| t[usize::from(v)]),
                ),
            }
        }
        Tensor::new(data, &[rows.len(), h, w, channels])
    }

    /// The labels of these rows.
    ///
    /// # Panics
    /// If a row does not exist.
    #[track_caller]
    pub fn labels_of(&self, rows: &[usize]) -> Vec<usize> {
        self.check_rows("labels_of", rows);
        rows.iter().map(|&row| self.labels()[row]).collect()
    }

    /// The ids of these rows.
    ///
    /// # Panics
    /// If a row does not exist.
    #[track_caller]
    pub fn ids_of(&self, rows: &[usize]) -> Vec<u64> {
        self.check_rows("ids_of", rows);
        rows.iter().map(|&row| self.ids()[row]).collect()
    }
}
