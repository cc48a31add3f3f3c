//! The bounds of a document: what just fits is read, and one more is refused.

use insta::assert_snapshot;
use serde_json::json;

use super::{check, check_place};
use crate::support::{document, document_of, flat_components, listing, refusal};

#[test]
fn nesting_is_bounded_in_unknown_keys_too() {
    let lists = |depth: usize| {
        let inner = depth - 1;
        format!(r#"{{"x": {}{}}}"#, "[".repeat(inner), "]".repeat(inner))
    };
    let objects = |depth: usize| {
        format!(
            r#"{}{{}}{}"#,
            r#"{"x": "#.repeat(depth - 1),
            "}".repeat(depth - 1)
        )
    };
    document(&lists(64));
    document(&objects(64));
    for depth in [65, 128, 200, 100_000] {
        for text in [lists(depth), objects(depth)] {
            let problems = refusal(text);
            assert_eq!(problems.len(), 1);
            let said = listing(&problems);
            assert!(said.starts_with("too_deep /x/"), "{said}");
            assert!(
                said.contains("is nested deeper than 64 levels (line 1"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_path_has_at_most_eight_names() {
    let tree = |depth: usize| {
        let tree = (1..depth).fold(json!({"leaf": true}), |inner, _| json!({"g": inner}));
        json!({"components": tree}).to_string()
    };
    document(&tree(8));
    check(
        tree(9),
        "too_deep /components/g/g/g/g/g/g/g/g/leaf: \
         \"leaf\" cannot be used: a path has at most 8 names.",
    );
}

#[test]
fn a_name_has_at_most_sixty_four_characters() {
    let tree = |len: usize| json!({"components": {"a".repeat(len): true}}).to_string();
    document(&tree(64));
    let problem = check_place(
        tree(65),
        &format!("bad_name /components/{}", "a".repeat(65)),
    );
    assert_snapshot!(problem.message, @r#""aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…" cannot be used: a name must begin with a letter and have 1 to 64 letters, digits, _ or -."#);
}

#[test]
fn a_document_has_at_most_ten_thousand_components() {
    let text = |count| json!({"components": flat_components(count)}).to_string();
    assert_eq!(document(&text(10_000)).count(), (10_000, 10_000));
    check(
        text(10_001),
        "too_many /components: There are 10001 components; at most 10000 are allowed.",
    );
    check_place(text(100_000), "too_many /components");
}

#[test]
fn groups_are_at_most_a_thousand_with_names_of_1_to_128_characters() {
    let with = |groups: Vec<String>| json!({"rollout": {"userGroups": groups}}).to_string();
    let many = |count: usize| with((0..count).map(|i| format!("g{i}")).collect());
    document(&many(1000));
    check(
        many(1001),
        "too_many /rollout/userGroups: \
         rollout.userGroups has 1001 groups; at most 1000 are allowed.",
    );
    check_place(many(300_000), "too_many /rollout/userGroups");
    document(&with(vec!["ü".repeat(128)]));
    let problem = check_place(
        with(vec!["ü".repeat(129)]),
        "bad_name /rollout/userGroups/0",
    );
    assert_snapshot!(problem.message, @r#"rollout.userGroups[0] must be a text of 1 to 128 characters, not the text "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü…"."#);
    check_place(with(vec![String::new()]), "bad_name /rollout/userGroups/0");
}

#[test]
fn prerequisites_and_tags_are_bounded_lists() {
    let requires = |count| {
        json!({"components": flat_components(1002),
            "requires": {"c1001": (0..count).map(|i| format!("c{i}")).collect::<Vec<_>>()}})
    };
    document_of(&requires(1000));
    check_place(requires(1001).to_string(), "too_many /requires/c1001");
    let tags = |count: usize| {
        let tags: Vec<String> = (0..count).map(|i| format!("t{i}")).collect();
        json!({"about": {"ui": {"tags": tags}}})
    };
    document_of(&tags(32));
    check_place(tags(33).to_string(), "too_many /about/ui/tags");
}

#[test]
fn descriptions_are_bounded_texts() {
    let about = |key: &str, len: usize| json!({"about": {"ui": {key: "é".repeat(len)}}});
    for (key, most) in [("title", 200), ("owner", 200), ("description", 4000)] {
        document_of(&about(key, most));
        let place = format!("bad_name /about/ui/{key}");
        let problem = check_place(about(key, most + 1).to_string(), &place);
        let range = format!("about[\"ui\"].{key} must be a text of 1 to {most} characters, not");
        assert!(problem.message.starts_with(&range), "{}", problem.message);
        assert!(problem.message.chars().count() < 200, "long texts are cut");
    }
}

#[test]
fn a_document_of_more_than_four_mebibytes_is_refused_before_it_is_read() {
    let most = 4 * 1024 * 1024;
    let padded = |len: usize| format!("{{}}{}", " ".repeat(len - 2));
    document(&padded(most));
    check(
        padded(most + 1),
        "too_large (document): \
         The document has 4194305 bytes; at most 4194304 (4 MiB) are allowed.",
    );
    check_place(vec![0xFF; most + 1], "too_large (document)");
}

#[test]
fn a_document_that_would_outgrow_its_bound_when_written_is_refused() {
    // `1e15` is written as `1000000000000000.0`.
    let text = format!(r#"{{"x": [{}1]}}"#, "1e15,".repeat(800_000));
    let problems = refusal(text);
    let said = listing(&problems[..1]);
    assert!(
        said.starts_with("too_large (document): Written with its defaults"),
        "{said}"
    );
}

#[test]
fn keys_are_bounded_wherever_they_are() {
    let text = |len: usize| json!({"x": [{"k".repeat(len): 1}]}).to_string();
    document(&text(256));
    check_place(text(257), "too_large /x/0");
    let problem = check_place(
        json!({"components": {"k".repeat(1_000_000): {"a": true}}}).to_string(),
        "too_large /components",
    );
    assert_snapshot!(problem.message, @r#"The key "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…" has 1000000 bytes; at most 256 are allowed (line 1, column 1000017)."#);
}

#[test]
fn the_answer_to_a_hostile_document_is_bounded() {
    let names: String = (0..300_000).map(|i| format!(r#""{i}":0,"#)).collect();
    let problems = refusal(format!(r#"{{"components": {{{names}"z": 0}}}}"#));
    assert_eq!(problems.len(), 1001);
    let twice = r#""a":0,"#.repeat(500_000);
    let problems = refusal(format!(r#"{{{twice}"a":0}}"#));
    assert_eq!(problems.len(), 1001);
    let said = listing(&problems[1000..]);
    assert!(said.starts_with("more_problems"), "{said}");
}
