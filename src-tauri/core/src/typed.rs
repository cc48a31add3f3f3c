//! Numbers as people type them, on a command line and in the fields of the window: with a point or
//! a comma, and no grouping. Not for documents and requests.
//!
//! The page reads the same in `ui/src/model/percent.ts` and `ui/src/model/setting.ts`.

/// A number as it was typed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Typed {
    /// Its value.
    pub number: f64,
    /// How many digits follow the point, zeros at the end aside.
    pub decimals: usize,
    /// Whether a `%` follows.
    pub is_percent: bool,
}

/// Reads `12.5`, `12,5`, `.5`, `+3` or `12,5 %`; `None` if the text is anything else.
pub fn number(text: &str) -> Option<Typed> {
    let text = text.trim();
    let bare = text.strip_suffix('%').map(str::trim_end);
    let unsigned = bare.unwrap_or(text);
    let (sign, digits) = match unsigned.strip_prefix(['+', '-']) {
        Some(digits) => (&unsigned[..1], digits),
        None => ("", unsigned),
    };
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let number: f64 = format!("{sign}0{whole}.{fraction}0").parse().ok()?;
    Some(Typed {
        // Minus zero is zero.
        number: number + 0.0,
        decimals: fraction.trim_end_matches('0').len(),
        is_percent: bare.is_some(),
    })
}

/// Reads a share as a number from 0 to 1 or as a percentage: `0.05`, `0,05`, `5 %`. Its range is
/// for the caller to check.
pub fn share(text: &str) -> Option<f64> {
    let typed = number(text)?;
    Some(match typed.is_percent {
        true => typed.number / 100.0,
        false => typed.number,
    })
}
