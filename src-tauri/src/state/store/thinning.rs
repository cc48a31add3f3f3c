//! Removes old snapshots: plans which, rebuilds their chains, joined with short neighbours, then
//! replaces the old chains.
//!
//! Planning only reads, and blocks no writer; carrying out is short, and skips a chain that was
//! changed since.

use std::collections::HashSet;
use std::path::Path;

use flagdeck_core::chain::{self, Chain, Length};
use flagdeck_core::limits::CHAIN_STEPS_MAX;
use flagdeck_core::retention::{Kept, Retention};
use flagdeck_core::tree::{self, Tree};
use flagdeck_core::trusted::TrustedTime;
use rusqlite::{Connection, params};

use super::snapshots::{self, Place, Row};
use super::{STATES, finding, ring};
use crate::store::StoreError;

/// Bytes of a row without its coding, with its index entries; measured.
const ROW_BYTES: u64 = 220;

/// Snapshots up to which a chain is short: two short ones fit in one.
const CHAIN_SHORT_MAX: usize = CHAIN_STEPS_MAX / 2;

/// What thinning is to do.
#[derive(Debug, Default)]
pub(in crate::state) struct Plan(Vec<Rewrite>);

impl Plan {
    pub(in crate::state) fn rewrites(&self) -> impl Iterator<Item = &Rewrite> {
        self.0.iter()
    }
}

/// Consecutive chains, rebuilt as one.
#[derive(Debug)]
pub(in crate::state) struct Rewrite {
    chains: Vec<i64>,
    /// All their snapshots when this was planned.
    ids: Vec<i64>,
    dropped: Vec<i64>,
    /// The remaining ones, each with its new chain and coding.
    kept: Vec<(i64, i64, Vec<u8>)>,
}

/// Plans for every source of a data folder.
pub(super) fn plan(data_dir: &Path, trusted: &TrustedTime) -> Result<Plan, StoreError> {
    let Some(connection) = STATES.read(data_dir)? else {
        return Ok(Plan::default());
    };
    let moment = connection.unchecked_transaction()?;
    let mut rewrites = Vec::new();
    for source in finding::all(&moment)?.sound {
        let rows = snapshots::of_source(&moment, Some(source.id))?;
        let dropped = to_drop(&rows, trusted);
        let goes = |row: &Row| dropped.contains(&row.id());
        let mut chains: Vec<&[Row]> = rows.chunk_by(|one, next| one.chain == next.chain).collect();
        // The chain that still grows is not rebuilt: it would be rebuilt every time.
        chains.pop();
        for joined in joined(&chains, &goes) {
            let is_thinned = |chains: &[&[Row]]| chains.iter().copied().flatten().any(goes);
            if !is_thinned(joined) && joined.len() == 1 {
                continue;
            }
            match Rewrite::without(&moment, joined, &goes)? {
                // Chains that ended because of their size would only be split again.
                Some(rewrite) if !is_thinned(joined) && rewrite.makes() >= joined.len() => {}
                Some(rewrite) => rewrites.push(rewrite),
                // A damaged chain does not prevent the others from being thinned.
                None => {
                    tracing::warn!(source = %source.name, "a damaged chain of snapshots stays as it is");
                    for chain in joined.iter().filter(|chain| is_thinned(&[chain])) {
                        rewrites.extend(Rewrite::without(&moment, &[chain], &goes)?);
                    }
                }
            }
        }
    }
    Ok(Plan(rewrites))
}

/// Groups chains to be joined: consecutive short ones, up to the length of a chain. Otherwise
/// thinning would leave a whole tree for every day.
fn joined<'a, 'b>(chains: &'a [&'b [Row]], goes: &impl Fn(&Row) -> bool) -> Vec<&'a [&'b [Row]]> {
    let mut joined = Vec::new();
    let (mut begin, mut length) = (0, 0);
    for (place, chain) in chains.iter().enumerate() {
        let left = chain.iter().filter(|row| !goes(row)).count();
        let is_one = left <= CHAIN_SHORT_MAX && length + left <= CHAIN_STEPS_MAX;
        if place > begin && !is_one {
            joined.push(&chains[begin..place]);
            (begin, length) = (place, 0);
        }
        // Long chains are not joined.
        length += match left <= CHAIN_SHORT_MAX {
            true => left,
            false => CHAIN_STEPS_MAX,
        };
    }
    joined.extend((begin < chains.len()).then(|| &chains[begin..]));
    joined
}

