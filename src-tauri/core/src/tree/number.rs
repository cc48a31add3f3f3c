//! Numbers as values: what a number is, however it is spelled.
//!
//! A number is the decimal that its JSON text says. One that a 64-bit integer or a double holds
//! is kept as that; any other keeps its text, digit for digit. A double stands for the shortest
//! decimal that reads as it, which is what every JSON writer prints for it.
//! `1`, `1.0` and `1e0` are equal, `0` and `-0` too.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::limits::EXACT_FLOAT_MAX;

mod decimal;

use self::decimal::Decimal;

/// A JSON number. Equality, order and hash are those of its value.
#[derive(Clone)]
pub struct Number(Kind);

#[derive(Clone)]
enum Kind {
    Positive(u64),
    /// Below zero.
    Negative(i64),
    /// A finite double.
    Float(f64),
    /// A number that is none of these.
    Text(Box<Literal>),
}

/// A number as it is written. Boxed, so that all kinds take 16 bytes, and a node of a tree 24.
#[derive(Clone, PartialEq)]
struct Literal(Box<str>);

/// Powers of ten that a double holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Doubles distinguish all decimals of so many digits, and print them again.
const DIGITS_EXACT: usize = 15;

/// Every whole number of so many digits is one of 64 bits.
const DIGITS_COUNTED: usize = 19;

/// A shortest double as text: a sign, 17 digits, a point and an exponent at most.
type FloatText = [u8; 32];

impl Number {
    /// Returns a double as a number; `None` if it is infinite or not a number.
    pub fn from_f64(float: f64) -> Option<Self> {
        float.is_finite().then_some(Self(Kind::Float(float)))
    }

    /// Reads a literal of JSON; `None` if it is none.
    pub fn read(literal: &str) -> Option<Self> {
        let (number, length) = Self::read_prefix(literal)?;
        (length == literal.len()).then_some(number)
    }

    /// Reads the literal that a text begins with, and returns its length; `None` if there is none.
    pub(super) fn read_prefix(text: &str) -> Option<(Self, usize)> {
        let parts = Parts::of(text.as_bytes())?;
        let literal = &text[..parts.length];
        let number = parts.whole(literal).or_else(|| parts.short_float());
        let number = number.unwrap_or_else(|| Self::long(literal));
        Some((number, parts.length))
    }

    /// Reads a literal that may have more digits than a double holds.
    fn long(literal: &str) -> Self {
        let float: f64 = literal.parse().unwrap_or(f64::INFINITY);
        let mut buffer = FloatText::default();
        let is_exact = float.is_finite() && {
            let shortest = shortest(float, &mut buffer);
            shortest == literal || Decimal::of(shortest) == Decimal::of(literal)
        };
        Self(match is_exact {
            true => Kind::Float(float),
            false => Kind::Text(Box::new(Literal(literal.into()))),
        })
    }

    /// Returns the double that is nearest to it; `None` beyond all doubles.
    pub fn as_f64(&self) -> Option<f64> {
        let float = match &self.0 {
            Kind::Positive(whole) => *whole as f64,
            Kind::Negative(whole) => *whole as f64,
            Kind::Float(float) => *float,
            Kind::Text(literal) => literal.0.parse().ok()?,
        };
        float.is_finite().then_some(float)
    }

    /// Returns a number that is written without a point and an exponent, if it fits.
    pub fn as_u64(&self) -> Option<u64> {
        match self.0 {
            Kind::Positive(whole) => Some(whole),
            _ => None,
        }
    }

