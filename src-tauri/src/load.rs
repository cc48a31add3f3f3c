//! What the server carries at present: connections, streams, and bytes of bodies.
//!
//! Counted by the server, shown by `/healthz` and `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that the server keeps up to date and others read.
#[derive(Debug, Default)]
pub struct Load {
    /// Connections that are open.
    pub connections: Count,
    /// Streams of events that are open.
    pub streams: Count,
    /// Bytes of request bodies and states that are reserved in memory.
    pub body_bytes: Count,
    /// Connections that were closed because a newer one needed the place, since the start.
    pub connections_evicted: Count,
    /// Streams that were ended because a newer one needed the place, since the start.
    pub streams_evicted: Count,
    /// Requests that were refused because too many bytes were in memory, since the start.
    pub bodies_refused: Count,
}

/// A number that several threads count.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds to it.
    pub fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// Takes off what was added before.
    pub fn subtract(&self, by: u64) {
        self.0.fetch_sub(by, Ordering::Relaxed);
    }

    /// Returns it.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
