//! Restores against a simple model of them: sources that report at the wrong time, confirm what
//! they do not have, die and come back stale, two processes of one name; a reviewer who restores,
//! cancels and undoes; and Flagdeck killed between any two steps.
//!
//! The model is in `support/restores.rs`.

use std::path::Path;

use flagdeck::App;
use flagdeck::error::Code;
use flagdeck::metrics::event::Format;
use flagdeck::state::{Confirmation, SourceName};
use flagdeck::wire::{RestoreFilter, RestoreRequest, RestoreStatus, SnapshotLabel, StateRestore};
use flagdeck_core::tree::Tree;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use tempfile::TempDir;

use crate::states::me;
use crate::support::apps::open;
use crate::support::restores::{
    CELLS, Cells, GROUPS, Model, Restore, SOURCES, Scope, cells_of, tree_of,
};

const CASES: u32 = 96;
const STEPS_MAX: usize = 60;

/// How long a failing case is made simpler, in milliseconds: each try is a store of its own.
const SHRINK_MS: u32 = 20_000;

/// Processes that report, two of each source.
const PROCESSES: usize = 4;

/// A process of an application: what it has in memory, and what it knows of restores.
#[derive(Debug, Clone, Default)]
struct Process {
    memory: Option<Cells>,
    told: Vec<u64>,
    read: Option<(u64, Cells)>,
}

#[derive(Debug, Clone)]
enum Step {
    /// A process starts with what it had kept, which may be stale.
    Start(usize, Cells),
    Die(usize),
    /// A value changes in memory, and is not reported.
    Change(usize, usize, Option<u8>),
    /// The whole state is put, without a word of any restore.
    Report(usize),
    /// One change is posted.
    Post(usize, usize, u8),
    /// The process connects to the stream, and hears what is open.
    Connect(usize),
    /// It reads what the first restore asks for that it was told of.
    Read(usize),
    /// It takes what it read, and confirms.
    Confirm(usize),
    /// It confirms a restore, or a number that is none, with what it has.
    Claim(usize, Index),
    Snapshot(usize),
    Restore(Index, Vec<usize>, Vec<usize>),
    Cancel(Index),
    Undo(Index),
    /// Flagdeck is killed, and starts again on what is on disk.
    Kill,
}

fn cells() -> impl Strategy<Value = Cells> {
    prop::collection::btree_map(0..CELLS.len(), 0..3u8, 0..CELLS.len())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let process = 0..PROCESSES;
    let keys = || prop::collection::vec(0..CELLS.len() + GROUPS.len(), 0..3);
    let step = prop_oneof![
        3 => (process.clone(), cells()).prop_map(|(p, cells)| Step::Start(p, cells)),
        1 => process.clone().prop_map(Step::Die),
        2 => (process.clone(), 0..CELLS.len(), prop::option::of(0..3u8))
            .prop_map(|(p, cell, value)| Step::Change(p, cell, value)),
        5 => process.clone().prop_map(Step::Report),
        2 => (process.clone(), 0..3usize, 0..3u8).prop_map(|(p, cell, value)| Step::Post(p, cell, value)),
        3 => process.clone().prop_map(Step::Connect),
        4 => process.clone().prop_map(Step::Read),
        4 => process.clone().prop_map(Step::Confirm),
        1 => (process, any::<Index>()).prop_map(|(p, which)| Step::Claim(p, which)),
        3 => (0..SOURCES.len()).prop_map(Step::Snapshot),
        5 => (any::<Index>(), keys(), keys()).prop_map(|(which, only, except)| Step::Restore(which, only, except)),
        1 => any::<Index>().prop_map(Step::Cancel),
        2 => any::<Index>().prop_map(Step::Undo),
        1 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 20..STEPS_MAX)
}

fn key(number: usize) -> String {
    let group = number.checked_sub(CELLS.len());
    group
        .map_or_else(|| CELLS[number], |group| GROUPS[group].0)
        .to_owned()
}