fn to_drop(rows: &[Row], trusted: &TrustedTime) -> HashSet<i64> {
    // Without a time to trust, nothing is old: what goes is only what is too much.
    let now_ms = trusted.at_least_ms().unwrap_or(i64::MIN);
    let kept: Vec<Kept> = rows
        .iter()
        .map(|row| Kept {
            id: row.id(),
            // If its age is not known yet, it is young.
            at_ms: trusted.written_ms(row.snapshot.at_ms).unwrap_or(i64::MAX),
            bytes: row.coding_bytes + ROW_BYTES,
            // Of a damaged one neither age nor pin are certain.
            is_pinned: row.snapshot.is_pinned
                || row.snapshot.name.is_some()
                || row.snapshot.is_damaged,
        })
        .collect();
    let dropped = Retention::default().to_drop(&kept, now_ms);
    dropped.into_iter().collect()
}

impl Rewrite {
    /// Rebuilds chains as one, without some of their snapshots; as several if one would be too
    /// long. `None` if they cannot be read completely: they stay as they are.
    pub(super) fn without(
        connection: &Connection,
        chains: &[&[Row]],
        goes: &impl Fn(&Row) -> bool,
    ) -> Result<Option<Self>, StoreError> {
        let rows = || chains.iter().copied().flatten();
        let mut rewrite = Self {
            chains: chains.iter().map(|chain| chain[0].chain).collect(),
            ids: rows().map(Row::id).collect(),
            dropped: rows().filter(|row| goes(row)).map(Row::id).collect(),
            kept: Vec::new(),
        };
        let mut made = Made::default();
        let mut read = 0;
        for chain in chains {
            snapshots::each_state(connection, chain, |_, row, state| {
                let is_sound = tree::is_hash_of(&row.hash, state);
                read += usize::from(is_sound);
                if is_sound && !goes(row) {
                    rewrite.kept.push(made.next(row.id(), state));
                }
            })?;
        }
        Ok((read == rewrite.ids.len()).then_some(rewrite))
    }

    /// Counts the chains it builds.
    fn makes(&self) -> usize {
        let firsts = self.kept.iter().filter(|(id, chain, _)| id == chain);
        firsts.count()
    }
}

/// The chain being built, and its length.
#[derive(Default)]
struct Made(Option<(Chain, Length, i64)>);

impl Made {
    /// Adds a snapshot; returns it with the chain it is in and its coding.
    fn next(&mut self, id: i64, tree: &Tree) -> (i64, i64, Vec<u8>) {
        if let Some((chain, length, first)) = &mut self.0 {
            let coding = chain.encode(tree).bytes;
            let longer = length.with(coding.len());
            if !chain::is_full(&longer) && chain.advance(&coding).is_ok() {
                *length = longer;
                return (id, *first, coding);
            }
        }
        let coding = chain::keyframe(&tree::write(tree));
        let length = Length::of_keyframe(coding.len());
        self.0 = Some((Chain::start(tree.clone()), length, id));
        (id, id, coding)
    }
}

