//! A fixed number of places, for connections and for streams. When all are taken, the holder that
//! can be spared leaves for the newcomer: without the token before those with it, and among equals
//! the one that has waited longest.
//!
//! So clients that connect and do nothing cannot keep others out, and a client that is being
//! answered is never cut off for one that only connects.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::load::{Count, Load};
use crate::lock::lock;

/// The places.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    of: Kind,
    load: Arc<Load>,
    holders: Mutex<Holders>,
}

/// What the places are for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Connections,
    Streams,
}

/// Who asks for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    /// A client that has sent nothing yet: it may have the token or not.
    New,
    WithoutToken,
    WithToken,
}

#[derive(Debug, Default)]
struct Holders {
    next: u64,
    by_number: BTreeMap<u64, Arc<Holder>>,
}

/// What is known of the holder of a place.
#[derive(Debug)]
pub(super) struct Holder {
    has_token: AtomicBool,
    /// What it is doing for which it must not leave.
    tasks: AtomicUsize,
    waiting_since: Mutex<Instant>,
    leave: CancellationToken,
    cut: CancellationToken,
}

/// A place, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    holder: Arc<Holder>,
}

/// While this is held, the holder keeps its place.
#[derive(Debug)]
pub(super) struct Task(Arc<Holder>);

impl Places {
    pub(super) fn new(max: usize, of: Kind, load: &Arc<Load>) -> Arc<Self> {
        Arc::new(Self {
            max,
            of,
            load: Arc::clone(load),
            holders: Mutex::default(),
        })
    }

    /// Takes a place. `None` if all are taken and none of the holders can leave for this client:
    /// they are at work, or have the token and this client has not.
    pub(super) fn take(self: &Arc<Self>, client: Client) -> Option<Place> {
        let mut holders = lock(&self.holders);
        if holders.by_number.len() >= self.max {
            let spared = holders.spared(client)?;
            let holder = holders.by_number.remove(&spared)?;
            holder.leave.cancel();
            self.evicted().add(1);
        }
        let holder = Arc::new(Holder {
            has_token: AtomicBool::new(client == Client::WithToken),
            tasks: AtomicUsize::new(0),
            waiting_since: Mutex::new(Instant::now()),
            leave: CancellationToken::new(),
            cut: CancellationToken::new(),
        });
        let number = holders.next;
        holders.next += 1;
        holders.by_number.insert(number, Arc::clone(&holder));
        self.open().add(1);
        Some(Place {
            places: Arc::clone(self),
            number,
            holder,
        })
    }

    fn open(&self) -> &Count {
        match self.of {
            Kind::Connections => &self.load.connections,
            Kind::Streams => &self.load.streams,
        }
    }

    fn evicted(&self) -> &Count {
        match self.of {
            Kind::Connections => &self.load.connections_evicted,
            Kind::Streams => &self.load.streams_evicted,
        }
    }
}

impl Holders {
    /// Returns the holder that can be spared first.
    fn spared(&self, client: Client) -> Option<u64> {
        let waiting = self.by_number.iter().filter(|(_, holder)| {
            !holder.is_at_work() && (client != Client::WithoutToken || !holder.has_token())
        });
        let first = waiting.min_by_key(|(_, holder)| {
            let since = *lock(&holder.waiting_since);
            (holder.has_token(), since)
        });
        first.map(|(number, _)| *number)
    }
}

impl Place {
    pub(super) fn holder(&self) -> &Arc<Holder> {
        &self.holder
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.places.holders).by_number.remove(&self.number);
        self.places.open().subtract(1);
    }
}

impl Holder {
    /// Completes when the place is needed for another.
    pub(super) async fn must_leave(&self) {
        self.leave.cancelled().await;
    }

    /// Ends it at once, whatever it is doing.
    pub(super) fn cut_off(&self) {
        self.cut.cancel();
    }

    /// Completes when it is to end at once.
    pub(super) async fn is_cut_off(&self) {
        self.cut.cancelled().await;
    }

    /// Notes that the client presented the token.
    pub(super) fn note_token(&self) {
        self.has_token.store(true, Ordering::Release);
    }

    /// Whether it must not leave.
    pub(super) fn is_at_work(&self) -> bool {
        self.tasks.load(Ordering::Acquire) > 0
    }

    fn has_token(&self) -> bool {
        self.has_token.load(Ordering::Acquire)
    }

    /// Keeps the place for as long as what is returned.
    pub(super) fn begin(self: &Arc<Self>) -> Task {
        self.tasks.fetch_add(1, Ordering::AcqRel);
        Task(Arc::clone(self))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        *lock(&self.0.waiting_since) = Instant::now();
        self.0.tasks.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::Client::{New, WithToken, WithoutToken};
    use super::*;

    fn places(max: usize) -> Arc<Places> {
        Places::new(max, Kind::Connections, &Arc::default())
    }

    fn is_needed(place: &Place) -> bool {
        place.holder.leave.is_cancelled()
    }

    fn counts(places: &Places) -> (u64, u64) {
        (places.open().get(), places.evicted().get())
    }

    #[test]
    fn the_holder_that_waits_longest_leaves() {
        let places = places(3);
        let [first, second, third] = [(); 3].map(|()| places.take(New).unwrap());
        drop(first.holder().begin());
        let _fourth = places.take(New).unwrap();
        assert!(is_needed(&second) && !is_needed(&first) && !is_needed(&third));
        assert_eq!(counts(&places), (4, 1), "it is on its way out");
        drop(second);
        drop(third);
        let _fifth = places.take(New).unwrap();
        assert_eq!(counts(&places), (3, 1));
    }

    #[test]
    fn a_holder_at_work_keeps_its_place() {
        let places = places(1);
        let place = places.take(New).unwrap();
        let (task, longer) = (place.holder().begin(), place.holder().begin());
        assert!(places.take(WithToken).is_none());
        drop(task);
        assert!(places.take(WithToken).is_none());
        drop(longer);
        assert!(places.take(WithToken).is_some() && is_needed(&place));
    }

    #[test]
    fn a_client_with_the_token_leaves_last_and_never_for_one_without() {
        let places = places(2);
        let known = places.take(New).unwrap();
        known.holder().note_token();
        let unknown = places.take(WithoutToken).unwrap();
        let _third = places.take(WithToken).unwrap();
        assert!(is_needed(&unknown) && !is_needed(&known));
        assert!(places.take(WithoutToken).is_none());
        assert!(places.take(New).is_some() && is_needed(&known));
    }
}
