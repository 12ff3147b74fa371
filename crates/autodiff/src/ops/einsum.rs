//! Einstein's summation: products over named axes, as batched matrix products.

use std::fmt::Write as _;

use ndarray::Slice;

use crate::shape::{self, Dims};
use crate::{Float, Tensor};

/// The letters of the axes of a tensor.
type Labels = Vec<char>;

/// Products over named axes.
impl<F: Float> Tensor<F> {
    /// The sum over all axes that the result does not name, of the product of the operands: `"bij,bjk->bik"` is a batched matrix product,
    /// `"ij->ji"` a transpose, `"ii->"` a trace, `"i,j->ij"` an outer product.
    ///
    /// Each operand has a letter (a–z, A–Z) for every axis. A letter that stands twice in one operand takes its diagonal. Without `->`, the result has the letters that stand once,
    /// in alphabetical order (capitals first), as in NumPy. Spaces mean nothing. Sizes are not broadcast, and `...` is not known.
    ///
    /// Operands are multiplied from left to right, two at a time, each pair as one (batched) matrix product after axes that nobody needs are summed
    /// away; order them so that what lies between is small.
    ///
    /// # Panics
    /// If the formula cannot be read, or does not fit the operands.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let (a, b) = (Tensor::<f32>::ones(&[5, 2, 3]), Tensor::ones(&[5, 3, 4]));
    /// let c = Tensor::einsum("bij,bjk->bik", &[&a, &b]);
    /// assert_eq!(c, a.matmul(&b));
    /// let x = Tensor::<f32>::arange(4).reshape(&[2, 2]);
    /// assert_eq!(Tensor::einsum("ii->", &[&x]).item(), 3.0);
    /// ```
    #[track_caller]
    pub fn einsum(formula: &str, operands: &[&Self]) -> Self {
        let (inputs, output) = parse(formula, operands);
        let mut rest = inputs.iter().zip(operands);
        let Some((labels, first)) = rest.next() else { unreachable!("one operand at least") };
        let mut done = diagonals(labels, first);
        for (i, (labels, operand)) in rest.enumerate() {
            let next = diagonals(labels, operand);
            let needed = |c: char| {
                output.contains(&c) || inputs[i + 2..].iter().any(|labels| labels.contains(&c))
            };
            done = contract(done, next, needed);
        }
        let (labels, x) = summed(done, |c| output.contains(&c));
        arranged(&x, &labels, &output)
    }
}

/// The letters of the operands and of the result.
#[track_caller]
fn parse<F: Float>(formula: &str, operands: &[&Tensor<F>]) -> (Vec<Labels>, Labels) {
    let text: String = formula.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match text.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (&*text, None),
    };
    let inputs: Vec<Labels> = left.split(',').map(|part| part.chars().collect()).collect();
    for c in inputs.iter().flatten().copied().chain(right.unwrap_or("").chars()) {
        assert!(
            c.is_ascii_alphabetic(),
            "einsum: `{c}` in `{formula}`: axes have letters a–z and A–Z, operands are separated by commas, and `->` stands before the result"
        );
    }
    assert!(
        inputs.len() == operands.len(),
        "einsum: `{formula}` is for {} operands, there are {}",
        inputs.len(),
        operands.len()
    );
    let mut sizes: Vec<(char, usize)> = Vec::new();
    for (i, (labels, x)) in inputs.iter().zip(operands).enumerate() {
        assert!(
            labels.len() == x.ndim(),
            "einsum: `{formula}` names {} axes of operand {i}, whose shape is {:?}",
            labels.len(),
            x.shape()
        );
        for (&c, &n) in labels.iter().zip(x.shape()) {
            match sizes.iter().find(|known| known.0 == c) {
                Some(&(_, known)) => assert!(
                    known == n,
                    "einsum: `{c}` of `{formula}` has size {known} and size {n}; the shapes are {}",
                    shapes(operands)
                ),
                None => sizes.push((c, n)),
            }
        }
    }
    let output: Labels = match right {
        Some(right) => right.chars().collect(),
        None => {
            let once = |c: &char| inputs.iter().flatten().filter(|d| *d == c).count() == 1;
            let mut labels: Labels = inputs.iter().flatten().copied().filter(once).collect();
            labels.sort_unstable();
            labels
        }
    };
    for (i, &c) in output.iter().enumerate() {
        assert!(
            sizes.iter().any(|known| known.0 == c),
            "einsum: the result of `{formula}` has an axis `{c}`, which no operand has"
        );
        assert!(!output[..i].contains(&c), "einsum: the result of `{formula}` names `{c}` twice");
    }
    (inputs, output)
}

fn shapes<F: Float>(operands: &[&Tensor<F>]) -> String {
    let mut text = String::new();
    for (i, x) in operands.iter().enumerate() {
        let _ = write!(text, "{}{:?}", if i > 0 { ", " } else { "" }, x.shape());
    }
    text
}

