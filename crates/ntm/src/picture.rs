//! Drawing what the heads did.

use seedbed_autodiff::{Float, Tensor};

use crate::Trace;

/// A grey picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Shades, 0 black to 255 white, row by row.
    pub pixels: Vec<u8>,
}

/// What stands between the panels.
const FRAME: u8 = 96;
/// Pixels between two panels.
const GAP: usize = 4;

impl Picture {
    /// A matrix `[time, channels]` with the time to the right, `zoom` pixels an element: the smallest element black, the largest white.
    ///
    /// # Panics
    /// If it is no matrix, or `zoom` is 0.
    #[track_caller]
    pub fn of_matrix<F: Float>(x: &Tensor<F>, zoom: usize) -> Self {
        let &[time, channels] = x.shape() else {
            panic!("Picture::of_matrix: needs a matrix [time, channels], got {:?}", x.shape())
        };
        assert!(zoom > 0, "Picture::of_matrix: zoom is 0, but should be at least 1");
        let elements: Vec<f64> = x.data().iter().map(|x| x.f64()).collect();
        let low = elements.iter().copied().fold(f64::INFINITY, f64::min);
        let high = elements.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shade = |x: f64| (255.0 * (x - low) / (high - low).max(f64::MIN_POSITIVE)) as u8;
        let size = time.checked_mul(zoom).zip(channels.checked_mul(zoom));
        let size = size.filter(|(width, height)| width.checked_mul(*height).is_some());
        let Some((width, height)) = size else {
            panic!(
                "Picture::of_matrix: {time}×{channels} elements of {zoom} pixels each way are too many"
            )
        };
        let at = |i: usize| shade(elements[i % width / zoom * channels + i / width / zoom]);
        Self { width, height, pixels: (0..width * height).map(at).collect() }
    }

    /// Panels one below the other.
    pub fn column(panels: &[Self]) -> Self {
        let width = panels.iter().map(|p| p.width).max().unwrap_or(0);
        let mut column = Self { width, height: 0, pixels: Vec::new() };
        for (i, panel) in panels.iter().enumerate() {
            if i > 0 {
                column.pixels.resize(column.pixels.len() + GAP * width, FRAME);
            }
            for row in panel.pixels.chunks(panel.width.max(1)) {
                column.pixels.extend_from_slice(row);
                column.pixels.resize(column.pixels.len() + width - panel.width, FRAME);
            }
        }
        column.height = column.pixels.len().checked_div(width).unwrap_or(0);
        column
    }

    /// Panels side by side.
    pub fn row(panels: &[Self]) -> Self {
        Self::column(&panels.iter().map(Self::transposed).collect::<Vec<_>>()).transposed()
    }

    fn transposed(&self) -> Self {
        let at = |i: usize| self.pixels[i % self.height * self.width + i / self.height];
        let pixels = (0..self.pixels.len()).map(at).collect();
        Self { width: self.height, height: self.width, pixels }
    }
}

impl<F: Float> Trace<F> {
    /// One example as the paper draws it (figure 6): the time runs to the right. On the left, from above: inputs, what the
    /// first write head adds, what it erases, and where; on the right: outputs, what the first read head reads, the length of every
    /// row of the memory, and where it reads. Every panel has shades of its own, from its smallest element to its largest.
    ///
    /// Rows of the memory below the last one that a head looked at are left out.
    ///
    /// `inputs` and `outputs` are `[time, batch, channels]`; give probabilities as outputs, not logits.
    ///
    /// # Panics
    /// If there is no such example, or `zoom` is 0.
    #[track_caller]
    pub fn picture(
        &self,
        inputs: &Tensor<F>,
        outputs: &Tensor<F>,
        example: usize,
        zoom: usize,
    ) -> Picture {
        let of_example = |x: &Tensor<F>| x.index(1, example as isize);
        let of_head = |x: &Tensor<F>, head: usize| of_example(x).index(1, head as isize);
        let first_writer = self.read.shape()[2];
        let rows = self.rows_in_use(example);
        let used = |x: Tensor<F>| x.slice(1, ..rows as isize);
        let lengths = used(of_example(&self.memory).square().sum(2).sqrt());
        let draw = |x: Tensor<F>| Picture::of_matrix(&x, zoom);
        let left = [
            draw(of_example(inputs)),
            draw(of_head(&self.add, 0)),
            draw(of_head(&self.erase, 0)),
            draw(used(of_head(&self.attention, first_writer))),
        ];
        let right = [
            draw(of_example(outputs)),
            draw(of_head(&self.read, 0)),
            draw(lengths),
            draw(used(of_head(&self.attention, 0))),
        ];
        let level =
            |(left, right): (&Picture, &Picture)| Picture::row(&[left.clone(), right.clone()]);
        Picture::column(&left.iter().zip(&right).map(level).collect::<Vec<_>>())
    }

