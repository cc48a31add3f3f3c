//! The table of revisions: a row and its hash, and the queries on it.
//!
//! Documents are kept as `chain.rs` says. Every row carries three BLAKE3 hashes: of its document,
//! of the row before it, and of itself with both. So one altered bit anywhere is seen when its row
//! is read, and a row that was replaced as a whole is found by [`audit`].

use flagdeck_core::Trace;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::chain::{self, Tail};
use super::commits::{self, Commit};
use super::{followed, index, schema};
use crate::store::{
    Actor, Appended, Cause, CheckReport, Draft, Revision, RevisionNumber, RevisionSummary,
    StoreError, Via,
};

/// The previous hash of the first revision.
pub(crate) const NO_HASH: Hash = [0; 32];

/// The domain separation of these hashes, with the version of their layout.
const HASH_CONTEXT: &str = "flagdeck revision, layout 1";

/// Problems of SQLite's own check that are listed; a broken file can have one per page.
const INTEGRITY_PROBLEMS_MAX: u32 = 100;

/// BLAKE3 of a row, over all rows before it.
pub(crate) type Hash = [u8; 32];

/// Returns the hash that the row of a revision has after the one with `previous`.
pub(crate) fn seal(number: RevisionNumber, draft: &Draft, previous: &Hash) -> Hash {
    let document_hash = *blake3::hash(&draft.document).as_bytes();
    Fields::of(number, draft, document_hash, *previous).hash
}

/// Saves a revision after `expected`; see [`crate::store::Store::append`]. If it is saved, the
/// commit is returned with it. `tail` is the chain of documents as of the last append, if it is
/// still current.
pub(super) fn append(
    connection: &mut Connection,
    expected: RevisionNumber,
    draft: &Draft,
    trace: &Trace,
    tail: &mut Option<Tail>,
) -> Result<(Appended, Option<Commit>), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (latest, previous_hash) = latest_link(&transaction)?;
    if latest != expected {
        let winner = load(&transaction, latest)?.ok_or(StoreError::Missing { number: expected })?;
        return Ok((Appended::Conflict(Box::new(winner)), None));
    }
    let number = expected.next();
    let mut open = tail.take();
    let after = (number, previous_hash);
    insert_next(&transaction, after, draft, trace, &mut open)?;
    let commit = commits::count(&transaction)?;
    transaction.commit()?;
    // Only a chain that is on disk.
    *tail = open;
    Ok((Appended::Saved(number), Some(commit)))
}

/// Writes the revision of a number, which follows the one with `previous_hash`, within a
/// transaction; returns its hash. `tail` is the chain of documents as of the one before, if it is
/// still current; it is that of this one then.
pub(super) fn insert_next(
    connection: &Connection,
    (number, previous_hash): (RevisionNumber, Hash),
    draft: &Draft,
    trace: &Trace,
    tail: &mut Option<Tail>,
) -> Result<Hash, StoreError> {
    let document_hash = *blake3::hash(&draft.document).as_bytes();
    let row = Fields::of(number, draft, document_hash, previous_hash);
    let before = RevisionNumber(number.0 - 1);
    let open = tail.take().filter(|tail| tail.is_at(before));
    let open = open.or_else(|| chain::open(connection, before));
    let coded = chain::code(open.as_ref(), &draft.document);
    row.insert(connection, &coded.bytes)?;
    chain::link(connection, number, &coded)?;
    if let Some(text) = &draft.followed {
        followed::insert(connection, number, text)?;
    }
    let note = draft.note.as_deref();
    index::add(connection, number, note, &draft.changes, trace)?;
    *tail = chain::noted(open, number, &draft.document, &coded);
    Ok(row.hash)
}

/// Loads the latest revision.
pub(super) fn head(connection: &Connection) -> Result<Option<Revision>, StoreError> {
    load(connection, latest(connection)?)
}

/// Returns the number of the latest revision.
pub(super) fn latest(connection: &Connection) -> Result<RevisionNumber, StoreError> {
    let number: i64 = connection
        .prepare_cached("SELECT coalesce(max(number), 0) FROM revision")?
        .query_row([], |row| row.get(0))?;
    Ok(from_key(number))
}

/// Counts the revisions.
pub(super) fn count(connection: &Connection) -> Result<u64, StoreError> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM revision")?
        .query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Loads one revision, checked against its hashes.
pub(super) fn load(
    connection: &Connection,
    number: RevisionNumber,
) -> Result<Option<Revision>, StoreError> {
    load_after(connection, number, &mut None)
}

