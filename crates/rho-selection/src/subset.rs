use crate::{Candidates, Known, Rows};

/// Some of the candidates, copied: what is left when others were dropped.
pub(crate) struct Subset {
    ids: Vec<u64>,
    losses: Option<Vec<f32>>,
    labels: Option<Vec<usize>>,
    logits: Option<Matrix>,
    features: Option<Matrix>,
    joint: Option<Matrix>,
    known: [Option<Vec<bool>>; 4],
}

struct Matrix {
    data: Vec<f32>,
    width: usize,
}

impl Matrix {
    fn of(rows: Rows<'_>, positions: impl Iterator<Item = usize>) -> Self {
        let data = positions.flat_map(|i| rows.row(i).iter().copied()).collect();
        Self { data, width: rows.width() }
    }

    fn view(&self) -> Rows<'_> {
        Rows::new(&self.data, self.width).expect("whole rows")
    }
}

fn at<T: Copy>(values: &[T], positions: &[usize]) -> Vec<T> {
    positions.iter().map(|&i| values[i]).collect()
}

impl Subset {
    /// The candidates at these positions.
    pub(crate) fn of(all: &Candidates<'_>, positions: &[usize]) -> Self {
        let n = all.len();
        let each_sample = |rows: Rows<'_>| {
            let samples = 0..rows.len() / n;
            Matrix::of(rows, samples.flat_map(|s| positions.iter().map(move |&i| s * n + i)))
        };
        let pairs = |joint: Rows<'_>| Matrix {
            data: positions.iter().flat_map(|&i| at(joint.row(i), positions)).collect(),
            width: positions.len(),
        };
        Self {
            ids: at(all.ids, positions),
            losses: all.losses.map(|losses| at(losses, positions)),
            labels: all.labels.map(|labels| at(labels, positions)),
            logits: all.logits.map(each_sample),
            features: all.features.map(|rows| Matrix::of(rows, positions.iter().copied())),
            joint: all.joint.map(pairs),
            known: all.known.named().map(|(_, flags)| flags.map(|flags| at(flags, positions))),
        }
    }

    /// Them, as candidates.
    pub(crate) fn view(&self) -> Candidates<'_> {
        let [corrupted, duplicated, already_correct, low_relevance] =
            self.known.each_ref().map(Option::as_deref);
        Candidates {
            ids: &self.ids,
            losses: self.losses.as_deref(),
            labels: self.labels.as_deref(),
            logits: self.logits.as_ref().map(Matrix::view),
            features: self.features.as_ref().map(Matrix::view),
            joint: self.joint.as_ref().map(Matrix::view),
            known: Known { corrupted, duplicated, already_correct, low_relevance },
        }
    }
}
