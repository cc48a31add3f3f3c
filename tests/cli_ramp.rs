//! `flagctl ramp` and `flagctl guard list`, with a `flagctl serve` that makes the steps.

use crate::support::cli::Cli;
use crate::support::waiting::wait_until;

#[test]
fn plans_are_listed_kept_and_removed() {
    let cli = Cli::new();
    let listed = cli.ok("ramp plan");
    for name in ["standard", "careful", "quick"] {
        assert!(listed.contains(name), "{listed}");
    }
    let kept = cli.json("ramp plan weekly --steps 1-10-100 --dwell 1d --least 1000");
    let own = kept.as_array().unwrap().last().unwrap();
    assert_eq!(own["name"], "weekly");
    assert_eq!(own["plan"]["dwellS"], 86_400);
    assert_eq!(own["isBuiltIn"], false);
    assert!(!cli.ok("ramp plan --remove weekly").contains("weekly"));
    cli.refused("ramp plan --remove weekly", 3, "no plan weekly of your own");
    cli.refused(
        "ramp plan weekly --steps 1-10-5",
        2,
        "5 does not come after 10",
    );
    cli.refused("ramp plan standard --steps 1-10", 2, "another name");
}

#[test]
fn a_ramp_is_started_steered_and_ended_while_a_server_makes_its_steps() {
    let cli = Cli::new();
    cli.ok("master on");
    let told = cli.ok("ramp start tracker --steps 10-50-100 --dwell 1h");
    assert!(
        told.contains("10 %") && told.contains("10 50 100"),
        "{told}"
    );
    assert!(told.contains("Nobody watches"), "{told}");
    cli.refused("ramp start tracker", 2, "goes on already");
    cli.refused("ramp start nothing", 3, "nothing");
    let _serving = cli.serve();
    let percentage = || cli.json("get")["rollouts"]["tracker"]["percentage"].as_u64();
    wait_until("the first step", || percentage() == Some(10));
    let status = cli.ok("ramp status tracker");
    assert!(status.contains("[10] 50 100"), "{status}");
    cli.ok("ramp pause tracker");
    assert!(cli.ok("ramp status tracker").contains("paused"));
    cli.refused("ramp skip tracker", 2, "resume it first");
    cli.ok("ramp resume tracker");
    cli.ok("ramp skip tracker");
    wait_until("the second step", || percentage() == Some(50));
    cli.ok("ramp abort tracker --put-back");
    assert_eq!(percentage(), None);
    cli.refused("ramp pause tracker", 3, "ramp of tracker goes on");
    assert_eq!(cli.json("guard list"), serde_json::json!([]));
    cli.refused("guard decision 7", 3, "is no decision 7");
}

#[test]
fn a_dry_run_says_who_each_step_affects_and_starts_nothing() {
    let cli = Cli::new();
    cli.ok("master on");
    let told = cli.ok("ramp start tracker --plan quick --dry-run");
    for step in ["10 %", "50 %", "100 %"] {
        assert!(told.contains(step), "{told}");
    }
    assert!(!cli.ok("ramp status").contains("Ramp"));
    cli.refused(
        "ramp start tracker --hours nine-to-five",
        2,
        "are not like Mon-Fri 09:00-17:00",
    );
}
