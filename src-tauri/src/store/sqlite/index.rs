//! The index of revisions: who touched what, renames, and the words of their sentences.
//!
//! Written in the same transaction as the revisions. Only for finding: the content of a revision is
//! read from its row, against its hash.

use flagdeck_core::tree;
use flagdeck_core::{FlagDocument, Trace, changes, fold};
use rusqlite::{Connection, params};

use crate::store::{RevisionNumber, StoreError};

/// Indexes a revision.
pub(super) fn add(
    connection: &Connection,
    number: RevisionNumber,
    note: Option<&str>,
    sentences: &[String],
    trace: &Trace,
) -> Result<(), StoreError> {
    let number = super::revision::to_key(number);
    connection
        .prepare_cached("INSERT INTO revision_words VALUES (?1, ?2)")?
        .execute(params![number, words(note, sentences)])?;
    let mut path = connection.prepare_cached(
        "INSERT INTO path (name, last_revision) VALUES (?1, ?2) \
         ON CONFLICT (name) DO UPDATE SET last_revision = excluded.last_revision RETURNING id",
    )?;
    let mut touch = connection.prepare_cached("INSERT INTO touch VALUES (?1, ?2)")?;
    for name in &trace.touched {
        let id: i64 = path.query_row(params![name, number], |row| row.get(0))?;
        touch.execute([id, number])?;
    }
    let mut rename = connection.prepare_cached("INSERT INTO rename VALUES (?1, ?2, ?3)")?;
    for renamed in &trace.renames {
        rename.execute(params![renamed.from, renamed.to, number])?;
    }
    Ok(())
}

/// One text for the words; no word spans two sentences.
fn words(note: Option<&str>, sentences: &[String]) -> String {
    let sentences = sentences.iter().map(String::as_str);
    let lines: Vec<&str> = sentences.chain(note).collect();
    fold(&lines.join("\n"))
}

/// Indexes every revision of a store from before there was an index.
pub(super) fn fill(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare("SELECT number, note, changes, document FROM revision ORDER BY number")?;
    let mut rows = statement.query([])?;
    // What is in force while nothing is saved.
    let mut before = FlagDocument::default().to_tree();
    while let Some(row) = rows.next()? {
        let number = super::revision::from_key(row.get(0)?);
        let note: Option<String> = row.get(1)?;
        let sentences: String = row.get(2)?;
        let sentences: Vec<String> = serde_json::from_str(&sentences).unwrap_or_default();
        let document = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
        let mut trace = Trace::default();
        // An invalid document is found only by its words.
        if let Ok(after) = tree::read(document) {
            trace = Trace::of(&changes(&before, &after));
            before = after;
        }
        add(connection, number, note.as_deref(), &sentences, &trace)?;
    }
    Ok(())
}

/// Finds extra and missing entries of the index; none in a store without one.
pub(super) fn audit(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let is_there: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'revision_words')",
        [],
        |row| row.get(0),
    )?;
    if !is_there {
        return Ok(Vec::new());
    }
    let mut problems = Vec::new();
    let missing: i64 = connection.query_row(
        "SELECT (SELECT count(*) FROM revision) - (SELECT count(*) FROM revision_words)",
        [],
        |row| row.get(0),
    )?;
    if missing != 0 {
        problems.push(format!(
            "the index of the history does not list every revision once (it is {missing} short)"
        ));
    }
    let astray: i64 =
        connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
            row.get(0)
        })?;
    if astray > 0 {
        problems.push(format!(
            "the index of the history names what is not there, {astray} times"
        ));
    }
    Ok(problems)
}