/// An operand in which every letter stands once: of two axes with one letter the diagonal is taken.
#[track_caller]
fn diagonals<F: Float>(labels: &Labels, x: &Tensor<F>) -> (Labels, Tensor<F>) {
    let (mut labels, mut x) = (labels.clone(), x.clone());
    let twice = |labels: &Labels| {
        let pair = |i: usize| Some((labels[..i].iter().position(|&c| c == labels[i])?, i));
        (0..labels.len()).find_map(pair)
    };
    while let Some((i, j)) = twice(&labels) {
        let n = x.shape()[i];
        let mut order: Dims = (0..x.ndim()).filter(|&a| a != i && a != j).collect();
        let mut shape: Dims = order.iter().map(|&a| x.shape()[a]).collect();
        order.extend([i, j]);
        shape.push(n * n);
        let c = labels.remove(j);
        labels.remove(i);
        labels.push(c);
        x = x.permuted(order).reshape(&shape).slice(-1, Slice::from(..).step_by(n as isize + 1));
    }
    (labels, x)
}

/// Without the axes that are not needed.
#[track_caller]
fn summed<F: Float>(
    (labels, x): (Labels, Tensor<F>),
    needed: impl Fn(char) -> bool,
) -> (Labels, Tensor<F>) {
    let gone: Vec<isize> =
        (0..labels.len()).filter(|&a| !needed(labels[a])).map(|a| a as isize).collect();
    if gone.is_empty() {
        return (labels, x);
    }
    let kept = labels.into_iter().filter(|&c| needed(c)).collect();
    (kept, x.sum(gone))
}

/// The axes in the order of `to`, which has the same letters.
#[track_caller]
fn arranged<F: Float>(x: &Tensor<F>, labels: &[char], to: &[char]) -> Tensor<F> {
    let place = |c: &char| labels.iter().position(|d| d == c).expect("the same letters");
    x.permuted(to.iter().map(place).collect())
}

/// The product of two operands, summed over the axes of both that are not needed any more.
#[track_caller]
fn contract<F: Float>(
    a: (Labels, Tensor<F>),
    b: (Labels, Tensor<F>),
    needed: impl Fn(char) -> bool,
) -> (Labels, Tensor<F>) {
    let (of_a, of_b) = (a.0.clone(), b.0.clone());
    let (a_labels, a) = summed(a, |c| needed(c) || of_b.contains(&c));
    let (b_labels, b) = summed(b, |c| needed(c) || of_a.contains(&c));
    let both = |c: &char| a_labels.contains(c) && b_labels.contains(c);
    let pick = |labels: &Labels, f: &dyn Fn(&char) -> bool| -> Labels {
        labels.iter().copied().filter(f).collect()
    };
    let batch = pick(&a_labels, &|c| both(c) && needed(*c));
    let inner = pick(&a_labels, &|c| both(c) && !needed(*c));
    let rows = pick(&a_labels, &|c| !both(c));
    let columns = pick(&b_labels, &|c| !both(c));

    let size = |labels: &Labels| -> usize {
        let of = |c: &char| match a_labels.iter().position(|d| d == c) {
            Some(i) => a.shape()[i],
            None => b.shape()[b_labels.iter().position(|d| d == c).expect("of one of both")],
        };
        shape::len(&labels.iter().map(of).collect::<Dims>())
    };
    let sizes @ [count, m, k, n] = [&batch, &rows, &inner, &columns].map(size);
    let y = if inner.is_empty() || (rows.is_empty() && columns.is_empty() && !batch.is_empty()) {
        // Nothing to add up, or one number for each of the batch: many products of tiny matrices would be slow.
        let a_last = arranged(&a, &a_labels, &joined(&batch, &rows, &inner));
        let b_last = arranged(&b, &b_labels, &joined(&batch, &columns, &inner));
        let product = a_last.reshape(&[count, m, 1, k]).mul(b_last.reshape(&[count, 1, n, k]));
        if inner.is_empty() { product } else { product.sum(-1) }
    } else {
        let (lhs, left) = matrices(&a, &a_labels, &batch, [&rows, &inner], sizes);
        let of_b = [count, k, n, 0];
        let (rhs, right) = matrices(&b, &b_labels, &batch, [&inner, &columns], of_b);
        match (left, right) {
            (false, false) => lhs.matmul(&rhs),
            (true, false) => lhs.matmul_tn(&rhs),
            (false, true) => lhs.matmul_nt(&rhs),
            (true, true) => lhs.swap_axes(-1, -2).matmul_nt(&rhs),
        }
    };
    let labels: Labels = batch.iter().chain(&rows).chain(&columns).copied().collect();
    let shape: Dims = labels.iter().map(|c| size(&vec![*c])).collect();
    (labels, y.reshape(&shape))
}

fn joined(batch: &Labels, a: &Labels, b: &Labels) -> Labels {
    batch.iter().chain(a).chain(b).copied().collect()
}

/// An operand as matrices `[batch, first, second]`, or with the last two exchanged (then `true`) where it lies so in memory.
#[track_caller]
fn matrices<F: Float>(
    x: &Tensor<F>,
    labels: &[char],
    batch: &Labels,
    [first, second]: [&Labels; 2],
    [count, m, n, _]: [usize; 4],
) -> (Tensor<F>, bool) {
    let exchanged =
        !first.is_empty() && !second.is_empty() && labels == joined(batch, second, first);
    let (to, last) = if exchanged {
        (joined(batch, second, first), [n, m])
    } else {
        (joined(batch, first, second), [m, n])
    };
    let x = arranged(x, labels, &to);
    let x = if batch.is_empty() { x.reshape(&last) } else { x.reshape(&[count, last[0], last[1]]) };
    (x, exchanged)
}
