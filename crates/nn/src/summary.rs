//! What a model is made of.

use std::fmt;

use seedbed_autodiff::{Float, Module, Role};

/// The tensors of a model, with their sizes; shown as a table.
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_nn::{Activation, Mlp, Summary};
///
/// let mlp = Mlp::<f32>::new(&[784, 512, 10], Activation::Relu, &mut Rng::new(0));
/// let summary = Summary::of(&mlp);
/// assert_eq!(summary.params, 784 * 512 + 512 + 512 * 10 + 10);
/// println!("{summary}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// One row a tensor, in the order of the model.
    pub rows: Vec<SummaryRow>,
    /// Numbers that are learnt.
    pub params: usize,
    /// Numbers that are kept, but not learnt.
    pub buffers: usize,
    /// The memory that both take.
    pub bytes: usize,
}

/// One tensor of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRow {
    /// Where it lies: its name in a checkpoint.
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Whether it is learnt.
    pub role: Role,
    /// How many numbers it holds.
    pub len: usize,
}

impl Summary {
    /// Walks the model.
    pub fn of<F: Float, M: Module<F>>(model: &M) -> Self {
        let row = |(path, role, x): (String, Role, seedbed_autodiff::Tensor<F>)| SummaryRow {
            path,
            shape: x.shape().to_vec(),
            role,
            len: x.len(),
        };
        let rows: Vec<_> = model.named().into_iter().map(row).collect();
        let total = |role| rows.iter().filter(|r| r.role == role).map(|r| r.len).sum();
        let (params, buffers) = (total(Role::Param), total(Role::Buffer));
        Self { rows, params, buffers, bytes: (params + buffers) * size_of::<F>() }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells: Vec<[String; 4]> = self
            .rows
            .iter()
            .map(|row| {
                let role = match row.role {
                    Role::Param => "parameter",
                    Role::Buffer => "buffer",
                };
                [row.path.clone(), format!("{:?}", row.shape), role.into(), grouped(row.len)]
            })
            .collect();
        let header = ["tensor", "shape", "role", "numbers"].map(String::from);
        let width = |i: usize| {
            cells.iter().chain([&header]).map(|c| c[i].chars().count()).max().unwrap_or(0)
        };
        let [a, b, c, d] = std::array::from_fn(width);
        for [path, shape, role, len] in [&header].into_iter().chain(&cells) {
            writeln!(f, "{path:<a$}  {shape:<b$}  {role:<c$}  {len:>d$}")?;
        }
        write!(f, "{} parameters", grouped(self.params))?;
        if self.buffers > 0 {
            write!(f, ", {} in buffers", grouped(self.buffers))?;
        }
        write!(f, ", {}", memory(self.bytes))
    }
}

/// `1,234,567`.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in the unit that keeps the number small.
fn memory(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.2} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BatchNorm;

    #[test]
    fn the_table_shows_every_tensor_and_the_totals() {
        let model = (BatchNorm::<f32>::new(1200), BatchNorm::<f32>::new(3));
        let expected = "\
tensor          shape   role       numbers
0.weight        [1200]  parameter    1,200
0.bias          [1200]  parameter    1,200
0.running_mean  [1200]  buffer       1,200
0.running_var   [1200]  buffer       1,200
1.weight        [3]     parameter        3
1.bias          [3]     parameter        3
1.running_mean  [3]     buffer           3
1.running_var   [3]     buffer           3
2,406 parameters, 2,406 in buffers, 18.8 KiB";
        assert_eq!(Summary::of(&model).to_string(), expected);
    }

    #[test]
    fn numbers_and_sizes_are_readable() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [12, 2048, 5 << 20, 3 << 30].map(memory),
            ["12 bytes", "2.0 KiB", "5.0 MiB", "3.00 GiB"]
        );
    }
}
