//! Rows of a file → a roster, and what is told of the file.

use std::mem;

use flagdeck_core::roster::Pushed;
use flagdeck_core::{Roster, RosterBuilder, RosterError};

use super::RostersError;
use super::limits::{BAD_ROWS_LISTED_MAX, FIRST_ROWS_SHOWN, ROWS_PER_STEP};
use super::reading::{Column, Form, Read, Row};
use super::shapes::{BadRow, GroupCount, Person, Understood};

/// Takes rows in.
#[derive(Debug)]
pub(super) struct Intake {
    builder: RosterBuilder,
    roster: Roster,
    names: Vec<Column>,
    good: u64,
    bad: u64,
    bad_rows: Vec<BadRow>,
    padded: u64,
    /// The first rows, with the columns of their attributes: keys get their names as they are met.
    first: Vec<(Person, Vec<(u32, String)>)>,
}

/// An intake, and what else takes each row that it took.
pub(super) struct Taking<'a, T> {
    pub(super) intake: &'a mut Intake,
    pub(super) take: T,
}

impl<T: FnMut(&Row) -> Result<(), RostersError>> Taking<'_, T> {
    /// Takes a row. A row that does not fit counts as a bad one.
    ///
    /// # Errors
    /// [`RostersError::Refused`] if the file has more than a roster takes, and those of `take`.
    pub(super) fn take(&mut self, row: &Row, read: Read) -> Result<(), RostersError> {
        match self.intake.push(row, read)? {
            true => (self.take)(row),
            false => Ok(()),
        }
    }

    /// Returns whether progress is to be told.
    pub(super) fn is_due(&self) -> bool {
        (self.intake.good + self.intake.bad) % ROWS_PER_STEP == 1
    }
}

impl Intake {
    pub(super) fn new(form: &Form) -> Self {
        Self {
            builder: RosterBuilder::new(),
            roster: Roster::default(),
            names: form.columns.clone(),
            good: 0,
            bad: 0,
            bad_rows: Vec::new(),
            padded: 0,
            first: Vec::new(),
        }
    }

    /// Takes a row; returns whether it is a good one.
    fn push(&mut self, row: &Row, read: Read) -> Result<bool, RostersError> {
        let reason = match read {
            Read::Bad(reason) => reason,
            Read::Good => match self.builder.push(&row.id, row.groups.iter(), row.weight) {
                Ok(Pushed::Added | Pushed::Replaced) => {
                    self.note(row);
                    return Ok(true);
                }
                Err(error) => bad(error)?,
            },
        };
        self.bad += 1;
        if self.bad_rows.len() < BAD_ROWS_LISTED_MAX {
            let line = row.line;
            self.bad_rows.push(BadRow { line, reason });
        }
        Ok(false)
    }

    fn note(&mut self, row: &Row) {
        self.good += 1;
        self.padded += u64::from(row.id.trim().len() != row.id.len());
        if self.first.len() < FIRST_ROWS_SHOWN {
            let attributes = row.columns.iter().copied();
            let attributes = attributes.zip(row.attributes.iter().map(str::to_owned));
            self.first.push((person(row), attributes.collect()));
        }
    }

    /// Tells what the file has.
    ///
    /// # Errors
    /// [`RostersError::Refused`] if it has no good row.
    pub(super) fn finish(&mut self, form: Form) -> Result<Understood, RostersError> {
        if self.good == 0 {
            return Err(self.without_rows());
        }
        self.names.clone_from(&form.columns);
        let roster = mem::take(&mut self.builder).finish();
        let people = roster.people();
        let groups = roster.groups().zip(&people.groups);
        let groups = groups.map(|(name, people)| GroupCount {
            name: name.to_owned(),
            people: people.count,
        });
        let understood = Understood {
            good: self.good,
            bad: self.bad,
            bad_rows: mem::take(&mut self.bad_rows),
            duplicates: roster.replaced(),
            padded: self.padded,
            people: people.all.count,
            groups: groups.collect(),
            ungrouped: people.ungrouped.count,
            has_weights: roster.has_weights(),
            first: self.first_rows(),
            form,
        };
        self.roster = roster;
        Ok(understood)
    }

    /// Returns the roster, once [`Self::finish`] was called.
    pub(super) fn into_roster(self) -> Roster {
        self.roster
    }

    fn first_rows(&mut self) -> Vec<Person> {
        let first = mem::take(&mut self.first).into_iter();
        let named = first.map(|(person, attributes)| {
            let attributes = attributes.into_iter();
            let attributes = attributes.map(|(at, text)| (name_of(&self.names, at), text));
            Person {
                attributes: attributes.collect(),
                ..person
            }
        });
        named.collect()
    }

    fn without_rows(&self) -> RostersError {
        let message = match &self.bad_rows[..] {
            [] => "has no user id in it".into(),
            [BadRow { line, reason }, ..] => {
                format!("has no row that can be read: line {line}: {reason}")
            }
        };
        RostersError::Refused { message }
    }
}

/// Names a column; one without a name by its place.
pub(super) fn name_of(columns: &[Column], at: u32) -> String {
    match columns.get(at as usize).map(|column| column.name.trim()) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => format!("column {}", at + 1),
    }
}

fn person(row: &Row) -> Person {
    Person {
        id: row.id.clone(),
        groups: row.groups.iter().map(str::to_owned).collect(),
        weight: row.weight.unwrap_or(1.0),
        attributes: indexmap::IndexMap::new(),
    }
}

/// Tells a row that does not fit from a file that does not.
fn bad(error: RosterError) -> Result<String, RostersError> {
    match error {
        RosterError::EmptyId
        | RosterError::BadWeight { .. }
        | RosterError::LongGroup
        | RosterError::TooManyUserGroups => Ok(error.to_string()),
        RosterError::TooManyGroups
        | RosterError::TooManyMemberships
        | RosterError::TooManySets
        | RosterError::TooManyIds
        | RosterError::TooMuchText(_) => Err(RostersError::Refused {
            message: format!("is too large: {error}"),
        }),
    }
}
