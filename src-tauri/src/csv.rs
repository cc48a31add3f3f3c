//! Tables for other programs, as CSV (RFC 4180) that spreadsheets read as values.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for
//! a formula, and runs it. Such a cell begins with an apostrophe, as OWASP recommends against
//! CSV injection; a number with a minus sign is none of them. The rule is also in
//! `ui/src/model/csv.ts`; `tests/fixtures/csv.json` holds both to it.

use std::borrow::Cow;

/// Returns the cells as a row, without its end.
pub fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<Cow<str>> = cells.into_iter().map(cell).collect();
    cells.join(",")
}

fn cell(text: &str) -> Cow<'_, str> {
    match runs(text) {
        true => quoted(&format!("'{text}")).into(),
        // Some spreadsheets separate cells by semicolons or tabs.
        false if text.contains([',', ';', '\t', '"', '\r', '\n']) => quoted(text).into(),
        false => text.into(),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Says whether a spreadsheet would run a cell.
fn runs(text: &str) -> bool {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let is_blank = |c: char| matches!(c, '\t' | '\r' | '\n');
    let shown = text.trim_start_matches(' ');
    shown.starts_with(is_blank) || (shown.starts_with(begins) && !is_number(text))
}

/// Says whether a text is a decimal number, such as `-12`, `0.5` or `-1.5e-7`.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn cells_are_written_as_the_vectors_say() {
        let vectors = include_str!("../../tests/fixtures/csv.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let vectors = vectors["vectors"].as_array().unwrap();
        assert!(!vectors.is_empty());
        for vector in vectors {
            let [text, written] = ["text", "cell"].map(|name| vector[name].as_str().unwrap());
            assert_eq!(cell(text), written, "{text:?}");
        }
    }

    #[test]
    fn cells_are_separated_by_commas() {
        assert_eq!(row(["=1+1", "true", ""]), "\"'=1+1\",true,");
    }
}