/// Flagdeck, and the model of it.
struct Bench {
    app: Option<App>,
    folder: TempDir,
    model: Model,
    processes: [Process; PROCESSES],
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            app: Some(open(folder.path())),
            folder,
            model: Model::default(),
            processes: Default::default(),
        }
    }

    fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    fn run(&mut self, step: &Step) {
        match step.clone() {
            Step::Start(p, cells) => {
                self.processes[p] = Process {
                    memory: Some(cells),
                    ..Process::default()
                };
            }
            Step::Die(p) => self.processes[p] = Process::default(),
            Step::Change(p, cell, value) => {
                if let Some(memory) = &mut self.processes[p].memory {
                    set(memory, cell, value);
                }
            }
            Step::Report(p) => {
                self.put(p, None);
            }
            Step::Post(p, cell, value) => self.post(p, cell, value),
            Step::Connect(p) => self.connect(p),
            Step::Read(p) => self.read(p),
            Step::Confirm(p) => {
                if let Some((id, cells)) = self.processes[p].read.take() {
                    self.processes[p].memory = Some(cells);
                    self.put(p, Some(id));
                }
            }
            Step::Claim(p, which) => {
                let id = which.index(self.model.restores.len() + 1) as u64 + 1;
                self.put(p, Some(id));
            }
            Step::Snapshot(source) => self.snapshot(source),
            Step::Restore(which, only, except) => self.restore(which, &only, &except),
            Step::Cancel(which) => self.cancel(which),
            Step::Undo(which) => self.undo(which),
            Step::Kill => self.kill(),
        }
    }

    fn put(&mut self, p: usize, confirms: Option<u64>) {
        let Some(cells) = self.processes[p].memory.clone() else {
            return;
        };
        let source = p % SOURCES.len();
        let body = tree_of(&cells).to_string();
        let put = self
            .app()
            .put_state(&name(source), body.as_bytes(), None, confirms);
        let told = put.expect("a report is never refused").restore;
        let expected = confirms.map(|id| (id, self.model.confirm(source, id, &cells)));
        let told = told.map(
            |Confirmation {
                 id,
                 status,
                 is_exact,
                 ..
             }| (id, (status, is_exact)),
        );
        assert_eq!(told, expected);
        self.model.reported[source] = Some(cells);
    }

    fn post(&mut self, p: usize, cell: usize, value: u8) {
        let source = p % SOURCES.len();
        let (Some(memory), Some(reported)) = (
            &mut self.processes[p].memory,
            &mut self.model.reported[source],
        ) else {
            return;
        };
        set(memory, cell, Some(value));
        set(reported, cell, Some(value));
        let change = json!([{ "key": CELLS[cell], "newValue": value }]).to_string();
        let receipt = self
            .app()
            .record_changes(&name(source), change.as_bytes(), Format::Json);
        assert_eq!(receipt.unwrap().accepted, 1);
    }

    fn connect(&mut self, p: usize) {
        let source = p % SOURCES.len();
        let open = self.app().open_restores().unwrap().into_iter();
        let told: Vec<u64> = open
            .filter(|restore| restore.source == SOURCES[source])
            .map(|restore| restore.id)
            .collect();
        let expected: Vec<u64> = self
            .model
            .open(source)
            .map(|open| open.id)
            .into_iter()
            .collect();
        assert_eq!(told, expected, "what is told on connecting is what is open");
        if self.processes[p].memory.is_some() {
            self.processes[p].told = told;
        }
    }

    fn read(&mut self, p: usize) {
        let source = p % SOURCES.len();
        let Some(id) = self.processes[p].told.pop() else {
            return;
        };
        let asked = self.app().asked_state(&name(source), id);
        let is_open = self.model.open(source).is_some_and(|open| open.id == id);
        assert_eq!(asked.is_ok(), is_open, "only what is open can be read");
        let asked = asked.ok().map(|asked| cells_in(&asked.state.ml));
        self.processes[p].read = asked.map(|asked| (id, asked));
    }

    fn snapshot(&mut self, source: usize) {
        let Some(reported) = self.model.reported[source].clone() else {
            return;
        };
        let taken = self
            .app()
            .take_snapshots(Some(&name(source)), &SnapshotLabel::default());
        let id = taken.unwrap()[0].id;
        self.model.snapshots.push((id, source, reported));
    }

    fn restore(&mut self, which: Index, only: &[usize], except: &[usize]) {
        if self.model.snapshots.is_empty() {
            return;
        }
        let (snapshot, source, then) = which.get(&self.model.snapshots).clone();
        let before = self.model.reported[source].clone().unwrap();
        // Only what is there, now or then, can be named.
        let is_there = |key: &String| {
            let cell = CELLS.iter().position(|cell| cell == key);
            cell.is_none_or(|cell| then.contains_key(&cell) || before.contains_key(&cell))
        };
        let keys = |numbers: &[usize]| -> Vec<String> {
            numbers
                .iter()
                .map(|number| key(*number))
                .filter(is_there)
                .collect()
        };
        let request = RestoreRequest {
            snapshot,
            only: keys(only),
            except: keys(except),
            with_flags: false,
        };
        let scope = Scope::of(&request.only, &request.except);
        let restore = self.app().restore_state(&request, &me()).unwrap();
        self.asked_for(&restore, source, scope, then, before);
    }

    fn asked_for(
        &mut self,
        restore: &StateRestore,
        source: usize,
        scope: Scope,
        then: Cells,
        before: Cells,
    ) {
        self.model
            .snapshots
            .push((restore.safety.unwrap(), source, before.clone()));
        self.model.ask(Restore {
            id: restore.id,
            source,
            scope,
            then,
            before,
            status: RestoreStatus::Open,
            is_exact: None,
            undoes: restore.undoes,
        });
    }

    fn cancel(&mut self, which: Index) {
        if self.model.restores.is_empty() {
            return;
        }
        let place = which.index(self.model.restores.len());
        let id = self.model.restores[place].id;
        let cancelled = self.app().cancel_restore(id, &me());
        match self.model.restores[place].status {
            RestoreStatus::Open => {
                assert_eq!(cancelled.unwrap().ended_by, Some(me()));
                self.model.restores[place].status = RestoreStatus::Cancelled;
            }
            _ => assert_eq!(cancelled.unwrap_err().code(), Code::RestoreEnded),
        }
    }

    fn undo(&mut self, which: Index) {
        if self.model.restores.is_empty() {
            return;
        }
        let place = which.index(self.model.restores.len());
        let of = self.model.restores[place].clone();
        let undone = self.app().undo_restore(of.id, &me());
        match of.status {
            RestoreStatus::Open => {
                assert_eq!(undone.unwrap().restore.id, of.id);
                self.model.restores[place].status = RestoreStatus::Cancelled;
            }
            RestoreStatus::Confirmed => {
                let undo = undone.unwrap().restore;
                assert_eq!(undo.undoes, Some(of.id));
                let before = self.model.reported[of.source].clone().unwrap();
                self.asked_for(&undo, of.source, of.scope, of.before, before);
            }
            _ => assert_eq!(undone.unwrap_err().code(), Code::RestoreEnded),
        }
    }

    /// Goes on with what a kill leaves: the files as they are while Flagdeck has them open.
    fn kill(&mut self) {
        let left = tempfile::tempdir().unwrap();
        copy(self.folder.path(), left.path());
        drop(self.app.take());
        self.app = Some(open(left.path()));
        self.folder = left;
    }

    #[track_caller]
    fn check(&self) {
        let app = self.app();
        for (source, reported) in self.model.reported.iter().enumerate() {
            let current = app.current_state(&name(source)).ok();
            let current = current.map(|current| cells_in(&current.ml));
            assert_eq!(&current, reported, "the state is the last report");
            let Some(open) = self.model.open(source) else {
                continue;
            };
            let asked = app.asked_state(&name(source), open.id).unwrap();
            let expected = open.scope.laid(&open.then, reported.as_ref().unwrap());
            assert_eq!(cells_in(&asked.state.ml), expected, "{open:?}");
        }
        let page = app
            .state_restores(&RestoreFilter::default(), 0, usize::MAX)
            .unwrap();
        let told = page.restores.iter().rev();
        let told: Vec<_> = told
            .map(|it| {
                (
                    it.id,
                    it.status,
                    it.is_exact,
                    it.undoes,
                    it.only.len(),
                    it.except.len(),
                )
            })
            .collect();
        let expected = self.model.restores.iter();
        let expected: Vec<_> = expected
            .map(|it| {
                let (only, except) = (it.scope.only.len(), it.scope.except.len());
                (it.id, it.status, it.is_exact, it.undoes, only, except)
            })
            .collect();
        assert_eq!(told, expected, "no restore is lost or changed");
    }
}

fn cells_in(tree: &Tree) -> Cells {
    cells_of(&serde_json::to_value(tree).unwrap())
}

fn name(source: usize) -> SourceName {
    SOURCES[source].parse().unwrap()
}

fn set(cells: &mut Cells, cell: usize, value: Option<u8>) {
    match value {
        Some(value) => cells.insert(cell, value),
        None => cells.remove(&cell),
    };
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // What is in shared memory is gone with the processes.
        if entry.file_type().unwrap().is_file() && !entry.path().ends_with("state.db-shm") {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, max_shrink_time: SHRINK_MS, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn restores_hold_whatever_sources_and_reviewers_do(steps in steps()) {
        let mut bench = Bench::new();
        for step in &steps {
            bench.run(step);
            bench.check();
        }
    }
}
