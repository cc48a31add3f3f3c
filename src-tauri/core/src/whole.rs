//! Whole numbers, however they are written: `14`, `14.0` and `1.4e1` are one number (RFC 8259,
//! section 6), and programs write each of them. Every reader of whole numbers uses this.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Number, Value};

use crate::limits::EXACT_FLOAT_MAX;

/// Returns the whole number that a float is; `None` if it is none, or so large that other whole
/// numbers are read as the same float.
pub fn of_float(float: f64) -> Option<i64> {
    let is_whole = float.trunc() == float && float.abs() < EXACT_FLOAT_MAX;
    is_whole.then_some(float as i64)
}

/// Returns the whole number from 0 up that a value is.
pub fn of_value(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => of_number(number),
        _ => None,
    }
}

fn of_number(number: &Number) -> Option<u64> {
    let of_float = || u64::try_from(of_float(number.as_f64()?)?).ok();
    number.as_u64().or_else(of_float)
}

/// Reads the whole number from 0 up that a text is, written as JSON has numbers.
pub fn read(text: &str) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match is_plain {
        true => text.parse().ok(),
        false => of_number(&text.parse().ok()?),
    }
}

/// Reads a whole number for `#[serde(deserialize_with)]`.
///
/// # Errors
/// Errors of the deserializer, and if it is no whole number or not in the range of `T`.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<i128>,
    D: Deserializer<'de>,
{
    within(&Number::deserialize(deserializer)?)
}

/// Does the same as [`deserialize`] with one that may be missing or `null`: the field needs
/// `#[serde(default)]`, too.
///
/// # Errors
/// As for [`deserialize`].
pub fn deserialize_option<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: TryFrom<i128>,
    D: Deserializer<'de>,
{
    let number = Option::<Number>::deserialize(deserializer)?;
    number.as_ref().map(within).transpose()
}

fn within<T: TryFrom<i128>, E: Error>(number: &Number) -> Result<T, E> {
    let whole = number
        .as_i128()
        .or_else(|| of_float(number.as_f64()?).map(i128::from));
    let whole = whole.ok_or_else(|| E::custom(format_args!("{number} is no whole number")))?;
    T::try_from(whole).map_err(|_| E::custom(format_args!("{number} is out of range")))
}
