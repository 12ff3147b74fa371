//! Names of initialisers, in both directions.

use std::fmt;
use std::str::FromStr;

use super::Init;

/// A name that is no initialiser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownInit {
    name: String,
}

/// Rules without a number.
const PLAIN: &[(&str, Init)] = &[
    ("zeros", Init::Zeros),
    ("glorot-uniform", Init::GlorotUniform),
    ("glorot-normal", Init::GlorotNormal),
    ("he-uniform", Init::HeUniform),
    ("he-normal", Init::HeNormal),
    ("lecun-uniform", Init::LecunUniform),
    ("lecun-normal", Init::LecunNormal),
    ("torch-uniform", Init::TorchUniform),
    ("orthogonal", Init::Orthogonal(1.0)),
];

type Rule = fn(f64) -> Init;

/// Rules with a number: `name(number)`.
const WITH_NUMBER: &[(&str, Rule)] = &[
    ("constant", Init::Constant),
    ("uniform", Init::Uniform),
    ("normal", Init::Normal),
    ("truncated-normal", Init::TruncatedNormal),
    ("orthogonal", Init::Orthogonal),
];

/// Authors' first names, by which the rules are known, too.
const ALIASES: &[(&str, &str)] = &[("xavier", "glorot"), ("kaiming", "he")];

impl FromStr for Init {
    type Err = UnknownInit;

    /// Reads `glorot-uniform` or `truncated-normal(0.02)`; `_` serves as `-`, and capitals do not matter.
    fn from_str(text: &str) -> Result<Self, UnknownInit> {
        let unknown = || UnknownInit { name: text.to_owned() };
        let mut name = text.trim().to_lowercase().replace('_', "-");
        for (alias, of) in ALIASES {
            if let Some(rest) = name.strip_prefix(alias) {
                name = format!("{of}{rest}");
            }
        }
        if let Some((_, init)) = PLAIN.iter().find(|(n, _)| *n == name) {
            return Ok(*init);
        }
        let (rule, number) =
            name.strip_suffix(')').and_then(|s| s.split_once('(')).ok_or_else(unknown)?;
        let (_, init) = WITH_NUMBER.iter().find(|(n, _)| *n == rule).ok_or_else(unknown)?;
        let number: f64 = number.trim().parse().map_err(|_| unknown())?;
        let signed = matches!(rule, "constant" | "orthogonal");
        if number.is_finite() && (signed || number >= 0.0) {
            Ok(init(number))
        } else {
            Err(unknown())
        }
    }
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = PLAIN.iter().find(|(_, init)| init == self) {
            return f.write_str(name);
        }
        let number = match *self {
            Self::Constant(x)
            | Self::Uniform(x)
            | Self::Normal(x)
            | Self::TruncatedNormal(x)
            | Self::Orthogonal(x) => x,
            _ => unreachable!("every rule without a number is in the table"),
        };
        let (name, _) = WITH_NUMBER
            .iter()
            .find(|(_, init)| init(number) == *self)
            .expect("every rule with a number is in the table");
        write!(f, "{name}({number})")
    }
}

impl fmt::Display for UnknownInit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no initialiser is named {:?}; there are ", self.name)?;
        for (name, _) in PLAIN {
            write!(f, "{name}, ")?;
        }
        let names: Vec<_> = WITH_NUMBER.iter().map(|(name, _)| format!("{name}(number)")).collect();
        f.write_str(&names.join(", "))
    }
}

impl std::error::Error for UnknownInit {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let with_number = WITH_NUMBER.iter().map(|(_, init)| init(0.25));
        for init in PLAIN.iter().map(|(_, init)| *init).chain(with_number) {
            assert_eq!(init.to_string().parse(), Ok(init));
        }
        assert_eq!("Xavier_Normal".parse(), Ok(Init::GlorotNormal));
        assert_eq!("kaiming-uniform".parse(), Ok(Init::HeUniform));
        assert_eq!("truncated_normal( 0.02 )".parse(), Ok(Init::TruncatedNormal(0.02)));
        assert_eq!("constant(-1)".parse(), Ok(Init::Constant(-1.0)));
    }

    #[test]
    fn an_unknown_name_is_answered_with_all_that_are_known() {
        for name in ["glorot", "normal", "normal(x)", "normal(-1)", "uniform(inf)", "normal(1", ""]
        {
            let error = name.parse::<Init>().unwrap_err();
            assert_eq!(error, UnknownInit { name: name.to_owned() });
        }
        assert_eq!(
            "he".parse::<Init>().unwrap_err().to_string(),
            "no initialiser is named \"he\"; there are zeros, glorot-uniform, glorot-normal, he-uniform, he-normal, \
             lecun-uniform, lecun-normal, torch-uniform, orthogonal, constant(number), uniform(number), normal(number), \
             truncated-normal(number), orthogonal(number)"
        );
    }
}
