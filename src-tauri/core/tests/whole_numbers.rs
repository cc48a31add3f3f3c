//! Whole numbers are read however they are written, and nothing else is taken for one.

use flagdeck_core::tree;
use flagdeck_core::whole;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize)]
struct Sent {
    #[serde(deserialize_with = "whole::deserialize")]
    files: u32,
    #[serde(default, deserialize_with = "whole::deserialize_option")]
    skip: Option<u8>,
}

fn sent(text: &str) -> Result<(u32, Option<u8>), String> {
    let read = serde_json::from_str::<Sent>(text);
    read.map(|sent| (sent.files, sent.skip))
        .map_err(|error| error.to_string())
}

#[test]
fn one_number_has_many_spellings() {
    for text in ["14", "14.0", "1.4e1", "140e-1", "14.000"] {
        assert_eq!(whole::read(text), Some(14), "{text}");
        let tree = tree::read(text.as_bytes()).expect("JSON");
        assert_eq!(
            (tree.as_u64(), tree.as_i64()),
            (Some(14), Some(14)),
            "{text}"
        );
        assert_eq!(sent(&format!(r#"{{"files": {text}}}"#)), Ok((14, None)));
    }
    assert_eq!(sent(r#"{"files": -0.0, "skip": 2.0}"#), Ok((0, Some(2))));
    assert_eq!(sent(r#"{"files": 1, "skip": null}"#), Ok((1, None)));
    assert_eq!(whole::read("18446744073709551615"), Some(u64::MAX));
    assert_eq!(tree!(-3.0).as_i64(), Some(-3));
}

#[test]
fn what_is_no_whole_number_is_refused() {
    for text in [
        "14.5",
        "1e-1",
        "9007199254740992.0",
        "1e300",
        "-1",
        "-1.0",
        "+5",
        " 5",
        "",
        "0x10",
    ] {
        assert_eq!(whole::read(text), None, "{text:?}");
    }
    let refused = |text: &str| sent(text).expect_err(text);
    assert!(refused(r#"{"files": 14.5}"#).contains("14.5 is no whole number"));
    assert!(refused(r#"{"files": 4294967296}"#).contains("4294967296 is out of range"));
    assert!(refused(r#"{"files": 4294967296.0}"#).contains("out of range"));
    assert!(refused(r#"{"files": 1, "skip": -1.0}"#).contains("-1.0 is out of range"));
    assert!(refused(r#"{"files": "1"}"#).contains("string"));
    assert_eq!(tree!("14").as_u64(), None);
}

proptest! {
    #[test]
    fn a_float_is_a_whole_number_only_if_it_is_exactly_that(float in any::<f64>()) {
        match whole::of_float(float) {
            Some(number) => prop_assert_eq!(number as f64, float),
            None => prop_assert!(float.fract() != 0.0 || float.abs() >= 9_007_199_254_740_992.0),
        }
    }

    #[test]
    fn every_whole_number_below_2_to_the_53_is_read_as_a_float(number in 0..1u64 << 53) {
        prop_assert_eq!(whole::read(&format!("{number}.0")), Some(number));
    }
}
