//! Who gains and loses, in words: the same wherever something is decided.

use flagdeck_core::diff::documents::thousands;
use flagdeck_core::limits::NAMES_SHOWN_MAX;

use super::shapes::{Counts, Expected, OfComponent, RosterCounted};

/// Groups that a sentence names with the parts of their users to be expected.
const GROUPS_SHOWN_MAX: usize = 3;

/// `+1,204 gain it, 0 lose it, 2,796 unchanged (Customers EU, 4,000 people)`.
pub(super) fn counted(people: &Counts<u64>, components: usize, roster: &RosterCounted) -> String {
    // Of several components, what is gained need not be what is lost.
    let what = if components > 1 { "something" } else { "it" };
    let both = match people.both {
        0 => String::new(),
        both => format!(" ({} of them both)", count(both)),
    };
    let plus = if people.gain > 0 { "+" } else { "" };
    let of = match roster.people {
        1 => "1 person".into(),
        all => format!("{} people", count(all)),
    };
    format!(
        "{plus}{} gain {what}, {} lose {what}{both}, {} unchanged ({}, {of})",
        count(people.gain),
        count(people.lose),
        count(people.unchanged),
        roster.name,
    )
}

/// `12 people lose what they have: ui.badges`.
pub(super) fn warning(people: &Counts<u64>, components: &[OfComponent]) -> Option<String> {
    let loses = |of: &&OfComponent| of.people.is_some_and(|people| people.lose > 0);
    let losing = || components.iter().filter(loses);
    loss(people).map(|who| format!("{who}: {}", named(losing())))
}

/// `12 people lose what they have`.
pub(super) fn loss(people: &Counts<u64>) -> Option<String> {
    match people.lose {
        0 => None,
        1 => Some("1 person loses what that person has".into()),
        lose => Some(format!("{} people lose what they have", count(lose))),
    }
}

/// `about 12.5 % gain it, 0 % lose it, 87.5 % unchanged (expected: there is no roster)`; with the
/// groups of which other parts gain or lose it.
pub(super) fn expected(components: &[OfComponent]) -> String {
    let about = match components {
        [] => "no user gains or loses anything".into(),
        [only] => expected_of(&only.expected),
        several => format!(
            "{} components change for some users",
            thousands(several.len())
        ),
    };
    format!("{about} (expected: there is no roster)")
}

fn expected_of(expected: &[Expected]) -> String {
    let Some((first, groups)) = expected.split_first() else {
        return "too many rollouts decide for the component to say how many gain it".into();
    };
    let all = shares(first);
    let mut differing = groups.iter().filter(|group| shares(group) != all);
    let shown = differing.by_ref().take(GROUPS_SHOWN_MAX);
    let shown: Vec<String> = shown.filter_map(of_group).collect();
    if shown.is_empty() {
        return format!("about {all}");
    }
    let more = match differing.count() {
        0 => String::new(),
        1 => "; other parts of 1 more group".into(),
        more => format!("; other parts of {more} more groups"),
    };
    let shown = shown.join("; ");
    format!("about {all} of users in no group that a rollout names; {shown}{more}")
}

/// `of those in beta about 100 % gain it, 0 % lose it, 0 % unchanged`.
fn of_group(expected: &Expected) -> Option<String> {
    let group = expected.group.as_ref()?;
    Some(format!("of those in {group} about {}", shares(expected)))
}

fn shares(Expected { parts, .. }: &Expected) -> String {
    format!(
        "{} gain it, {} lose it, {} unchanged",
        percent(parts.gain),
        percent(parts.lose),
        percent(parts.on + parts.off),
    )
}

pub(super) fn expected_loss(components: &[OfComponent]) -> Option<String> {
    let loses = |of: &&OfComponent| of.expected.iter().any(|it| it.parts.lose > 0.0);
    let losing: Vec<&OfComponent> = components.iter().filter(loses).collect();
    match losing.is_empty() {
        true => None,
        false => Some(format!(
            "some lose what they have: {}",
            named(losing.into_iter())
        )),
    }
}

/// A part in per cent, to a thousandth.
pub fn percent(part: f64) -> String {
    let milli = (part * 100_000.0).round() / 1000.0;
    format!("{milli} %")
}

fn named<'a>(components: impl Iterator<Item = &'a OfComponent>) -> String {
    let names: Vec<&str> = components.map(|of| of.component.as_str()).collect();
    match names.len().saturating_sub(NAMES_SHOWN_MAX) {
        0 => names.join(", "),
        more => format!(
            "{} and {} more",
            names[..NAMES_SHOWN_MAX].join(", "),
            thousands(more)
        ),
    }
}

fn count(count: u64) -> String {
    thousands(usize::try_from(count).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::shapes::Parts;
    use super::*;

    fn row(group: Option<&str>, gain: f64, lose: f64) -> Expected {
        let off = 1.0 - gain - lose;
        let on = 0.0;
        Expected {
            group: group.map(str::to_owned),
            parts: Parts {
                gain,
                lose,
                on,
                off,
            },
        }
    }

    fn component(expected: Vec<Expected>) -> [OfComponent; 1] {
        [OfComponent {
            component: "ui.badges".into(),
            people: None,
            expected,
        }]
    }

    #[test]
    fn groups_of_which_other_parts_gain_or_lose_are_named() {
        let same = component(vec![row(None, 0.25, 0.0), row(Some("beta"), 0.25, 0.0)]);
        assert_eq!(
            expected(&same),
            "about 25 % gain it, 0 % lose it, 75 % unchanged (expected: there is no roster)"
        );
        let whole = component(vec![
            row(None, 0.0, 0.0),
            row(Some("eu"), 0.0, 0.0),
            row(Some("beta"), 1.0, 0.0),
        ]);
        assert_eq!(
            expected(&whole),
            "about 0 % gain it, 0 % lose it, 100 % unchanged of users in no group that a rollout \
             names; of those in beta about 100 % gain it, 0 % lose it, 0 % unchanged (expected: \
             there is no roster)"
        );
        assert_eq!(expected_loss(&whole), None);
        let lost = component(vec![row(None, 0.1, 0.0), row(Some("beta"), 0.0, 1.0)]);
        assert!(expected(&lost).contains("of those in beta about 0 % gain it, 100 % lose it"));
        let warning = expected_loss(&lost).expect("a group loses it");
        assert_eq!(warning, "some lose what they have: ui.badges");
    }

    #[test]
    fn a_sentence_names_some_of_many_groups() {
        let of = |count: usize| {
            let groups = (1..=count).map(|at| row(Some(&format!("g{at}")), 1.0, 0.0));
            expected(&component(
                [row(None, 0.0, 0.0)].into_iter().chain(groups).collect(),
            ))
        };
        for (count, end) in [
            (3, "lose it, 0 % unchanged (expected"),
            (4, "; other parts of 1 more group (expected"),
            (20, "; other parts of 17 more groups (expected"),
        ] {
            let sentence = of(count);
            assert!(
                sentence.contains("of those in g3 about 100 %"),
                "{sentence}"
            );
            assert!(sentence.contains(end), "{sentence}");
            assert!(!sentence.contains("g4"), "{sentence}");
        }
    }
}