    /// Returns a number that is written without a point and an exponent, if it fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Kind::Positive(whole) => whole.try_into().ok(),
            Kind::Negative(whole) => Some(whole),
            _ => None,
        }
    }

    /// Returns whether it is the same number, written in the same way.
    pub(super) fn is_spelled_as(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Positive(one), Kind::Positive(other)) => one == other,
            (Kind::Negative(one), Kind::Negative(other)) => one == other,
            (Kind::Float(one), Kind::Float(other)) => one.to_bits() == other.to_bits(),
            (Kind::Text(one), Kind::Text(other)) => one == other,
            _ => false,
        }
    }

    /// Returns the double that it is kept as; `None` if it is kept as something else.
    pub(crate) fn as_float(&self) -> Option<f64> {
        match self.0 {
            Kind::Float(float) => Some(float),
            _ => None,
        }
    }

    /// Returns the literal that it is kept as; `None` if it is kept as something else.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match &self.0 {
            Kind::Text(literal) => Some(&literal.0),
            _ => None,
        }
    }

    /// Writes it in the one form that all equal numbers have, that of ECMAScript (RFC 8785,
    /// section 3.2.2.3), with all its digits if a double does not hold it.
    pub(super) fn write_canonical(&self, text: &mut Vec<u8>) {
        match &self.0 {
            Kind::Positive(whole) => write_plain(*whole, text),
            Kind::Negative(whole) => write_plain(*whole, text),
            Kind::Float(float) => match self.small() {
                Some(whole) => write_plain(whole, text),
                None => write_float(*float, text),
            },
            Kind::Text(literal) => write_decimal(&literal.0, text),
        }
    }

    /// Returns a whole number of which a double holds all neighbours, too.
    pub(super) fn small(&self) -> Option<i64> {
        let end = EXACT_FLOAT_MAX as i64;
        match self.0 {
            Kind::Positive(whole) => i64::try_from(whole).ok().filter(|whole| *whole < end),
            Kind::Negative(whole) => (whole > -end).then_some(whole),
            Kind::Float(float) => {
                let is_small = float.fract() == 0.0 && float.abs() < EXACT_FLOAT_MAX;
                is_small.then_some(float as i64)
            }
            Kind::Text(_) => None,
        }
    }

    /// Calls a function with its decimal; `None` if its exponent has too many digits to count.
    fn with_decimal<T>(&self, call: impl FnOnce(Option<Decimal<'_>>) -> T) -> T {
        match &self.0 {
            Kind::Text(literal) => call(Decimal::of(&literal.0)),
            _ => call(Decimal::of(&self.to_string())),
        }
    }
}

/// Writes a double as the shortest decimal that reads as it.
fn shortest(float: f64, buffer: &mut FloatText) -> &str {
    let mut left = &mut buffer[..];
    serde_json::to_writer(&mut left, &float).expect("a double has 24 characters at most");
    let length = size_of::<FloatText>() - left.len();
    str::from_utf8(&buffer[..length]).expect("digits are ASCII")
}

fn write_plain(number: impl Serialize, text: &mut Vec<u8>) {
    serde_json::to_writer(text, &number).expect("a number is JSON, and memory takes it");
}

/// Writes a double other than a small whole number, in the form of ECMAScript.
fn write_float(float: f64, text: &mut Vec<u8>) {
    // Numbers of usual size are written without an exponent everywhere.
    if (1e-3..EXACT_FLOAT_MAX).contains(&float.abs()) {
        return write_plain(float, text);
    }
    let mut buffer = FloatText::default();
    let plain = shortest(float, &mut buffer);
    match plain.contains('e') {
        true => write_decimal(plain, text),
        false => text.extend(plain.strip_suffix(".0").unwrap_or(plain).as_bytes()),
    }
}

fn write_decimal(literal: &str, text: &mut Vec<u8>) {
    match Decimal::of(literal) {
        Some(decimal) => decimal.write(text),
        None => text.extend(literal.as_bytes().to_ascii_lowercase()),
    }
}

/// What a literal is made of, as far as it decides how the number is kept.
struct Parts {
    is_negative: bool,
    /// The digits, if there are no more than [`DIGITS_COUNTED`] of them.
    mantissa: u64,
    /// How many digits there are from the first on that is not zero.
    digits: usize,
    decimals: usize,
    /// What the literal has behind its `e`; `None` if that is large.
    exponent: Option<i32>,
    is_whole: bool,
    length: usize,
}

impl Parts {
    fn of(bytes: &[u8]) -> Option<Self> {
        let is_negative = bytes.first() == Some(&b'-');
        let mut parts = Self {
            is_negative,
            mantissa: 0,
            digits: 0,
            decimals: 0,
            exponent: Some(0),
            is_whole: true,
            length: usize::from(is_negative),
        };
        let begin = parts.length;
        parts.take_digits(bytes)?;
        if bytes[begin] == b'0' && parts.length > begin + 1 {
            return None;
        }
        if bytes.get(parts.length) == Some(&b'.') {
            parts.is_whole = false;
            parts.length += 1;
            parts.decimals = parts.take_digits(bytes)?;
        }
        if matches!(bytes.get(parts.length), Some(b'e' | b'E')) {
            parts.is_whole = false;
            parts.take_exponent(bytes)?;
        }
        Some(parts)
    }

    /// Reads digits, at least one, and returns how many there are.
    fn take_digits(&mut self, bytes: &[u8]) -> Option<usize> {
        let begin = self.length;
        while let Some(byte) = bytes.get(self.length).filter(|byte| byte.is_ascii_digit()) {
            let digit = u64::from(byte - b'0');
            self.digits += usize::from(self.digits > 0 || digit > 0);
            self.mantissa = self.mantissa.wrapping_mul(10).wrapping_add(digit);
            self.length += 1;
        }
        Some(self.length - begin).filter(|count| *count > 0)
    }

