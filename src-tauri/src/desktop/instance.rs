//! One window for each data folder: starting another brings the open one to the front.
//!
//! A file lock decides which process is first, and the system releases it however a process ends.
//! Other processes ask the first one through a socket to show itself.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use flagdeck::private;

const LOCK: &str = "window.lock";
const SOCKET: &str = "window.sock";

/// The request and the answer.
const SHOW: &[u8] = b"show\n";
const SHOWN: &[u8] = b"shown\n";

/// Timeout for the answer of the first one, which may only just be starting.
const PATIENCE: Duration = Duration::from_secs(10);

/// Timeout for reading a request.
const ASKED_WITHIN: Duration = Duration::from_secs(1);

const PAUSE: Duration = Duration::from_millis(20);

/// Bytes of a socket's path that every system allows.
const PATH_BYTES_MAX: usize = 100;

/// Which process has the data folder's window.
#[derive(Debug)]
pub enum Start {
    /// This process.
    First(Instance),
    /// Another process, which was asked to show it.
    Shown,
}

/// The registration of the process that has the window; others find it until it is dropped or
/// leaves.
#[derive(Debug)]
pub struct Instance {
    data_dir: PathBuf,
    hold: Mutex<Hold>,
}

/// The held lock, and the socket for requests.
#[derive(Debug)]
struct Hold {
    lock: File,
    listener: UnixListener,
    /// Set when the lock file was replaced, and another process may take over.
    is_over: Arc<AtomicBool>,
}

