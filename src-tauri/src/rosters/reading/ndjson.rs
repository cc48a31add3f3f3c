//! Rows of NDJSON: an object a line.

use flagdeck_core::tree::{self, Object, Tree};

use super::cells::{NO_ID, not_a_weight, split_groups, take_attribute, take_id, weight};
use super::lines::Lines;
use super::recognise::{Column, Taken};
use super::row::Row;
use super::{Stopped, Visit};
use crate::rosters::limits::COLUMNS_MAX;

/// Reads all objects; returns their keys in the order in which they were met.
pub(super) fn each(lines: Lines, visit: &mut Visit<'_>) -> Result<Vec<Column>, Stopped> {
    let mut columns = Vec::new();
    lines.each(visit, |line, row| read(line, row, &mut columns))?;
    Ok(columns)
}

fn read(line: &[u8], row: &mut Row, columns: &mut Vec<Column>) -> Result<(), String> {
    // The error of the reader may quote an id.
    let tree = tree::read(line).map_err(|_| "it is not JSON".to_owned())?;
    let object = tree.as_object().ok_or("it is not a JSON object")?;
    let mut has_id = false;
    for (key, value) in object.iter() {
        let at = column(key, columns)?;
        match columns[at].taken {
            Taken::Id => {
                has_id = *value != Tree::Null;
                take_id(row, &id(value)?)?;
            }
            Taken::Groups => groups(value, row)?,
            Taken::Weight => row.weight = weight_of(value)?,
            Taken::Attribute => attribute(value, at as u32, row)?,
        }
    }
    match has_id {
        true => Ok(()),
        false => Err(without_id(object)),
    }
}

fn without_id(object: &Object) -> String {
    match object.is_empty() {
        true => "it is an empty object".into(),
        false => NO_ID.into(),
    }
}

/// Returns the place of a key among the columns.
fn column(key: &str, columns: &mut Vec<Column>) -> Result<usize, String> {
    if let Some(at) = columns.iter().position(|column| column.name == key) {
        return Ok(at);
    }
    if columns.len() == COLUMNS_MAX {
        return Err(format!(
            "all rows together have more than {COLUMNS_MAX} keys"
        ));
    }
    let taken = Taken::of(key);
    let is_taken = taken != Taken::Attribute && columns.iter().any(|it| it.taken == taken);
    columns.push(Column {
        name: key.to_owned(),
        taken: if is_taken { Taken::Attribute } else { taken },
    });
    Ok(columns.len() - 1)
}

/// Returns an id as text: a whole number digit by digit.
fn id(value: &Tree) -> Result<String, String> {
    match value {
        Tree::String(text) => Ok(text.to_string()),
        Tree::Null => Err(NO_ID.into()),
        Tree::Number(number) => {
            let text = number.to_string();
            let digits = text.strip_prefix('-').unwrap_or(&text);
            match digits.bytes().all(|byte| byte.is_ascii_digit()) {
                true => Ok(text),
                false => Err("its id is a number that is not whole".into()),
            }
        }
        Tree::Bool(_) | Tree::Array(_) | Tree::Object(_) => {
            Err("its id is neither text nor a number".into())
        }
    }
}

fn groups(value: &Tree, row: &mut Row) -> Result<(), String> {
    match value {
        Tree::Null => Ok(()),
        Tree::String(text) => {
            split_groups(text, &mut row.groups);
            Ok(())
        }
        Tree::Array(names) => {
            for name in names {
                let name = name.as_str().ok_or("one of its groups is not text")?.trim();
                if !name.is_empty() {
                    row.groups.push(name);
                }
            }
            Ok(())
        }
        Tree::Bool(_) | Tree::Number(_) | Tree::Object(_) => {
            Err("its groups are neither a list nor text".into())
        }
    }
}

fn weight_of(value: &Tree) -> Result<Option<f64>, String> {
    match value {
        Tree::Null => Ok(None),
        Tree::String(text) => weight(text),
        Tree::Number(number) => {
            let weight = number.as_f64().filter(|weight| *weight > 0.0);
            weight
                .map(Some)
                .ok_or_else(|| not_a_weight(&number.to_string()))
        }
        other => Err(not_a_weight(&other.to_string())),
    }
}

fn attribute(value: &Tree, column: u32, row: &mut Row) -> Result<(), String> {
    match value {
        Tree::Null => Ok(()),
        Tree::String(text) => take_attribute(row, column, text),
        other => take_attribute(row, column, &other.to_string()),
    }
}
