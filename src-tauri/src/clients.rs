//! Who uses the HTTP interface: the clients of this process that were seen lately, over which
//! interface.
//!
//! In memory only, and of one process: a client of another program on the same data folder is
//! listed there. What a client calls itself is the text of another program and proves nothing.
//!
//! Bounded, and fair while it is full: clients are kept by program, and those that leave are of
//! the program with the most of them. So a program that calls itself by ever other names pushes
//! out its own only, and programs beyond [`PROGRAMS_MAX`] share one entry.

use std::collections::HashMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use crate::lock::lock;
use crate::source::SourceName;

/// Clients that are kept.
pub const CLIENTS_MAX: usize = 1000;

/// Programs that are told apart. Each keeps `CLIENTS_MAX / (PROGRAMS_MAX + 1)` clients at least.
pub const PROGRAMS_MAX: usize = 100;

/// For how long a client is listed after it was seen last, in seconds.
pub const SEEN_FOR_S: u32 = 15 * 60;

/// The largest program makes room by one client of so many.
const EVICTED_AT_ONCE: usize = 8;

const SEEN_FOR_MS: i64 = SEEN_FOR_S as i64 * 1000;

/// How often clients that were not seen for long are looked for while there is no room.
const SWEEP_EVERY_MS: i64 = 1000;

/// What of the HTTP interface a client uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum Interface {
    /// The flag document.
    Document,
    /// The event stream.
    Stream,
    /// The OpenFeature Remote Evaluation Protocol.
    Ofrep,
    /// Events that are reported.
    Events,
    /// States that are reported.
    State,
    /// The metrics, as Prometheus reads them.
    Metrics,
}

impl Interface {
    /// Every interface, in the order they are listed.
    pub const ALL: [Self; 6] = [
        Self::Document,
        Self::Stream,
        Self::Ofrep,
        Self::Events,
        Self::State,
        Self::Metrics,
    ];
}

/// The clients that were seen lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Connected {
    /// For how long a client is listed after it was seen last, in seconds.
    pub seen_for_s: u32,
    /// The clients, the latest newcomer first.
    pub clients: Vec<Client>,
}

/// A client that was seen lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Client {
    /// The source it says it is; `null` if it gives no name.
    pub source: Option<String>,
    /// The product it calls itself, such as `curl`; `null` for one of more programs than are told
    /// apart.
    pub program: Option<String>,
    /// When it was seen first, in milliseconds since 1970.
    pub first_ms: i64,
    /// When it was seen last.
    pub last_ms: i64,
    /// What it used.
    pub uses: Vec<ClientUse>,
}

/// How a client uses one interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ClientUse {
    /// The interface.
    pub over: Interface,
    /// Requests that succeeded since `first_ms`.
    pub requests: u64,
    /// When it was used first, in milliseconds since 1970.
    pub first_ms: i64,
    /// When it was used last; of a stream, when one was opened or closed last.
    pub last_ms: i64,
    /// Streams that are open now.
    pub open: u32,
}

/// The registry of clients. Noting a client that is known allocates nothing.
#[derive(Debug, Default)]
pub struct Clients(Mutex<Registry>);

#[derive(Debug, Default)]
struct Registry {
    programs: HashMap<Box<str>, Program>,
    /// All programs beyond [`PROGRAMS_MAX`].
    others: Program,
    swept_ms: Option<i64>,
}

/// The clients of one program.
#[derive(Debug, Default)]
struct Program {
    unnamed: Option<Record>,
    named: HashMap<SourceName, Record>,
}

/// One request of a client.
#[derive(Debug, Clone, Copy)]
struct Used {
    over: Interface,
    /// Streams that it opened.
    opened: u32,
    at_ms: i64,
}

/// What is known of one client.
#[derive(Debug, Default)]
struct Record([Option<ClientUse>; Interface::ALL.len()]);

