//! Resizing by area: every new pixel is the mean of what it covers.

use ndarray::{Array3, ArrayView3};

use crate::memory::fits;

/// Resizes an image (H, W, C) to `size` = [height, width].
///
/// Each new pixel is the mean of the old pixels under it, weighted by the share of each that it
/// covers, and rounded to nearest. This is the usual way to shrink drawings: thin strokes turn grey,
/// they do not vanish. The mean brightness stays.
///
/// ```
/// use ndarray::array;
/// use seedbed_data::resize;
///
/// let image = array![[[0], [90], [90]], [[0], [90], [90]]]; // 2 × 3, one channel
/// assert_eq!(resize(image.view(), [1, 2]), array![[[30], [90]]]);
/// ```
///
/// # Panics
/// If the image or the new size has no pixels, or the new size has more than can be held.
#[track_caller]
pub fn resize(image: ArrayView3<'_, u8>, size: [usize; 2]) -> Array3<u8> {
    let (h, w, channels) = image.dim();
    assert!(
        h > 0 && w > 0 && size[0] > 0 && size[1] > 0,
        "resize: from {h}×{w} to {}×{} pixels: there should be some",
        size[0],
        size[1]
    );
    let bytes = size[0].checked_mul(size[1]).and_then(|pixels| pixels.checked_mul(channels));
    assert!(
        bytes.is_some_and(fits::<u8>),
        "resize: {}×{} pixels are more than can be held",
        size[0],
        size[1]
    );
    if [h, w] == size {
        return image.to_owned();
    }
    let rows = coverage(h, size[0]);
    let columns = coverage(w, size[1]);
    Array3::from_shape_fn((size[0], size[1], channels), |(y, x, c)| {
        let mut sum = 0.0;
        for &(row, row_weight) in &rows[y] {
            for &(column, weight) in &columns[x] {
                sum += row_weight * weight * f64::from(image[[row, column, c]]);
            }
        }
        sum.round() as u8
    })
}

/// For each of `to` equal parts of `from` old pixels: the old pixels under it, with their shares,
/// which add up to one.
fn coverage(from: usize, to: usize) -> Vec<Vec<(usize, f64)>> {
    let length = from as f64 / to as f64;
    (0..to)
        .map(|new| {
            // In units of 1/to of an old pixel all borders are whole numbers.
            let (start, end) = (new * from, (new + 1) * from);
            (start / to..end.div_ceil(to))
                .map(|old| {
                    let overlap = end.min((old + 1) * to) - start.max(old * to);
                    (old, overlap as f64 / to as f64 / length)
                })
                .collect()
        })
        .collect()
}
