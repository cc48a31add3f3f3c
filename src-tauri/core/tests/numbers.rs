//! Numbers as values: kept digit for digit, compared by value.

use std::collections::HashSet;

use flagdeck_core::compare;
use flagdeck_core::diff::states;
use flagdeck_core::tree::{self, Tree, is_hash_of, mended};
use proptest::prelude::*;

use crate::support::states::{any_literal, any_tree, number};

fn read(text: &str) -> Tree {
    tree::read(text.as_bytes()).expect("it is JSON")
}

fn canonical(text: &str) -> String {
    String::from_utf8(tree::canonical::canonical(&read(text))).expect("it is text")
}

/// Around the ends of what counts an exponent: 128 bits, which end at 1.7 × 10^38.
#[test]
fn exponents_of_any_size_have_one_form_that_reads_as_the_same_number() {
    let largest = "170141183460469231731687303715884105727";
    let next = "170141183460469231731687303715884105728";
    for literal in [
        format!("1e{largest}"),
        format!("123e{largest}"),
        format!("1e-{largest}"),
        format!("0.1e-{largest}"),
        format!("0.1e-{next}"),
        format!("0.01e-{next}"),
        format!("1e-{next}"),
        format!("1e{next}"),
        format!("-12.5e-{next}"),
        format!("1e{next}0000000000"),
    ] {
        let number = read(&literal);
        let form = canonical(&literal);
        assert_eq!(read(&form), number, "{literal}");
        assert_eq!(canonical(&form), form, "{literal}");
        assert_eq!(number.to_string(), literal);
        assert_ne!(number, read("0"), "{literal}");
    }
}

#[test]
fn a_number_that_no_double_holds_is_kept_digit_for_digit() {
    for literal in [
        "18446744073709551616",
        "18446744073709551617",
        "-9223372036854775809",
        "12345678901234567890123",
        "3.14159265358979323846",
        "0.1000000000000000055511151231257827",
        "9007199254740993.0",
        "1e400",
        "-1.5E+400",
        "1e-400",
        "4.9e-324",
        "1e99999999999999999999999999999999999999999",
    ] {
        assert_eq!(
            read(&format!("[{literal}]")).to_string(),
            format!("[{literal}]")
        );
    }
}

