//! Input that is wrong, hostile or huge: each gets a code, a place and a sentence, never a panic.

use flagdeck_core::validate::read_patch;
use flagdeck_core::{Problem, Rollout, Severity, validate};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Written, document, flat_components, listing, refusal};

mod bounds;

/// Refuses a document for one reason, said so.
#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &str) {
    let problems = refusal(bytes);
    assert!(
        problems
            .iter()
            .all(|problem| problem.severity == Severity::Error)
    );
    assert_eq!(listing(&problems), expected);
}

/// Refuses a document for one reason of which only code and pointer matter.
#[track_caller]
fn check_place(bytes: impl AsRef<[u8]>, expected: &str) -> Problem {
    let mut problems = refusal(bytes);
    assert_eq!(problems.len(), 1, "{}", listing(&problems));
    let place = listing(&problems);
    let place = place.split(": ").next().expect("a first part");
    assert_eq!(place, expected);
    problems.remove(0)
}

#[track_caller]
fn check_percentage(number: &str, expected: Option<&str>) {
    let text = format!(r#"{{"rollout": {{"percentage": {number}}}}}"#);
    match expected {
        Some(expected) => check(text, expected),
        None => drop(document(&text)),
    }
}

#[test]
fn percentages_that_are_none_are_refused_with_field_and_range() {
    let check = |number: &str, code: &str, found: &str| {
        let sentence = "must be a number from 0 to 100 in steps of 0.001";
        let place = "/rollout/percentage: rollout.percentage";
        let expected = format!("{code} {place} {sentence}, not {found}.");
        check_percentage(number, Some(&expected));
    };
    check("\"50\"", "wrong_type", "the text \"50\"");
    check("null", "wrong_type", "nothing (null)");
    check("true", "wrong_type", "true");
    check("[50]", "wrong_type", "a list");
    check("{}", "wrong_type", "an object");
    check("100.0001", "out_of_range", "100.0001");
    check("-0.0001", "out_of_range", "-0.0001");
    check("101", "out_of_range", "101");
    check("-1", "out_of_range", "-1");
    check(
        "18446744073709551616",
        "out_of_range",
        "18446744073709551616",
    );
    check("1e308", "out_of_range", "1e+308");
    check("0.0005", "too_fine", "0.0005");
    check("33.3333", "too_fine", "33.3333");
    check("99.9999999", "too_fine", "99.9999999");
}

#[test]
fn numbers_written_in_other_ways_are_the_same_percentages() {
    let check = |number: &str, milli: u32| {
        let text = format!(r#"{{"rollout": {{"percentage": {number}}}}}"#);
        assert_eq!(
            document(&text).rollout.percentage.milli(),
            milli,
            "{number}"
        );
    };
    check("5e1", 50_000);
    check("50.000", 50_000);
    check("1e-3", 1);
    check("-0", 0);
    check("-0.0", 0);
    // Too small for a float: read as the zero that is nearest.
    check("1e-400", 0);
    // A sum of floats is a step all the same.
    check("0.30000000000000004", 300);
}

#[test]
fn numbers_that_are_no_json_are_refused_at_their_place() {
    let text = |number: &str| format!(r#"{{"rollout": {{"percentage": {number}}}}}"#);
    for number in ["NaN", "Infinity", "-Infinity", "+1", ".5", "5."] {
        check_place(text(number), "syntax /rollout/percentage");
    }
    check_place(text("01"), "syntax /rollout/percentage");
    // Read as a 0 and a 1, and then something else where the object goes on.
    check_place(text("0x10"), "syntax /rollout");
    check_place(text("1_000"), "syntax /rollout");
    let problem = check_place(text("1e309"), "out_of_range /rollout/percentage");
    let message = "rollout.percentage must be a number from 0 to 100 in steps of 0.001, not 1e309.";
    assert_eq!(problem.message, message);
}

#[test]
fn values_of_another_type_are_refused_with_what_belongs_there() {
    check(
        r#"{"enabled": 1}"#,
        "wrong_type /enabled: enabled must be true or false, not 1.",
    );
    check(
        r#"{"enabled": {}}"#,
        "wrong_type /enabled: enabled must be true or false, not an object.",
    );
    check(
        r#"{"components": true}"#,
        "wrong_type /components: components must be an object, not true.",
    );
    check(
        r#"{"components": {"ui": {"badges": null}}}"#,
        "wrong_type /components/ui/badges: \
         components.ui.badges must be true, false or a group of components, not nothing (null).",
    );
    check(
        r#"{"rollout": []}"#,
        "wrong_type /rollout: rollout must be an object, not a list.",
    );
    check(
        r#"{"rollout": {"userGroups": "beta"}}"#,
        "wrong_type /rollout/userGroups: \
         rollout.userGroups must be a list, not the text \"beta\".",
    );
    check(
        r#"{"rollout": {"userGroups": ["a", 5]}}"#,
        "wrong_type /rollout/userGroups/1: \
         rollout.userGroups[1] must be a text of 1 to 128 characters, not 5.",
    );
    check(
        r#"{"rollout": {"strategy": 5}}"#,
        "wrong_type /rollout/strategy: \
         rollout.strategy must be canary, blue-green or feature, not 5.",
    );
    check(
        r#"{"rollout": {"strategy": "Canary"}}"#,
        "unknown_value /rollout/strategy: \
         rollout.strategy must be canary, blue-green or feature, not the text \"Canary\".",
    );
    check(
        r#"{"bucketing": "md5"}"#,
        "unknown_value /bucketing: bucketing must be flagd-3 or flagd-2, not the text \"md5\".",
    );
    check(
        r#"{"requires": {"calculator": [7]}}"#,
        "wrong_type /requires/calculator/0: \
         requires[\"calculator\"][0] must be the name of a component, not 7.",
    );
    check(
        r#"{"about": {"ui": {"expires": "31.1.2027"}}}"#,
        "bad_date /about/ui/expires: \
         about[\"ui\"].expires must be a day as YYYY-MM-DD, not the text \"31.1.2027\".",
    );
    check_place(
        r#"{"about": {"ui": {"expires": "2027-02-29"}}}"#,
        "bad_date /about/ui/expires",
    );
    check_place(
        r#"{"about": {"ui": {"title": ""}}}"#,
        "bad_name /about/ui/title",
    );
}

#[test]
fn what_is_no_object_is_no_document() {
    check(
        "[]",
        "wrong_type (document): A flag document must be a JSON object, not a list.",
    );
    check(
        "null",
        "wrong_type (document): A flag document must be a JSON object, not nothing (null).",
    );
    check(
        "5",
        "wrong_type (document): A flag document must be a JSON object, not 5.",
    );
    check(
        "\"{}\"",
        "wrong_type (document): A flag document must be a JSON object, not the text \"{}\".",
    );
    check(
        "",
        "syntax (document): The document is empty; the smallest one is {\"enabled\": false}.",
    );
    check(
        " \n\t",
        "syntax (document): The document is empty; the smallest one is {\"enabled\": false}.",
    );
}

#[test]
fn text_that_is_no_json_is_refused_with_line_and_column() {
    check(
        "{} x",
        "syntax (document): The document is not valid JSON: trailing characters (line 1, column 4).",
    );
    check_place("<!doctype html><title>Sign in</title>", "syntax (document)");
    check_place("{\"enabled\": true,}", "syntax (document)");
    check_place("{\"enabled\": true", "syntax (document)");
    check_place("{enabled: true}", "syntax (document)");
    check_place(
        "{\"rollout\": {\"strategy\": 'canary'}}",
        "syntax /rollout/strategy",
    );
    check_place("{\"a\": \"\u{0}\"}", "syntax /a");
}

#[test]
fn half_of_a_surrogate_pair_is_replaced_and_refuses_nothing() {
    let text =
        r#"{"a": ["ok", "\udc00 \ud800"], "\ud800": 1, "about": {"ui": {"title": "new \ud83d"}}}"#;
    let document = document(text);
    let written = document.to_tree().to_string();
    let end = ",\"a\":[\"ok\",\"\u{fffd} \u{fffd}\"],\"\u{fffd}\":1}";
    assert!(written.ends_with(end), "{written}");
    assert!(written.contains("\"title\":\"new \u{fffd}\""), "{written}");
}

#[test]
fn numbers_under_unknown_keys_are_kept_digit_for_digit() {
    let unknown =
        r#""x":[12345678901234567890123,-1e309,1.0,0.1000000000000000055511151231257827,"1e400"]"#;
    let rollout =
        r#"{"percentage":0,"userGroups":[],"strategy":"canary","y":18446744073709551617}"#;
    let about = r#"{"ui":{"title":"UI","z":1e-400}}"#;
    let text = format!(r#"{{"rollout":{rollout},"about":{about},{unknown}}}"#);
    let written = document(&text).to_tree().to_string();
    for part in [unknown, rollout, about] {
        assert!(written.contains(part), "{part} in {written}");
    }
    assert_eq!(document(&written).to_tree().to_string(), written);
}

#[test]
fn text_in_another_encoding_is_refused_by_name() {
    check(
        b"{\"a\": \"\xFF\"}",
        "not_utf8 (document): \
         The document is not UTF-8 text: byte 8 of line 1 cannot be read.",
    );
    check(
        b"\xFF\xFE{\0}\0",
        "not_utf8 (document): The document is UTF-16; save it as UTF-8.",
    );
    let utf_16 = |unit: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        format!("{mark}{{}}")
            .encode_utf16()
            .flat_map(unit)
            .collect()
    };
    check_place(utf_16(u16::to_le_bytes, "\u{feff}"), "not_utf8 (document)");
    check_place(utf_16(u16::to_be_bytes, "\u{feff}"), "not_utf8 (document)");
    check_place(utf_16(u16::to_le_bytes, ""), "not_utf8 (document)");
    check_place(utf_16(u16::to_be_bytes, ""), "not_utf8 (document)");
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let text = r#"{"enabled": true}"#;
    for marks in ["\u{feff}", "\u{feff}\u{feff}"] {
        assert_eq!(document(&format!("{marks}{text}")), document(text));
        let patch = read_patch(format!("{marks}{text}").as_bytes()).expect("it is a patch");
        assert_eq!(patch.get("enabled"), Some(&true.into()));
    }
    check_place("\u{feff}", "syntax (document)");
    check_place("{\u{feff}}", "syntax (document)");
}

#[test]
fn an_escaped_zero_in_an_unknown_key_is_text_like_any_other() {
    let text = r#"{"a\u0000": "\u0000\u001f"}"#;
    assert_eq!(document(text).unknown.get("a\0"), Some(&"\0\u{1f}".into()));
}

#[test]
fn duplicate_keys_are_refused_at_every_depth() {
    let text = r#"{"enabled": true, "enabled": false,
        "components": {"a": true, "ui": {"b": true, "b": true}, "a": {}},
        "rollout": {"percentage": 1, "percentage": 2},
        "x": [{"y": {"z": 1, "z": 1, "z": 1}}],
        "a/b~c": 1, "a\/b~c": 2}"#;
    let problems = refusal(text);
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error);
    let errors: Vec<Problem> = errors.cloned().collect();
    assert_snapshot!(listing(&errors), @r#"
    duplicate_key /enabled: The key "enabled" is there twice; keep one.
    duplicate_key /components/ui/b: The key "b" is there twice; keep one.
    duplicate_key /components/a: The key "a" is there twice; keep one.
    duplicate_key /rollout/percentage: The key "percentage" is there twice; keep one.
    duplicate_key /x/0/y/z: The key "z" is there twice; keep one.
    duplicate_key /x/0/y/z: The key "z" is there twice; keep one.
    duplicate_key /a~1b~0c: The key "a/b~c" is there twice; keep one.
    "#);
}

#[test]
fn names_are_plain_words_that_javascript_does_not_reserve() {
    let names = [
        "",
        " ",
        "1a",
        "-a",
        "_a",
        "a b",
        "a.b",
        "ä",
        "a\u{200b}",
        "a\u{202e}b",
        "a\0",
        "x' OR 1=1 --",
        "<img onerror=alert(1)>",
        "__proto__",
        "constructor",
        "prototype",
    ];
    let problems = names.map(|name| {
        let problems = refusal(json!({"components": {"ui": {name: true}}}).to_string());
        assert_eq!(problems.len(), 1, "{name:?}");
        let problem = problems.into_iter().next().expect("one");
        assert!(problem.pointer.starts_with("/components/ui/"));
        listing(&[problem])
            .split_once(": ")
            .expect("two parts")
            .1
            .to_owned()
    });
    assert_snapshot!(problems.join("\n"), @r#"
    "" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    " " cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "1a" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "-a" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "_a" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "a b" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "a.b" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "ä" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "a\u{200b}" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "a\u{202e}b" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "a\0" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "x' OR 1=1 --" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "<img onerror=alert(1)>" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -.
    "__proto__" cannot be used: the names __proto__, constructor, prototype are reserved.
    "constructor" cannot be used: the names __proto__, constructor, prototype are reserved.
    "prototype" cannot be used: the names __proto__, constructor, prototype are reserved.
    "#);
}

#[test]
fn reserved_names_are_refused_wherever_a_name_may_stand() {
    for (section, value) in [("rollouts", json!({"percentage": 5})), ("about", json!({}))] {
        let text = json!({section: {"ui.__proto__": value}}).to_string();
        check_place(text, &format!("bad_name /{section}/ui.__proto__"));
    }
    let text = json!({"requires": {"ui.constructor": []}}).to_string();
    check_place(text, "bad_name /requires/ui.constructor");
    let text = json!({"requires": {"calculator": ["prototype"]}}).to_string();
    check_place(text, "bad_name /requires/calculator/0");
}

#[test]
fn a_custom_rollout_that_names_no_percentage_is_refused() {
    let of =
        |rollout: &str| format!(r#"{{"components":{{"a":true}},"rollouts":{{"a":{rollout}}}}}"#);
    assert_snapshot!(listing(&refusal(of(r#"{"percntage": 50}"#))), @r#"
    missing_key /rollouts/a/percentage: rollouts["a"].percentage is missing: a custom rollout names its percentage, from 0 to 100.
    unknown_key /rollouts/a/percntage: "percntage" is not a key that Flagdeck knows; it is kept as it is; did you mean "percentage"?
    "#);
    check_place(of("{}"), "missing_key /rollouts/a/percentage");
    check_place(
        of(r#"{"percentage": null}"#),
        "wrong_type /rollouts/a/percentage",
    );
    // The default rollout has the safe default for what it leaves out.
    assert_eq!(document(r#"{"rollout": {}}"#).rollout, Rollout::default());
}

#[test]
fn names_that_lead_nowhere_are_refused() {
    let text = r#"{
        "rollouts": {"gone": {"percentage": 0}, "ui": {"percentage": 0}},
        "requires": {"calculator": ["ui", "gone"], "away": []}
    }"#;
    assert_snapshot!(listing(&refusal(text)), @"
    unknown_component /rollouts/gone: A rollout names gone, and there is no such component.
    unknown_component /rollouts/ui: A rollout names ui, which is a group; it must name a component.
    unknown_component /requires/away: A prerequisite list names away, and there is no such component.
    unknown_component /requires/calculator/0: A prerequisite names ui, which is a group; it must name a component.
    unknown_component /requires/calculator/1: A prerequisite names gone, and there is no such component.
    ");
}

fn ring(len: usize) -> String {
    let requires = (0..len).map(|i| (format!("c{i}"), json!([format!("c{}", (i + 1) % len)])));
    let requires: Value = Value::Object(requires.collect());
    json!({"components": flat_components(len), "requires": requires}).to_string()
}

#[test]
fn a_cycle_of_prerequisites_is_refused_with_its_members() {
    assert_snapshot!(listing(&refusal(ring(1))), @"cycle /requires/c0: c0 requires c0: a component cannot require itself, directly or through others.");
    assert_snapshot!(listing(&refusal(ring(2))), @"cycle /requires/c1: c0 requires c1 requires c0: a component cannot require itself, directly or through others.");
    assert_snapshot!(listing(&refusal(ring(8))), @"cycle /requires/c7: c0 requires c1 requires c2 requires c3 requires c4 requires c5 requires c6 requires c7 requires c0: a component cannot require itself, directly or through others.");
}

#[test]
fn two_cycles_are_two_problems() {
    let text = json!({"components": flat_components(5), "requires":
        {"c0": ["c1"], "c1": ["c0", "c2"], "c2": ["c3"], "c3": ["c4"], "c4": ["c2"]}});
    assert_snapshot!(listing(&refusal(text.to_string())), @"
    cycle /requires/c1: c0 requires c1 requires c0: a component cannot require itself, directly or through others.
    cycle /requires/c4: c2 requires c3 requires c4 requires c2: a component cannot require itself, directly or through others.
    ");
}

#[test]
fn a_cycle_of_ten_thousand_fits_a_small_stack() {
    let check = || {
        let problems = refusal(ring(10_000));
        assert_snapshot!(listing(&problems), @"cycle /requires/c9999: c0 requires c1 requires c2 requires c3 requires c4 requires c5 requires c6 requires … requires c9999 requires c0: a component cannot require itself, directly or through others.");
    };
    let thread = std::thread::Builder::new().stack_size(256 * 1024);
    let outcome = thread.spawn(check).expect("a thread starts").join();
    outcome.expect("the check passes");
}

#[test]
fn the_deepest_document_fits_a_small_stack() {
    let text = format!(r#"{{"x": {}{}}}"#, "[".repeat(63), "]".repeat(63));
    let check = move || assert_eq!(document(&text).to_value()["x"].to_string().len(), 126);
    let thread = std::thread::Builder::new().stack_size(256 * 1024);
    let outcome = thread.spawn(check).expect("a thread starts").join();
    outcome.expect("the check passes");
}

#[test]
fn problems_quote_no_control_characters() {
    let text = json!({"rollout": {"strategy": "\u{202e}\u{200b}\n\u{1b}[31m"}}).to_string();
    let problems = validate(text.as_bytes()).expect_err("refused");
    let shown = problems[0]
        .message
        .chars()
        .all(|c| c.is_ascii_graphic() || c == ' ');
    assert!(shown, "{:?}", problems[0].message);
}
