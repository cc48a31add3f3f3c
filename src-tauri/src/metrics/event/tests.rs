//! Events are read, judged one by one, and refused with the field and its range.

use super::explain::{BYTES, EXPOSED, GROUPS, USER};
use super::*;

const NOW_MS: i64 = 1_767_225_600_000;

fn arm_unknown(_: &str, _: &str, _: &[&str]) -> Arm {
    Arm::Unknown
}

fn outcome(bytes: impl AsRef<[u8]>, format: Format) -> Result<Batch, BatchError> {
    read(bytes.as_ref(), format, Callbacks::new(&arm_unknown), NOW_MS)
}

#[track_caller]
fn batch_of(bytes: impl AsRef<[u8]>, format: Format) -> Batch {
    outcome(bytes, format).expect("a batch")
}

#[track_caller]
fn one(text: &str) -> Event {
    let batch = batch_of(text, Format::NdJson);
    assert_eq!(batch.problems, []);
    batch.events.into_iter().next().expect("an event")
}

#[track_caller]
fn refusal(text: &str) -> String {
    let batch = batch_of(text, Format::NdJson);
    assert_eq!((batch.events.len(), batch.rejected), (0, 1), "{text}");
    batch.problems[0].message.clone()
}

const COMPLETE: &str =
    r#"{"type":"ml:calculation:complete","source":"web","duration":0.25,"confidence":0.5}"#;

fn with(field: &str) -> String {
    COMPLETE.replace('}', &format!(",{field}}}"))
}

