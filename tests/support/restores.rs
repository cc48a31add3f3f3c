//! A simple model of restores, which shares nothing with the code: a state is a handful of cells,
//! and a restore the cells it asks for. No keys, no trees, no laying of the one on the other.

use std::collections::{BTreeMap, BTreeSet};

use flagdeck::state::ConfirmationStatus;
use flagdeck::wire::RestoreStatus;
use serde_json::{Value, json};

pub const SOURCES: [&str; 2] = ["kanban", "notes"];

/// What a state is made of: plain values, a value in an object, and records of a list.
pub const CELLS: [&str; 6] = [
    "ml.a",
    "ml.b",
    "ml.deep.x",
    "ml.list[id=alpha]",
    "ml.list[id=beta]",
    "ml.list[id=gamma]",
];

/// Keys that name several cells.
pub const GROUPS: [(&str, &[usize]); 2] = [("ml.deep", &[2]), ("ml.list", &[3, 4, 5])];

/// The value of each cell that is there.
pub type Cells = BTreeMap<usize, u8>;

pub fn tree_of(cells: &Cells) -> Value {
    let mut tree = json!({ "deep": {}, "list": [] });
    for (cell, value) in cells {
        let key = CELLS[*cell];
        match key.split_once("[id=") {
            Some((_, id)) => {
                let record = json!({ "id": id.trim_end_matches(']'), "n": value });
                let list = tree["list"].as_array_mut();
                list.expect("it begins as a list").push(record);
            }
            None if key == "ml.deep.x" => tree["deep"]["x"] = json!(value),
            None => tree[key.trim_start_matches("ml.")] = json!(value),
        }
    }
    tree
}

pub fn cells_of(tree: &Value) -> Cells {
    let record = |id: &str| {
        let mut list = tree["list"].as_array().into_iter().flatten();
        let found = list.find(|record| record["id"] == id);
        found.map_or(Value::Null, |record| record["n"].clone())
    };
    let value = |cell: usize| match cell {
        0 => tree["a"].clone(),
        1 => tree["b"].clone(),
        2 => tree["deep"]["x"].clone(),
        3 => record("alpha"),
        4 => record("beta"),
        _ => record("gamma"),
    };
    let cells = (0..CELLS.len()).map(|cell| (cell, value(cell).as_u64()));
    let there = cells.filter_map(|(cell, value)| Some((cell, u8::try_from(value?).ok()?)));
    there.collect()
}

/// Which cells a restore asks for.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub only: Vec<String>,
    pub except: Vec<String>,
    pub cells: BTreeSet<usize>,
}

impl Scope {
    pub fn of(only: &[String], except: &[String]) -> Self {
        let named = |keys: &[String]| -> BTreeSet<usize> {
            let cells = keys.iter().flat_map(|key| {
                let group = GROUPS.iter().find(|(name, _)| name == key);
                let own = CELLS.iter().position(|cell| cell == key);
                let group = group.map_or(&[][..], |(_, cells)| cells);
                group.iter().copied().chain(own).collect::<Vec<_>>()
            });
            cells.collect()
        };
        let all = match only.is_empty() {
            true => (0..CELLS.len()).collect(),
            false => named(only),
        };
        Self {
            only: only.to_vec(),
            except: except.to_vec(),
            cells: &all - &named(except),
        }
    }

    /// The cells of `then` for what is asked for, of `report` for the rest.
    pub fn laid(&self, then: &Cells, report: &Cells) -> Cells {
        let chosen = |cell: &usize| match self.cells.contains(cell) {
            true => then.get(cell),
            false => report.get(cell),
        };
        let cells = (0..CELLS.len()).filter_map(|cell| Some((cell, *chosen(&cell)?)));
        cells.collect()
    }

    pub fn is_met(&self, then: &Cells, has: &Cells) -> bool {
        self.cells
            .iter()
            .all(|cell| then.get(cell) == has.get(cell))
    }
}

#[derive(Debug, Clone)]
pub struct Restore {
    pub id: u64,
    pub source: usize,
    pub scope: Scope,
    pub then: Cells,
    /// What was reported when it was asked for.
    pub before: Cells,
    pub status: RestoreStatus,
    pub is_exact: Option<bool>,
    pub undoes: Option<u64>,
}

#[derive(Debug, Default)]
pub struct Model {
    pub reported: [Option<Cells>; 2],
    pub snapshots: Vec<(u64, usize, Cells)>,
    pub restores: Vec<Restore>,
}

impl Model {
    pub fn open(&self, source: usize) -> Option<&Restore> {
        let of_source = |it: &&Restore| it.source == source && it.status == RestoreStatus::Open;
        let mut open = self.restores.iter().filter(of_source);
        let first = open.next();
        assert!(open.next().is_none(), "two restores of one source are open");
        first
    }

    pub fn ask(&mut self, restore: Restore) {
        for other in &mut self.restores {
            if other.source == restore.source && other.status == RestoreStatus::Open {
                other.status = RestoreStatus::Superseded;
            }
        }
        self.restores.push(restore);
    }

    /// What a confirmation is told.
    pub fn confirm(
        &mut self,
        source: usize,
        id: u64,
        has: &Cells,
    ) -> (ConfirmationStatus, Option<bool>) {
        let known = self
            .restores
            .iter_mut()
            .find(|it| it.id == id && it.source == source);
        let Some(restore) = known else {
            return (ConfirmationStatus::Unknown, None);
        };
        if restore.status == RestoreStatus::Open {
            restore.status = RestoreStatus::Confirmed;
            restore.is_exact = Some(restore.scope.is_met(&restore.then, has));
        }
        let status = match restore.status {
            RestoreStatus::Superseded => ConfirmationStatus::Superseded,
            RestoreStatus::Cancelled => ConfirmationStatus::Cancelled,
            _ => ConfirmationStatus::Confirmed,
        };
        (status, restore.is_exact)
    }
}