impl Clients {
    /// Notes a request of a client that succeeded.
    pub fn note(&self, source: Option<&SourceName>, program: &str, over: Interface, now_ms: i64) {
        let used = Used {
            over,
            opened: 0,
            at_ms: now_ms,
        };
        lock(&self.0).note(source, program, used);
    }

    /// Notes that a client opened a stream; [`Self::note_closed`] notes its end.
    pub fn note_opened(&self, source: Option<&SourceName>, program: &str, now_ms: i64) {
        let used = Used {
            over: Interface::Stream,
            opened: 1,
            at_ms: now_ms,
        };
        lock(&self.0).note(source, program, used);
    }

    /// Notes that a stream of a client is closed.
    pub fn note_closed(&self, source: Option<&SourceName>, program: &str, now_ms: i64) {
        let registry = &mut *lock(&self.0);
        let own = registry.programs.get_mut(program);
        let is_closed = own.is_some_and(|own| own.close(source, now_ms));
        if !is_closed {
            // Opened before its program was told apart.
            registry.others.close(source, now_ms);
        }
    }

    /// Lists the clients that were seen in the last [`SEEN_FOR_S`] seconds.
    pub fn list(&self, now_ms: i64) -> Connected {
        let mut registry = lock(&self.0);
        registry.sweep(now_ms);
        let known = registry.programs.iter();
        let known = known.flat_map(|(name, program)| program.clients(Some(name)));
        let mut clients: Vec<Client> = known.chain(registry.others.clients(None)).collect();
        drop(registry);
        clients.sort_by(|one, other| {
            let latest_first = other.first_ms.cmp(&one.first_ms);
            let names = |client: &Client| (client.source.clone(), client.program.clone());
            latest_first.then_with(|| names(one).cmp(&names(other)))
        });
        Connected {
            seen_for_s: SEEN_FOR_S,
            clients,
        }
    }
}

impl Registry {
    /// Notes what a client did. One that is not known yet gets the place of another if all are
    /// taken.
    fn note(&mut self, source: Option<&SourceName>, program: &str, used: Used) {
        if let Some(record) = self.program(program).known(source) {
            return record.note(used);
        }
        self.make_room(used.at_ms);
        self.admit(program, used.at_ms);
        self.program(program).client(source).note(used);
    }

    /// Returns the program of a name, or all others if that is not told apart.
    fn program(&mut self, name: &str) -> &mut Program {
        self.programs.get_mut(name).unwrap_or(&mut self.others)
    }

    /// Tells a program apart from now on, if there is a place for it.
    fn admit(&mut self, name: &str, now_ms: i64) {
        if self.programs.contains_key(name) {
            return;
        }
        if self.programs.len() >= PROGRAMS_MAX {
            self.sweep_when_due(now_ms);
        }
        if self.programs.len() < PROGRAMS_MAX {
            self.programs.insert(name.into(), Program::default());
        }
    }

    fn make_room(&mut self, now_ms: i64) {
        if self.len() < CLIENTS_MAX {
            return;
        }
        self.sweep_when_due(now_ms);
        if self.len() < CLIENTS_MAX {
            return;
        }
        let all = self.programs.values_mut().chain([&mut self.others]);
        if let Some(largest) = all.max_by_key(|program| program.len()) {
            largest.evict();
        }
    }

    fn len(&self) -> usize {
        let programs = self.programs.values().chain([&self.others]);
        programs.map(Program::len).sum()
    }

    /// Keeps a flood of names from having every client looked at for each of them.
    fn sweep_when_due(&mut self, now_ms: i64) {
        let is_due = |swept_ms: i64| (now_ms - swept_ms).abs() >= SWEEP_EVERY_MS;
        if self.swept_ms.is_none_or(is_due) {
            self.sweep(now_ms);
        }
    }

    /// Forgets what was not used lately.
    fn sweep(&mut self, now_ms: i64) {
        self.swept_ms = Some(now_ms);
        for program in self.programs.values_mut().chain([&mut self.others]) {
            program.sweep(now_ms);
        }
        self.forget_empty();
    }