#[test]
fn what_a_double_or_an_integer_holds_is_kept_as_that() {
    for (literal, written) in [
        ("0", "0"),
        ("-0", "-0.0"),
        ("1.0", "1.0"),
        ("1e2", "100.0"),
        ("0.10", "0.1"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("5e-324", "5e-324"),
        ("0e999", "0.0"),
        ("1.00000000000000000000000", "1.0"),
    ] {
        assert_eq!(read(literal).to_string(), written);
    }
}

#[test]
fn numbers_are_equal_by_value() {
    for equal in [
        ["1", "1.0", "1e0", "10E-1"],
        ["100", "1e2", "1.00e+2", "100.000000000000000000000000"],
        ["0", "-0", "0.0", "-0e400"],
        [
            "9007199254740993",
            "9007199254740993.0",
            "900719925474099.3e1",
            "9007199254740993e0",
        ],
        [
            "18446744073709551616",
            "18446744073709551616.0",
            "1844674407370955161.6E1",
            "18446744073709551616e0",
        ],
        [
            "1000000000000000000",
            "1e18",
            "1000000000000000000.0",
            "0.1e19",
        ],
        ["1e400", "10e399", "0.1e401", "1.0E+400"],
        ["-1e-400", "-0.1e-399", "-10e-401", "-1.000e-400"],
    ] {
        let values: HashSet<Tree> = equal.into_iter().map(read).collect();
        assert_eq!(values.len(), 1, "{values:?}");
        let texts: HashSet<String> = equal.into_iter().map(canonical).collect();
        assert_eq!(texts.len(), 1, "{texts:?}");
    }
    for (one, other) in [
        ("18446744073709551616", "18446744073709551617"),
        ("9007199254740993", "9007199254740992.0"),
        ("0.1", "0.10000000000000001"),
        ("1", "1.00000000000000000001"),
        ("1e400", "1e401"),
        ("1e400", "-1e400"),
        ("0", "1e-400"),
        ("18446744073709551615", "18446744073709551616"),
        (
            "1e1000000000000000000000000000000000000000000",
            "1e1000000000000000000000000000000000000000001",
        ),
    ] {
        assert_ne!(read(one), read(other));
        assert_ne!(tree::hash(&read(one)), tree::hash(&read(other)));
    }
}

#[test]
fn numbers_are_ordered_by_value() {
    let ordered = [
        "-1e400",
        "-18446744073709551616",
        "-9223372036854775808",
        "-1.5",
        "-1e-400",
        "0",
        "1e-400",
        "0.5",
        "1",
        "9007199254740992.0",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "18446744073709551617",
        "1e400",
    ];
    for pair in ordered.windows(2) {
        assert!(number(pair[0]) < number(pair[1]), "{pair:?}");
        assert!(number(pair[1]) > number(pair[0]), "{pair:?}");
    }
}

#[test]
fn numbers_that_are_equal_are_no_change() {
    let before = read(r#"{"a": 1, "b": [100, 2], "c": {"d": 0}, "n": 18446744073709551616}"#);
    let after = read(r#"{"a": 1.0, "b": [1e2, 2], "c": {"d": -0.0}, "n": 18446744073709551616.0}"#);
    assert_eq!(compare(&before, &after).to_json_patch(), []);
    let options = states::Options {
        tolerance: 0.0,
        ..states::Options::default()
    };
    assert_eq!(
        flagdeck_core::difference(&before, &after, &options).total,
        0
    );
}

#[test]
fn numbers_that_round_to_one_double_are_a_change() {
    let (before, after) = (
        read(r#"{"n": 18446744073709551616}"#),
        read(r#"{"n": 18446744073709551617}"#),
    );
    let patch = Tree::from(compare(&before, &after).to_json_patch()).to_string();
    assert_eq!(
        patch,
        r#"[{"op":"replace","path":"/n","value":18446744073709551617}]"#
    );
    let found = flagdeck_core::difference(&before, &after, &states::Options::default());
    let shown = found.changes[0]
        .after
        .as_ref()
        .map(|excerpt| &*excerpt.text);
    assert_eq!(shown, Some("18446744073709551617"));
}

/// The numbers of RFC 8785, appendix B, as their shortest decimals.
#[test]
fn the_canonical_form_of_doubles_is_that_of_rfc_8785() {
    for (literal, written) in [
        ("0", "0"),
        ("-0.0", "0"),
        ("5e-324", "5e-324"),
        ("-5e-324", "-5e-324"),
        ("1.7976931348623157e+308", "1.7976931348623157e+308"),
        ("-1.7976931348623157e+308", "-1.7976931348623157e+308"),
        ("9007199254740992", "9007199254740992"),
        ("-9007199254740992", "-9007199254740992"),
        ("295147905179352830000", "295147905179352830000"),
        ("9.999999999999997e+22", "9.999999999999997e+22"),
        ("1e+23", "1e+23"),
        ("1.0000000000000001e+23", "1.0000000000000001e+23"),
        ("999999999999999700000", "999999999999999700000"),
        ("999999999999999900000", "999999999999999900000"),
        ("1e+21", "1e+21"),
        ("9.999999999999997e-7", "9.999999999999997e-7"),
        ("0.000001", "0.000001"),
        ("333333333.3333332", "333333333.3333332"),
        ("333333333.33333325", "333333333.33333325"),
        ("333333333.3333333", "333333333.3333333"),
        ("333333333.3333334", "333333333.3333334"),
        ("333333333.33333343", "333333333.33333343"),
        ("-0.0000033333333333333333", "-0.0000033333333333333333"),
        ("1424953923781206.2", "1424953923781206.2"),
        // No doubles, by the same rules.
        ("12345678901234567890", "12345678901234567890"),
        ("12345678901234567890123", "1.2345678901234567890123e+22"),
        ("1E400", "1e+400"),
        ("0.1E-399", "1e-400"),
    ] {
        assert_eq!(canonical(literal), written);
    }
}

/// The example of RFC 8785, section 3.2.3, and strings of section 3.2.2.2.
#[test]
fn the_canonical_form_sorts_keys_by_utf16() {
    let keys = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
    let sorted = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}";
    assert_eq!(canonical(keys), sorted);
    assert_eq!(
        canonical(r#"["\u20ac$\u000f\nA'B\"\\\\\"/"]"#),
        r#"["€$\u000f\nA'B\"\\\\\"/"]"#
    );
    assert_eq!(
        canonical(r#"{"b":1,"a":[1.50,{}]}"#),
        r#"{"a":[1.5,{}],"b":1}"#
    );
}

#[test]
fn a_hash_over_the_spelling_is_still_known() {
    let state = read(r#"{"b": [1.0, -0.0, "ü"], "a": 1e21}"#);
    let before = blake3::hash(r#"{"a":1e+21,"b":[1.0,-0.0,"ü"]}"#.as_bytes());
    assert!(is_hash_of(before.as_bytes(), &state));
    assert!(is_hash_of(&tree::hash(&state), &state));
    assert!(!is_hash_of(
        before.as_bytes(),
        &read(r#"{"b": [1.5, -0.0, "ü"], "a": 1e21}"#)
    ));
}

#[test]
fn half_of_a_surrogate_pair_is_replaced() {
    for (text, meant) in [
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""a\uD83Db""#, "a\u{fffd}b"),
        (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""\ud83d\n""#, "\u{fffd}\n"),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""\\ud83d""#, "\\ud83d"),
        (r#""\\\ud83d""#, "\\\u{fffd}"),
    ] {
        assert_eq!(read(text), Tree::from(meant), "{text}");
        assert_eq!(mended(text.as_bytes()).len(), text.len());
    }
    assert_eq!(read(r#"{"\ud83d": 1}"#).to_string(), "{\"\u{fffd}\":1}");
    for text in [r#""\ud83""#, r#""\ud83d"#, r#""\"#, r#""\uzzzz""#] {
        assert!(tree::read(text.as_bytes()).is_err(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_number_keeps_its_value(literal in any_literal()) {
        let found = number(&literal);
        prop_assert_eq!(number(&found.to_string()), found.clone());
        let canonical = canonical(&literal);
        prop_assert_eq!(number(&canonical), found.clone());
        // The same decimal, whatever it is kept as.
        prop_assert_eq!(digits(&found.to_string()), digits(&literal));
    }

    #[test]
    fn two_numbers_are_one_value_if_their_digits_are((one, other) in (any_literal(), any_literal())) {
        let are_equal = digits(&one) == digits(&other);
        let (one, other) = (number(&one), number(&other));
        prop_assert_eq!(one == other, are_equal);
        let hashes = HashSet::from([&one, &other]).len();
        prop_assert_eq!(hashes == 1, are_equal);
        let order = one.partial_cmp(&other).map(std::cmp::Ordering::is_eq);
        prop_assert_eq!(order, Some(are_equal));
    }

    #[test]
    fn texts_without_surrogates_are_left_alone(tree in any_tree()) {
        let text = tree::write(&tree);
        prop_assert!(matches!(mended(&text), std::borrow::Cow::Borrowed(_)));
    }
}

/// The sign, the digits and the power of ten of a literal, by the plainest of ways.
fn digits(literal: &str) -> (bool, String, i64) {
    let lower = literal.to_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let mut power = exponent.parse::<i64>().expect("a number") - fraction.len() as i64;
    while digits.ends_with('0') {
        digits.pop();
        power += 1;
    }
    let digits = digits.trim_start_matches('0').to_owned();
    match digits.is_empty() {
        true => (false, digits, 0),
        false => (literal.starts_with('-'), digits, power),
    }
}
