//! Ten million users: imported from CSV, loaded, previewed, searched, forgotten. Each is done a few
//! times only, because it takes seconds.
//!
//! Targets: ten million ids imported within 20 s; a step of the slider over one million of them
//! within 1 ms after the first, through the application: with the roster looked up on disk.

mod measuring;

use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use flagdeck::app::previews::{Moving, Over, Planned};
use flagdeck::rosters::ImportRequest;
use flagdeck::{App, Options};
use flagdeck_core::{Edit, Percentage, RolloutChange};

use self::measuring::sized;

const IMPORT_TARGET: Duration = Duration::from_secs(20);
const STEP_TARGET: Duration = Duration::from_millis(1);

/// Steps of the slider that are measured.
const STEPS: u32 = 200;

fn users() -> usize {
    sized(10_000_000, 2000)
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data_dir = folder.path().join("data");
    let app = App::open(Options::new(&data_dir)).expect("an empty folder opens");
    let plain = folder.path().join("plain.csv");
    let full = folder.path().join("full.csv");
    let million = folder.path().join("million.csv");
    write(&plain, |text, at| writeln!(text, "{}", id(at)));
    write(&full, |text, at| {
        let groups = ["", "beta", "beta|staff", "vip"][at % 4];
        writeln!(text, "{};{groups};{},5;plan {}", id(at), at % 9 + 1, at % 5)
    });
    let imported = import(&app, &plain, "ids alone");
    let full_imported = import(&app, &full, "with groups, weights and an attribute");
    let components = ["calculator", "ui.badges"].map(|path| path.parse().expect("a component"));
    let on = Edit::SetComponents {
        paths: components.to_vec(),
        on: true,
    };
    for edit in [Edit::SetMaster { on: true }, on] {
        app.flags().change(change(edit)).expect("it is saved");
    }
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
    tell("import", imported.max(full_imported), IMPORT_TARGET);
    write_some(&million, users() / 10, |text, at| {
        let groups = ["", "beta", "beta|staff", "vip"][at % 4];
        writeln!(text, "{};{groups};{}", id(at), at % 9 + 1)
    });
    import_some(&app, &million, users() / 10, "a tenth of them");
    tell("a step of the slider", slide(&app), STEP_TARGET);
}

/// Moves the slider of the default rollout from one end to the other; returns the mean of its steps
/// after the first.
fn slide(app: &App) -> Duration {
    let at = |milli: u32| {
        let moving = Moving {
            component: None,
            change: RolloutChange {
                percentage: Percentage::from_milli(milli),
                ..RolloutChange::default()
            },
        };
        let over = Over::Named("million".parse().expect("a name"));
        let slid = app.slide(&moving, &over).expect("it can be applied");
        slid.people.expect("there is a roster").gain
    };
    timed("first position of a slider, of a tenth", || {
        assert_eq!(at(0), 0);
    });
    let all = timed("200 steps of it", || {
        let gains = (1..=STEPS).map(|step| at(step * 500));
        assert!(gains.is_sorted(), "more and more gain it");
    });
    all / STEPS
}

/// An id as of a database, of 16 characters.
fn id(at: usize) -> String {
    format!("{:016x}", (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

fn write(path: &Path, row: impl Fn(&mut String, usize) -> std::fmt::Result) {
    write_some(path, users(), row);
}

fn write_some(path: &Path, count: usize, row: impl Fn(&mut String, usize) -> std::fmt::Result) {
    let mut text = String::new();
    if path.ends_with("full.csv") {
        text.push_str("id;groups;weight;plan\n");
    } else if path.ends_with("million.csv") {
        text.push_str("id;groups;weight\n");
    }
    for at in 0..count {
        row(&mut text, at).expect("a text takes it");
    }
    fs::write(path, text).expect("there is room");
}

fn import(app: &App, file: &Path, what: &str) -> Duration {
    import_some(app, file, users(), what)
}

fn import_some(app: &App, file: &Path, count: usize, what: &str) -> Duration {
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
        assert_eq!(look.understood.people, count as u64);
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
    let previewed = previewed.expect("it can be applied");
    let previewed = previewed.expect("nothing breaks it off");
    assert_eq!(previewed.components.len(), 2);
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
fn tell(what: &str, took: Duration, target: Duration) {
    let verdict = match took <= target {
        true => "within the target",
        false => "over the target",
    };
    println!("{what}: {took:.2?}, {}", sized(verdict, "not measured"));
}

#[expect(clippy::print_stdout, reason = "it is what a benchmark prints")]
fn timed(what: &str, measured: impl FnOnce()) -> Duration {
    let started = Instant::now();
    measured();
    let took = started.elapsed();
    println!("{:>10} users {what}: {took:.2?}", users());
    took
}