    fn forget_empty(&mut self) {
        self.programs.retain(|_, program| program.len() > 0);
    }
}

impl Program {
    fn len(&self) -> usize {
        self.named.len() + usize::from(self.unnamed.is_some())
    }

    fn known(&mut self, source: Option<&SourceName>) -> Option<&mut Record> {
        match source {
            Some(source) => self.named.get_mut(source),
            None => self.unnamed.as_mut(),
        }
    }

    fn client(&mut self, source: Option<&SourceName>) -> &mut Record {
        match source {
            Some(source) => self.named.entry(source.clone()).or_default(),
            None => self.unnamed.get_or_insert_default(),
        }
    }

    /// Notes the end of a stream. Returns whether there was one.
    fn close(&mut self, source: Option<&SourceName>, now_ms: i64) -> bool {
        let record = self.known(source);
        let stream = record.and_then(|record| record.of(Interface::Stream).as_mut());
        let Some(stream) = stream.filter(|stream| stream.open > 0) else {
            return false;
        };
        stream.open -= 1;
        stream.last_ms = stream.last_ms.max(now_ms);
        true
    }

    /// Forgets clients with a name: a part of them at once, because each look at all of them takes
    /// its time, and those first that were not seen for longest. One with an open stream is seen
    /// now.
    fn evict(&mut self) {
        if self.named.is_empty() {
            return;
        }
        let leaving = (self.named.len() / EVICTED_AT_ONCE).max(1);
        let mut seen: Vec<_> = self.named.values().map(Record::seen).collect();
        seen.select_nth_unstable(leaving - 1);
        let (last, mut left) = (seen[leaving - 1], leaving);
        self.named.retain(|_, record| {
            let leaves = left > 0 && record.seen() <= last;
            left -= usize::from(leaves);
            !leaves
        });
    }

    fn sweep(&mut self, now_ms: i64) {
        self.named.retain(|_, record| record.sweep(now_ms));
        self.unnamed.take_if(|record| !record.sweep(now_ms));
    }

    fn clients(&self, program: Option<&str>) -> impl Iterator<Item = Client> {
        let named = self.named.iter().map(|(name, record)| (Some(name), record));
        let unnamed = self.unnamed.iter().map(|record| (None, record));
        named.chain(unnamed).map(move |(source, record)| Client {
            source: source.map(|name| name.as_str().to_owned()),
            program: program.map(str::to_owned),
            first_ms: record.uses().map(|one| one.first_ms).min().unwrap_or(0),
            last_ms: record.last_ms(),
            uses: record.uses().copied().collect(),
        })
    }
}

impl Record {
    fn of(&mut self, over: Interface) -> &mut Option<ClientUse> {
        &mut self.0[over as usize]
    }

    fn note(&mut self, used: Used) {
        let one = self.of(used.over).get_or_insert(ClientUse {
            over: used.over,
            requests: 0,
            first_ms: used.at_ms,
            last_ms: used.at_ms,
            open: 0,
        });
        one.requests += 1;
        one.open += used.opened;
        one.last_ms = one.last_ms.max(used.at_ms);
    }

    /// Forgets what was not used lately. Returns whether anything is left.
    fn sweep(&mut self, now_ms: i64) -> bool {
        let is_old = |one: &mut ClientUse| one.open == 0 && now_ms - one.last_ms > SEEN_FOR_MS;
        for one in &mut self.0 {
            one.take_if(|one| is_old(one));
        }
        self.uses().next().is_some()
    }

    fn uses(&self) -> impl Iterator<Item = &ClientUse> {
        self.0.iter().flatten()
    }

    fn last_ms(&self) -> i64 {
        self.uses().map(|one| one.last_ms).max().unwrap_or(0)
    }

    /// Sorts clients by how long ago they were seen: one with an open stream comes last.
    fn seen(&self) -> (bool, i64) {
        (self.uses().any(|one| one.open > 0), self.last_ms())
    }
}
