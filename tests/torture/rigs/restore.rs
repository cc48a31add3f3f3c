//! Restores over HTTP: two processes of each of two applications, a reviewer, two servers on one
//! folder, all of which are killed or lose an answer, against the model of restores.
//!
//! Nothing is confirmed that did not happen, of the restores of a source one is open at most, and
//! in the end no process waits for one that does not come.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use flagdeck::wire::RestoreStatus;

use crate::ledger::{Programs, Request};
use crate::model::{CELLS, Cells, GROUPS, Model, Restore, SOURCES, Scope, cells_of, tree_of};
use crate::program::{PATIENCE, Serving, faults, json as ask, run};
use crate::round::Round;
use crate::servers::Servers;

const STEPS: usize = 40;

/// After one in so many steps all restores are compared, which takes a command.
const COMPARE_ONE_IN: usize = 5;

/// Processes that report, two of each source.
const PROCESSES: usize = 4;

/// A process of an application: what it has in memory, and what it was asked to become.
#[derive(Debug, Clone, Default)]
struct Process {
    memory: Cells,
    told: Option<u64>,
    read: Option<(u64, Cells)>,
}

/// The programs, and the model of what they have to say.
struct Bench {
    servers: Servers,
    model: Model,
    processes: [Process; PROCESSES],
}

pub fn round(round: &mut Round) {
    let mut bench = Bench {
        servers: Servers::start(&round.data()),
        model: Model::default(),
        processes: Default::default(),
    };
    for process in 0..2 {
        bench.report(round, process, None);
        bench.snapshot(round, process);
    }
    for _ in 0..round.steps(STEPS) {
        bench.step(round);
    }
    bench.end_what_is_open(round);
    bench.plant(round);
    bench.check(round);
}

impl Bench {
    fn step(&mut self, round: &mut Round) {
        let process = round.rng.usize(0..PROCESSES);
        match round.rng.u8(0..30) {
            0..3 => self.change(round, process),
            3 => self.start_stale(round, process),
            4..7 => self.report(round, process, None),
            7..11 => self.connect(round, process),
            11..15 => self.read(round, process),
            15..19 => self.confirm(round, process),
            19 => self.claim(round, process),
            20..22 => self.snapshot(round, process % SOURCES.len()),
            22..27 => self.restore(round),
            _ => self.take_back(round),
        }
        if round.rng.usize(0..COMPARE_ONE_IN) == 0 {
            self.compare(round);
        }
    }

    /// A value changes in memory, and is not reported.
    fn change(&mut self, round: &mut Round, process: usize) {
        let (cell, value) = (round.rng.usize(0..CELLS.len()), round.rng.u8(0..3));
        let memory = &mut self.processes[process].memory;
        match round.rng.u8(0..4) {
            0 => memory.remove(&cell),
            _ => memory.insert(cell, value),
        };
    }

    /// A process ends, and starts with what it had kept long ago.
    fn start_stale(&mut self, round: &mut Round, process: usize) {
        let cells = (0..CELLS.len()).filter_map(|cell| {
            let is_there = round.rng.bool();
            is_there.then(|| (cell, round.rng.u8(0..3)))
        });
        let memory: BTreeMap<_, _> = cells.collect();
        self.processes[process] = Process {
            memory,
            ..Process::default()
        };
    }

    /// Reports the state of a process until that is acknowledged, and compares what is said of the
    /// restore that it confirms.
    fn report(&mut self, round: &mut Round, process: usize, confirms: Option<u64>) {
        let (source, cells) = (process % 2, self.processes[process].memory.clone());
        let header = confirms.map_or(String::new(), |id| format!("Ml-Restore: {id}\r\n"));
        let request = Request {
            method: "PUT",
            path: format!("/api/ml/state/{}", SOURCES[source]),
            headers: format!("Content-Type: application/json\r\n{header}"),
            body: tree_of(&cells).to_string(),
            is_repeatable: true,
        };
        let answer = self.servers.send(round, &request).unwrap_or_default();
        round.counts.acknowledged += 1;
        let told: Value = serde_json::from_str(&answer).unwrap_or_default();
        let told = (&told["restore"]["status"], &told["restore"]["isExact"]);
        let expected = confirms.map(|id| self.model.confirm(source, id, &cells));
        let expected = expected.map_or((Value::Null, Value::Null), |(status, is_exact)| {
            (json!(status), json!(is_exact))
        });
        if told != (&expected.0, &expected.1) {
            round.lost(&format!("{confirms:?} answered {told:?}, not {expected:?}"));
        }
        self.model.reported[source] = Some(cells);
    }

    /// Connects, and hears what is open.
    fn connect(&mut self, round: &mut Round, process: usize) {
        let source = process % 2;
        let Some(open) = self.model.open(source).map(|open| open.id) else {
            return;
        };
        match told(self.servers.any(round), SOURCES[source]) {
            Ok(id) if id == open => self.processes[process].told = Some(id),
            told => round.silent(&format!("{open} is open, and told is {told:?}")),
        }
    }

