//! A step of recurrent independent mechanisms, number by number, for one sample.

use seedbed_autodiff::Tensor;
use seedbed_mechanisms::rims::{Listen, RimCell, Selection};
use seedbed_nn::Linear;

/// What a step made.
pub(super) struct Step {
    /// h and c of all modules, `[2][modules][units]`.
    pub(super) state: [Vec<Vec<f64>>; 2],
    /// What every module would have become before it heard of others.
    pub(super) candidates: Vec<Vec<f64>>,
    pub(super) active: Vec<bool>,
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// x W, where W is the `m`-th matrix of a tensor `[modules, inputs, outputs]`.
fn times(x: &[f64], w: &Tensor<f64>, m: usize) -> Vec<f64> {
    let [inputs, outputs] = [w.shape()[w.ndim() - 2], w.shape()[w.ndim() - 1]];
    let w = &w.data()[m * inputs * outputs..];
    (0..outputs).map(|o| (0..inputs).map(|i| x[i] * w[i * outputs + o]).sum()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn softmax(x: &[f64]) -> Vec<f64> {
    let sum: f64 = x.iter().map(|x| x.exp()).sum();
    x.iter().map(|x| x.exp() / sum).collect()
}

fn linear(x: &[f64], layer: &Linear<f64>) -> Vec<f64> {
    let y = times(x, &layer.weight, 0);
    y.iter().zip(layer.bias.as_ref().unwrap().data()).map(|(y, b)| y + b).collect()
}

/// What every module hears of what all are.
fn hear(listen: &Listen<f64>, h: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let all = |w: &Tensor<f64>| -> Vec<Vec<f64>> {
        h.iter().enumerate().map(|(m, h)| times(h, w, m)).collect()
    };
    let (queries, keys, values) = (all(&listen.query), all(&listen.key), all(&listen.value));
    let (size, width) = (keys[0].len() / listen.heads, values[0].len() / listen.heads);
    let of_module = |m: usize| {
        let mut read = Vec::new();
        for head in 0..listen.heads {
            let part = |x: &[f64]| x[head * size..(head + 1) * size].to_vec();
            let scores: Vec<f64> = keys
                .iter()
                .map(|key| dot(&part(&queries[m]), &part(key)) / (size as f64).sqrt())
                .collect();
            let weights = softmax(&scores);
            for i in head * width..(head + 1) * width {
                read.push(weights.iter().zip(&values).map(|(w, value)| w * value[i]).sum());
            }
        }
        let (gate, write) = (linear(&read, &listen.gate), linear(&read, &listen.write));
        gate.iter().zip(write).map(|(g, w)| sigmoid(*g) * w.tanh()).collect()
    };
    (0..h.len()).map(of_module).collect()
}

/// A step of `cell` on one input. Where `frozen` has candidates, modules that are not active are heard as these, whatever they would have become.
pub(super) fn step(
    cell: &RimCell<f64>,
    x: &[f64],
    state: &[Vec<Vec<f64>>; 2],
    frozen: Option<&[Vec<f64>]>,
) -> Step {
    let (modules, units) = (cell.modules(), cell.units());
    let key = times(x, &cell.key, 0);
    let score =
        |m: usize| dot(&times(&state[0][m], &cell.query, m), &key) / (key.len() as f64).sqrt();
    let scores: Vec<f64> = (0..modules).map(score).collect();
    let read: Vec<f64> = match cell.selection {
        Selection::EmptySlot => scores.iter().map(|&s| softmax(&[0.0, s])[1]).collect(),
        Selection::Compete => softmax(&scores),
    };
    // Active is who has fewer than `active` modules in front.
    let active: Vec<bool> = (0..modules)
        .map(|m| {
            let before = |&o: &usize| scores[o] > scores[m] || (scores[o] == scores[m] && o < m);
            (0..modules).filter(before).count() < cell.active
        })
        .collect();
    let (mut h, mut c) = (Vec::new(), Vec::new());
    for m in 0..modules {
        let value: Vec<f64> = times(x, &cell.value, 0).iter().map(|v| v * read[m]).collect();
        let (of_x, of_h) =
            (times(&value, &cell.weight_x, m), times(&state[0][m], &cell.weight_h, m));
        let gate = |k: usize, u: usize| {
            let i = k * units + u;
            of_x[i] + of_h[i] + cell.bias.data()[m * 4 * units + i]
        };
        let of_c: Vec<f64> = (0..units)
            .map(|u| sigmoid(gate(1, u)) * state[1][m][u] + sigmoid(gate(0, u)) * gate(2, u).tanh())
            .collect();
        h.push((0..units).map(|u| sigmoid(gate(3, u)) * of_c[u].tanh()).collect::<Vec<f64>>());
        c.push(of_c);
    }
    let candidates = h.clone();
    if let Some(listen) = &cell.listen {
        let mut said = h.clone();
        if let Some(frozen) = frozen {
            (0..modules).filter(|&m| !active[m]).for_each(|m| said[m] = frozen[m].clone());
        }
        for (h, heard) in h.iter_mut().zip(hear(listen, &said)) {
            h.iter_mut().zip(heard).for_each(|(h, heard)| *h += heard);
        }
    }
    for m in (0..modules).filter(|&m| !active[m]) {
        (h[m], c[m]) = (state[0][m].clone(), state[1][m].clone());
    }
    Step { state: [h, c], candidates, active }
}
