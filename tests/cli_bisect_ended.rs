//! What `flagctl bisect` leaves behind when a run or the search is ended in any way: no process
//! and no file; and who may read the states that it writes for commands.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use crate::cli_bisect::{BELOW_TEN, bisect, with_history};
use crate::cli_state::folder;
use crate::support::cli::{Cli, Ran};
use crate::support::processes::{self, send, wait_until_ended};
use crate::support::waiting::wait_until;

/// Runs a process that writes its number into a file, and ends when it is ended.
const SLEEP: &str = "sleep 600 & echo $! > $SLEEPER.part; mv $SLEEPER.part $SLEEPER; wait";

/// An application with snapshots, and a place for temporary files of its own.
struct Rig {
    cli: Cli,
    ids: Vec<u64>,
    temporary: PathBuf,
}

impl Rig {
    fn new(count: u64) -> Self {
        let (cli, ids) = with_history(count);
        let temporary = folder(&cli).join("tmp");
        fs::create_dir(&temporary).unwrap();
        Self {
            cli,
            ids,
            temporary,
        }
    }

    /// Where a script writes the number of a process that it leaves running.
    fn sleeper(&self, name: &str) -> PathBuf {
        folder(&self.cli).join(name)
    }

    /// Prepares a search between all snapshots with a script that may leave a process running.
    fn command(&self, name: &str, script: &str) -> Command {
        let mut command = self.cli.command("bisect");
        let (good, bad) = (self.ids[0], *self.ids.last().unwrap());
        command
            .args(["--good", &good.to_string(), "--bad", &bad.to_string()])
            .args(["--", "sh", "-c", script])
            .env("TMPDIR", &self.temporary)
            .env("SLEEPER", self.sleeper(name))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts a search, and waits until its script has started the process that is named.
    fn started(&self, name: &str, mut command: Command) -> Child {
        let child = command.spawn().unwrap();
        wait_until("a run to begin", || self.sleeper(name).exists());
        child
    }

    fn left(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.temporary).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[track_caller]
    fn check_nothing_left(&self, name: &str) {
        gone(&self.sleeper(name));
        assert_eq!(
            self.left(),
            [] as [PathBuf; 0],
            "the search removes its folder"
        );
    }
}

/// Returns the process whose number a script wrote into a file.
fn process_in(file: &Path) -> Pid {
    let number = fs::read_to_string(file).unwrap();
    Pid::from_raw(number.trim().parse().unwrap()).unwrap()
}

fn is_running(file: &Path) -> bool {
    processes::is_running(process_in(file))
}

#[track_caller]
fn gone(file: &Path) {
    wait_until_ended(process_in(file));
}

fn ended(mut child: Child) -> (Option<i32>, String) {
    let code = child.wait().unwrap().code();
    let mut err = String::new();
    let stderr = child.stderr.take();
    stderr.unwrap().read_to_string(&mut err).unwrap();
    (code, err)
}

#[test]
fn a_run_that_takes_too_long_is_skipped_and_leaves_nothing_behind() {
    let (cli, ids) = with_history(12);
    let file = folder(&cli).join("sleeper");
    let script = format!(
        "test $FLAGDECK_SNAPSHOT_ID != {} && {{ {BELOW_TEN}; exit; }}
         sleep 600 & echo $! > {}; wait",
        ids[9],
        file.display()
    );
    let options = format!("--timeout 1s --json --good {}", ids[7]);
    let ran = bisect(&cli, &options, &script);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["outcome"], "range");
    assert_eq!(told["untold"], json!([ids[9]]));
    assert_eq!(told["firstBad"]["id"], ids[10]);
    assert_eq!(told["timedOut"], 1);
    let said = "1 run was ended after 1s and skipped; --timeout changes the limit";
    assert!(ran.err.contains(said), "{ran:?}");
    gone(&file);
}

