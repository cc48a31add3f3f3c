//! The one thread that writes, and owns the connection it writes through.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use crate::store::StoreError;

/// Jobs in the queue before senders have to wait.
const JOBS_MAX: usize = 64;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle to the thread; dropping it closes the connection and ends the thread.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` only while being dropped: the thread ends when all senders are gone.
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::sync_channel(JOBS_MAX);
        let thread = thread::Builder::new()
            .name("flagdeck-store".into())
            .spawn(move || work(connection, waiting))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Runs a job on the thread and waits for its result. A job that panics is answered with
    /// [`StoreError::Panicked`]; its transaction is rolled back, and the thread continues.
    pub(super) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let job = Box::new(move |connection: &mut Connection| {
            let result = catch_unwind(AssertUnwindSafe(|| job(connection)))
                .unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
            // Fails only if the caller does not wait any more.
            let _ = answer.send(result);
        });
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).map_err(|_| StoreError::Closed)?;
        answered.recv().map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's thread panicked while it closed");
        }
    }
}

fn work(mut connection: Connection, jobs: Receiver<Job>) {
    for job in jobs {
        job(&mut connection);
    }
    close(connection);
}

/// Checkpoints the log into the database, so that one file holds everything while it is idle. Does
/// not wait for other programs: the last one to close does it for all.
fn close(connection: Connection) {
    let emptied = connection
        .busy_timeout(Duration::ZERO)
        .and_then(|()| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    if let Err(error) = emptied {
        tracing::warn!(%error, "the store's log stays for the next start");
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the store did not close cleanly");
    }
}

fn panicked(panic: &(dyn Any + Send)) -> StoreError {
    let text = panic.downcast_ref::<&str>().copied();
    let message = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    StoreError::Panicked {
        message: message.unwrap_or("no message").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().expect("a database in memory");
        connection
            .execute_batch("CREATE TABLE t (x)")
            .expect("a table");
        Writer::start(connection).expect("a thread")
    }

    fn count(writer: &Writer) -> i64 {
        writer
            .run(|connection| {
                Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
            })
            .expect("it answers")
    }

    #[test]
    fn a_panic_is_answered_rolled_back_and_survived() {
        let writer = writer();
        let answer = writer.run::<()>(|connection| {
            let transaction = connection.transaction()?;
            transaction.execute("INSERT INTO t VALUES (1)", [])?;
            panic!("a defect");
        });
        let Err(StoreError::Panicked { message }) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(message, "a defect");
        assert_eq!(count(&writer), 0);
    }

    #[test]
    fn dropping_waits_for_the_thread_to_end() {
        let (running, ended) = mpsc::channel::<()>();
        let writer = writer();
        writer
            .run(move |connection| {
                // Lives as long as the connection does.
                connection
                    .update_hook(Some(move |_, _: &str, _: &str, _| drop(running.clone())))?;
                Ok(())
            })
            .expect("it answers");
        assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Empty));
        drop(writer);
        assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    }
}
