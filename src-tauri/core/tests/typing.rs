//! Numbers as people type them. The page reads the same vectors.

use flagdeck_core::document::PercentageError;
use flagdeck_core::{Percentage, typed};
use serde::Deserialize;
use serde_json::Value;

const VECTORS: &str = include_str!("../../../tests/fixtures/typed_percentages.json");

#[derive(Deserialize)]
struct Vectors {
    percentages: Vec<(String, Value)>,
    shares: Vec<(String, Option<f64>)>,
}

fn vectors() -> Vectors {
    serde_json::from_str(VECTORS).expect("the vectors are JSON")
}

#[test]
fn a_percentage_is_read_with_a_point_or_a_comma() {
    for (text, expected) in vectors().percentages {
        let read = match text.parse::<Percentage>() {
            Ok(percentage) => Value::from(percentage.as_f64()),
            Err(PercentageError::NotANumber) => "not_a_number".into(),
            Err(PercentageError::OutOfRange) => "out_of_range".into(),
            Err(PercentageError::TooFine) => "too_fine".into(),
        };
        let expected = expected.as_f64().map_or(expected, Value::from);
        assert_eq!(read, expected, "{text:?}");
    }
}

#[test]
fn a_share_is_a_number_or_a_percentage() {
    for (text, expected) in vectors().shares {
        assert_eq!(typed::share(&text), expected, "{text:?}");
    }
}
