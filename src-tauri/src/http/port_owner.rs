//! Finds out which program listens on a port of this machine, and whose it is.
//!
//! Reads `/proc`; finds nothing if that is missing, and no program of another user.

use std::fs;
use std::path::Path;

use crate::private;

/// Listening, in the state column of `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// Returns the program that listens on `port`: `node (process 123)`.
pub fn find(port: u16) -> Option<String> {
    let sockets = listening(port);
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|entry| {
        let process = entry.file_name().to_str()?.parse::<u32>().ok()?;
        holds_any(&entry.path(), &sockets).then(|| describe(process))
    })
}

fn describe(process: u32) -> String {
    match fs::read_to_string(format!("/proc/{process}/comm")) {
        Ok(name) => format!("{} (process {process})", name.trim_end()),
        Err(_) => format!("process {process}"),
    }
}

/// Returns the user who listens on `port`, if that is another one: any user may listen on a port
/// that is free.
pub fn another_user(port: u16) -> Option<String> {
    let mut users = listening(port).into_iter().map(|socket| socket.user);
    let another = users.find(|user| private::is_another_user(*user));
    another.map(private::described)
}

/// A socket that listens.
#[derive(Debug, PartialEq, Eq)]
struct Socket {
    user: u32,
    /// The target of a file descriptor for it: `socket:[4711]`.
    target: String,
}

fn listening(port: u16) -> Vec<Socket> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let tables = tables.into_iter().flatten();
    let lines = tables.flat_map(|table| {
        let sockets = table
            .lines()
            .filter_map(|line| listening_socket(line, port));
        sockets.collect::<Vec<_>>()
    });
    lines.collect()
}

fn listening_socket(line: &str, port: u16) -> Option<Socket> {
    let columns: Vec<_> = line.split_ascii_whitespace().collect();
    let (_, local_port) = columns.get(1)?.rsplit_once(':')?;
    let is_port = u16::from_str_radix(local_port, 16) == Ok(port);
    let (user, inode) = (columns.get(7)?.parse().ok()?, columns.get(9)?);
    (is_port && columns[3] == LISTEN).then(|| Socket {
        user,
        target: format!("socket:[{inode}]"),
    })
}

fn holds_any(process: &Path, sockets: &[Socket]) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    let targets = descriptors
        .flatten()
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
    targets.into_iter().any(|target| {
        sockets
            .iter()
            .any(|socket| target.as_os_str() == socket.target.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_table_is_read() {
        let listening = "   0: 0100007F:1248 00000000:0000 0A 00000000:00000000 00:00000000 \
                         00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0";
        assert_eq!(
            listening_socket(listening, 4680),
            Some(Socket {
                user: 1000,
                target: "socket:[4711]".into()
            })
        );
        assert_eq!(listening_socket(listening, 4681), None);
        let connected = listening.replace(" 0A ", " 01 ");
        assert_eq!(listening_socket(&connected, 4680), None);
        assert_eq!(
            listening_socket("  sl  local_address rem_address", 4680),
            None
        );
    }
}
