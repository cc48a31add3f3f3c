//! What programs acknowledged, and whether all of it is there in the end, once.
//!
//! A write that was not acknowledged may be there or not. What was acknowledged has to be there.

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Serving, faults, json as ask};
use crate::round::Round;

const STATE: &str = "/api/ml/state/web";
const JSON: &str = "Content-Type: application/json\r\n";

/// The programs on a data folder, while a rig does to them what it is there for.
pub trait Programs {
    /// Sends a request; `None` if it was not acknowledged.
    fn send(&mut self, round: &mut Round, request: &Request) -> Option<String>;

    /// Runs a command that prints JSON; `None` if it did not acknowledge.
    fn command(&mut self, round: &mut Round, arguments: &str) -> Option<Value>;
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub headers: String,
    pub body: String,
    /// Whether it may be sent again without an effect of its own.
    pub is_repeatable: bool,
}

pub struct Ledger {
    /// Percentages, each set once, and whether that was acknowledged.
    percentages: Vec<(f64, bool)>,
    events: u64,
    /// Sent without an answer: counted or not.
    events_unknown: u64,
    /// The last state that was acknowledged, `None` before any, and those sent since without an
    /// answer.
    states: Vec<Option<Value>>,
    /// Snapshots, with what the state may have been.
    snapshots: Vec<(u64, Vec<Option<Value>>)>,
    restores: Vec<u64>,
}

impl Ledger {
    pub fn new() -> Self {
        Self {
            percentages: Vec::new(),
            events: 0,
            events_unknown: 0,
            states: vec![None],
            snapshots: Vec::new(),
            restores: Vec::new(),
        }
    }

    /// Writes something or other; `step` differs from call to call.
    pub fn write(&mut self, round: &mut Round, programs: &mut impl Programs, step: usize) {
        match round.rng.u8(0..7) {
            0 => self.set_percentage(round, programs, step),
            1 => self.set_by_command(round, programs, step),
            2 => self.report(round, programs, step),
            3 => self.take_snapshot(round, programs),
            4 => self.restore(round, programs),
            5 => self.read_state(round, programs),
            _ => self.put_state(round, programs, step),
        }
    }

    /// Sets a percentage of its own, once: an answer that is lost leaves it unknown.
    pub fn set_percentage(&mut self, round: &mut Round, programs: &mut impl Programs, step: usize) {
        let percentage = percentage(step);
        let request = Request {
            method: "PATCH",
            path: "/api/ml/flags".to_owned(),
            headers: format!("{JSON}If-Match: *\r\n"),
            body: json!({ "rollout": { "percentage": percentage } }).to_string(),
            is_repeatable: false,
        };
        let is_acknowledged = programs.send(round, &request).is_some();
        round.counts.acknowledged += u64::from(is_acknowledged);
        self.percentages.push((percentage, is_acknowledged));
    }

    fn set_by_command(&mut self, round: &mut Round, programs: &mut impl Programs, step: usize) {
        let percentage = percentage(step);
        let arguments = format!("rollout --percentage {percentage}");
        let is_acknowledged = acknowledged(round, programs, &arguments).is_some();
        self.percentages.push((percentage, is_acknowledged));
    }

    /// Sends a batch under its key, which counts once however often it is sent.
    pub fn report(&mut self, round: &mut Round, programs: &mut impl Programs, step: usize) {
        let events = round.rng.u64(1..20);
        let line = "{\"type\":\"ml:usage\",\"source\":\"web\"}\n";
        let request = Request {
            method: "POST",
            path: "/api/ml/events".to_owned(),
            headers: format!(
                "Content-Type: application/x-ndjson\r\nIdempotency-Key: batch-{step}\r\n"
            ),
            body: line.repeat(events as usize),
            is_repeatable: true,
        };
        match programs.send(round, &request) {
            Some(_) => {
                round.counts.acknowledged += events;
                self.events += events;
            }
            None => self.events_unknown += events,
        }
    }

    pub fn put_state(&mut self, round: &mut Round, programs: &mut impl Programs, step: usize) {
        let state = json!({ "n": step, "list": [{ "id": "alpha", "n": step * 7 }], "kept": "é" });
        let request = Request {
            method: "PUT",
            path: STATE.to_owned(),
            headers: JSON.to_owned(),
            body: state.to_string(),
            is_repeatable: true,
        };
        if programs.send(round, &request).is_some() {
            round.counts.acknowledged += 1;
            self.states.clear();
        }
        self.states.push(Some(state));
    }