    /// Reads what it was told of, which may have ended since.
    fn read(&mut self, round: &mut Round, process: usize) {
        let source = process % 2;
        let Some(id) = self.processes[process].told.take() else {
            return;
        };
        let path = format!("/api/ml/state/{}/restores/{id}", SOURCES[source]);
        let answer = self.servers.any(round).send("GET", &path, "", "");
        let open = self.model.open(source).filter(|open| open.id == id);
        let reported = self.model.reported[source].clone().unwrap_or_default();
        match (answer, open) {
            (Ok(answer), Some(open)) => {
                let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
                let asked = cells_of(&answer["ml"]);
                if asked != open.scope.laid(&open.then, &reported) {
                    round.silent(&format!("{id} asks for {asked:?}, of {open:?}"));
                }
                self.processes[process].read = Some((id, asked));
            }
            (Err(error), None) if error.to_string().starts_with("HTTP/1.1 410") => {}
            (answer, open) => round.silent(&format!("{path} answers {answer:?}, of {open:?}")),
        }
    }

    /// Takes what it read, and confirms.
    fn confirm(&mut self, round: &mut Round, process: usize) {
        if let Some((id, cells)) = self.processes[process].read.take() {
            self.processes[process].memory = cells;
            self.report(round, process, Some(id));
        }
    }

    /// Confirms a restore, or a number that is none, with what it has.
    fn claim(&mut self, round: &mut Round, process: usize) {
        let id = round.rng.u64(1..self.model.restores.len() as u64 + 2);
        self.report(round, process, Some(id));
    }

    fn snapshot(&mut self, round: &mut Round, source: usize) {
        let Some(reported) = self.model.reported[source].clone() else {
            return;
        };
        let arguments = format!("snapshot take --source {}", SOURCES[source]);
        let taken = self.servers.command(round, &arguments);
        if let Some(id) = taken.and_then(|taken| taken[0]["id"].as_u64()) {
            self.model.snapshots.push((id, source, reported));
        }
    }

    /// A reviewer asks for a snapshot, in whole or in part.
    fn restore(&mut self, round: &mut Round) {
        if self.model.snapshots.is_empty() {
            return;
        }
        let which = round.rng.usize(0..self.model.snapshots.len());
        let (snapshot, source, then) = self.model.snapshots[which].clone();
        let before = self.model.reported[source].clone().unwrap_or_default();
        let (only, except) = (keys(round, &then, &before), keys(round, &then, &before));
        let mut arguments = format!("snapshot restore {snapshot}");
        for (option, keys) in [("--only", &only), ("--except", &except)] {
            arguments.extend(keys.iter().map(|key| format!(" {option} {key}")));
        }
        let restore = Restore {
            id: 0,
            source,
            scope: Scope::of(&only, &except),
            then,
            before,
            status: RestoreStatus::Open,
            is_exact: None,
            undoes: None,
        };
        self.ask(round, &arguments, restore);
    }

    /// A reviewer cancels a restore or undoes it.
    fn take_back(&mut self, round: &mut Round) {
        if self.model.restores.is_empty() {
            return;
        }
        let which = round.rng.usize(0..self.model.restores.len());
        let of = self.model.restores[which].clone();
        let is_undo = round.rng.bool();
        if is_undo && of.status == RestoreStatus::Confirmed {
            let reported = self.model.reported[of.source].clone().unwrap_or_default();
            let undo = Restore {
                then: of.before,
                before: reported,
                status: RestoreStatus::Open,
                is_exact: None,
                undoes: Some(of.id),
                ..of
            };
            self.ask(round, &format!("snapshot undo {}", of.id), undo);
            return;
        }
        let verb = if is_undo { "undo" } else { "cancel" };
        let told = self
            .servers
            .command(round, &format!("snapshot {verb} {}", of.id));
        let is_cancelled = listed(round)
            .get(which)
            .is_some_and(|it| it["status"] == "cancelled");
        match (of.status, told.is_some()) {
            // Without an answer, it was done or not.
            (RestoreStatus::Open, _) if is_cancelled => {
                self.model.restores[which].status = RestoreStatus::Cancelled;
            }
            (RestoreStatus::Open, true) => round.lost(&format!("{verb} of {}", of.id)),
            (RestoreStatus::Open, false) | (_, false) => {}
            (_, true) => round.silent(&format!("{verb} of {}, which had ended", of.id)),
        }
    }

