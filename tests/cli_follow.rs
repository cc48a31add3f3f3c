//! `flagctl follow` and `flagctl overrides`, as a person and a script use them, on a document that
//! another Flagdeck serves.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use flagdeck_core::Edit;
use serde_json::{Value, json};

use crate::http_support::Running;
use crate::support::apps::{change, percentage, request, set_percentage, switch, turn_master};
use crate::support::cli::Cli;
use crate::support::waiting::wait_until;

/// A Flagdeck, and `flagctl` on another data folder that follows it and may publish to it.
struct Followed {
    team: Running,
    cli: Cli,
    address: String,
}

impl Followed {
    fn new() -> Self {
        let team = Running::start();
        let app = &team.app;
        change(app, Edit::Replace(document(20).to_string().into()));
        let address = format!("http://{}/api/ml/flags", team.address);
        let cli = Cli::new();
        cli.ok(&format!("config set featureFlags.endpoint {address}"));
        let credential = cli.data_dir().join("flags-token");
        fs::write(&credential, &team.token).unwrap();
        fs::set_permissions(&credential, fs::Permissions::from_mode(0o600)).unwrap();
        Self { team, cli, address }
    }

    /// The same with its document adopted.
    fn adopted() -> Self {
        let followed = Self::new();
        followed.cli.ok("follow");
        followed
    }

    /// Removes all components of the team's document but one.
    fn shrink(&self) {
        let small = json!({"enabled": true, "components": {"cart": true}});
        let edit = Edit::Replace(small.to_string().into());
        let flags = self.team.app.flags();
        flags.change_confirmed(request(edit)).unwrap();
    }

    fn is_on_at_team(&self, component: &str) -> bool {
        let live = self.team.app.flags().live();
        let mut is_on = false;
        live.document
            .for_each_component(|path, on| is_on |= path == component && on);
        is_on
    }
}

fn document(percentage: u32) -> Value {
    json!({
        "enabled": true,
        "components": {"search": false, "cart": true, "ui": {"badges": false}},
        "rollout": {"percentage": percentage, "userGroups": [], "strategy": "canary"},
    })
}

#[test]
fn without_an_address_nothing_is_followed() {
    let cli = Cli::new();
    let told = cli.ok("follow");
    assert!(told.starts_with("Follows no document."), "{told}");
    assert_eq!(cli.json("follow"), Value::Null);
    assert_eq!(cli.json("overrides")["overrides"], json!([]));
    cli.refused("overrides clear --all", 3, "There is no such override");
    cli.refused("follow accept", 5, "featureFlags.endpoint names none");
}

#[test]
fn follow_fetches_the_document_and_says_how_that_goes() {
    let followed = Followed::new();
    let (cli, address) = (&followed.cli, &followed.address);
    let untried = cli.json("follow --no-fetch");
    assert_eq!(untried["state"], json!({"kind": "elsewhere"}));
    let told = cli.ok("follow");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], format!("Follows {address}"));
    assert!(lines[1].starts_with("  adopted as revision 1: "), "{told}");
    assert_eq!(lines[2], "  up to date");
    assert!(lines[3].starts_with("  last confirmed 2"), "{told}");
    assert_eq!(lines.last(), Some(&"  0 overrides"));
    let shown = cli.ok("get");
    let following = format!("Follows {address}, nothing overridden\n");
    assert!(shown.contains(&following), "{shown}");
    let status = cli.json("follow");
    assert_eq!(status["state"], json!({"kind": "fresh"}));
    assert_eq!(status["overrides"], 0);
}