/// The same, starting from the document of an earlier revision if that helps.
pub(super) fn load_after(
    connection: &Connection,
    number: RevisionNumber,
    tail: &mut Option<Tail>,
) -> Result<Option<Revision>, StoreError> {
    let mut statement = Fields::select(connection, "WHERE number = ?1")?;
    let mut rows = statement.query([to_key(number)])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let fields = Fields::read(row)?;
    let followed = fields
        .followed_hash
        .map(|hash| followed::load(connection, number, &hash));
    let followed = followed.transpose()?;
    let document = chain::document(connection, number, tail)?;
    if blake3::hash(&document) != fields.document_hash {
        return Err(mismatch(number));
    }
    let summary = fields.checked()?;
    Ok(Some(Revision {
        number,
        draft: Draft {
            at_ms: summary.at_ms,
            actor: summary.actor,
            cause: summary.cause,
            note: summary.note,
            changes: summary.changes,
            document: document.into(),
            followed,
        },
    }))
}

/// Loads summaries, latest first. One that does not match its hash is marked as damaged: it hides
/// no other.
pub(super) fn summaries(
    connection: &Connection,
    before: Option<RevisionNumber>,
    limit: usize,
) -> Result<Vec<RevisionSummary>, StoreError> {
    let latest_first = "WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
    let mut statement = Fields::select(connection, latest_first)?;
    // Numbers stay below the largest key, so it stands for "all".
    let before = before.map_or(i64::MAX, to_key);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![before, limit])?;
    let mut summaries = Vec::new();
    while let Some(row) = rows.next()? {
        summaries.push(summary_of(row)?);
    }
    Ok(summaries)
}

fn summary_of(row: &Row<'_>) -> Result<RevisionSummary, StoreError> {
    let number = from_key(row.get(0)?);
    match Fields::read(row).and_then(Fields::checked) {
        Err(StoreError::Damaged { .. }) => Ok(damaged(number, row)),
        read => read,
    }
}

/// Says of a row that does not match its hash what is stored of it, as far as that can be read.
fn damaged(number: RevisionNumber, row: &Row<'_>) -> RevisionSummary {
    let via: Option<String> = row.get(2).ok();
    RevisionSummary {
        number,
        at_ms: row.get(1).unwrap_or_default(),
        actor: Actor {
            via: via.and_then(|via| read_via(&via)).unwrap_or(Via::Flagctl),
            name: row.get(3).unwrap_or_default(),
        },
        cause: Cause::Edit,
        note: None,
        changes: vec!["damaged: it does not match its hash".into()],
        is_damaged: true,
    }
}

/// Loads the summary of the latest revision, checked against its hash; `None` without any.
pub(super) fn latest_summary(
    connection: &Connection,
) -> Result<Option<RevisionSummary>, StoreError> {
    let latest = summaries(connection, None, 1)?.pop();
    match latest {
        Some(latest) if latest.is_damaged => Err(mismatch(latest.number)),
        latest => Ok(latest),
    }
}

/// Loads the summary of a revision that is known to be there, as [`summaries`] does.
pub(super) fn summary(
    connection: &Connection,
    number: RevisionNumber,
) -> Result<RevisionSummary, StoreError> {
    let found = summaries(connection, Some(number.next()), 1)?.pop();
    let found = found.filter(|summary| summary.number == number);
    found.ok_or_else(|| StoreError::damaged(format!("revision {number} is missing")))
}

/// Returns the hash of a revision, unchecked; `None` if there is none of that number.
pub(super) fn hash_of(
    connection: &Connection,
    number: RevisionNumber,
) -> Result<Option<Hash>, StoreError> {
    let hash = connection
        .prepare_cached("SELECT hash FROM revision WHERE number = ?1")?
        .query_row([to_key(number)], |row| row.get(0))
        .optional()?;
    Ok(hash)
}

/// Returns the hash of the revision that one follows, as it says itself; the revision is there.
pub(super) fn previous_hash_of(
    connection: &Connection,
    number: RevisionNumber,
) -> Result<Hash, StoreError> {
    let link = connection
        .prepare_cached("SELECT previous_hash FROM revision WHERE number = ?1")?
        .query_row([to_key(number)], |row| row.get(0))?;
    Ok(link)
}

/// Reads everything, as of one moment: SQLite's own check, the structure, every hash and
/// every link from a revision to the one before.
pub(super) fn audit(connection: &Connection) -> Result<CheckReport, StoreError> {
    let moment = connection.unchecked_transaction()?;
    let mut problems = Vec::new();
    note(&mut problems, integrity(&moment))?;
    note(&mut problems, schema::differences(&moment))?;
    let mut latest_number = RevisionNumber::NONE;
    match latest(&moment) {
        Ok(number) => latest_number = number,
        Err(error) => note(&mut problems, Err(error))?,
    }
    let mut revisions = 0;
    let mut previous_hash = Some(NO_HASH);
    let mut tail = None;
    for number in (1..=latest_number.0).map(RevisionNumber) {
        match audit_one(&moment, number, previous_hash, &mut tail) {
            Ok(found) => {
                revisions += 1;
                note(&mut problems, Ok(found))?;
            }
            Err(error) => note(&mut problems, Err(error))?,
        }
        previous_hash = hash_of(&moment, number).ok().flatten();
    }
    Ok(CheckReport {
        revisions,
        problems,
    })
}

