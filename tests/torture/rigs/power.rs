//! The power fails: what was not synced is gone, whatever programs read back before. Everything
//! that was acknowledged is there when it returns, several times over on one folder.
//!
//! LazyFS forgets what was not synced. Names of files outlive a cut on it, synced or not.

use std::process::Stdio;

use crate::lazyfs::{self, LazyDisk};
use crate::ledger::Ledger;
use crate::program::{FLAGCTL, Serving, on_folder, run};
use crate::round::Round;
use crate::servers::Servers;

const CUTS: usize = 3;
const STEPS_TO_A_CUT: usize = 12;

pub fn skipped() -> Option<&'static str> {
    lazyfs::missing()
}

pub fn round(round: &mut Round) {
    let mut disk = LazyDisk::mount(&round.folder);
    round.folder = disk.folder();
    if round.is_control {
        lose_what_was_not_synced(round, &mut disk);
    }
    let mut ledger = Ledger::new();
    for cut in 0..round.steps(CUTS) {
        let mut servers = Servers::start(&round.data());
        if cut == 0 {
            ledger.put_state(round, &mut servers, 0);
        }
        for step in 1..=STEPS_TO_A_CUT {
            ledger.write(round, &mut servers, cut * STEPS_TO_A_CUT + step);
        }
        // No program outlives a cut.
        drop(servers);
        round.counts.kills += 2;
        disk.cut();
        round.counts.faults += 1;
    }
    ledger.check(round);
}

/// Shows that this rig sees weak durability: a change by a server whose syncs do nothing is gone
/// after a cut.
fn lose_what_was_not_synced(round: &mut Round, disk: &mut LazyDisk) {
    const NEVER_SYNCED: &str = "77.125";
    let data = round.data();
    assert!(run(&data, "master on").status.success());
    let mut lying = on_folder(&data, "strace", "-D -f --seccomp-bpf -qq -o /dev/null");
    lying
        .args(["-e", "trace=fsync,fdatasync"])
        .args(["-e", "inject=fsync,fdatasync:retval=0"])
        .args([FLAGCTL, "serve", "--port", "0"])
        .stderr(Stdio::null());
    let mut serving = Serving::run(lying, &data).expect("it serves");
    let headers = "Content-Type: application/json\r\nIf-Match: *\r\n";
    let body = format!("{{\"rollout\":{{\"percentage\":{NEVER_SYNCED}}}}}");
    let acknowledged = serving.send("PATCH", "/api/ml/flags", headers, &body);
    acknowledged.expect("a server that trusts its disk accepts a change");
    serving.kill();
    disk.cut();
    if round.plants() {
        let flags = run(&data, "get --json");
        if !String::from_utf8_lossy(&flags.stdout).contains(NEVER_SYNCED) {
            round.lost("what was not synced");
        }
    }
}