    /// One more than the last row that any head looked at with a weight of 0.05.
    fn rows_in_use(&self, example: usize) -> usize {
        let attention = self.attention.index(1, example as isize);
        let rows = attention.shape()[2];
        let looked_at = attention.data().iter().enumerate().filter(|(_, w)| w.f64() >= 0.05);
        looked_at.map(|(i, _)| i % rows + 1).max().unwrap_or(rows)
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::Rng;
    use seedbed_nn::Config;

    use super::*;
    use crate::{Ntm, NtmConfig};

    #[test]
    fn time_runs_to_the_right_and_shades_from_least_to_most() {
        // Three steps of two channels.
        let x = Tensor::<f64>::new(vec![0.0, 4.0, 1.0, 3.0, 2.0, 2.0], &[3, 2]);
        let picture = Picture::of_matrix(&x, 1);
        assert_eq!((picture.width, picture.height), (3, 2));
        assert_eq!(picture.pixels, [0, 63, 127, 255, 191, 127]);
        let zoomed = Picture::of_matrix(&x, 2);
        assert_eq!((zoomed.width, zoomed.height), (6, 4));
        assert_eq!(zoomed.pixels[..6], [0, 0, 63, 63, 127, 127]);
        assert_eq!(Picture::of_matrix(&Tensor::<f32>::ones(&[1, 2]), 1).pixels, [0, 0]);
    }

    #[test]
    fn panels_are_framed() {
        let panel =
            |width, height, shade| Picture { width, height, pixels: vec![shade; width * height] };
        let column = Picture::column(&[panel(2, 1, 1), panel(1, 1, 2)]);
        let gap = [FRAME; 2 * GAP];
        assert_eq!(column.pixels, [&[1, 1][..], &gap, &[2, FRAME]].concat());
        let row = Picture::row(&[panel(1, 2, 1), panel(1, 1, 2)]);
        assert_eq!((row.width, row.height), (2 + GAP, 2));
        assert_eq!((row.pixels[0], row.pixels[row.width - 1], row.pixels[row.width]), (1, 2, 1));
        assert_eq!(row.pixels[2 * row.width - 1], FRAME);
    }

    #[test]
    fn a_trace_is_drawn_as_a_whole() {
        let config = NtmConfig { inputs: 3, outputs: 2, slots: 7, width: 5, ..Default::default() };
        let ntm = Ntm::<f32>::new(&config.check().unwrap(), &mut Rng::new(0));
        let inputs = Tensor::uniform(&[4, 2, 3], 0.0, 1.0, &mut Rng::new(1));
        let (logits, trace) = ntm.forward_traced(&inputs);
        let picture = trace.picture(&inputs, &logits.sigmoid(), 1, 2);
        let rows = trace.rows_in_use(1);
        assert!((1..=7).contains(&rows), "{rows}");
        let height = 2 * (3 + 5 + rows.max(5) + rows) + 3 * GAP;
        assert_eq!((picture.width, picture.height), (2 * 8 + GAP, height));
        assert_eq!(picture.pixels.len(), picture.width * picture.height);
        // Attention begins at the first row: the panel's corner is light.
        let write_attention = (2 * (3 + 5 + rows.max(5)) + 3 * GAP) * picture.width;
        assert!(picture.pixels[write_attention] > 127);
    }
}
