//! Decimals as they are written: digits and where the point is, of any length.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// A decimal, borrowed from its text: `0.DIGITS × 10^point`, with neither the first nor the last
/// of its digits zero. Zero has none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal<'a> {
    is_negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    point: i128,
}

/// Numbers from 10^21 on are written with an exponent, as ECMAScript does.
const PLAIN_BELOW: i128 = 21;

/// As are those below 10^-6.
const PLAIN_ZEROS: i128 = 6;

impl<'a> Decimal<'a> {
    /// Reads a literal of JSON; `None` if its exponent has too many digits to count.
    pub(super) fn of(literal: &'a str) -> Option<Self> {
        let unsigned = literal.strip_prefix('-');
        let rest = unsigned.unwrap_or(literal);
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (whole, fraction) = (
            whole.trim_start_matches('0'),
            fraction.trim_end_matches('0'),
        );
        let (zeros, digits) = match whole.is_empty() {
            true => leading_zeros(fraction),
            false => (0, fraction),
        };
        if whole.is_empty() && digits.is_empty() {
            return Some(Self {
                is_negative: false,
                whole: &[],
                fraction: &[],
                point: 0,
            });
        }
        let exponent: i128 = exponent.parse().ok()?;
        let point = exponent.checked_add(whole.len() as i128 - zeros as i128)?;
        // The exponent that it is written with.
        point.checked_sub(1)?;
        let whole = match digits.is_empty() {
            true => whole.trim_end_matches('0'),
            false => whole,
        };
        Some(Self {
            is_negative: unsigned.is_some(),
            whole: whole.as_bytes(),
            fraction: digits.as_bytes(),
            point,
        })
    }

    fn digits(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.whole.iter().chain(self.fraction).copied()
    }

    fn len(&self) -> usize {
        self.whole.len() + self.fraction.len()
    }

    /// Compares two decimals.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let sign = |it: &Self| match (it.len(), it.is_negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let size = || {
            let points = self.point.cmp(&other.point);
            points.then_with(|| self.digits().cmp(other.digits()))
        };
        sign(self)
            .cmp(&sign(other))
            .then_with(|| match self.is_negative {
                true => size().reverse(),
                false => size(),
            })
    }

    /// Writes it as ECMAScript writes a number of these digits (Number::toString, section
    /// 6.1.6.1.20 of ECMA-262).
    pub(super) fn write(&self, text: &mut Vec<u8>) {
        if self.is_negative {
            text.push(b'-');
        }
        let length = self.len() as i128;
        match self.point {
            _ if length == 0 => text.push(b'0'),
            point if length <= point && point <= PLAIN_BELOW => {
                text.extend(self.digits());
                text.extend((length..point).map(|_| b'0'));
            }
            point if 0 < point && point <= PLAIN_BELOW => self.write_parted(point as usize, text),
            point if -PLAIN_ZEROS < point && point <= 0 => {
                text.extend(b"0.");
                text.extend((point..0).map(|_| b'0'));
                text.extend(self.digits());
            }
            point => {
                self.write_parted(1, text);
                text.extend(format!("e{:+}", point - 1).as_bytes());
            }
        }
    }

    /// Writes the digits with a point behind so many of them, if more follow.
    fn write_parted(&self, point: usize, text: &mut Vec<u8>) {
        text.extend(self.digits().take(point));
        if self.len() > point {
            text.push(b'.');
            text.extend(self.digits().skip(point));
        }
    }
}

/// Counts the zeros that digits begin with, and returns the rest.
fn leading_zeros(digits: &str) -> (usize, &str) {
    let rest = digits.trim_start_matches('0');
    (digits.len() - rest.len(), rest)
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_negative == other.is_negative
            && self.point == other.point
            && self.digits().eq(other.digits())
    }
}

impl Hash for Decimal<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is_negative.hash(state);
        self.point.hash(state);
        self.digits().for_each(|digit| state.write_u8(digit));
    }
}
