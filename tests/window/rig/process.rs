//! The processes of a workplace.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process_group};

use super::{PATIENCE, PULSE};

/// A process and whatever it starts, stopped together.
pub struct ProcessGroup(pub(super) Child);

impl ProcessGroup {
    pub(super) fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_owned();
        let child = command.process_group(0).spawn();
        Self(child.unwrap_or_else(|error| panic!("{} starts: {error}", name.display())))
    }

    /// Waits until the process listens at an address; `false` if it ends before that.
    pub(super) fn listens(&mut self, address: SocketAddr) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if !self.is_alive() {
                return false;
            }
            assert!(Instant::now() < deadline, "nothing listens at {address}");
            std::thread::sleep(PULSE);
        }
        true
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Tells whether a program still runs in the group.
    pub(super) fn runs(&self, program: &str) -> bool {
        self.process(program).is_some()
    }

    /// Tells whether no thread of a program has anything to do for a while.
    pub(super) fn rests(&self, program: &str) -> bool {
        const LOOKS: usize = 15;
        let Some(process) = self.process(program) else {
            return true;
        };
        let tasks = PathBuf::from(format!("/proc/{}/task", process.as_raw_nonzero()));
        (0..LOOKS).all(|_| {
            std::thread::sleep(PULSE);
            is_idle(&tasks)
        })
    }

    /// Finds a program that runs in the group.
    pub(super) fn process(&self, program: &str) -> Option<Pid> {
        let group = self.0.id().to_string();
        let processes = fs::read_dir("/proc").expect("Linux");
        let found = processes.flatten().find(|process| {
            // proc(5): `pid (program) state parent group …`
            let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let (Some((head, tail)), name) = (stat.rsplit_once(") "), format!("({program}")) else {
                return false;
            };
            let fields: Vec<&str> = tail.split(' ').collect();
            head.ends_with(&name) && fields[0] != "Z" && fields[2] == group
        });
        let number = found?.file_name().to_str()?.parse().ok()?;
        Pid::from_raw(number)
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.0);
        // The group may have ended by itself.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Tells whether all threads of a process wait for something.
fn is_idle(tasks: &Path) -> bool {
    let mut tasks = fs::read_dir(tasks).into_iter().flatten().flatten();
    tasks.all(|task| {
        // proc(5): `pid (program) state …`
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_none_or(|(_, state)| state.starts_with('S'))
    })
}