/// Registers as the window of a data folder, or asks the registered process to show its window.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] if another process has the window and does not answer; others if the
/// folder has no room for a lock or a socket.
pub fn start(data_dir: &Path) -> io::Result<Start> {
    private::create_folders(data_dir)?;
    let lock = open_lock(data_dir)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Instance::take(data_dir, lock).map(Start::First),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // The first one may not listen yet, or may have just exited.
        match ask(data_dir) {
            Ok(()) => return Ok(Start::Shown),
            Err(_) if Instant::now() < deadline => thread::sleep(PAUSE),
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Instance {
    fn take(data_dir: &Path, lock: File) -> io::Result<Self> {
        Ok(Self {
            data_dir: data_dir.to_owned(),
            hold: Mutex::new(Hold::take(data_dir, lock)?),
        })
    }

    /// Calls `show` whenever another process asks for the window.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn listen(&self, show: impl Fn() + Send + 'static) -> io::Result<()> {
        self.hold().listen(show)
    }

    /// Registers again if the folder was removed or replaced, and with it the lock and the socket;
    /// calls `show` from then on.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if another window was opened on the folder; others if it has
    /// no room for a lock or a socket.
    pub fn take_again(&self, show: impl Fn() + Send + 'static) -> io::Result<()> {
        let mut hold = self.hold();
        if hold.is_in_place(&self.data_dir) {
            return Ok(());
        }
        let lock = open_lock(&self.data_dir)?;
        lock.try_lock()?;
        let again = Hold::take(&self.data_dir, lock)?;
        again.listen(show)?;
        let before = std::mem::replace(&mut *hold, again);
        before.end();
        Ok(())
    }

    /// Unregisters, for a process that exits without dropping anything.
    pub fn leave(&self) {
        // The files there may belong to another window by now.
        if self.hold().is_in_place(&self.data_dir) {
            let _ = fs::remove_file(self.data_dir.join(SOCKET));
        }
    }

    fn hold(&self) -> MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Hold {
    /// Binds the socket of the process that has the lock.
    fn take(data_dir: &Path, lock: File) -> io::Result<Self> {
        let path = data_dir.join(SOCKET);
        // A killed process left its socket behind; it does not hold the lock any more.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let folder = File::open(data_dir)?;
        let listener = private::listen(&socket(data_dir, &folder), &path)?;
        Ok(Self {
            lock,
            listener,
            is_over: Arc::default(),
        })
    }

    fn listen(&self, show: impl Fn() + Send + 'static) -> io::Result<()> {
        let (listener, is_over) = (self.listener.try_clone()?, Arc::clone(&self.is_over));
        let thread = thread::Builder::new().name("flagdeck-instance".into());
        thread.spawn(move || {
            for asking in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                if let Err(error) = asking.and_then(|asking| answer(asking, &show)) {
                    tracing::warn!(%error, "another process could not ask for the window");
                    thread::sleep(PAUSE);
                }
            }
        })?;
        Ok(())
    }

    /// Returns whether the lock that others find is this one.
    fn is_in_place(&self, data_dir: &Path) -> bool {
        let identity = |it: fs::Metadata| (it.dev(), it.ino());
        let there = fs::metadata(data_dir.join(LOCK)).map(identity);
        let own = self.lock.metadata().map(identity);
        matches!((there, own), (Ok(there), Ok(own)) if there == own)
    }

    /// Ends its thread, which waits at a socket that no process finds.
    fn end(self) {
        self.is_over.store(true, Ordering::SeqCst);
        // As a stream, because a listener cannot be shut down; this wakes the thread.
        let socket = UnixStream::from(OwnedFd::from(self.listener));
        if let Err(error) = socket.shutdown(Shutdown::Both) {
            tracing::warn!(%error, "the socket that was removed stays open");
        }
    }
}

fn open_lock(data_dir: &Path) -> io::Result<File> {
    private::open_lock(&data_dir.join(LOCK))
}

fn ask(data_dir: &Path) -> io::Result<()> {
    let folder = File::open(data_dir)?;
    let mut first = UnixStream::connect(socket(data_dir, &folder))?;
    first.set_read_timeout(Some(PATIENCE))?;
    first.write_all(SHOW)?;
    expect(&mut first, SHOWN)
}

fn answer(mut asking: UnixStream, show: &impl Fn()) -> io::Result<()> {
    asking.set_read_timeout(Some(ASKED_WITHIN))?;
    asking.set_write_timeout(Some(ASKED_WITHIN))?;
    expect(&mut asking, SHOW)?;
    show();
    asking.write_all(SHOWN)
}

fn expect(stream: &mut UnixStream, words: &[u8]) -> io::Result<()> {
    let mut said = vec![0; words.len()];
    stream.read_exact(&mut said)?;
    match said == words {
        true => Ok(()),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Returns the path of a folder's socket. If it is too long for a socket, the path goes through the
/// open folder in `/proc/self/fd`.
fn socket(data_dir: &Path, folder: &File) -> PathBuf {
    let path = data_dir.join(SOCKET);
    match path.as_os_str().as_bytes().len() > PATH_BYTES_MAX {
        true => PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd())),
        false => path,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::mpsc;

    use super::*;

    fn take(folder: &Path) -> Instance {
        match start(folder).expect("it can start") {
            Start::First(instance) => instance,
            Start::Shown => panic!("nobody else is there"),
        }
    }

    #[track_caller]
    fn check_second(folder: &Path) {
        let first = take(folder);
        let (asked, shows) = mpsc::channel();
        first
            .listen(move || asked.send(()).expect("the test waits"))
            .expect("it listens");
        let second = start(folder).expect("it can start");
        assert!(matches!(second, Start::Shown), "{second:?}");
        assert_eq!(shows.try_recv(), Ok(()));
    }

    #[test]
    fn the_second_asks_the_first_to_show_itself() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        check_second(&temporary.path().join("made/by/the/first"));
    }

    #[test]
    fn a_folder_of_a_long_name_has_one_window_too() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        check_second(&temporary.path().join("long".repeat(40)));
    }

    #[test]
    fn folders_have_a_window_each() {
        let one = tempfile::tempdir().expect("a temporary folder");
        let other = tempfile::tempdir().expect("a temporary folder");
        let _first = take(one.path());
        take(other.path());
    }

    #[test]
    fn whoever_comes_after_the_first_has_ended_is_the_first() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        drop(take(temporary.path()));
        assert!(!temporary.path().join(SOCKET).exists());
        take(temporary.path());
    }

    #[test]
    fn a_socket_that_a_killed_process_left_is_no_obstacle() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        drop(UnixListener::bind(temporary.path().join(SOCKET)).expect("a socket"));
        check_second(temporary.path());
    }

    #[test]
    fn the_place_is_taken_again_in_a_folder_that_was_written_back() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let folder = temporary.path().join("data");
        let first = take(&folder);
        first.listen(|| {}).expect("it listens");
        let (asked, shows) = mpsc::channel();
        let show = move || asked.send(()).expect("the test waits");
        fs::remove_dir_all(&folder).expect("it can be removed");
        fs::create_dir(&folder).expect("it is there again");
        first.take_again(show).expect("no other has it");
        let second = start(&folder).expect("it can start");
        assert!(matches!(second, Start::Shown), "{second:?}");
        assert_eq!(shows.try_recv(), Ok(()));
        first
            .take_again(|| panic!("nothing is to be taken"))
            .expect("it has the place");
        let third = start(&folder).expect("it can start");
        assert!(matches!(third, Start::Shown), "{third:?}");
        assert_eq!(shows.try_recv(), Ok(()));
    }

    #[test]
    fn a_place_that_another_window_took_is_left_to_it() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let folder = temporary.path().join("data");
        let first = take(&folder);
        fs::remove_dir_all(&folder).expect("it can be removed");
        let second = take(&folder);
        let refused = first.take_again(|| {}).expect_err("another has it");
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
        drop(first);
        assert!(folder.join(SOCKET).exists(), "it is the second one's");
        drop(second);
        assert!(!folder.join(SOCKET).exists());
    }

    #[test]
    fn nobody_else_may_use_the_socket() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let first = take(temporary.path());
        for file in [LOCK, SOCKET] {
            let metadata = fs::metadata(temporary.path().join(file)).expect("it exists");
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{file}");
        }
        drop(first);
    }
}
