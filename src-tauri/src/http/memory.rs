//! How many bytes of bodies and of large answers are in memory at a time, for all connections
//! together.
//!
//! A request reserves the bytes of its body before any of it is read, and holds them until it is
//! answered. If others hold too many, it waits in line, and is refused if that takes long. Answers
//! have memory of their own: requests that hold a body and wait for an answer would otherwise wait
//! for each other.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::limits::Limits;
use super::problem::ProblemDetails;
use crate::error::Code;
use crate::load::Load;

/// The bytes that requests share.
#[derive(Debug)]
pub(super) struct Memory {
    free: Arc<Semaphore>,
    bytes_max: usize,
    wait: Duration,
    load: Arc<Load>,
}

/// Bytes that one request may use, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    bytes: u64,
    load: Arc<Load>,
    _permit: OwnedSemaphorePermit,
}

impl Memory {
    /// The memory for the bodies of requests, which `load` counts.
    pub(super) fn of_bodies(limits: &Limits, load: &Arc<Load>) -> Self {
        Self::new(limits.body_bytes_in_memory_max, limits, load)
    }

    /// The memory for large answers.
    pub(super) fn of_answers(limits: &Limits) -> Self {
        Self::new(limits.answer_bytes_in_memory_max, limits, &Arc::default())
    }

    fn new(bytes_max: usize, limits: &Limits, load: &Arc<Load>) -> Self {
        Self {
            free: Arc::new(Semaphore::new(bytes_max)),
            bytes_max,
            wait: limits.memory_wait,
            load: Arc::clone(load),
        }
    }

    /// Reserves bytes, in the order of the requests.
    ///
    /// # Errors
    /// 429 if other requests hold them for too long.
    pub(super) async fn reserve(&self, bytes: usize) -> Result<Reserved, ProblemDetails> {
        let bytes = bytes.min(self.bytes_max);
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let reserving = Arc::clone(&self.free).acquire_many_owned(permits);
        let Ok(Ok(permit)) = timeout(self.wait, reserving).await else {
            self.load.bodies_refused.add(1);
            return Err(ProblemDetails::new(
                Code::TooMuchAtOnce,
                "Other requests send too much at the same time.",
            )
            .with(RETRY_AFTER, 1)
            .closing());
        };
        self.load.body_bytes.add(u64::from(permits));
        Ok(Reserved {
            bytes: u64::from(permits),
            load: Arc::clone(&self.load),
            _permit: permit,
        })
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.load.body_bytes.subtract(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn memory(bytes_max: usize) -> Memory {
        let limits = Limits {
            body_bytes_in_memory_max: bytes_max,
            memory_wait: Duration::from_millis(50),
            ..Limits::default()
        };
        Memory::of_bodies(&limits, &Arc::default())
    }

    #[tokio::test]
    async fn a_request_waits_for_others_and_is_refused_in_the_end() {
        let memory = memory(100);
        let first = memory.reserve(60).await.unwrap();
        let refused = memory.reserve(60).await.unwrap_err().into_response();
        assert_eq!(refused.status(), 429);
        assert_eq!(memory.load.bodies_refused.get(), 1);
        let (second, ()) = tokio::join!(memory.reserve(60), async { drop(first) });
        assert!(second.is_ok());
        assert_eq!(memory.load.body_bytes.get(), 60);
        drop(second);
        assert_eq!(memory.load.body_bytes.get(), 0);
    }

    #[tokio::test]
    async fn a_body_larger_than_all_of_it_is_read_alone() {
        let memory = memory(100);
        let all = memory.reserve(1000).await.unwrap();
        assert!(memory.reserve(1).await.is_err());
        drop(all);
        assert!(memory.reserve(1).await.is_ok());
    }
}
