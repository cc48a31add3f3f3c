//! Rosters as they are kept: replaced, found, removed without a trace, never half imported.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flagdeck::flags::targeted::{Target, TargetedRequest};
use flagdeck::source::SourceName;
use flagdeck::store::{Actor, Via};
use flagdeck::{App, Options};

use crate::rosters_read::{Desk, go_on};

fn name(text: &str) -> SourceName {
    text.parse().unwrap()
}

/// Lists the files of a folder and those below it that have a text in them.
pub fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if memchr::memmem::find(&fs::read(&path).unwrap(), text.as_bytes()).is_some() {
            found.push(path);
        }
    }
    found
}

fn many(count: usize) -> String {
    let rows = (0..count).map(|at| {
        format!(
            "user{at};{};{}\n",
            ["", "beta", "beta|staff"][at % 3],
            at + 1
        )
    });
    format!("id;groups;weight\n{}", rows.collect::<String>())
}

#[test]
fn a_roster_is_listed_loaded_and_searched() {
    let desk = Desk::new();
    let look = desk.import(many(3000), "eu");
    assert_eq!(look.understood.people, 3000);
    desk.import("id,plan,groups\nada,free,x\nben,,y\nada,pro,y\n", "small");
    let names: Vec<String> = desk
        .app
        .rosters()
        .list()
        .unwrap()
        .into_iter()
        .map(|it| it.name)
        .collect();
    assert_eq!(names, ["eu", "small"]);
    // Another program has the same.
    let other = App::open(Options::new(&desk.data_dir())).unwrap();
    let (info, roster) = other.rosters().load(Some(&name("eu"))).unwrap();
    assert_eq!((info.people, roster.len()), (3000, 3000));
    let at = roster.find("user1001").unwrap();
    assert_eq!(roster.groups_of(at).collect::<Vec<_>>(), ["beta", "staff"]);
    assert_eq!(roster.weight(at), 1002.0);
    let (again_info, again) = other.rosters().load(Some(&name("eu"))).unwrap();
    assert!(std::sync::Arc::ptr_eq(&roster, &again) && again_info == info);
    let ada = other
        .rosters()
        .person(&name("small"), "ada")
        .unwrap()
        .unwrap();
    assert_eq!(
        (ada.attributes["plan"].as_str(), ada.groups[0].as_str()),
        ("pro", "y")
    );
    assert_eq!(other.rosters().person(&name("small"), "eve").unwrap(), None);
    assert_eq!(
        other.rosters().load(None).unwrap().0.name,
        "small",
        "the last one"
    );
    other.rosters().person(&name("none"), "ada").unwrap_err();
    let mode = fs::metadata(desk.data_dir().join("rosters.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(desk.app.rosters().check().unwrap(), Some((2, Vec::new())));
}

#[test]
fn a_newer_file_says_what_it_changes_before_it_is_taken() {
    let desk = Desk::new();
    desk.import("id,groups,weight\na,x,1\nb,x;y,1\nc,,2\nd,,1\n", "all");
    let newer = b"id,groups,weight\na,x,1\nb,y;x,1\nc,,3\ne,,1\nf,x,1\n";
    let replaced = desk.look(newer).unwrap().replaces.unwrap();
    let counts =
        |it: flagdeck::rosters::shapes::Replaced| (it.added, it.removed, it.changed, it.unchanged);
    assert_eq!(counts(replaced), (2, 1, 1, 2));
    assert_eq!(
        desk.app.rosters().info(None).unwrap().people,
        4,
        "a look takes nothing"
    );
    // Loaded by another program, which sees the import.
    let other = App::open(Options::new(&desk.data_dir())).unwrap();
    assert_eq!(other.rosters().load(None).unwrap().1.len(), 4);
    assert_eq!(
        counts(desk.import(newer, "all").replaces.unwrap()),
        (2, 1, 1, 2)
    );
    assert_eq!(other.rosters().load(None).unwrap().1.len(), 5);
}

#[test]
fn an_import_that_is_broken_off_leaves_nothing_behind() {
    let desk = Desk::new();
    desk.import("id\nada\n", "all");
    let request = desk.request(many(200_000).as_bytes(), "all");
    let mut steps = 0;
    let broken_off = desk.app.rosters().import(&request, &mut |_| {
        steps += 1;
        match steps {
            40 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    assert_eq!(broken_off.unwrap(), None);
    let (info, roster) = desk.app.rosters().load(None).unwrap();
    assert_eq!((info.people, roster.len()), (1, 1));
    assert_eq!(
        files_with(&desk.data_dir(), "user12345"),
        Vec::<PathBuf>::new()
    );
}

#[test]
fn who_is_removed_or_forgotten_is_in_no_file_any_more() {
    let desk = Desk::new();
    let secret = "ada.secret@example.com";
    let text = many(5000);
    desk.import(format!("{text}{secret};beta;2\n{text}"), "one");
    desk.import(format!("{secret}\nben\n"), "two");
    let component = "tracker".parse().unwrap();
    let request = TargetedRequest {
        target: Target::User(secret.into()),
        component,
        on: true,
        for_ms: 60 * 60 * 1000,
        by: Actor::local(Via::Flagctl),
    };
    desk.app.flags().override_for(request).unwrap();
    desk.import("gone.soon\n", "three");
    assert!(!files_with(&desk.data_dir(), secret).is_empty());
    desk.app.rosters().remove(&name("three")).unwrap();
    assert_eq!(
        files_with(&desk.data_dir(), "gone.soon"),
        Vec::<PathBuf>::new()
    );

    let before = desk.app.rosters().info(Some(&name("one"))).unwrap();
    let forgotten = desk.app.forget(secret).unwrap();
    let rosters: Vec<(&str, u64)> = forgotten
        .rosters
        .iter()
        .map(|it| (it.roster.as_str(), it.rows))
        .collect();
    assert_eq!(rosters, [("one", 1), ("two", 1)]);
    assert_eq!(forgotten.overrides, ["tracker"]);
    assert_eq!(files_with(&desk.data_dir(), secret), Vec::<PathBuf>::new());
    let (after, roster) = desk.app.rosters().load(Some(&name("one"))).unwrap();
    assert_eq!((after.people + 1, roster.len()), (before.people, 5000));
    assert_eq!(after.groups[0].people + 1, before.groups[0].people);
    assert_eq!(desk.app.rosters().check().unwrap(), Some((2, Vec::new())));
    assert_eq!(desk.app.forget(secret).unwrap().rosters, []);
}

#[test]
fn a_damaged_database_is_set_aside_and_told_of() {
    let desk = Desk::new();
    desk.import(many(5000), "all");
    let file = desk.data_dir().join("rosters.db");
    let mut bytes = fs::read(&file).unwrap();
    let at = memchr::memmem::find(&bytes, b"user3").unwrap();
    bytes[at] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let other = App::open(Options::new(&desk.data_dir())).unwrap();
    let error = other.rosters().load(None).unwrap_err().to_string();
    assert!(error.contains("do not match their hash"), "{error}");
    let findings = other.check_each();
    assert!(
        findings
            .iter()
            .any(|it| !it.ok && it.text.contains("roster all is damaged")),
        "{findings:?}"
    );
    fs::write(&file, b"SQLite format 3\0 and nothing of it").unwrap();
    desk.import("ada\n", "new");
    let notices = desk.app.quarantine().unwrap();
    assert_eq!(notices.len(), 1);
    assert_eq!(
        desk.app.forget("ada").unwrap().quarantined,
        [notices[0].name.clone()]
    );
    let told = desk.app.notices();
    assert!(
        told.iter()
            .any(|it| it.message.contains("The imported rosters cannot be read")),
        "{told:?}"
    );
}

#[test]
fn a_roster_of_rows_that_were_replaced_is_loaded_as_it_was_taken() {
    let desk = Desk::new();
    let look = desk.import("id;groups\na;x\nb;y\na;z\nc;w|x\n", "all");
    let other = App::open(Options::new(&desk.data_dir())).unwrap();
    let (info, roster) = other.rosters().load(None).unwrap();
    assert_eq!(roster.people().all.count, look.understood.people);
    assert_eq!(
        roster
            .groups_of(roster.find("a").unwrap())
            .collect::<Vec<_>>(),
        ["z"]
    );
    assert_eq!(info.groups.iter().map(|it| it.people).sum::<u64>(), 4);
    let request = desk.request(b"ada\n", "all");
    assert!(
        desk.app
            .rosters()
            .import(&request, &mut go_on)
            .unwrap()
            .is_some()
    );
}