#[test]
fn a_change_says_that_it_overrides_and_that_it_no_longer_does() {
    let followed = Followed::adopted();
    let (cli, address) = (&followed.cli, &followed.address);
    let overrides = format!("  overrides what {address} has: search\n");
    let again = format!("  as {address} has it again: search\n");
    assert!(cli.ok("set search on").ends_with(&overrides));
    assert!(cli.ok("set search off").ends_with(&again));
    assert!(cli.ok("undo").ends_with(&overrides));
    let rollout = cli.ok("rollout search --percentage 30");
    assert!(rollout.ends_with(&overrides), "{rollout}");
    let outcome = cli.json("rollout --percentage 55");
    assert_eq!(outcome["overrides"]["made"], json!(["/rollout"]));
    let file = cli.data_dir().join("document.json");
    fs::write(&file, document(20).to_string()).unwrap();
    let imported = cli.ok(&format!("import {}", file.display()));
    let ended = format!("  as {address} has it again: default rollout, search\n");
    assert!(imported.ends_with(&ended), "{imported}");
    assert_eq!(cli.json("overrides")["overrides"], json!([]));
}

#[test]
fn get_and_explain_say_where_a_value_comes_from() {
    let followed = Followed::adopted();
    let (cli, address) = (&followed.cli, &followed.address);
    let from = format!("  followed from {address}");
    for command in ["get ui.badges", "explain ui.badges --user ada"] {
        let told = cli.ok(command);
        let last = told.lines().last().unwrap();
        let revision = format!("{from}, in force with revision 1 since 2");
        assert!(last.starts_with(&revision), "{told}");
    }
    cli.ok("set ui.badges on");
    for command in ["get ui.badges", "explain ui.badges --user ada"] {
        let told = cli.ok(command);
        let lines: Vec<&str> = told.lines().rev().take(3).collect();
        let overridden = "by ada (flagctl): switch on, followed off";
        assert!(lines[2].ends_with(overridden), "{told}");
        assert_eq!(lines[1], from);
        assert_eq!(
            lines[0],
            "  to follow again: flagctl overrides clear ui.badges"
        );
    }
    assert!(cli.ok("get").contains("overridden"));
    let shown = cli.json("get ui.badges");
    assert_eq!(shown["on"], true);
    assert_eq!(shown["layers"][0]["kind"], "override");
    assert_eq!(shown["layers"][0]["overrides"][0]["followed"], false);
    assert_eq!(cli.json("get ui"), json!({"badges": true}));
    cli.refused("get nothing", 3, "nothing");

    turn_master(&followed.team.app, false);
    cli.ok("follow");
    let told = cli.ok("get ui.badges");
    let second = told.lines().nth(1).unwrap();
    assert!(second.starts_with("  all flags off since 2"), "{told}");
    assert!(told.ends_with("  to turn flags on: flagctl master on\n"));
}

#[test]
fn overrides_are_listed_and_cleared() {
    let followed = Followed::adopted();
    let (cli, address) = (&followed.cli, &followed.address);
    assert_eq!(
        cli.ok("overrides"),
        format!("Nothing of {address} is overridden.\n")
    );
    cli.ok("set search on");
    cli.ok("rollout --percentage 55");
    let listed = cli.ok("overrides list");
    let rows: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0][..2], ["2", "overrides"]);
    assert_eq!(rows[1].join(" "), "COMPONENT WHAT VALUE FOLLOWED SINCE BY");
    let rollout = "- default rollout 55 % canary 20 % canary";
    assert!(rows[2].join(" ").starts_with(rollout), "{listed}");
    assert!(rows[3].join(" ").starts_with("search switch on off 2"));
    assert!(rows[3].join(" ").ends_with("ada (flagctl)"));

    cli.refused("overrides clear cart", 3, "There is no override of cart");
    cli.refused("overrides clear", 2, "required");
    cli.refused("overrides clear search --all", 2, "cannot be used with");
    cli.refused(
        "overrides clear --place rollout",
        2,
        "rollout is not a part",
    );
    let cleared = cli.ok("overrides clear search");
    let again = format!("  as {address} has it again: search\n");
    assert!(cleared.ends_with(&again), "{cleared}");
    cli.ok("overrides clear --place /rollout");
    assert_eq!(cli.json("overrides")["overrides"], json!([]));
}

