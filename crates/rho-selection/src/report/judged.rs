use super::WrongPicks;
use crate::Rows;
use crate::math::log_softmax;

/// The share that the scores of a selection are taken to pick: the paper's tenth.
const PICKED: usize = 10;

/// An example in the eyes of both models.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// −log p(y | x) of the model that was asked, and of the other.
    irreducible: f64,
    other_loss: f64,
    /// Whether they predict the label, and the same.
    pub(super) asked_agrees: bool,
    other_agrees: bool,
    pub(super) models_agree: bool,
    /// Whether the asked one finds the label worse than a guess.
    pub(super) vetoed: bool,
}

/// All examples.
pub(super) struct Judged {
    rows: Vec<Row>,
    classes: f64,
}

impl Judged {
    pub(super) fn new(asked: Rows<'_>, other: Rows<'_>, labels: &[usize]) -> Self {
        let classes = asked.width() as f64;
        let mut log_p = Vec::new();
        let mut of = |logits: &[f32], label: usize| {
            log_softmax(logits, 1.0, &mut log_p);
            // A class that cannot be is as unlikely as a float can say.
            (largest(logits), (-log_p[label]).min(f64::from(f32::MAX)))
        };
        let row = |((asked, other), &label): ((&[f32], &[f32]), &usize)| {
            let ((a, irreducible), (b, other_loss)) = (of(asked, label), of(other, label));
            Row {
                irreducible,
                other_loss,
                asked_agrees: a == label,
                other_agrees: b == label,
                models_agree: a == b,
                vetoed: irreducible > classes.ln(),
            }
        };
        Self { rows: asked.iter().zip(other.iter()).zip(labels).map(row).collect(), classes }
    }

    pub(super) fn share(&self, is: impl Fn(&Row) -> bool) -> f64 {
        self.rows.iter().filter(|row| is(row)).count() as f64 / self.rows.len() as f64
    }

    pub(super) fn mean_loss(&self) -> f64 {
        self.rows.iter().map(|row| row.irreducible).sum::<f64>() / self.rows.len() as f64
    }

    /// ε: where the models agree, the share of labels that they contradict.
    pub(super) fn wrong_labels(&self) -> f64 {
        let agree = self.share(|row| row.models_agree);
        let contradicted = self.share(|row| row.models_agree && !row.asked_agrees);
        if agree > 0.0 { contradicted / agree } else { 0.0 }
    }

    /// r, from the accuracy on all labels, a = r (1 − ε) + (1 − r) ε / (C − 1): a wrong prediction meets a wrong label by chance.
    pub(super) fn accuracy_on_right_labels(&self) -> f64 {
        let (accuracy, wrong) = (self.share(|row| row.asked_agrees), self.wrong_labels());
        let by_chance = wrong / (self.classes - 1.0).max(1.0);
        let known = 1.0 - wrong - by_chance;
        // Where labels are no better than chance, nothing can be known of it.
        if known <= 0.0 { accuracy } else { ((accuracy - by_chance) / known).clamp(0.0, 1.0) }
    }

    /// 2 P(the other's loss on a kept example > that on a vetoed one), the pairs taken at random.
    pub(super) fn overlap(&self) -> Option<f64> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|a, b| a.other_loss.total_cmp(&b.other_loss));
        let (mut kept, mut vetoed, mut higher) = (0.0, 0.0, 0.0);
        for same in rows.chunk_by(|a, b| a.other_loss == b.other_loss) {
            let vetoed_here = same.iter().filter(|row| row.vetoed).count() as f64;
            let kept_here = same.len() as f64 - vetoed_here;
            // Equal losses count half.
            higher += kept_here * (vetoed + vetoed_here / 2.0);
            (kept, vetoed) = (kept + kept_here, vetoed + vetoed_here);
        }
        (kept > 0.0 && vetoed > 0.0).then(|| (2.0 * higher / (kept * vetoed)).min(1.0))
    }

    /// The share of wrong labels among the tenth that is picked early, midway and late in a training: by a model that knows nothing, by one
    /// whose losses lie midway, and by one that is as the other reference.
    pub(super) fn wrong_picks(&self) -> WrongPicks {
        let wrong = self.probabilities_of_wrong();
        let guess = self.classes.ln();
        let of = |veto: bool| {
            let stages = [0.0, 0.5, 1.0].map(|learnt| {
                let score = |row: &Row| {
                    let loss = learnt * row.other_loss + (1.0 - learnt) * guess;
                    // The vetoed come last.
                    (!(veto && row.vetoed), loss - row.irreducible)
                };
                let mut order: Vec<usize> = (0..self.rows.len()).collect();
                order.sort_by(|&i, &j| {
                    let (a, b) = (score(&self.rows[i]), score(&self.rows[j]));
                    b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
                });
                order.truncate((self.rows.len() / PICKED).max(1));
                order.iter().map(|&i| wrong[i]).sum::<f64>() / order.len() as f64
            });
            stages.iter().sum::<f64>() / 3.0
        };
        WrongPicks { uniform: self.wrong_labels(), rho: of(false), veto: of(true) }
    }

    /// P(the label is wrong | which of the models predict it), by Bayes' rule. A right label is predicted with probability r, a wrong one by chance.
    fn probabilities_of_wrong(&self) -> Vec<f64> {
        let wrong = self.wrong_labels();
        let right = self.accuracy_on_right_labels();
        let by_chance = (1.0 - right) / (self.classes - 1.0).max(1.0);
        let of = |agrees: bool, share: f64| if agrees { share } else { 1.0 - share };
        let probability = |row: &Row| {
            let both = |share: f64| of(row.asked_agrees, share) * of(row.other_agrees, share);
            let (if_wrong, if_right) = (wrong * both(by_chance), (1.0 - wrong) * both(right));
            if if_wrong + if_right > 0.0 { if_wrong / (if_wrong + if_right) } else { wrong }
        };
        self.rows.iter().map(probability).collect()
    }
}

/// The class with the largest logit, the first of equal ones.
fn largest(logits: &[f32]) -> usize {
    let order = |&a: &usize, &b: &usize| logits[a].total_cmp(&logits[b]).then(b.cmp(&a));
    (0..logits.len()).max_by(order).unwrap_or(0)
}
