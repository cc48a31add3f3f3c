//! How a roster differs from the one that it takes the place of.

use std::collections::HashMap;

use flagdeck_core::Roster;
use foldhash::fast::RandomState;

use super::shapes::Replaced;

/// Compares two rosters by ids, groups and weights. `at_ms` is when the one before was imported.
pub(super) fn between(before: &Roster, after: &Roster, at_ms: i64) -> Replaced {
    let mut places: HashMap<&str, usize, RandomState> =
        HashMap::with_capacity_and_hasher(before.len(), RandomState::default());
    places.extend(before.ids().iter().enumerate().map(|(at, id)| (id, at)));
    let (mut changed, mut unchanged) = (0, 0);
    for (at, id) in after.ids().iter().enumerate() {
        match places.get(id) {
            None => {}
            Some(&place) if is_same((before, place), (after, at)) => unchanged += 1,
            Some(_) => changed += 1,
        }
    }
    let common = changed + unchanged;
    Replaced {
        at_ms,
        added: after.len() as u64 - common,
        removed: before.len() as u64 - common,
        changed,
        unchanged,
    }
}

fn is_same((before, was): (&Roster, usize), (after, is): (&Roster, usize)) -> bool {
    if before.weight(was) != after.weight(is) {
        return false;
    }
    let (old, new) = (before.groups_of(was), after.groups_of(is));
    if old.len() != new.len() {
        return false;
    }
    // A user is in a few groups, each once.
    new.into_iter()
        .all(|name| before.groups_of(was).any(|it| it == name))
}
