//! Buckets are the same in every client: checked against values made by others.

use flagdeck_core::bucket::Bucketer;
use flagdeck_core::document::Bucketing;
use flagdeck_core::{Compiled, User};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{document, plain};

fn bucket(bucketing: Bucketing, component: Option<&str>, user: &str) -> u32 {
    Bucketer::new(bucketing, component).bucket(user)
}

#[test]
fn flagd_3_gives_the_buckets_of_the_shared_vectors() {
    let vectors = include_str!("../../../tests/fixtures/bucketing.json");
    let vectors: Vec<Value> = serde_json::from_str(vectors).expect("the vectors are JSON");
    assert_eq!(vectors.len(), 18);
    for vector in &vectors {
        let user = match vector["user"].as_str().expect("a user id") {
            "'x' repeated 70000" => "x".repeat(70_000),
            id => id.to_owned(),
        };
        let check = |component: Option<&str>, expected: &Value| {
            let got = bucket(Bucketing::Flagd3, component, &user);
            assert_eq!(
                &Value::from(got),
                expected,
                "{component:?}, {}",
                vector["user"]
            );
        };
        check(None, &vector["global_bucket"]);
        check(Some("ui.badges"), &vector["ui.badges"]["bucket"]);
        check(Some("calculator"), &vector["calculator"]["bucket"]);
    }
}

/// Made once with the Python package `mmh3` 5.3.1, for the texts `user`, `"ui.badges" + user`
/// and `"calculator" + user`:
/// `(mmh3.hash(text.encode(), 0, signed=False) * 100000) >> 32`.
const FLAGD_2: [(&str, u32, u32, u32); 15] = [
    ("user0", 27_873, 19_226, 5_835),
    ("user1", 76_970, 26_830, 1_513),
    ("user42", 94_514, 2_681, 73_247),
    ("alice@example.com", 75_412, 97_886, 874),
    ("", 0, 48_201, 38_056),
    ("a", 23_494, 74_774, 81_984),
    ("ab", 60_839, 35_992, 27_598),
    ("abc", 70_259, 66_896, 53_747),
    ("abcd", 26_534, 14_294, 41_336),
    ("café", 14_105, 81_354, 354),
    ("cafe\u{301}", 70_193, 67_185, 66_288),
    ("用户", 85_723, 99_532, 66_019),
    ("😀", 74_493, 87_907, 18_919),
    ("xxxxxxxxxxxxxxxxxxxxxxxx", 76_359, 8_676, 7_052),
    ("\0", 31_759, 56_122, 38_561),
];

#[test]
fn flagd_2_gives_the_buckets_of_another_implementation() {
    let check = |user: &str, everyone, badges, calculator| {
        assert_eq!(bucket(Bucketing::Flagd2, None, user), everyone, "{user:?}");
        let own = |component| bucket(Bucketing::Flagd2, Some(component), user);
        assert_eq!(own("ui.badges"), badges, "ui.badges, {user:?}");
        assert_eq!(own("calculator"), calculator, "calculator, {user:?}");
    };
    for (user, everyone, badges, calculator) in FLAGD_2 {
        check(user, everyone, badges, calculator);
    }
    check(&"x".repeat(256), 25_936, 86_310, 3_750);
    check(&"x".repeat(70_000), 17_107, 21_917, 85_184);
}

/// Counts for how many of `user0`, `user1`, … a component on the document's rollout is on.
fn count(bucketing: &str, percentage: u32, users: u32) -> usize {
    let compiled = Compiled::new(&document(&format!(
        r#"{{"enabled": true, "components": {{"calculator": true}},
            "rollout": {{"percentage": {percentage}}}, "bucketing": "{bucketing}"}}"#
    )));
    let is_in = |i: &u32| {
        let id = format!("user{i}");
        compiled.evaluate("calculator", &User::id(&id)).value
    };
    (0..users).filter(is_in).count()
}

#[test]
fn half_of_a_thousand_users_is_about_half() {
    assert_eq!(count("flagd-3", 50, 1000), 498);
    // Counted with `mmh3`, as above.
    assert_eq!(count("flagd-2", 50, 1000), 494);
}

#[test]
fn a_share_of_a_hundred_thousand_users_is_that_share() {
    let shares = [1, 5, 10, 25, 50, 75].map(|percentage| count("flagd-3", percentage, 100_000));
    assert_eq!(shares, [997, 5046, 9983, 24_954, 49_881, 75_076]);
}

#[test]
fn ids_are_hashed_as_they_come() {
    let different = ["user0", "user0 ", "User0", "\u{feff}user0", "user0\n"];
    let mut buckets = different.map(|id| bucket(Bucketing::Flagd3, None, id));
    buckets.sort_unstable();
    assert!(
        buckets.windows(2).all(|pair| pair[0] != pair[1]),
        "{buckets:?}"
    );
}

proptest! {
    #[test]
    fn a_bucket_is_that_of_the_whole_key(
        bucketing in prop::sample::select(Bucketing::ALL.to_vec()),
        component in prop::option::of("[a-z]{1,30}(\\.[a-z]{1,64}){0,7}"),
        user in "(?s).{0,300}",
    ) {
        let component = component.as_deref();
        let expected = plain::bucket(bucketing, component, &user);
        prop_assert_eq!(u64::from(bucket(bucketing, component, &user)), expected);
    }
}