#[test]
fn a_suspended_override_is_listed_with_the_reason() {
    let followed = Followed::adopted();
    let (cli, app) = (&followed.cli, &followed.team.app);
    cli.ok("set search on");
    change(
        app,
        Edit::Remove {
            paths: vec!["search".parse().unwrap()],
            release: false,
        },
    );
    let added = Edit::AddComponent {
        path: "search.full".parse().unwrap(),
        on: false,
    };
    change(app, added);
    cli.ok("follow");
    let listed = cli.ok("overrides");
    let reason = "  suspended: The followed document has a group search";
    assert!(listed.contains(reason), "{listed}");
    let status = cli.json("follow");
    assert_eq!(
        (&status["overrides"], &status["suspended"]),
        (&json!(0), &json!(1))
    );
}

#[test]
fn overrides_are_published_after_a_look_at_what_that_changes() {
    let followed = Followed::adopted();
    let (cli, address) = (&followed.cli, &followed.address);
    cli.ok("set search on");
    cli.ok("rollout --percentage 55");
    let check = cli.ok("overrides publish search --check");
    let expected = format!(
        "Publishing changes {address} for everyone:\n  search on\n\
         More users see there, as soon as flags are on:\n  \
         search: Nobody: switched off → 20 % of everyone\n"
    );
    assert_eq!(check, expected);
    let check = cli.json("overrides publish --all --check");
    assert_eq!(check["difference"]["total"], 2);
    assert_eq!(check["loss"], Value::Null);
    let refused = cli.run("overrides publish search");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("add --yes"), "{}", refused.err);
    assert!(!followed.is_on_at_team("search"));

    let published = cli.ok("overrides publish search --yes");
    let said = format!("Published to {address}\n");
    assert!(published.starts_with(&said), "{published}");
    assert!(followed.is_on_at_team("search"));
    assert_eq!(percentage(&followed.team.app), 20_000);
    assert_eq!(
        cli.json("overrides")["overrides"].as_array().unwrap().len(),
        1
    );
    let published = cli.json("overrides publish --place /rollout --yes");
    assert_eq!(published["conflicts"], json!([]));
    assert_eq!(percentage(&followed.team.app), 55_000);
    assert_eq!(cli.json("follow")["state"]["kind"], "fresh");
}

#[test]
fn a_conflict_shows_both_sides_and_how_to_go_on() {
    let followed = Followed::adopted();
    let (cli, app) = (&followed.cli, &followed.team.app);
    cli.ok("rollout --percentage 55");
    cli.ok("set search on");
    set_percentage(app, 30_000);
    let refused = cli.run("overrides publish --all --yes");
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert_eq!(
        refused.out,
        "/rollout, default rollout\n\
         \x20 there: Default rollout: 20 % → 30 %\n\
         \x20 here:  Default rollout: 30 % → 55 %\n\
         \x20 to take theirs:   flagctl overrides clear --place /rollout\n\
         \x20 to publish yours: flagctl overrides publish --place /rollout\n"
    );
    assert!(refused.err.contains("nothing was published"));
    assert_eq!(percentage(app), 30_000);
    assert!(!followed.is_on_at_team("search"));
    // What it has is followed by now, so the person who saw it may publish over it.
    cli.ok("overrides publish --place /rollout --yes");
    assert_eq!(percentage(app), 55_000);

    switch(app, "cart", false);
    let elsewhere = cli.json("overrides publish --all --yes");
    assert_eq!(
        elsewhere["conflicts"],
        json!([]),
        "a change elsewhere is none"
    );
    assert!(followed.is_on_at_team("search") && !followed.is_on_at_team("cart"));

    cli.ok("rollout --percentage 60");
    set_percentage(app, 10_000);
    let refused = cli.run("overrides publish --all --yes --json");
    assert_eq!(refused.code, Some(4), "{refused:?}");
    let printed: Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!(printed["published"], Value::Null);
    assert_eq!(printed["conflicts"][0]["place"], "/rollout");
}