/// Replaces chains by rebuilt ones, if they have not changed since.
pub(super) fn carry_out(connection: &Connection, rewrite: &Rewrite) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM snapshot WHERE chain = ?1 ORDER BY id")?;
    let mut ids: Vec<i64> = Vec::with_capacity(rewrite.ids.len());
    for chain in &rewrite.chains {
        let found = statement.query_map([chain], |row| row.get(0))?;
        ids.extend(found.collect::<Result<Vec<i64>, _>>()?);
    }
    if ids != rewrite.ids {
        return Ok(());
    }
    for id in &rewrite.dropped {
        ring::hand_on(connection, *id)?;
        connection
            .prepare_cached("DELETE FROM snapshot WHERE id = ?1")?
            .execute([id])?;
    }
    let mut before = (0, 0);
    for (id, chain, coding) in &rewrite.kept {
        connection
            .prepare_cached("UPDATE snapshot SET chain = ?2, coding = ?3 WHERE id = ?1")?
            .execute(params![id, chain, coding])?;
        let place = Place {
            id: *id,
            chain: *chain,
            before: if before.0 == *chain { before.1 } else { 0 },
        };
        snapshots::seal_coding(connection, place, coding)?;
        before = (*chain, *id);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use flagdeck_core::state::Change;
    use serde_json::json;

    use super::super::{NewSnapshot, StateStore, Whole};
    use super::*;
    use crate::state::SourceName;
    use crate::state::shapes::{SnapshotCause, SnapshotLabel};

    const HOUR_MS: i64 = 60 * 60 * 1000;
    const BEGIN_MS: i64 = 1_764_000_000_000;

    fn state(number: i64) -> Tree {
        let cache: BTreeMap<String, i64> = (0..400)
            .map(|file| (format!("src/file{file}.js"), file * 77_777))
            .collect();
        json!({ "usage": { "n": number, "k": number / 50 }, "cache": cache }).into()
    }

    /// Reports a state and takes a snapshot of it, so many hours after the beginning.
    fn take(store: &mut StateStore, number: i64, hours: i64, is_pinned: bool) -> u64 {
        let name: SourceName = "web".parse().unwrap();
        let at_ms = BEGIN_MS + hours * HOUR_MS;
        let whole = Whole {
            tree: state(number),
            files: None,
        };
        store.put(&name, whole, None, at_ms).unwrap();
        let new_snapshot = NewSnapshot {
            at_ms,
            cause: SnapshotCause::Interval,
            label: &SnapshotLabel {
                is_pinned: Some(is_pinned),
                ..SnapshotLabel::default()
            },
            revision: 0,
            is_packed: true,
            only_new: false,
            files: None,
        };
        store.take(&name, &new_snapshot).unwrap().unwrap()
    }

    fn rows(folder: &Path) -> Vec<Row> {
        let connection = STATES.read(folder).unwrap().unwrap();
        snapshots::of_source(&connection, None).unwrap()
    }

    fn chains(rows: &[Row]) -> Vec<usize> {
        let chains = rows.chunk_by(|one, next| one.chain == next.chain);
        chains.map(<[Row]>::len).collect()
    }

    fn carry_out_all(store: &mut StateStore, plan: &Plan) {
        for rewrite in plan.rewrites() {
            store.thin(rewrite).unwrap();
        }
    }

    #[test]
    fn what_is_left_of_weeks_is_read_as_it_was_from_few_chains() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = StateStore::open(folder.path(), BEGIN_MS).unwrap();
        let mut kept: BTreeMap<u64, Tree> = BTreeMap::new();
        let mut pins = Vec::new();
        for number in 0..500 {
            let is_pinned = number % 100 == 33;
            let id = take(&mut store, number, number * 3, is_pinned);
            pins.extend(is_pinned.then_some(id));
            kept.insert(id, state(number));
        }
        let before = chains(&rows(folder.path()));
        assert!(before.len() > 5, "{before:?}");

        for day in (0..120).step_by(3) {
            let now_ms = BEGIN_MS + (500 * 3 + day * 24) * HOUR_MS;
            let plan =
                StateStore::plan_thinning(folder.path(), &TrustedTime::sure_of(now_ms)).unwrap();
            carry_out_all(&mut store, &plan);
            let again =
                StateStore::plan_thinning(folder.path(), &TrustedTime::sure_of(now_ms)).unwrap();
            assert!(again.0.is_empty(), "on day {day} it is never done");
        }

        let left = rows(folder.path());
        assert!((60..100).contains(&left.len()), "{} are left", left.len());
        let after = chains(&left);
        assert!(after.len() <= 3, "{before:?} became {after:?}");
        let is_left = |pin: &u64| left.iter().any(|row| row.snapshot.id == *pin);
        assert!(pins.iter().all(is_left), "a pin is gone");
        let connection = STATES.read(folder.path()).unwrap().unwrap();
        for row in &left {
            let tree = snapshots::tree_of(&connection, row).unwrap();
            assert!(tree::same(&tree, &kept[&row.snapshot.id]));
        }
        assert!(crate::state::store::check(&connection).unwrap().is_empty());
    }

    #[test]
    fn what_was_recorded_before_a_snapshot_that_goes_is_known_of_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = StateStore::open(folder.path(), BEGIN_MS).unwrap();
        let name: SourceName = "web".parse().unwrap();
        let count = 400;
        for number in 0..count {
            let change = Change {
                key: "ml.set".into(),
                old: None,
                new: Some(number.into()),
                at_ms: BEGIN_MS + number * 3 * HOUR_MS,
                origin: "a.js:1".into(),
                hint: None,
            };
            take(&mut store, number, number * 3, false);
            store.record(&name, &[change], 100, BEGIN_MS).unwrap();
        }
        take(&mut store, count, count * 3, true);
        let plan = StateStore::plan_thinning(
            folder.path(),
            &TrustedTime::sure_of(BEGIN_MS + 4000 * HOUR_MS),
        )
        .unwrap();
        carry_out_all(&mut store, &plan);
        while store.recount().unwrap() > 0 {}
        let left = rows(folder.path());
        assert!(left.len() < 200, "{} are left", left.len());
        let connection = STATES.read(folder.path()).unwrap().unwrap();
        let recorded = |row: &Row| ring::recorded(&connection, row.id()).unwrap();
        let all: usize = left.iter().map(|row| recorded(row).len()).sum();
        assert_eq!(all, usize::try_from(count).unwrap());
        for pair in left.windows(2) {
            let [before, after] = [&pair[0], &pair[1]];
            let tree = |row| snapshots::tree_of(&connection, row).unwrap();
            let differ = flagdeck_core::diff::states::count(&tree(before), &tree(after));
            let counted = after.snapshot.changes.map(|changes| changes as usize);
            assert_eq!(counted, Some(differ), "snapshot {}", after.id());
            let latest = recorded(after).first().map(|change| change.at_ms);
            assert_eq!(
                latest,
                Some(after.snapshot.at_ms - 3 * HOUR_MS),
                "latest first"
            );
        }
    }

    #[test]
    fn chains_that_somebody_changed_meanwhile_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = StateStore::open(folder.path(), BEGIN_MS).unwrap();
        for number in 0..100 {
            take(&mut store, number, number, false);
        }
        let far_ms = BEGIN_MS + 100 * 24 * HOUR_MS;
        let early =
            StateStore::plan_thinning(folder.path(), &TrustedTime::sure_of(far_ms)).unwrap();
        let late = StateStore::plan_thinning(folder.path(), &TrustedTime::sure_of(far_ms)).unwrap();
        carry_out_all(&mut store, &early);
        let after = chains(&rows(folder.path()));
        carry_out_all(&mut store, &late);
        assert_eq!(chains(&rows(folder.path())), after);
        assert!(after.iter().sum::<usize>() < 100);
    }

    #[test]
    fn without_a_time_to_trust_nothing_goes_for_its_age() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = StateStore::open(folder.path(), BEGIN_MS).unwrap();
        for number in 0..100 {
            // Some of them by a clock that was ten years behind.
            take(&mut store, number, number - (number % 3) * 87_600, false);
        }
        let plan = StateStore::plan_thinning(folder.path(), &TrustedTime::default()).unwrap();
        carry_out_all(&mut store, &plan);
        assert_eq!(rows(folder.path()).len(), 100);
    }

    #[test]
    fn what_a_clock_took_that_was_years_behind_goes_for_its_true_age() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = StateStore::open(folder.path(), BEGIN_MS).unwrap();
        let mut trusted = TrustedTime::sure_of(BEGIN_MS);
        let mut true_ms = BEGIN_MS;
        let mut run = |hours: i64, wrong_ms: i64| {
            for _ in 0..hours {
                true_ms += HOUR_MS;
                trusted.observe(HOUR_MS, true_ms + wrong_ms);
            }
            (true_ms, trusted.clone())
        };
        let ten_years = 10 * 365 * 24;
        run(1, -ten_years * HOUR_MS);
        for number in 0..100 {
            take(&mut store, number, number / 10 + 1 - ten_years, false);
        }
        run(10, -ten_years * HOUR_MS);
        let mut left = |time: &TrustedTime| {
            let plan = StateStore::plan_thinning(folder.path(), time).unwrap();
            carry_out_all(&mut store, &plan);
            rows(folder.path()).len()
        };
        for days in 0..3 {
            let (_, time) = run(days * 13, 0);
            assert_eq!(left(&time), 100, "too early");
        }
        let (_, time) = run(400 * 24, 0);
        assert!(left(&time) < 70, "some go in the end");
    }

    #[test]
    fn a_damaged_chain_stays_and_keeps_no_other_from_being_thinned() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = StateStore::open(folder.path(), BEGIN_MS).unwrap();
        for number in 0..400 {
            take(&mut store, number, number * 3, false);
        }
        let before = rows(folder.path());
        let damaged: Vec<&Row> = before
            .iter()
            .filter(|row| row.chain == before[100].chain)
            .collect();
        let sql = "UPDATE snapshot SET coding = x'01' WHERE id = ?1";
        store.connection.execute(sql, [damaged[40].id()]).unwrap();
        let plan = StateStore::plan_thinning(
            folder.path(),
            &TrustedTime::sure_of(BEGIN_MS + 4000 * HOUR_MS),
        )
        .unwrap();
        carry_out_all(&mut store, &plan);
        let after = rows(folder.path());
        let stayed = |row: &Row| after.iter().any(|other| other.id() == row.id());
        assert!(damaged.iter().all(|row| stayed(row)));
        assert!(after.len() < 200, "{} are left", after.len());
    }
}
