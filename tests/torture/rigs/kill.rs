//! Two servers on one folder and commands beside them, killed while they write. Everything that
//! was acknowledged is there afterwards, once.

use crate::ledger::Ledger;
use crate::round::Round;
use crate::servers::Servers;

const STEPS: usize = 24;

pub fn round(round: &mut Round) {
    let mut servers = Servers::start(&round.data());
    let mut ledger = Ledger::new();
    ledger.put_state(round, &mut servers, 0);
    for step in 1..=round.steps(STEPS) {
        ledger.write(round, &mut servers, step);
    }
    // Killed, not ended: what they acknowledged is on disk.
    drop(servers);
    round.counts.kills += 2;
    ledger.check(round);
}