#[test]
fn the_four_kinds_are_read() {
    let Event::Complete(labels, calculation) = one(&with(
        r#""iterations":14,"component":"ui.badges","exposed":true,"later":{"a":[]}"#,
    )) else {
        panic!("another kind");
    };
    assert_eq!(&*labels.source, "web");
    assert_eq!(
        (&*labels.component, labels.arm),
        ("ui.badges", Arm::Exposed)
    );
    assert_eq!(calculation.iterations, Some(14));
    let failed = one(r#"{"type":"ml:calculation:error","source":"web","component":null}"#);
    assert!(matches!(failed, Event::Error(_)));
    let memory = one(r#"{"type":"ml:memory","source":"web","bytes":1e8}"#);
    assert_eq!(memory, Event::Memory("web".into(), 1e8));
    let usage = one(r#"{"type":"ml:usage","source":"web"}"#);
    assert_eq!(usage, Event::Usage("web".into()));
}

#[test]
fn who_did_not_say_whether_a_user_is_exposed_is_asked_for_them() {
    let expose = |component: &str, user: &str, groups: &[&str]| {
        assert_eq!(
            (component, user, groups),
            ("a.b", "u1", ["beta"].as_slice())
        );
        Arm::Control
    };
    let text = with(r#""component":"a.b","user":"u1","groups":["\tbeta ",""," "]"#);
    let batch = read(
        text.as_bytes(),
        Format::Json,
        Callbacks::new(&expose),
        NOW_MS,
    )
    .expect("a batch");
    let [Event::Complete(labels, _)] = &batch.events[..] else {
        panic!("{batch:?}");
    };
    assert_eq!(labels.arm, Arm::Control);
}

#[test]
fn the_moment_of_an_event_counts_within_a_day() {
    let at = |timestamp: i64| one(&with(&format!(r#""timestamp":{timestamp}"#)));
    for back_ms in [2000, 60_000, BACK_MS_MAX] {
        let event = at(NOW_MS - back_ms);
        let Event::At(at_ms, inner) = &event else {
            panic!("{event:?}");
        };
        assert_eq!(*at_ms, NOW_MS - back_ms);
        assert_eq!((event.source(), &**inner), ("web", &one(COMPLETE)));
    }
    for at_ms in [NOW_MS - 1999, NOW_MS, NOW_MS + AHEAD_MS_MAX] {
        assert_eq!(at(at_ms), one(COMPLETE), "as it comes");
    }
    assert_eq!(one(&with(r#""timestamp":null"#)), one(COMPLETE));
    let early = NOW_MS - BACK_MS_MAX - 1;
    let late = NOW_MS + AHEAD_MS_MAX + 1;
    for wrong in [early, late, NOW_MS / 1000, 0, i64::MIN, i64::MAX] {
        let text = with(&format!(r#""timestamp":{wrong}"#));
        assert_eq!(refusal(&text), TIMESTAMP, "{wrong}");
    }
    for wrong in [r#""2026-01-01T00:00:00Z""#, "true", "1e300"] {
        let text = with(&format!(r#""timestamp":{wrong}"#));
        assert_eq!(refusal(&text), TIMESTAMP, "{wrong}");
    }
}

#[test]
fn iterations_are_read_however_they_are_written() {
    for text in ["14", "14.0", "1.4e1", "null"] {
        let event = one(&with(&format!(r#""iterations":{text}"#)));
        let Event::Complete(_, calculation) = event else {
            panic!("{event:?}");
        };
        let expected = (text != "null").then_some(14);
        assert_eq!(calculation.iterations, expected, "{text}");
    }
}

#[test]
fn what_does_not_fit_is_named_with_its_range() {
    for (text, message) in [
        ("[]", "an event must be a JSON object"),
        ("{}", TYPE),
        (r#"{"type":5}"#, TYPE),
        (r#"{"type":"ml:usage"}"#, SOURCE),
        (r#"{"type":"ml:usage","source":""}"#, SOURCE),
        (r#"{"type":"ml:usage","source":"a\u0000"}"#, SOURCE),
        (r#"{"type":"ml:memory","source":"a","bytes":-1}"#, BYTES),
        (r#"{"type":"ml:memory","source":"a","bytes":"1"}"#, BYTES),
        (r#"{"type":"ml:memory","source":"a"}"#, BYTES),
    ] {
        assert_eq!(refusal(text), message, "{text}");
    }
    let long = "x".repeat(SOURCE_CHARS_MAX + 1);
    let text = format!(r#"{{"type":"ml:usage","source":"{long}"}}"#);
    assert_eq!(refusal(&text), SOURCE);
    for (field, message) in [
        (r#""component":"a..b""#, COMPONENT),
        (r#""component":"__proto__""#, COMPONENT),
        (r#""component":7"#, COMPONENT),
        (r#""exposed":"yes""#, EXPOSED),
        (r#""user":7"#, USER),
        (r#""groups":"beta""#, GROUPS),
        (r#""iterations":-1"#, ITERATIONS),
        (r#""iterations":1.5"#, ITERATIONS),
        (r#""iterations":1e10"#, ITERATIONS),
        (r#""iterations":4000000000"#, ITERATIONS),
    ] {
        assert_eq!(refusal(&with(field)), message, "{field}");
    }
    for number in ["-0.001", "86400.1", "1e308", "\"50\"", "null", "true"] {
        let text = COMPLETE.replace("0.25", number);
        assert_eq!(refusal(&text), DURATION, "{number}");
    }
    assert_eq!(refusal(&COMPLETE.replace("0.5}", "1.01}")), CONFIDENCE);
    for broken in ["NaN", "01", "Infinity"] {
        let message = refusal(&COMPLETE.replace("0.25", broken));
        assert!(message.starts_with("this is not JSON"), "{message}");
    }
    let too_large = |message: &str| format!("{message}; this number is too large");
    for number in ["1e309", "-1e400", "1e99999999999"] {
        let text = COMPLETE.replace("0.25", number);
        assert_eq!(refusal(&text), too_large(DURATION), "{number}");
    }
    let text = r#"{"type":"ml:memory","source":"a","bytes":1e400}"#;
    assert_eq!(refusal(text), too_large(BYTES));
    let twice = refusal(&with(r#""duration":1"#));
    assert!(twice.contains("duplicate field"), "{twice}");
    let other = refusal(r#"{"type":"ml:other","source":"a"}"#);
    assert!(other.ends_with("not ml:other"), "{other}");
}

#[test]
fn a_bad_event_is_told_by_its_index_and_the_good_ones_count() {
    let lines = format!("{COMPLETE}\n\n{{\"type\":5}}\r\n{COMPLETE}\n\u{feff}\nx\n");
    let batch = batch_of(lines, Format::NdJson);
    assert_eq!((batch.events.len(), batch.rejected), (2, 2));
    let indices: Vec<usize> = batch.problems.iter().map(|it| it.index).collect();
    assert_eq!(indices, [1, 3]);
    let array = format!("[{COMPLETE},5,{COMPLETE}]");
    let batch = batch_of(array, Format::Json);
    assert_eq!((batch.events.len(), batch.rejected), (2, 1));
    assert_eq!(batch.problems[0].index, 1);
}

#[test]
fn a_batch_is_the_same_behind_a_mark_and_with_any_line_ends() {
    let check = |text: &str, format| {
        let batch = batch_of(text, format);
        assert_eq!((batch.events.len(), batch.rejected), (2, 0), "{text:?}");
    };
    for end in ["\n", "\r\n", "\r", "\n\n", "\n\u{feff}", " \n\u{a0}\n"] {
        check(&format!("{COMPLETE}{end}{COMPLETE}"), Format::NdJson);
        check(
            &format!("\u{feff}{COMPLETE}{end}{COMPLETE}{end}"),
            Format::NdJson,
        );
    }
    check(&format!("\u{feff}[{COMPLETE},{COMPLETE}]"), Format::Json);
    let single = outcome(format!("\u{feff}{COMPLETE}"), Format::Json);
    assert_eq!(single.expect("a batch").events.len(), 1);
}

#[test]
fn a_batch_in_utf_16_is_refused_by_name() {
    let bytes: Vec<u8> = COMPLETE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for format in [Format::Json, Format::NdJson] {
        let refused = outcome(&bytes, format).expect_err("it is refused");
        assert_eq!(refused.to_string(), "the body is UTF-16; save it as UTF-8");
    }
}

#[test]
fn bytes_that_are_no_text_spoil_their_line_only() {
    let mut lines = COMPLETE.as_bytes().to_vec();
    lines.extend(b"\n{\"type\":\"ml:usage\",\"source\":\"\xff\"}\n");
    lines.extend(COMPLETE.as_bytes());
    let batch = batch_of(&lines, Format::NdJson);
    assert_eq!((batch.events.len(), batch.rejected), (2, 1));
}

#[test]
fn a_batch_that_is_no_batch_is_refused_whole() {
    for text in ["", "5", "[", "[1,]", "[{}] x", "null"] {
        let refused = outcome(text, Format::Json);
        assert!(matches!(refused, Err(BatchError::NotJson { .. })), "{text}");
    }
    let many = format!("[{}0]", "0,".repeat(BATCH_EVENTS_MAX));
    let refused = outcome(many, Format::Json);
    assert_eq!(refused, Err(BatchError::TooMany));
    let lines = "0\n".repeat(BATCH_EVENTS_MAX + 1);
    let refused = outcome(lines, Format::NdJson);
    assert_eq!(refused, Err(BatchError::TooMany));
}

proptest::proptest! {
    #[test]
    fn no_bytes_are_a_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        for format in [Format::Json, Format::NdJson] {
            let _ = outcome(&bytes, format);
        }
    }

    #[test]
    fn nearly_an_event_is_no_panic(
        at in proptest::num::usize::ANY, byte in proptest::num::u8::ANY,
    ) {
        let mut bytes = with(r#""component":"a.b","user":"u1","iterations":3"#).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let batch = batch_of(&bytes, Format::NdJson);
        proptest::prop_assert!(batch.events.len() + batch.rejected <= 2);
    }
}

#[test]
fn problems_are_bounded_and_counted() {
    let lines = "0\n".repeat(5000);
    let batch = batch_of(lines, Format::NdJson);
    assert_eq!((batch.rejected, batch.problems.len()), (5000, PROBLEMS_MAX));
}