#[test]
fn what_is_held_is_named_and_accepted() {
    let followed = Followed::adopted();
    let cli = &followed.cli;
    followed.shrink();
    let told = cli.run("follow");
    assert_eq!(told.code, Some(1), "{told:?}");
    let lost = "2 of 3 components: search, ui.badges";
    assert!(told.out.contains(&format!("its document has lost {lost}")));
    cli.refused("follow accept", 2, lost);
    assert_eq!(cli.json("get")["components"], document(20)["components"]);
    let doctor = cli.run("doctor");
    assert_eq!(doctor.code, Some(1));
    assert!(
        doctor.out.contains("its document is held"),
        "{}",
        doctor.out
    );
    cli.ok("follow accept --yes");
    assert_eq!(cli.json("get")["components"], json!({"cart": true}));
    let told = cli.ok("follow accept");
    assert!(told.starts_with("No document is held"), "{told}");
    assert_eq!(cli.json("follow accept")["changed"], false);
}

#[test]
fn a_document_that_cannot_be_fetched_is_stale_and_serves() {
    let mut followed = Followed::adopted();
    followed.team.stop();
    let cli = &followed.cli;
    let told = cli.run("follow");
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.out.contains("\n  stale since 2"), "{}", told.out);
    assert_eq!(cli.json("get"), document(20));
    cli.ok("set search on");
    let refused = cli.run("overrides publish search --yes --json");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let failure: Value = serde_json::from_str(refused.err.lines().last().unwrap()).unwrap();
    assert_eq!(failure["code"], "remote");
    let doctor = cli.run("doctor");
    let said = format!("✗ {}: ", followed.address);
    assert!(doctor.out.contains(&said), "{}", doctor.out);
}

#[test]
fn overrides_are_published_to_the_address_that_they_were_made_over_alone() {
    let followed = Followed::adopted();
    let (cli, other) = (&followed.cli, Followed::new());
    cli.ok("set search on");
    cli.ok(&format!(
        "config set featureFlags.endpoint {}",
        other.address
    ));
    let refused = cli.run("overrides publish search --yes");
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.err.contains("The flags follow"), "{}", refused.err);
    assert!(!followed.is_on_at_team("search") && !other.is_on_at_team("search"));
}

#[test]
fn doctor_looks_at_the_followed_document() {
    let followed = Followed::new();
    let (cli, address) = (&followed.cli, &followed.address);
    let sound = format!("✓ {address}: its document can be followed");
    assert!(cli.run("doctor").out.contains(&sound));
    assert_eq!(cli.json("history"), json!([]), "doctor adopts nothing");
    let credential = cli.data_dir().join("flags-token");
    fs::set_permissions(&credential, fs::Permissions::from_mode(0o644)).unwrap();
    let doctor = cli.run("doctor");
    assert_eq!(doctor.code, Some(1));
    assert!(doctor.out.contains("chmod 600"), "{}", doctor.out);
}

#[test]
fn the_running_flagdeck_says_how_its_fetches_go() {
    let followed = Followed::new();
    let cli = &followed.cli;
    let serving = cli.serve();
    let state = || cli.json("follow --no-fetch")["state"]["kind"].clone();
    wait_until("the running one has fetched", || state() == "fresh");
    let status = cli.json("follow --no-fetch");
    assert!(status["confirmedMs"].is_i64() && status["nextMs"].is_i64());
    // It cannot follow itself.
    let own = format!("http://{}/api/ml/flags", serving.address);
    cli.ok(&format!("config set featureFlags.endpoint {own}"));
    let doctor = cli.run("doctor");
    let said = format!("✗ {own}: it is this Flagdeck itself");
    assert!(doctor.out.contains(&said), "{}", doctor.out);
}

#[test]
fn an_address_with_a_credential_is_refused_and_not_shown() {
    let cli = Cli::new();
    let refused = cli.run("config set featureFlags.endpoint https://ada:secret@flags.example/");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("ML_FLAGS_TOKEN"), "{}", refused.err);
    assert!(!refused.err.contains("secret"), "{}", refused.err);
    let file = cli.data_dir().join("config.toml");
    let text = "[featureFlags]\nendpoint = \"https://ada:secret@flags.example/\"\n";
    fs::write(file, text).unwrap();
    let told = cli.run("follow");
    assert!(told.out.starts_with("Follows no document."), "{told:?}");
    assert!(told.err.contains("flags-token"), "{told:?}");
    assert!(!told.err.contains("secret"), "{told:?}");
}
