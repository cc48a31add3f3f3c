//! A thread that does one thing after the other: what takes much memory is not done by many threads
//! at a time, and the allocator, which keeps memory for each thread that had some, keeps it once.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::problem::ProblemDetails;

type Job = Box<dyn FnOnce() + Send>;

/// A handle to the thread, which ends when all handles are dropped.
#[derive(Debug, Clone)]
pub(super) struct Worker(mpsc::Sender<Job>);

impl Worker {
    /// Jobs in the queue before senders have to wait.
    const JOBS_MAX: usize = 64;

    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has none.
    pub(super) fn start(name: &str) -> io::Result<Self> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(Self::JOBS_MAX);
        thread::Builder::new().name(name.into()).spawn(move || {
            while let Some(job) = waiting.blocking_recv() {
                job();
            }
        })?;
        Ok(Self(jobs))
    }

    /// Does something on the thread, and returns its result.
    ///
    /// # Errors
    /// 500 if it panics; the thread continues.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ProblemDetails> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
                // Fails only if the client does not wait any more.
                let _ = answer.send(done);
            }
        });
        let sent = self.0.send(job).await;
        sent.map_err(|_| ProblemDetails::internal())?;
        answered.await.map_err(|_| ProblemDetails::internal())
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[tokio::test]
    async fn a_worker_does_one_thing_after_the_other_on_one_thread() {
        let worker = Worker::start("flagdeck-test").unwrap();
        let here = || thread::current().id();
        let (first, second) = tokio::join!(worker.run(here), worker.run(here));
        assert_eq!(first.unwrap(), second.unwrap());
    }

    #[tokio::test]
    async fn a_panic_is_answered_and_survived() {
        let worker = Worker::start("flagdeck-test").unwrap();
        let failed = worker.run(|| -> () { panic!("a secret") }).await;
        let failed = failed.unwrap_err().into_response();
        assert_eq!(failed.status(), 500);
        assert_eq!(worker.run(|| 7).await.unwrap(), 7);
    }
}
