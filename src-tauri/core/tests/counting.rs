//! Many user ids in one buffer, and counting who is in.

use flagdeck_core::{Compiled, User, UserIds};
use proptest::prelude::*;

use crate::support::arbitrary::{documents, people};
use crate::support::document;

fn lines(text: &str) -> Vec<String> {
    read(text).iter().map(str::to_owned).collect()
}

fn read(text: &str) -> UserIds {
    UserIds::from_lines(text.as_bytes())
        .expect("it is text, far below 4 GiB")
        .0
}

#[test]
fn a_line_is_an_id_taken_as_it_stands() {
    assert_eq!(lines("a\nb"), ["a", "b"]);
    assert_eq!(lines("a\nb\n"), ["a", "b"]);
    assert_eq!(lines(" a \r\n\n用户\n"), [" a ", "用户"]);
    assert!(lines("\n").is_empty());
    assert!(lines("").is_empty());
}

#[test]
fn a_list_that_cannot_be_read_says_why() {
    let refused = |bytes: &[u8]| UserIds::from_lines(bytes).expect_err("it is refused");
    assert_eq!(
        refused(b"ada\nb\xFFb").to_string(),
        "is not UTF-8 text: byte 2 of line 2 cannot be read"
    );
    assert_eq!(
        refused(b"\xFF\xFEa\0").to_string(),
        "is UTF-16; save it as UTF-8"
    );
}

#[test]
fn a_range_of_ids_is_the_ids_at_those_positions() {
    let ids = read("a\nbb\nc\ncccc");
    assert_eq!(ids.len(), 4);
    assert_eq!(ids.range(1..3).collect::<Vec<_>>(), ["bb", "c"]);
    assert_eq!(ids.range(0..1).collect::<Vec<_>>(), ["a"]);
    assert_eq!(ids.range(4..4).count(), 0);
    assert!(UserIds::new().is_empty());
}

#[test]
fn half_of_a_thousand_users_is_counted_as_by_hand() {
    let text: Vec<String> = (0..1000).map(|i| format!("user{i}")).collect();
    let ids = read(&text.join("\n"));
    let compiled = Compiled::new(&document(
        r#"{"enabled": true, "components": {"calculator": true}, "rollout": {"percentage": 50}}"#,
    ));
    let calculator = compiled.component("calculator").expect("it is there");
    assert_eq!(compiled.count_in(calculator, &ids, 0..1000, &[]), 498);
    let halves = [0..500, 500..1000].map(|range| compiled.count_in(calculator, &ids, range, &[]));
    assert_eq!(halves.iter().sum::<usize>(), 498);
}

proptest! {
    #[test]
    fn counting_agrees_with_evaluating_one_by_one(
        document in documents(),
        people in prop::collection::vec(people(), 0..40),
        ends in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let compiled = Compiled::new(&document);
        let groups: &[&str] = people.first().map_or(&[], |person| &person.groups);
        let mut ids = UserIds::new();
        for person in &people {
            ids.push(&person.id).expect("far below 4 GiB");
        }
        let ends = [ends.0.index(people.len() + 1), ends.1.index(people.len() + 1)];
        let range = ends[0].min(ends[1])..ends[0].max(ends[1]);
        for id in compiled.components() {
            let is_on = |id_text: &&str| {
                compiled.evaluate_id(id, &User { id: id_text, groups }).value
            };
            let people = &people[range.clone()];
            let one_by_one = people.iter().map(|p| p.id.as_str()).filter(is_on).count();
            prop_assert_eq!(compiled.count_in(id, &ids, range.clone(), groups), one_by_one);
        }
    }
}
