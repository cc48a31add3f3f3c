//! Texts of cells: ids, lists of groups, weights, attributes. The same for every format.

use flagdeck_core::limits::QUOTE_CHARS_MAX;

use super::recognise::Taken;
use super::row::{Row, Texts};
use crate::rosters::limits::{ATTRIBUTE_BYTES_MAX, ID_BYTES_MAX};

/// Why a row is bad that has no id.
pub(super) const NO_ID: &str = "it has no id";

/// Puts a cell into a row.
///
/// # Errors
/// Why the row is bad.
pub(super) fn take(row: &mut Row, column: u32, taken: Taken, text: &str) -> Result<(), String> {
    match taken {
        Taken::Id => take_id(row, text),
        Taken::Groups => {
            split_groups(text, &mut row.groups);
            Ok(())
        }
        Taken::Weight => {
            row.weight = weight(text)?;
            Ok(())
        }
        Taken::Attribute => take_attribute(row, column, text),
    }
}

/// Takes an id as it is: blanks at its ends belong to it.
pub(super) fn take_id(row: &mut Row, text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err(NO_ID.into());
    }
    if text.len() > ID_BYTES_MAX {
        return Err(format!("its id has more than {ID_BYTES_MAX} bytes"));
    }
    row.id.clear();
    row.id.push_str(text);
    Ok(())
}

pub(super) fn take_attribute(row: &mut Row, column: u32, text: &str) -> Result<(), String> {
    match text.len() {
        0 => Ok(()),
        bytes if bytes > ATTRIBUTE_BYTES_MAX => {
            Err(format!("a cell has more than {ATTRIBUTE_BYTES_MAX} bytes"))
        }
        _ => {
            row.attribute(column, text);
            Ok(())
        }
    }
}

/// Reads names of groups, which are separated by semicolons; without one, by vertical bars; without
/// one, by commas.
pub(super) fn split_groups(text: &str, groups: &mut Texts) {
    let separator = [';', '|'].into_iter().find(|it| text.contains(*it));
    let names = text.split(separator.unwrap_or(','));
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    names.for_each(|name| groups.push(name));
}

/// Reads a weight, with a decimal point or a decimal comma; `None` for a blank cell.
///
/// # Errors
/// Why it is none.
pub(super) fn weight(text: &str) -> Result<Option<f64>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = decimal(text).filter(|weight| weight.is_finite() && *weight > 0.0);
    number.map(Some).ok_or_else(|| not_a_weight(text))
}

pub(super) fn not_a_weight(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTE_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("its weight is not a number above 0: {shown}")
}

fn decimal(text: &str) -> Option<f64> {
    let is_of_number =
        |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | 'e' | 'E' | '+' | '-');
    if !text.chars().all(is_of_number) {
        return None;
    }
    match text.split_once(',') {
        // Either may group thousands: which, a text alone does not tell.
        Some((_, after)) if after.contains([',', '.']) => None,
        Some((before, _)) if before.contains('.') => None,
        Some((before, after)) => format!("{before}.{after}").parse().ok(),
        None => text.parse().ok(),
    }
}