/// Adds findings; damage met while looking is a finding too.
pub(super) fn note(
    problems: &mut Vec<String>,
    found: Result<Vec<String>, StoreError>,
) -> Result<(), StoreError> {
    match found {
        Ok(found) => problems.extend(found),
        Err(StoreError::Damaged { what }) => problems.push(what),
        Err(error) => return Err(error),
    }
    Ok(())
}

fn integrity(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare(&format!("PRAGMA integrity_check({INTEGRITY_PROBLEMS_MAX})"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut problems: Vec<String> = lines.collect::<Result<_, _>>()?;
    problems.retain(|line| line != "ok");
    for problem in &mut problems {
        *problem = super::connection::without_heading(problem).to_owned();
    }
    Ok(problems)
}

fn audit_one(
    connection: &Connection,
    number: RevisionNumber,
    previous_hash: Option<Hash>,
    tail: &mut Option<Tail>,
) -> Result<Vec<String>, StoreError> {
    let Some(_) = load_after(connection, number, tail)? else {
        return Ok(vec![format!("revision {number} is missing")]);
    };
    let link = previous_hash_of(connection, number)?;
    if previous_hash.is_some_and(|hash| hash != link) {
        return Ok(vec![format!(
            "revision {number} does not follow the revision before it"
        )]);
    }
    Ok(Vec::new())
}

/// Returns the number and the hash of the latest revision, unchecked.
pub(super) fn latest_link(connection: &Connection) -> Result<(RevisionNumber, Hash), StoreError> {
    let link = connection
        .prepare_cached("SELECT number, hash FROM revision ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((from_key(row.get(0)?), row.get(1)?)))
        .optional()?;
    Ok(link.unwrap_or((RevisionNumber::NONE, NO_HASH)))
}

/// A row without its document.
struct Fields {
    number: RevisionNumber,
    at_ms: i64,
    via: String,
    actor: String,
    cause: String,
    cause_of: Option<i64>,
    note: Option<String>,
    changes: String,
    document_hash: Hash,
    previous_hash: Hash,
    hash: Hash,
    /// `None` if nothing was followed.
    followed_hash: Option<Hash>,
}

impl Fields {
    /// Prepares to read rows, with what is followed if the format of the database has that.
    fn select<'a>(
        connection: &'a Connection,
        which: &str,
    ) -> Result<CachedStatement<'a>, StoreError> {
        let followed_hash = match schema::has_followed(connection)? {
            true => "(SELECT hash FROM revision_followed WHERE revision = number)",
            false => "NULL",
        };
        Ok(connection.prepare_cached(&format!(
            "SELECT number, at_ms, via, actor, cause, cause_of, note, changes, document_hash, \
             previous_hash, hash, {followed_hash} FROM revision {which}"
        ))?)
    }

    fn of(number: RevisionNumber, draft: &Draft, document_hash: Hash, previous_hash: Hash) -> Self {
        let (cause, cause_of) = write_cause(draft.cause);
        let mut fields = Self {
            number,
            at_ms: draft.at_ms,
            via: write_via(draft.actor.via).into(),
            actor: draft.actor.name.clone(),
            cause: cause.into(),
            cause_of: cause_of.map(to_key),
            note: draft.note.clone(),
            changes: serde_json::to_string(&draft.changes).expect("strings are JSON"),
            document_hash,
            previous_hash,
            hash: NO_HASH,
            followed_hash: draft.followed.as_deref().map(followed::hash),
        };
        fields.hash = fields.seal();
        fields
    }

    fn insert(&self, connection: &Connection, document: &[u8]) -> Result<(), StoreError> {
        connection
            .prepare_cached(
                "INSERT INTO revision VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                to_key(self.number),
                self.at_ms,
                self.via,
                self.actor,
                self.cause,
                self.cause_of,
                self.note,
                self.changes,
                self.document_hash,
                self.previous_hash,
                self.hash,
                document,
            ])?;
        Ok(())
    }

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let number = from_key(row.get(0)?);
        Self::read_values(row, number).map_err(|error| match StoreError::from(error) {
            error if error.is_malformed() => error,
            // A value is not of its kind.
            StoreError::Damaged { .. } => mismatch(number),
            error => error,
        })
    }

    fn read_values(row: &Row<'_>, number: RevisionNumber) -> rusqlite::Result<Self> {
        Ok(Self {
            number,
            at_ms: row.get(1)?,
            via: row.get(2)?,
            actor: row.get(3)?,
            cause: row.get(4)?,
            cause_of: row.get(5)?,
            note: row.get(6)?,
            changes: row.get(7)?,
            document_hash: row.get(8)?,
            previous_hash: row.get(9)?,
            hash: row.get(10)?,
            followed_hash: row.get(11)?,
        })
    }

    /// Computes the row's hash over every field: fixed widths as they are, texts after
    /// their length, so that no two rows are written alike.
    fn seal(&self) -> Hash {
        let mut hasher = blake3::Hasher::new_derive_key(HASH_CONTEXT);
        hasher.update(&self.previous_hash);
        hasher.update(&self.number.0.to_le_bytes());
        hasher.update(&self.at_ms.to_le_bytes());
        text(&mut hasher, Some(&self.via));
        text(&mut hasher, Some(&self.actor));
        text(&mut hasher, Some(&self.cause));
        hasher.update(&self.cause_of.unwrap_or_default().to_le_bytes());
        text(&mut hasher, self.note.as_deref());
        text(&mut hasher, Some(&self.changes));
        hasher.update(&self.document_hash);
        if let Some(hash) = &self.followed_hash {
            hasher.update(hash);
        }
        *hasher.finalize().as_bytes()
    }

    fn checked(self) -> Result<RevisionSummary, StoreError> {
        if self.seal() != self.hash {
            return Err(mismatch(self.number));
        }
        let unreadable = || mismatch(self.number);
        Ok(RevisionSummary {
            number: self.number,
            at_ms: self.at_ms,
            actor: Actor {
                via: read_via(&self.via).ok_or_else(unreadable)?,
                name: self.actor,
            },
            cause: read_cause(&self.cause, self.cause_of.map(from_key)).ok_or_else(unreadable)?,
            changes: serde_json::from_str(&self.changes).map_err(|_| unreadable())?,
            note: self.note,
            is_damaged: false,
        })
    }
}

