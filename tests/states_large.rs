//! What the largest states cost in memory. A tree takes several times its text, so the bounds are
//! in multiples of that.

use std::fmt::Write;

use flagdeck::state::SourceName;
use serde_json::{Value, json};

use crate::support::apps::open;

/// Bytes of a state as text, at least: enough that what a program has anyway does not count.
const TEXT_BYTES: usize = 1_500_000;

/// Makes the text of a state of as many parts as it takes.
fn text(part: impl Fn(usize) -> Value) -> String {
    let mut text = String::from("{\"parts\":[");
    for nth in 0.. {
        let begun = if nth == 0 { "" } else { "," };
        write!(text, "{begun}{}", part(nth)).unwrap();
        if text.len() > TEXT_BYTES {
            break;
        }
    }
    text + "]}"
}

/// Reports a state three times, each time another one, and checks the most memory that this took,
/// in multiples of its text.
#[track_caller]
fn check(times_max: usize, part: impl Fn(usize, usize) -> Value) {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let source: SourceName = "web".parse().unwrap();
    let texts = [0, 1, 2].map(|step| text(|nth| part(nth, step)));
    let used = allocation_counter::measure(|| {
        for text in &texts {
            app.put_state(&source, text, None, None).unwrap();
        }
    });
    let times = used.bytes_max as f64 / TEXT_BYTES as f64;
    assert!(times < times_max as f64, "{times:.1} times its text");
}

#[test]
fn the_records_of_many_files_take_little_more_than_their_two_trees() {
    check(8, |nth, step| {
        let looked_at = usize::from(nth % 50 == 0) * step;
        json!({
            "id": format!("file-{nth}"),
            "label": format!("src/module{}/file{nth}.rs", nth % 97),
            "confidence": ((nth * 7919 + looked_at) % 1000) as f64 / 1000.0,
            "at": 1_700_000_000_000_u64 + nth as u64,
            "tags": ["generated", "rust"],
            "factors": { "age": nth % 90, "churn": 0.125 },
        })
    });
}

#[test]
fn long_texts_take_little_more_than_themselves() {
    check(4, |nth, step| {
        json!(format!("{nth}-{step}-{}", "y".repeat(80)))
    });
}

#[test]
fn numbers_that_all_change_have_no_patch_each() {
    check(13, |nth, step| json!((nth * 7919 + step * 31) % 100_003));
}

#[test]
fn the_shortest_numbers_are_not_searched_for_each_other() {
    check(50, |nth, step| json!((nth + step * (nth % 3)) % 10));
}

#[test]
fn small_objects_share_their_names_and_hash_none() {
    check(30, |nth, step| json!({ "a": (nth * 7 + step) % 10 }));
}
