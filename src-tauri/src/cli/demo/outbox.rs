//! What waits to be sent, bounded: while it is not taken, the oldest makes room.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::remote::Receipt;
use flagdeck::demo::event::{Event, ndjson};
use flagdeck::demo::host::STEP;

/// Events of one request.
pub const BATCH_EVENTS_MAX: usize = 1000;

/// Steps whose events are kept: 60 s of them. What is older would no longer be news.
const STEPS_KEPT_MAX: u64 = 60_000 / STEP.as_millis() as u64;

const KEY_BYTES: usize = 16;

/// Some events, as they are sent.
#[derive(Debug)]
pub struct Batch {
    /// Identifies this batch, so that it is counted once however often it is sent.
    pub key: String,
    /// How many events there are in `body`.
    pub events: u64,
    pub body: Vec<u8>,
    /// The step they happened in.
    step: u64,
}

/// What became of events so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// That happened.
    pub made: u64,
    /// That Flagdeck answered for.
    pub sent: u64,
    /// Of those, the ones that it did not take.
    pub refused: u64,
    /// That were too old to be sent any more.
    pub dropped: u64,
}

impl Counts {
    /// Returns how many events are still to be sent.
    pub fn waiting(self) -> u64 {
        self.made - self.sent - self.dropped
    }
}

/// Hands batches from the one who makes them to the one who sends them.
#[derive(Debug, Default)]
pub struct Outbox {
    // One lock for all of it: what waits and what was counted have to fit together.
    state: Mutex<State>,
    /// Rung when there is a batch, or when there will be no more.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Batch>,
    counts: Counts,
    trouble: Option<String>,
    is_closed: bool,
}

impl Outbox {
    /// Puts in what happened in a step; steps go up.
    pub fn put(&self, step: u64, events: &[Event]) {
        // Written before the lock is taken: no thread has to wait for that.
        let batches: Vec<Batch> = events
            .chunks(BATCH_EVENTS_MAX)
            .map(|events| Batch::new(step, events))
            .collect();
        let mut state = self.state();
        state.counts.made += events.len() as u64;
        state.waiting.extend(batches);
        let oldest_kept = (step + 1).saturating_sub(STEPS_KEPT_MAX);
        state.drop_before(oldest_kept);
        self.changed.notify_one();
    }

    /// Takes the oldest batch, and waits until there is one; none once the box is closed and
    /// empty.
    pub fn take(&self) -> Option<Batch> {
        let state = self.state();
        let is_idle = |state: &mut State| state.waiting.is_empty() && !state.is_closed;
        let woken = self.changed.wait_while(state, is_idle);
        let mut state = woken.unwrap_or_else(PoisonError::into_inner);
        state.waiting.pop_front()
    }

    /// Says that nothing more will be put in.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    /// Notes what became of a batch that was taken out.
    pub fn settle(&self, batch: &Batch, receipt: &Receipt) {
        let mut state = self.state();
        state.counts.sent += batch.events;
        // However many it says: of this batch there are no more.
        state.counts.refused += receipt.rejected.min(batch.events);
        let problem = receipt.problems.first();
        state.trouble = problem.map(|problem| format!("an event is refused: {}", problem.message));
    }

    /// Notes why a batch that was taken out could not be sent yet.
    pub fn report(&self, trouble: String) {
        self.state().trouble = Some(trouble);
    }

    /// Returns what became of all events so far.
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// Returns the current problem, if there is one.
    pub fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    /// Locks; what a panic left behind is whole, because nothing here panics half-way.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn drop_before(&mut self, step: u64) {
        while let Some(batch) = self.waiting.front()
            && batch.step < step
        {
            self.counts.dropped += batch.events;
            self.waiting.pop_front();
        }
    }
}

impl Batch {
    fn new(step: u64, events: &[Event]) -> Self {
        // Not from the host's seed: two runs with the same one are different events.
        let mut random = [0; KEY_BYTES];
        getrandom::fill(&mut random).expect("the operating system has random numbers");
        let digits = random.iter().map(|byte| format!("{byte:02x}"));
        Self {
            key: digits.collect(),
            events: events.len() as u64,
            body: ndjson(events),
            step,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 3] = [Event::Usage, Event::Usage, Event::Usage];

    #[test]
    fn what_is_put_in_first_is_taken_out_first_and_then_nothing() {
        let outbox = Outbox::default();
        outbox.put(0, &EVENTS);
        outbox.put(1, &EVENTS[..1]);
        outbox.put(2, &[]);
        outbox.close();
        let taken: Vec<u64> = std::iter::from_fn(|| outbox.take())
            .map(|batch| batch.events)
            .collect();
        assert_eq!(taken, [3, 1]);
    }

    #[test]
    fn a_minute_is_kept_and_what_is_older_is_dropped_and_counted() {
        let outbox = Outbox::default();
        for step in 0..1000 {
            outbox.put(step, &EVENTS);
        }
        let counts = outbox.counts();
        assert_eq!((counts.made, counts.dropped), (3000, 760 * 3));
        assert_eq!(counts.waiting(), 240 * 3);
        assert_eq!(outbox.take().unwrap().step, 760);
    }

    #[test]
    fn many_events_are_several_batches_with_a_key_each() {
        let outbox = Outbox::default();
        outbox.put(0, &vec![Event::Usage; 2500]);
        outbox.close();
        let batches: Vec<Batch> = std::iter::from_fn(|| outbox.take()).collect();
        let events: Vec<u64> = batches.iter().map(|batch| batch.events).collect();
        assert_eq!(events, [1000, 1000, 500]);
        assert!(batches[0].key != batches[1].key && batches[1].key != batches[2].key);
        let lines = batches[2].body.iter().filter(|byte| **byte == b'\n');
        assert_eq!(lines.count(), 500);
    }

    #[test]
    fn what_was_answered_for_is_sent_whether_taken_or_refused() {
        let outbox = Outbox::default();
        outbox.put(0, &EVENTS);
        let batch = outbox.take().unwrap();
        outbox.report("away".into());
        assert_eq!(outbox.trouble(), Some("away".into()));
        let problems = Vec::new();
        let rejected = 1;
        outbox.settle(&batch, &Receipt { rejected, problems });
        let counts = outbox.counts();
        assert_eq!((counts.sent, counts.refused, counts.waiting()), (3, 1, 0));
        assert_eq!(outbox.trouble(), None);
    }
}
