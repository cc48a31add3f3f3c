//! Ten million users: imported from CSV, loaded, previewed, searched, forgotten. Each is done a few
//! times only, because it takes seconds.
//!
//! Target: ten million ids imported within 20 s.

mod measuring;

use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use flagdeck::app::previews::{Over, Planned};
use flagdeck::rosters::ImportRequest;
use flagdeck::{App, Options};
use flagdeck_core::{Edit, RolloutChange};

use self::measuring::sized;

const IMPORT_TARGET: Duration = Duration::from_secs(20);

fn users() -> usize {
    sized(10_000_000, 2000)
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data_dir = folder.path().join("data");
    let app = App::open(Options::new(&data_dir)).expect("an empty folder opens");
    let plain = folder.path().join("plain.csv");
    let full = folder.path().join("full.csv");
    write(&plain, |text, at| writeln!(text, "{}", id(at)));
    write(&full, |text, at| {
        let groups = ["", "beta", "beta|staff", "vip"][at % 4];
        writeln!(text, "{};{groups};{},5;plan {}", id(at), at % 9 + 1, at % 5)
    });
    let imported = import(&app, &plain, "ids alone");
    let full_imported = import(&app, &full, "with groups, weights and an attribute");
    app.flags()
        .change(change(Edit::SetMaster { on: true }))
        .expect("it is saved");
    let other = App::open(Options::new(&data_dir)).expect("a folder opens again");
    timed("loaded", || {
        other.rosters().load(None).expect("it is there");
    });
    timed("previewed, groups and weights", || preview(&other));
    let (name, middle) = ("full".parse().expect("a name"), id(users() / 2));
    timed("one user found", || {
        let found = other.rosters().person(&name, &middle);
        assert!(found.expect("it can be read").is_some());
    });
    timed("one user forgotten", || {
        let forgotten = other.forget(&middle).expect("it is stored");
        assert_eq!(forgotten.rosters.len(), 2);
    });
    tell(imported.max(full_imported));
}

/// An id as of a database, of 16 characters.
fn id(at: usize) -> String {
    format!("{:016x}", (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

fn write(path: &Path, row: impl Fn(&mut String, usize) -> std::fmt::Result) {
    let mut text = String::new();
    if path.ends_with("full.csv") {
        text.push_str("id;groups;weight;plan\n");
    }
    for at in 0..users() {
        row(&mut text, at).expect("a text takes it");
    }
    fs::write(path, text).expect("there is room");
}

fn import(app: &App, file: &Path, what: &str) -> Duration {
    let stem = file.file_stem().expect("a name").to_string_lossy();
    let request = ImportRequest {
        file: file.to_owned(),
        table: None,
        name: stem.parse().expect("a name"),
    };
    timed(&format!("imported, {what}"), || {
        let imported = app
            .rosters()
            .import(&request, &mut |_| ControlFlow::Continue(()));
        let look = imported
            .expect("it is stored")
            .expect("nothing breaks it off");
        assert_eq!(look.understood.people, users() as u64);
    })
}

fn preview(app: &App) {
    let planned = Planned::Edit(Edit::SetRollout {
        component: None,
        change: RolloutChange {
            percentage: "25".parse().ok(),
            ..RolloutChange::default()
        },
    });
    let previewed = app.preview(&planned, &Over::Latest, &|_, _| ControlFlow::Continue(()));
    assert!(previewed.expect("it can be applied").is_some());
}

fn change(edit: Edit) -> flagdeck::ChangeRequest {
    flagdeck::ChangeRequest {
        edit,
        actor: flagdeck::store::Actor::local(flagdeck::store::Via::Flagctl),
        note: None,
        base: None,
    }
}

#[expect(clippy::print_stdout, reason = "it is what a benchmark prints")]
fn tell(slowest: Duration) {
    let verdict = match slowest <= IMPORT_TARGET {
        true => "within the target",
        false => "over the target",
    };
    println!("import: {}", sized(verdict, "not measured"));
}

#[expect(clippy::print_stdout, reason = "it is what a benchmark prints")]
fn timed(what: &str, measured: impl FnOnce()) -> Duration {
    let started = Instant::now();
    measured();
    let took = started.elapsed();
    println!("{:>10} users {what}: {took:.2?}", users());
    took
}
