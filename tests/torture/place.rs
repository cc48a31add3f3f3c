//! Rounds on a small disk: in a process of their own, which sees it alone.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::round::{Counts, Round};

/// Where the process of a round finds its disk.
const DISK: &str = "TORTURE_DISK";

/// Which round it is to run.
const ROUND: &str = "TORTURE_ROUND_ON_DISK";

const MOUNT: &str = "mount -t tmpfs -o size=\"$TORTURE_DISK_SIZE\",mode=700 none \"$TORTURE_DISK\"";
const SIZE: &str = "TORTURE_DISK_SIZE";

/// A round that another process runs.
#[derive(Serialize, Deserialize)]
pub struct Ordered {
    pub rig: String,
    seed: u64,
    is_control: bool,
}

/// What it came to.
#[derive(Serialize, Deserialize)]
struct Outcome {
    counts: Counts,
    findings: Vec<String>,
    planted: u64,
}

/// Returns whether this machine lets a process mount a disk.
pub fn can_mount() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut command = contained(MOUNT, 1);
        command.env(DISK, folder.path());
        command.output().is_ok_and(|it| it.status.success())
    })
}

/// Runs a round on a disk of some mebibytes, and returns whether it came to its end.
pub fn run_on_small_disk(rig: &str, round: &mut Round) -> bool {
    let ordered = Ordered {
        rig: rig.to_owned(),
        seed: round.seed,
        is_control: round.is_control,
    };
    let ordered = serde_json::to_string(&ordered).expect("plain data is JSON");
    let own = env::current_exe().expect("this program has a path");
    let mut command = contained(&format!("{MOUNT} && exec \"$@\""), 1 + round.seed % 4);
    let output = command
        .arg(own)
        .env(DISK, &round.folder)
        .env(ROUND, ordered)
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let outcome = said.lines().last().map(serde_json::from_str::<Outcome>);
    let Some(Ok(outcome)) = outcome else {
        let errors = String::from_utf8_lossy(&output.stderr);
        round.findings.push(format!("broken: {said}{errors}"));
        return false;
    };
    round.counts = outcome.counts;
    round.findings = outcome.findings;
    round.planted = outcome.planted;
    true
}

/// Prepares to run a script in which a process may mount.
fn contained(script: &str, mebibytes: u64) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .env(SIZE, format!("{mebibytes}m"));
    command
}

/// Returns the round that this process was started for, if it was.
pub fn ordered() -> Option<Ordered> {
    let ordered = env::var(ROUND).ok()?;
    Some(serde_json::from_str(&ordered).expect("it is what was written"))
}

impl Ordered {
    /// Runs it on the disk of this process, and prints what it came to.
    pub fn run(&self, run: fn(&mut Round)) {
        let disk = PathBuf::from(env::var_os(DISK).expect("it was given"));
        let mut round = Round::on(disk, self.seed, self.is_control);
        run(&mut round);
        let outcome = Outcome {
            counts: round.counts,
            findings: round.findings,
            planted: round.planted,
        };
        let json = serde_json::to_string(&outcome).expect("plain data is JSON");
        println!("{json}");
    }
}
