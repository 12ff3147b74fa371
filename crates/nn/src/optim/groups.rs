use seedbed_autodiff::{Float, Module, Path, Role};
use serde::{Deserialize, Serialize};

use crate::config::{Check, ConfigError};

/// What an optimiser does differently for one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamOptions {
    /// Multiplies the learning rate.
    pub lr_factor: f64,
    /// Replaces the weight decay.
    pub weight_decay: Option<f64>,
    /// Leaves the parameter and its state as they are.
    pub frozen: bool,
}

impl Default for ParamOptions {
    fn default() -> Self {
        Self { lr_factor: 1.0, weight_decay: None, frozen: false }
    }
}

/// The options of every parameter of a model, in the order of its walk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PerParam(Vec<ParamOptions>);

impl PerParam {
    /// Asks `options` once for each parameter, with its path and shape.
    pub fn by<F: Float, M: Module<F>>(
        model: &M,
        mut options: impl FnMut(&str, &[usize]) -> ParamOptions,
    ) -> Self {
        let mut all = Vec::new();
        model.walk(&mut Path::default(), &mut |path, role, x| {
            if role == Role::Param {
                all.push(options(&path.to_string(), x.shape()));
            }
        });
        Self(all)
    }

    /// The options that groups say; where several match a parameter, later ones win field by field.
    ///
    /// # Errors
    /// If a pattern matches no parameter (a spelling mistake would train what should be frozen), or a number
    /// makes no sense.
    pub fn from_groups<F: Float, M: Module<F>>(
        model: &M,
        groups: &[ParamGroup],
    ) -> Result<Self, ConfigError> {
        let mut used = vec![false; groups.len()];
        let mut paths = Vec::new();
        let all = Self::by(model, |path, shape| {
            let mut options = ParamOptions::default();
            for (group, used) in groups.iter().zip(&mut used) {
                if group.matches(path, shape) {
                    *used = true;
                    options.lr_factor = group.lr_factor.unwrap_or(options.lr_factor);
                    options.weight_decay = group.weight_decay.or(options.weight_decay);
                    options.frozen = group.frozen.unwrap_or(options.frozen);
                }
            }
            paths.push(path.to_owned());
            options
        });
        let check = Check::of("optimizer");
        for (i, (group, used)) in groups.iter().zip(used).enumerate() {
            group.validate(check, i)?;
            if !used {
                let expected = format!("a pattern that matches one of: {}", paths.join(", "));
                return Err(check.error(
                    format!("groups[{i}].path"),
                    format!("\"{}\"", group.path),
                    expected,
                ));
            }
        }
        Ok(all)
    }

    /// Whether these are the options of so many parameters; the default is of any number.
    pub(super) fn is_for(&self, params: usize) -> bool {
        self.0.is_empty() || self.0.len() == params
    }

    /// The options of the `i`-th parameter.
    pub(super) fn get(&self, i: usize) -> ParamOptions {
        self.0.get(i).copied().unwrap_or_default()
    }
}

/// Options of all parameters whose path matches a pattern, as a configuration file says them.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::optim::{ParamGroup, PerParam};
/// let groups: Vec<ParamGroup> = serde_json::from_str(
///     r#"[{ "path": "*", "max_ndim": 1, "weight_decay": 0.0 }, { "path": "0", "frozen": true }]"#,
/// ).unwrap();
/// let model = (Tensor::<f32>::ones(&[2, 2]), Tensor::<f32>::ones(&[2]));
/// assert!(PerParam::from_groups(&model, &groups).is_ok());
///
/// // The same in Rust.
/// let of_vectors = ParamGroup { max_ndim: Some(1), weight_decay: Some(0.0), ..Default::default() };
/// let frozen = ParamGroup { path: "0".into(), frozen: Some(true), ..Default::default() };
/// assert_eq!(groups, [of_vectors, frozen]);
/// ```
///
/// The default is of all parameters, and changes nothing; a configuration file has to name the path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParamGroup {
    /// A path in which `*` stands for any text: `encoder.*`, `*.bias`.
    pub path: String,
    /// Only parameters with at most so many axes; 1 means biases and gains.
    #[serde(default)]
    pub max_ndim: Option<usize>,
    /// Multiplies the learning rate.
    #[serde(default)]
    pub lr_factor: Option<f64>,
    /// Replaces the weight decay.
    #[serde(default)]
    pub weight_decay: Option<f64>,
    /// Leaves the parameters as they are.
    #[serde(default)]
    pub frozen: Option<bool>,
}

impl Default for ParamGroup {
    fn default() -> Self {
        Self { path: "*".into(), max_ndim: None, lr_factor: None, weight_decay: None, frozen: None }
    }
}

impl ParamGroup {
    fn matches(&self, path: &str, shape: &[usize]) -> bool {
        glob(&self.path, path) && self.max_ndim.is_none_or(|n| shape.len() <= n)
    }

    fn validate(&self, check: Check, i: usize) -> Result<(), ConfigError> {
        if let Some(factor) = self.lr_factor {
            check.non_negative_f32(&*format!("groups[{i}].lr_factor"), factor)?;
        }
        if let Some(decay) = self.weight_decay {
            check.non_negative_f32(&*format!("groups[{i}].weight_decay"), decay)?;
        }
        Ok(())
    }
}

/// Whether `text` matches a pattern in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let Some((middle, last)) = rest.rsplit_once('*') else { return text.ends_with(rest) };
    // The leftmost place for each part leaves the most text for those after it.
    for part in middle.split('*') {
        match text.find(part) {
            Some(i) => text = &text[i + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn stars_stand_for_any_text() {
        let yes =
            [("*", ""), ("*.bias", "a.bias"), ("a*c*e", "abcde"), ("a.*", "a.b.c"), ("a", "a")];
        let no = [("*.bias", "bias"), ("a*c*e", "abde"), ("a", "ab"), ("a*a", "a"), ("*b*b*", "b")];
        assert!(yes.iter().all(|(p, t)| glob(p, t)), "{yes:?}");
        assert!(no.iter().all(|(p, t)| !glob(p, t)), "{no:?}");
    }
}
