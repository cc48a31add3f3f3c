//! Who gains and loses, in words: the same wherever something is decided.

use flagdeck_core::diff::documents::thousands;
use flagdeck_core::limits::NAMES_SHOWN_MAX;

use super::shapes::{Counts, OfComponent, RosterCounted};

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

/// `about 12.5 % gain it, 0 % lose it, 87.5 % unchanged (expected: there is no roster)`.
pub(super) fn expected(components: &[OfComponent]) -> String {
    let about = match components {
        [] => "no user gains or loses anything".into(),
        [only] => match only.expected.first() {
            Some(all) => format!(
                "about {} gain it, {} lose it, {} unchanged",
                percent(all.parts.gain),
                percent(all.parts.lose),
                percent(all.parts.on + all.parts.off),
            ),
            None => "too many rollouts decide for the component to say how many gain it".into(),
        },
        several => format!(
            "{} components change for some users",
            thousands(several.len())
        ),
    };
    format!("{about} (expected: there is no roster)")
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