    /// An answer is one of the states that were sent, never a mixture.
    fn read_state(&self, round: &mut Round, programs: &mut impl Programs) {
        let request = Request {
            method: "GET",
            path: STATE.to_owned(),
            headers: String::new(),
            body: String::new(),
            is_repeatable: true,
        };
        let Some(answer) = programs.send(round, &request) else {
            return;
        };
        let state = serde_json::from_str(&answer).ok().map(|answer| ml(&answer));
        if !self.states.contains(&state) {
            round.silent(&format!("{answer} is none of {:?}", self.states));
        }
    }

    fn take_snapshot(&mut self, round: &mut Round, programs: &mut impl Programs) {
        let taken = acknowledged(round, programs, "snapshot take --source web");
        if let Some(id) = taken.and_then(|taken| taken[0]["id"].as_u64()) {
            self.snapshots.push((id, self.states.clone()));
        }
    }

    fn restore(&mut self, round: &mut Round, programs: &mut impl Programs) {
        let Some((id, _)) = self.snapshots.first() else {
            return;
        };
        let asked = acknowledged(round, programs, &format!("snapshot restore {id}"));
        self.restores
            .extend(asked.and_then(|asked| asked["restore"]["id"].as_u64()));
    }

    /// Compares with what sound programs say. In a control, notes first what never was.
    pub fn check(&mut self, round: &mut Round) {
        self.plant(round);
        let folder = round.data();
        for fault in faults(&folder) {
            round.lost(&format!("doctor finds: {fault}"));
        }
        self.check_flags(round, &folder);
        self.check_state(round, &folder);
        self.check_snapshots(round, &folder);
        self.check_restores(round, &folder);
        self.check_events(round, &folder);
    }

    /// Notes writes that were never sent, one of each kind.
    fn plant(&mut self, round: &mut Round) {
        const NEVER: u64 = 4242;
        if round.plants() {
            self.percentages.push((99.25, true));
        }
        if round.plants() {
            self.states = vec![Some(json!({ "n": "never" }))];
        }
        if round.plants() {
            self.snapshots.push((NEVER, self.states.clone()));
        }
        if round.plants() {
            self.restores.push(NEVER);
        }
        if round.plants() {
            self.events += self.events_unknown + NEVER;
        }
    }

    fn check_flags(&self, round: &mut Round, folder: &Path) {
        let history = ask(folder, "history --limit 1000").unwrap_or_default();
        let summaries = history.as_array().into_iter().flatten();
        let summaries: Vec<&str> = summaries.filter_map(|it| it["summary"].as_str()).collect();
        for (percentage, is_acknowledged) in &self.percentages {
            let end = format!(" → {percentage} %");
            let found = summaries.iter().filter(|it| it.ends_with(&end)).count();
            if found > 1 || (*is_acknowledged && found == 0) {
                round.lost(&format!(
                    "{percentage} % was set once, and is there {found} times"
                ));
            }
        }
    }

    fn check_state(&self, round: &mut Round, folder: &Path) {
        let state = ask(folder, "state get --source web");
        if !self.states.contains(&state) {
            round.lost(&format!("the state is {state:?}, of {:?}", self.states));
        }
    }

    fn check_snapshots(&self, round: &mut Round, folder: &Path) {
        for (id, states) in &self.snapshots {
            let shown = ask(folder, &format!("snapshot show {id}"));
            let state = shown.as_ref().map(ml);
            if state.is_none() || !states.contains(&state) {
                round.lost(&format!("snapshot {id} is {state:?}, of {states:?}"));
            }
        }
    }

    fn check_restores(&self, round: &mut Round, folder: &Path) {
        let restores = ask(folder, "snapshot restores --limit 1000").unwrap_or_default();
        for id in &self.restores {
            let found = restores.as_array().into_iter().flatten();
            if found.filter(|restore| restore["id"] == *id).count() != 1 {
                round.lost(&format!("restore {id}"));
            }
        }
    }

    fn check_events(&self, round: &mut Round, folder: &Path) {
        let serving = Serving::start(folder);
        let metrics = serving.send("GET", "/metrics", "", "").expect("it answers");
        let name = "ml_usage_total{source=\"web\"} ";
        let counted = metrics.lines().find_map(|line| line.strip_prefix(name));
        let counted: u64 = counted.map_or(0, |count| count.parse().expect("a number"));
        let possible = self.events..=self.events + self.events_unknown;
        if !possible.contains(&counted) {
            round.lost(&format!("{possible:?} events are counted as {counted}"));
        }
    }
}

/// Returns the state in an answer.
fn ml(answer: &Value) -> Value {
    answer["ml"].clone()
}

/// Returns a percentage that no other step has, up to 10 000 of them.
fn percentage(step: usize) -> f64 {
    (step * 10 + 5) as f64 / 1000.0
}

fn acknowledged(round: &mut Round, programs: &mut impl Programs, arguments: &str) -> Option<Value> {
    let answer = programs.command(round, arguments)?;
    round.counts.acknowledged += 1;
    Some(answer)
}