    /// Runs a command that asks for a restore, and looks whether it did if it was killed.
    fn ask(&mut self, round: &mut Round, arguments: &str, restore: Restore) {
        let answer = self.servers.command(round, arguments).unwrap_or_default();
        // Of a restore that would change nothing there is none.
        let told = answer["restore"].is_object() || answer["id"].is_u64();
        round.counts.acknowledged += u64::from(told);
        let listed = listed(round);
        let asked = &listed[listed.len().min(self.model.restores.len())..];
        match asked {
            [one] => {
                let number = |name: &str| one[name].as_u64().unwrap_or_default();
                let (id, safety) = (number("id"), number("safety"));
                let (source, before) = (restore.source, restore.before.clone());
                self.model.snapshots.push((safety, source, before));
                self.model.ask(Restore { id, ..restore });
            }
            [] if told => round.lost(&format!("{arguments}: {listed:?}")),
            [] => {}
            several => round.silent(&format!("{arguments} asked {} times", several.len())),
        }
    }

    /// Lets a process of each source take what is open, from either server.
    fn end_what_is_open(&mut self, round: &mut Round) {
        for process in 0..PROCESSES {
            self.connect(round, process);
            self.read(round, process);
            self.confirm(round, process);
        }
        for (source, name) in SOURCES.iter().enumerate() {
            if let Some(open) = self.model.open(source) {
                round.silent(&format!("{name} waits for {}", open.id));
            }
        }
    }

    fn plant(&mut self, round: &mut Round) {
        if round.plants() {
            // Confirmed, and never asked for.
            let restore = Restore {
                id: 4242,
                source: 0,
                scope: Scope::default(),
                then: Cells::new(),
                before: Cells::new(),
                status: RestoreStatus::Confirmed,
                is_exact: Some(true),
                undoes: None,
            };
            self.model.restores.push(restore);
        }
        if round.plants() {
            self.model.reported[1] = Some(Cells::from([(0, 42)]));
        }
    }

    /// Compares all restores with the model.
    fn compare(&self, round: &mut Round) {
        let is = |it: &Restore| {
            let (only, except) = (it.scope.only.len(), it.scope.except.len());
            json!([it.id, it.status, it.is_exact, it.undoes, only, except])
        };
        let expected: Vec<Value> = self.model.restores.iter().map(is).collect();
        let is = |it: &Value| {
            let length = |name: &str| it[name].as_array().map_or(0, Vec::len);
            let (only, except) = (length("only"), length("except"));
            json!([
                it["id"],
                it["status"],
                it["isExact"],
                it["undoes"],
                only,
                except
            ])
        };
        let found: Vec<Value> = listed(round).iter().map(is).collect();
        if found != expected {
            round.lost(&format!("restores are {found:?}, not {expected:?}"));
        }
    }

    fn check(&self, round: &mut Round) {
        self.compare(round);
        for (source, reported) in self.model.reported.iter().enumerate() {
            let state = ask(
                &round.data(),
                &format!("state get --source {}", SOURCES[source]),
            );
            let state = state.as_ref().map(cells_of);
            if &state != reported {
                round.lost(&format!("{state:?} is reported, and not {reported:?}"));
            }
        }
        for fault in faults(&round.data()) {
            round.lost(&format!("doctor finds: {fault}"));
        }
    }
}

/// Lists all restores, the first one first.
fn listed(round: &Round) -> Vec<Value> {
    let output = run(&round.data(), "snapshot restores --limit 1000 --json");
    let listed = serde_json::from_slice::<Vec<Value>>(&output.stdout);
    let listed = listed.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    listed.into_iter().rev().collect()
}

/// Chooses keys that are there, then or now.
fn keys(round: &mut Round, then: &Cells, before: &Cells) -> Vec<String> {
    let count = round.rng.usize(0..3);
    let key = |_| {
        let number = round.rng.usize(0..CELLS.len() + GROUPS.len());
        let is_there = then.contains_key(&number) || before.contains_key(&number);
        match number.checked_sub(CELLS.len()) {
            Some(group) => Some(GROUPS[group].0.to_owned()),
            None => is_there.then(|| CELLS[number].to_owned()),
        }
    };
    (0..count).filter_map(key).collect()
}

/// Connects to the stream, and returns which restore of a source it tells of before its first
/// heartbeat.
fn told(serving: &Serving, source: &str) -> io::Result<u64> {
    let mut stream = TcpStream::connect(&serving.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /api/ml/flags/stream HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        serving.address, serving.token
    )?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next() {
        let line = line?;
        if line.starts_with(':') {
            break;
        }
        if line == "event: ml:state:restored" {
            let data = lines.next().transpose()?.unwrap_or_default();
            let data = data.strip_prefix("data: ").unwrap_or_default();
            let data: Value = serde_json::from_str(data)?;
            if data["source"] == source {
                return data["restore"]
                    .as_u64()
                    .ok_or(io::ErrorKind::InvalidData.into());
            }
        }
    }
    Err(io::Error::other("nothing"))
}
