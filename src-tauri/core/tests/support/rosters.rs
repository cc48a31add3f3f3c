//! Any roster, any edit, and people counted one by one.

use std::ops::ControlFlow;

use flagdeck_core::affected::Who;
use flagdeck_core::{
    Affected, ByGroup, Compiled, Edit, FlagDocument, People, Percentage, Rollout, Roster,
    RosterBuilder, User, apply,
};
use proptest::prelude::*;
use proptest::sample::Index;

use super::arbitrary::{Person, documents, paths, people, rollouts};

/// Any rows, some of them with an id that was there already.
pub fn rows() -> impl Strategy<Value = Vec<(Person, Option<f64>)>> {
    let few = (0..12u32, people()).prop_map(|(i, person)| Person {
        id: format!("user{i}"),
        ..person
    });
    let person = prop_oneof![3 => people(), 1 => few];
    let person = person.prop_filter("a row has an id", |person| !person.id.is_empty());
    // Eighths add up exactly, in whatever order.
    let weight = prop_oneof![
        2 => Just(None),
        1 => (1..100u32).prop_map(|eighths| Some(f64::from(eighths) / 8.0)),
    ];
    let weighted = prop::collection::vec((person.clone(), weight), 0..60);
    let plain = prop::collection::vec(person.prop_map(|person| (person, None)), 0..60);
    prop_oneof![weighted, plain]
}

/// Makes a roster of rows that are all taken.
pub fn roster(rows: &[(Person, Option<f64>)]) -> Roster {
    let mut builder = RosterBuilder::new();
    for (person, weight) in rows {
        let groups = person.groups.iter().copied();
        builder
            .push(&person.id, groups, *weight)
            .expect("the row is taken");
    }
    builder.finish()
}

/// Two documents, mostly little apart.
pub fn edits() -> impl Strategy<Value = (FlagDocument, FlagDocument)> {
    let changes = prop::collection::vec((0..9u8, any::<Index>(), any::<Index>(), rollouts()), 0..4);
    let edited = (documents(), changes).prop_map(|(before, changes)| {
        let mut after = before.clone();
        for (kind, a, b, rollout) in changes {
            change(&mut after, kind, (a, b), rollout);
        }
        (before, after)
    });
    prop_oneof![5 => edited, 1 => (documents(), documents())]
}

fn change(document: &mut FlagDocument, kind: u8, (a, b): (Index, Index), rollout: Rollout) {
    let paths = paths(document);
    if paths.is_empty() {
        return;
    }
    let (one, other) = (a.get(&paths).clone(), b.get(&paths).clone());
    let edit = match kind {
        0 => Edit::SetMaster {
            on: !document.enabled,
        },
        1 => Edit::SetComponents {
            paths: vec![one],
            on: b.index(2) == 0,
        },
        2 => Edit::Move {
            from: one,
            to: "renamed.it".parse().expect("a path"),
        },
        3 => Edit::Remove {
            paths: vec![one],
            release: true,
        },
        4 => Edit::SetRequires {
            component: one,
            requires: vec![other],
        },
        5 => Edit::ClearRollout { component: one },
        6 => return document.rollout = rollout,
        7 => {
            document.rollouts.insert(one, rollout);
            return;
        }
        _ => return document.bucketing = documents_bucketing(b),
    };
    // An edit that this document does not allow changes nothing.
    if let Ok(checked) = apply(document, &edit) {
        *document = checked.document;
    }
}

fn documents_bucketing(at: Index) -> flagdeck_core::document::Bucketing {
    *at.get(&flagdeck_core::document::Bucketing::ALL)
}

/// Whether components are on for each user of a roster, by evaluating one by one.
pub struct OneByOne {
    before: Compiled,
    after: Compiled,
}

impl OneByOne {
    pub fn new(before: &FlagDocument, after: &FlagDocument) -> Self {
        Self {
            before: Compiled::new(before),
            after: Compiled::new(after),
        }
    }

    pub fn who(&self, path: &str, roster: &Roster, at: usize) -> Who {
        let groups: Vec<&str> = roster.groups_of(at).collect();
        let user = User {
            id: roster.ids().get(at),
            groups: &groups,
        };
        let [was, is] = [&self.before, &self.after].map(|it| it.evaluate(path, &user).value);
        match (was, is) {
            (false, true) => Who::Gain,
            (true, false) => Who::Lose,
            (true, true) => Who::KeepOn,
            (false, false) => Who::KeepOff,
        }
    }

    /// Counts the users at these positions, by group.
    pub fn component(
        &self,
        path: &str,
        roster: &Roster,
        at: impl Iterator<Item = usize>,
    ) -> ByGroup<Affected> {
        by_group(
            roster,
            at,
            |affected: &mut Affected, user, one| match self.who(path, roster, user) {
                Who::Gain => affected.gain += one,
                Who::Lose => affected.lose += one,
                Who::KeepOn => affected.keep_on += one,
                Who::KeepOff => affected.keep_off += one,
            },
        )
    }
}

/// Adds each user to what is counted for everyone, and to each of the user's groups.
pub fn by_group<T: Default + Clone>(
    roster: &Roster,
    at: impl Iterator<Item = usize>,
    add: impl Fn(&mut T, usize, People),
) -> ByGroup<T> {
    let names: Vec<&str> = roster.groups().collect();
    let mut counts = ByGroup {
        all: T::default(),
        groups: vec![T::default(); names.len()],
        ungrouped: T::default(),
    };
    for user in at {
        let one = People {
            count: 1,
            weight: roster.weight(user),
        };
        add(&mut counts.all, user, one);
        if roster.groups_of(user).len() == 0 {
            add(&mut counts.ungrouped, user, one);
        }
        for name in roster.groups_of(user) {
            let group = names.iter().position(|other| *other == name);
            add(&mut counts.groups[group.expect("it is there")], user, one);
        }
    }
    counts
}

/// Goes on to the end.
pub fn on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A percentage in thousandths.
pub fn milli(percent_milli: u32) -> Percentage {
    Percentage::from_milli(percent_milli).expect("it is in range")
}