    fn take_exponent(&mut self, bytes: &[u8]) -> Option<()> {
        self.length += 1;
        let sign = bytes.get(self.length);
        self.length += usize::from(matches!(sign, Some(b'+' | b'-')));
        let begin = self.length;
        let rest = bytes.get(begin..)?;
        self.length += rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = str::from_utf8(&bytes[begin..self.length]).ok()?;
        let exponent = digits.parse::<i32>().ok();
        self.exponent = exponent.map(|it| if sign == Some(&b'-') { -it } else { it });
        (self.length > begin).then_some(())
    }

    fn whole(&self, literal: &str) -> Option<Number> {
        if !self.is_whole {
            return None;
        }
        let mantissa = match self.digits <= DIGITS_COUNTED {
            true => self.mantissa,
            false => literal.trim_start_matches('-').parse().ok()?,
        };
        match self.is_negative {
            false => Some(mantissa.into()),
            true if mantissa == 0 => Number::from_f64(-0.0),
            true => 0i64.checked_sub_unsigned(mantissa).map(Number::from),
        }
    }

    /// Returns a float of few digits, for which one exact division or multiplication gives the
    /// nearest double (Clinger, "How to read floating point numbers accurately", 1990).
    fn short_float(&self) -> Option<Number> {
        if self.digits > DIGITS_EXACT {
            return None;
        }
        let mantissa = self.mantissa as f64;
        let power = i64::from(self.exponent?) - self.decimals as i64;
        let scale = POWERS_OF_TEN.get(usize::try_from(power.unsigned_abs()).ok()?)?;
        let float = match power < 0 {
            true => mantissa / scale,
            false => mantissa * scale,
        };
        Number::from_f64(if self.is_negative { -float } else { float })
    }
}

impl PartialEq for Number {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Positive(one), Kind::Positive(other)) => one == other,
            (Kind::Negative(one), Kind::Negative(other)) => one == other,
            // Two doubles are two decimals.
            (Kind::Float(one), Kind::Float(other)) => one == other,
            _ => self.is_of_value(other),
        }
    }
}

impl Number {
    /// Compares numbers that are kept as two kinds, or by their literals.
    fn is_of_value(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Text(one), Kind::Text(other)) if one == other => true,
            _ => match (self.small(), other.small()) {
                (None, None) => self
                    .with_decimal(|one| other.with_decimal(|other| one.is_some() && one == other)),
                (one, other) => one == other,
            },
        }
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self.small(), &self.0) {
            (Some(whole), _) => whole.hash(state),
            // No other kind is equal to a double that is not whole.
            (None, Kind::Float(float)) if float.fract() != 0.0 => float.to_bits().hash(state),
            _ => self.with_decimal(|decimal| decimal.hash(state)),
        }
    }
}

impl PartialOrd for Number {
    /// Numbers whose exponents have too many digits to count are comparable to none but
    /// themselves.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (&self.0, &other.0) {
            (Kind::Positive(one), Kind::Positive(other)) => Some(one.cmp(other)),
            (Kind::Negative(one), Kind::Negative(other)) => Some(one.cmp(other)),
            (Kind::Float(one), Kind::Float(other)) => one.partial_cmp(other),
            _ if self == other => Some(Ordering::Equal),
            _ => self.with_decimal(|one| other.with_decimal(|other| Some(one?.order(&other?)))),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = FloatText::default();
        match &self.0 {
            Kind::Positive(whole) => write!(f, "{whole}"),
            Kind::Negative(whole) => write!(f, "{whole}"),
            Kind::Float(float) => f.write_str(shortest(*float, &mut buffer)),
            Kind::Text(literal) => f.write_str(&literal.0),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Kind::Positive(whole) => serializer.serialize_u64(*whole),
            Kind::Negative(whole) => serializer.serialize_i64(*whole),
            Kind::Float(float) => serializer.serialize_f64(*float),
            Kind::Text(literal) => {
                let raw: &RawValue = serde_json::from_str(&literal.0).map_err(S::Error::custom)?;
                raw.serialize(serializer)
            }
        }
    }
}

impl From<u64> for Number {
    fn from(whole: u64) -> Self {
        Self(Kind::Positive(whole))
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self(match u64::try_from(whole) {
            Ok(whole) => Kind::Positive(whole),
            Err(_) => Kind::Negative(whole),
        })
    }
}

impl From<serde_json::Number> for Number {
    fn from(number: serde_json::Number) -> Self {
        match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(whole)) => whole.into(),
            (None, None) => Self(Kind::Float(number.as_f64().unwrap_or_default())),
        }
    }
}
