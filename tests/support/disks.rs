//! Tests that run in a process of their own, with a small disk for their folder if they want.
//!
//! The body of such a process is a function marked `#[ignore]`: the test that starts the process
//! names it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a test that runs in a process of its own finds its folder.
const FOLDER: &str = "FLAGDECK_TEST_FOLDER";

/// Prepares to run an ignored function of these tests in a process of its own.
pub fn in_own_process(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test program"));
    command
        .args(["--ignored", "--exact", "--nocapture", name])
        .env(FOLDER, folder);
    command
}

/// Returns the folder that the process was started on.
pub fn folder_of_own_process() -> PathBuf {
    std::env::var_os(FOLDER)
        .expect("run by another test")
        .into()
}

/// Runs an ignored function in a process that has a disk of one mebibyte for its folder.
/// Passes, and says so, if this machine lets no one mount one.
#[expect(clippy::print_stderr, reason = "tells that a test was skipped")]
pub fn on_a_small_disk(name: &str) {
    const MOUNT: &str = "mount -t tmpfs -o size=1m,mode=700 none \"$FLAGDECK_TEST_FOLDER\"";
    let place = tempfile::tempdir().unwrap();
    let contained = |script: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .env(FOLDER, place.path());
        command
    };
    let mounted = contained(MOUNT).output();
    if !mounted.is_ok_and(|it| it.status.success()) {
        eprintln!("skipped: this machine lets no one mount a disk");
        return;
    }
    let inner = in_own_process(name, place.path());
    let output = contained(&format!("{MOUNT} && exec \"$@\""))
        .arg(inner.get_program())
        .args(inner.get_args())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
