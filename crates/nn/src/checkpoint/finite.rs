//! Values as JSON, which has no number for what is not finite.

use serde::Serialize;
use serde::ser::{self, Error as _, Serializer};
use serde_json::{Error, Value};

/// As `serde_json::to_value`, but a number that is NaN or infinite is an error: `serde_json` writes `null` for it, which
/// can be read as a number by nobody.
pub(crate) fn to_value(x: &(impl Serialize + ?Sized)) -> Result<Value, Error> {
    x.serialize(Finite)?;
    serde_json::to_value(x)
}

/// Walks through a value and looks at its floats.
struct Finite;

macro_rules! fine {
    ($($name:ident($ty:ty),)*) => {
        $(fn $name(self, _: $ty) -> Result<(), Error> {
            Ok(())
        })*
    };
}

impl Serializer for Finite {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fine! {
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_i128(i128),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_u128(u128),
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
        serialize_unit_struct(&'static str),
    }

    fn serialize_f32(self, x: f32) -> Result<(), Error> {
        self.serialize_f64(x.into())
    }
    fn serialize_f64(self, x: f64) -> Result<(), Error> {
        match x.is_finite() {
            true => Ok(()),
            false => Err(Error::custom(format_args!(
                "the number {x} is not finite, and JSON has none such; write it as text, or as None"
            ))),
        }
    }
    fn serialize_none(self) -> Result<(), Error> {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, x: &T) -> Result<(), Error> {
        x.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Error> {
        Ok(())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        x: &T,
    ) -> Result<(), Error> {
        x.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        x: &T,
    ) -> Result<(), Error> {
        x.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self)
    }
}

macro_rules! parts {
    ($($Trait:ident { $($name:ident($($key:ty)?),)* })*) => {
        $(impl ser::$Trait for Finite {
            type Ok = ();
            type Error = Error;
            $(fn $name<T: Serialize + ?Sized>(&mut self, $(_: $key,)? x: &T) -> Result<(), Error> {
                x.serialize(Self)
            })*
            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        })*
    };
}
parts! {
    SerializeSeq { serialize_element(), }
    SerializeTuple { serialize_element(), }
    SerializeTupleStruct { serialize_field(), }
    SerializeTupleVariant { serialize_field(), }
    SerializeMap { serialize_key(), serialize_value(), }
    SerializeStruct { serialize_field(&'static str), }
    SerializeStructVariant { serialize_field(&'static str), }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    enum Tree {
        Leaf,
        One(f64),
        Pair(f32, u8),
        Named { best: Option<f64>, rest: Vec<Tree> },
    }

    #[test]
    fn every_float_is_looked_at() {
        let tree = |x: f64| {
            vec![
                Tree::Leaf,
                Tree::Named { best: Some(1.0), rest: vec![Tree::Pair(0.5, 1), Tree::One(x)] },
                Tree::Named { best: None, rest: vec![] },
            ]
        };
        assert_eq!(to_value(&tree(2.0)).unwrap(), serde_json::to_value(tree(2.0)).unwrap());
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = to_value(&tree(x)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("the number {x} is not finite")), "{error}");
            assert!(to_value(&[x as f32]).is_err());
            assert!(to_value(&("a", Some(x))).is_err());
            assert!(to_value(&std::collections::BTreeMap::from([("k", x)])).is_err());
            assert!(to_value(&Tree::Pair(x as f32, 0)).is_err());
            assert!(to_value(&Tree::Named { best: Some(x), rest: vec![] }).is_err());
        }
    }
}
