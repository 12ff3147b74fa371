use super::layout::Layout;
use super::pattern::Pattern;

/// How the tensors of a file become those of a model: names, parts, layouts.
///
/// Patterns fit whole names. In them `*` stands for one character or more within a part of a name (between dots), and `**` for one or more whole parts; in a new name the holes are filled in the
/// same order. A tensor of the file goes through these steps:
///
/// 1. One that is [ignored](Self::ignore) is left aside.
/// 2. Every [renaming](Self::rename) that fits is applied, in the order in which they were given.
/// 3. If a [split](Self::split) fits, it becomes several tensors.
/// 4. The last [layout](Self::layout) that fits its new name says how it lies.
///
/// Where a [sum](Self::sum) fits, several tensors may end up with one name, and are added.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    renames: Vec<(Pattern, Pattern)>,
    splits: Vec<(Pattern, usize, Vec<Pattern>)>,
    layouts: Vec<(Pattern, Layout)>,
    sums: Vec<Pattern>,
    ignored: Vec<Pattern>,
}

impl Mapping {
    /// Names and layouts as they are in the file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names that fit `from` become `to`: `rename("transformer.h.*.**", "blocks.*.**")`.
    ///
    /// # Panics
    /// If the patterns have different numbers of holes.
    #[must_use]
    #[track_caller]
    pub fn rename(mut self, from: &str, to: &str) -> Self {
        self.renames.push(pair(from, to));
        self
    }

    /// Tensors with this name, after the renaming, are cut along an axis into parts of equal size, which get names of their own: `split("**.in_proj_weight", 0, &["**.query.weight",
    /// "**.key.weight", "**.value.weight"])`.
    ///
    /// # Panics
    /// If the patterns have different numbers of holes, or there are no parts.
    #[must_use]
    #[track_caller]
    pub fn split(mut self, names: &str, axis: usize, parts: &[&str]) -> Self {
        assert!(!parts.is_empty(), "Mapping: `{names}` is split into no parts");
        let mut all = Vec::with_capacity(parts.len());
        for part in parts {
            all.push(pair(names, part).1);
        }
        self.splits.push((Pattern::new(names), axis, all));
        self
    }

    /// Tensors with this name in the model lie so in the file.
    #[must_use]
    pub fn layout(mut self, names: &str, layout: Layout) -> Self {
        self.layouts.push((Pattern::new(names), layout));
        self
    }

    /// Tensors of the file that end up with one name that fits are added.
    #[must_use]
    pub fn sum(mut self, names: &str) -> Self {
        self.sums.push(Pattern::new(names));
        self
    }

    /// Tensors with this name in the file are not for the model.
    #[must_use]
    pub fn ignore(mut self, names: &str) -> Self {
        self.ignored.push(Pattern::new(names));
        self
    }

    /// The weights of [`Linear`](crate::Linear) layers with these paths in the model, as PyTorch writes them.
    #[must_use]
    pub fn torch_linear(self, layers: &str) -> Self {
        self.layout(&format!("{layers}.weight"), Layout::TorchLinear)
    }

    /// The weights of convolutions and transposed convolutions with these paths in the model, as PyTorch writes them.
    #[must_use]
    pub fn torch_conv(self, layers: &str) -> Self {
        self.layout(&format!("{layers}.weight"), Layout::TorchConv)
    }

    /// Batch norms as PyTorch writes them, with a count that is not needed here.
    #[must_use]
    pub fn torch_batch_norm(self) -> Self {
        self.ignore("**.num_batches_tracked").ignore("num_batches_tracked")
    }

    /// A PyTorch `LSTM` in the place of the [`Lstm`](crate::Lstm) with this path in the model, of one direction and with or without several layers: its two biases are added.
    ///
    /// # Panics
    /// If the path has holes.
    #[must_use]
    #[track_caller]
    pub fn torch_lstm(self, path: &str) -> Self {
        self.recurrent(path, "bias", "bias").sum(&format!("{path}.layers.*.bias"))
    }

    /// A PyTorch `GRU` in the place of the [`Gru`](crate::Gru) with this path in the model, of one direction.
    ///
    /// # Panics
    /// If the path has holes.
    #[must_use]
    #[track_caller]
    pub fn torch_gru(self, path: &str) -> Self {
        self.recurrent(path, "bias_x", "bias_h")
    }

    #[track_caller]
    fn recurrent(self, path: &str, bias_x: &str, bias_h: &str) -> Self {
        assert!(!path.contains('*'), "Mapping: `{path}` must be the path of one layer");
        let names = [
            ("weight_ih", "weight_x"),
            ("weight_hh", "weight_h"),
            ("bias_ih", bias_x),
            ("bias_hh", bias_h),
        ];
        let rename = |mapping: Self, (there, here): (&str, &str)| {
            mapping.rename(&format!("{path}.{there}_l*"), &format!("{path}.layers.*.{here}"))
        };
        let mapping = names.into_iter().fold(self, rename);
        mapping.layout(&format!("{path}.layers.*.weight_*"), Layout::TorchLinear)
    }

    /// A PyTorch `MultiheadAttention` in the place of each [`MultiHeadAttention`](crate::MultiHeadAttention) with these paths in the model.
    #[must_use]
    #[track_caller]
    pub fn torch_attention(self, layers: &str) -> Self {
        let parts =
            |kind: &str| ["query", "key", "value"].map(|part| format!("{layers}.{part}.{kind}"));
        let (weights, biases) = (parts("weight"), parts("bias"));
        self.rename(&format!("{layers}.out_proj.**"), &format!("{layers}.output.**"))
            .split(&format!("{layers}.in_proj_weight"), 0, &weights.each_ref().map(|name| &**name))
            .split(&format!("{layers}.in_proj_bias"), 0, &biases.each_ref().map(|name| &**name))
            .torch_linear(&format!("{layers}.query"))
            .torch_linear(&format!("{layers}.key"))
            .torch_linear(&format!("{layers}.value"))
            .torch_linear(&format!("{layers}.output"))
    }

    pub(super) fn is_ignored(&self, name: &str) -> bool {
        self.ignored.iter().any(|pattern| pattern.fits(name))
    }

    /// The names of the parts that a tensor of the file becomes, and the axis along which it is cut.
    pub(super) fn names(&self, name: &str) -> (Vec<String>, usize) {
        let mut name = name.to_owned();
        for (from, to) in &self.renames {
            let renamed = from.holes(&name).map(|holes| to.filled(&holes));
            name = renamed.unwrap_or(name);
        }
        let split = self.splits.iter().find_map(|(from, axis, parts)| {
            let holes = from.holes(&name)?;
            Some((parts.iter().map(|part| part.filled(&holes)).collect(), *axis))
        });
        split.unwrap_or_else(|| (vec![name], 0))
    }

    pub(super) fn layout_of(&self, name: &str) -> Layout {
        let fits = |(pattern, _): &&(Pattern, Layout)| pattern.fits(name);
        self.layouts.iter().rev().find(fits).map_or(Layout::Same, |(_, layout)| *layout)
    }

    pub(super) fn is_sum(&self, name: &str) -> bool {
        self.sums.iter().any(|pattern| pattern.fits(name))
    }
}

/// Two patterns with as many holes.
#[track_caller]
fn pair(from: &str, to: &str) -> (Pattern, Pattern) {
    let (from, to) = (Pattern::new(from), Pattern::new(to));
    assert!(
        from.count() == to.count(),
        "Mapping: `{}` has {} holes (`*` or `**`), `{}` has {}",
        from.text(),
        from.count(),
        to.text(),
        to.count()
    );
    (from, to)
}