fn text(hasher: &mut blake3::Hasher, text: Option<&str>) {
    // An impossible length stands for "none".
    let length = text.map_or(u64::MAX, |text| text.len() as u64);
    hasher.update(&length.to_le_bytes());
    hasher.update(text.unwrap_or_default().as_bytes());
}

pub(super) fn mismatch(number: RevisionNumber) -> StoreError {
    StoreError::damaged(format!("revision {number} does not match its hash"))
}

pub(crate) fn write_via(via: Via) -> &'static str {
    match via {
        Via::Window => "window",
        Via::Flagctl => "flagctl",
        Via::Http => "http",
        Via::Followed => "followed",
        Via::Rollout => "rollout",
    }
}

pub(crate) fn read_via(text: &str) -> Option<Via> {
    match text {
        "window" => Some(Via::Window),
        "flagctl" => Some(Via::Flagctl),
        "http" => Some(Via::Http),
        "followed" => Some(Via::Followed),
        "rollout" => Some(Via::Rollout),
        _ => None,
    }
}

fn write_cause(cause: Cause) -> (&'static str, Option<RevisionNumber>) {
    match cause {
        Cause::Edit => ("edit", None),
        Cause::Import => ("import", None),
        Cause::Undo(of) => ("undo", Some(of)),
        Cause::Redo(of) => ("redo", Some(of)),
        Cause::Restore(of) => ("restore", Some(of)),
        Cause::Follow => ("follow", None),
        Cause::Adopt => ("adopt", None),
        Cause::Publish => ("publish", None),
        Cause::Unfollow => ("unfollow", None),
        // Their numbers are kept where those of revisions are.
        Cause::Ramp(of) => ("ramp", Some(RevisionNumber(of))),
        Cause::RollBack(of) => ("roll_back", Some(RevisionNumber(of))),
    }
}

fn read_cause(text: &str, of: Option<RevisionNumber>) -> Option<Cause> {
    match (text, of) {
        ("edit", None) => Some(Cause::Edit),
        ("import", None) => Some(Cause::Import),
        ("undo", Some(of)) => Some(Cause::Undo(of)),
        ("redo", Some(of)) => Some(Cause::Redo(of)),
        ("restore", Some(of)) => Some(Cause::Restore(of)),
        ("follow", None) => Some(Cause::Follow),
        ("adopt", None) => Some(Cause::Adopt),
        ("publish", None) => Some(Cause::Publish),
        ("unfollow", None) => Some(Cause::Unfollow),
        ("ramp", Some(of)) => Some(Cause::Ramp(of.0)),
        ("roll_back", Some(of)) => Some(Cause::RollBack(of.0)),
        _ => None,
    }
}

/// SQLite's keys are signed; a number beyond them belongs to no revision.
pub(super) fn to_key(number: RevisionNumber) -> i64 {
    i64::try_from(number.0).unwrap_or(i64::MAX)
}

pub(super) fn from_key(key: i64) -> RevisionNumber {
    RevisionNumber(u64::try_from(key).unwrap_or_default())
}