#[test]
fn what_a_run_leaves_running_is_ended() {
    let (cli, _) = with_history(2);
    let file = folder(&cli).join("sleeper");
    let script = format!(
        "sleep 600 > /dev/null 2>&1 & echo $! > {}; exit 0",
        file.display()
    );
    assert_eq!(bisect(&cli, "", &script).code, Some(1));
    gone(&file);
}

#[test]
fn a_search_writes_no_state_and_leaves_no_file_behind() {
    let rig = Rig::new(16);
    let state = || rig.cli.json("state get ml");
    let snapshots = || rig.cli.json("snapshot list");
    let before = (state(), snapshots());
    let beside = "cp {} {}.copy; mkdir $(dirname {})/more; rm {}; mkdir {}";
    for script in [BELOW_TEN, "kill -9 $$", "exit 255", beside] {
        let ran = Ran::of(rig.command("none", script).output().unwrap());
        assert!(ran.err.starts_with("run 1 of about"), "{ran:?}");
        assert_eq!(rig.left(), [] as [PathBuf; 0], "{script}");
    }
    assert_eq!((state(), snapshots()), before);
}

#[test]
fn a_state_can_be_read_by_its_owner_alone_whatever_the_mask() {
    let rig = Rig::new(3);
    let rights = folder(&rig.cli).join("rights");
    let script = format!(
        "stat -c %a {{}} $(dirname {{}}) > {}; exit 0",
        rights.display()
    );
    let search = rig.command("none", &script);
    let mut command = Command::new("sh");
    let output = command
        .args(["-c", "umask 0; exec \"$@\"", "sh"])
        .arg(search.get_program())
        .args(search.get_args())
        .env_clear()
        .envs(environment(&search))
        .output();
    let ran = Ran::of(output.unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(fs::read_to_string(&rights).unwrap(), "600\n700\n");
}

/// The environment of a prepared command, for another that runs it.
fn environment(command: &Command) -> impl Iterator<Item = (&OsStr, &OsStr)> {
    let all = command.get_envs();
    all.filter_map(|(name, value)| Some((name, value?)))
}

/// The signals that a closed terminal, a keyboard, a service manager and limits send.
const ENDING: [(Signal, i32); 6] = [
    (Signal::HUP, 129),
    (Signal::INT, 130),
    (Signal::QUIT, 131),
    (Signal::TERM, 143),
    (Signal::USR1, 138),
    (Signal::XCPU, 152),
];

#[test]
fn every_signal_that_ends_the_search_ends_the_run_and_says_how_to_go_on() {
    let rig = Rig::new(12);
    let known = format!("to go on: --good {} --bad {}", rig.ids[0], rig.ids[11]);
    for (signal, code) in ENDING {
        let name = format!("sleeper-{code}");
        let child = rig.started(&name, rig.command(&name, SLEEP));
        assert_eq!(rig.left().len(), 1, "one folder, of the run at work");
        send(signal, &child);
        let (ended, err) = ended(child);
        assert_eq!(ended, Some(code), "{err}");
        assert!(err.contains(&known), "{err}");
        rig.check_nothing_left(&name);
    }
}

#[test]
fn a_run_that_ignores_being_asked_is_made_to_end() {
    let rig = Rig::new(3);
    let script = format!("trap '' TERM HUP INT; {SLEEP}");
    let child = rig.started("sleeper", rig.command("sleeper", &script));
    send(Signal::HUP, &child);
    assert_eq!(ended(child).0, Some(129));
    rig.check_nothing_left("sleeper");
}

#[test]
fn a_terminal_that_is_closed_ends_the_run() {
    let rig = Rig::new(3);
    let search = rig.command("sleeper", SLEEP);
    let words = search.get_args().map(|word| word.to_str().unwrap());
    let words: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    let line = format!("{} {}", env!("CARGO_BIN_EXE_flagctl"), words.join(" "));
    let mut script = Command::new("script");
    script
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .envs(environment(&search))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let mut terminal = rig.started("sleeper", script);
    // It holds the terminal, which closes with it.
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    gone(&rig.sleeper("sleeper"));
    wait_until("the folder to be removed", || rig.left().is_empty());
}

/// Sends a signal that is not to end a search, and then one that is.
#[track_caller]
fn check_goes_on_after(signal: Signal, rig: &Rig, search: Child) {
    send(signal, &search);
    // A real pause: nothing tells that a signal has no effect.
    thread::sleep(Duration::from_millis(200));
    assert!(is_running(&rig.sleeper("sleeper")));
    send(Signal::INT, &search);
    assert_eq!(ended(search).0, Some(130));
    rig.check_nothing_left("sleeper");
}

/// `nohup` ignores SIGHUP, and a shell has a background job of a script ignore SIGINT.
#[test]
fn a_search_that_was_started_to_survive_its_terminal_does_and_ctrl_c_still_ends_it() {
    let rig = Rig::new(3);
    let search = rig.command("sleeper", SLEEP);
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' HUP INT; exec \"$@\"", "sh"])
        .arg(search.get_program())
        .args(search.get_args())
        .env_clear()
        .envs(environment(&search))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = rig.started("sleeper", command);
    check_goes_on_after(Signal::HUP, &rig, child);
}

#[test]
fn the_next_run_removes_what_a_killed_one_left_and_nothing_of_a_live_one() {
    let rig = Rig::new(3);
    let mut killed = rig.started("dead", rig.command("dead", SLEEP));
    let live = rig.started("live", rig.command("live", SLEEP));
    let foreign = rig.temporary.join("flagctl-bisect-foreign");
    fs::write(&foreign, "not a folder").unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(is_running(&rig.sleeper("dead")), "SIGKILL cannot be caught");
    let left = rig.left();
    assert_eq!(left.len(), 3, "a folder of each, and the foreign: {left:?}");

    let ran = Ran::of(rig.command("none", "exit 0").output().unwrap());
    assert_eq!(
        ran.code,
        Some(0),
        "a third search finds its answer: {ran:?}"
    );
    let said = "removed what 1 run left behind when bisect was killed";
    assert!(ran.err.contains(said), "it tells what it removed: {ran:?}");
    gone(&rig.sleeper("dead"));
    let live_runs = is_running(&rig.sleeper("live"));
    assert!(live_runs, "the live one goes on: {ran:?}");
    let left = rig.left();
    assert_eq!(left.len(), 2, "the live one's and the foreign: {left:?}");

    let ran = Ran::of(rig.command("none", "exit 0").output().unwrap());
    assert!(!ran.err.contains("left behind"), "it is told once: {ran:?}");
    send(Signal::TERM, &live);
    let (code, err) = ended(live);
    assert_eq!(code, Some(143), "the live one ends as it is asked: {err}");
    fs::remove_file(foreign).unwrap();
    rig.check_nothing_left("live");
}

#[test]
fn runs_at_the_same_time_take_nothing_from_each_other() {
    let rig = Rig::new(12);
    let search = |_| rig.command("none", BELOW_TEN).spawn().unwrap();
    let all: Vec<Child> = (0..6).map(search).collect();
    for child in all {
        let (code, err) = ended(child);
        assert_eq!(code, Some(0), "{err}");
        assert!(!err.contains("left behind"), "{err}");
    }
    assert_eq!(rig.left(), [] as [PathBuf; 0]);
}

/// As `flagctl doctor --write-back` asks, which does not end a process that listens.
#[test]
fn being_asked_to_write_back_does_not_end_the_search() {
    let rig = Rig::new(3);
    let child = rig.started("sleeper", rig.command("sleeper", SLEEP));
    check_goes_on_after(Signal::USR2, &rig, child);
}

#[test]
fn a_place_for_temporary_files_that_is_missing_is_told() {
    let rig = Rig::new(3);
    let mut command = rig.command("none", "exit 0");
    let output = command
        .env("TMPDIR", rig.temporary.join("missing"))
        .output();
    let ran = Ran::of(output.unwrap());
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert!(ran.err.contains("missing"), "{ran:?}");
}
