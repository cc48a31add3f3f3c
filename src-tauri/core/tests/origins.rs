//! Which line of code made a change, by the stack traces of Node and of three browsers.

use flagdeck_core::state::{Change, Hint, Recorders, place};
use proptest::prelude::*;

fn change(key: &str, origin: &str) -> Change {
    Change {
        key: key.into(),
        old: None,
        new: None,
        at_ms: 0,
        origin: origin.into(),
        hint: None,
    }
}

/// Says where a change was made that is the only one of its source.
#[track_caller]
fn check(origin: &str, expected: &str) {
    let change = change("ml.a", origin);
    let recorders = Recorders::of([&change]);
    assert_eq!(place(&change, &recorders), expected, "{origin}");
}

/// Says where changes were made that one source recorded.
fn places(changes: &[(&str, &str)]) -> Vec<String> {
    let changes: Vec<Change> = changes
        .iter()
        .map(|(key, origin)| change(key, origin))
        .collect();
    let recorders = Recorders::of(&changes);
    changes
        .iter()
        .map(|change| place(change, &recorders))
        .collect()
}

#[test]
fn the_specifications_recorder_is_known_by_its_names() {
    check(
        "Error\n    at Function.trackChange (js/ml/MLStateExtension.js:57:15)\n    at \
         AppState.set (js/ml/MLStateExtension.js:34:28)\n    at toggle (js/flags/panel.js:27:9)",
        "panel.js:27",
    );
    check(
        "trackChange@http://127.0.0.1:80/js/state.js:57:15\nsave@http://127.0.0.1:80/app.js:3:1",
        "app.js:3",
    );
    check(
        "Error\n    at MLStateExtension.trackChange (app.js:57:15)\n    at AppState.set \
         (app.js:34:28)\n    at toggle (app.js:27:9)",
        "app.js:27",
    );
}

#[test]
fn what_the_runtime_and_packages_do_is_not_named() {
    check(
        "Error\n    at record (/srv/app/state.js:9:1)\n    at Timeout._onTimeout \
         (/srv/app/limits.js:88:5)\n    at listOnTimeout (node:internal/timers:581:17)\n    at \
         process.processTimers (node:internal/timers:519:7)",
        "limits.js:88",
    );
    check(
        "Error\n    at record (/srv/app.js:9:1)\n    at listOnTimeout (node:internal/timers:581:17)",
        "app.js:9",
    );
    check("    at listOnTimeout (node:internal/timers:581:17)", "");
    check(
        "    at Module._compile (internal/modules/cjs/loader.js:999:30)",
        "",
    );
    check(
        "Error\n    at dispatch (/srv/node_modules/redux/index.js:3:1)\n    at \
         C:\\srv\\node_modules\\x\\a.js:1:1\n    at Array.forEach (<anonymous>)\n    at save \
         (/srv/save.js:4:2)",
        "save.js:4",
    );
    check(
        "forEach@[native code]\nsave@http://a.example/save.js:4:2",
        "save.js:4",
    );
    check(
        "a@chrome-extension://abc/x.js:1:2\nb@moz-extension://d/x.js:1:2\nc@x.js:4:2",
        "x.js:4",
    );
    check(
        "f@resource://gre/a.js:1:2\ng@webkit-masked-url://hidden/:3:4\nc@x.js:4:2",
        "x.js:4",
    );
    check(
        "    at eval (eval at run (a.js:1:2), <anonymous>:3:4)\n    at b.js:5:6",
        "b.js:5",
    );
    check(
        "x@http://a/b.js line 3 > eval:1:1\ny@http://a/c.js:5:6",
        "c.js:5",
    );
}

#[test]
fn what_records_changes_of_different_keys_is_the_recorder() {
    let stack =
        |line: u32| format!("Error\n    at put (state.js:57:15)\n    at f (limits.js:{line}:5)");
    let found = places(&[("ml.a", &stack(88)), ("ml.b", &stack(90))]);
    assert_eq!(found, ["limits.js:88", "limits.js:90"]);
}

#[test]
fn a_file_that_records_only_its_own_change_is_no_recorder() {
    let limits = "Error\n    at setLimit (limits.js:88:5)\n    at main.js:4:1";
    let others = "Error\n    at save (save.js:3:5)\n    at main.js:9:1";
    let found = places(&[
        ("ml.limits", limits),
        ("ml.saved", others),
        ("ml.limits", limits),
    ]);
    assert_eq!(found, ["limits.js:88", "save.js:3", "limits.js:88"]);
}

#[test]
fn what_every_stack_trace_begins_with_is_the_recorder() {
    let stack =
        |line: u32| format!("Error\n    at put (state.js:57:15)\n    at f (limits.js:{line}:5)");
    let (one, other) = (stack(88), stack(90));
    let found = places(&[("ml.a", &one), ("ml.a", &other), ("ml.b", "seed.js:3")]);
    assert_eq!(found, ["limits.js:88", "limits.js:90", "seed.js:3"]);
    let alone = places(&[("ml.a", &one), ("ml.a", &one)]);
    assert_eq!(alone, ["state.js:57", "state.js:57"]);
}

#[test]
fn in_one_file_the_second_function_is_named() {
    let stack = |line: u32| {
        format!("Error\n    at put (app.js:5:9)\n    at step (app.js:{line}:3)\n    at app.js:99:1")
    };
    let found = places(&[("ml.a", &stack(20)), ("ml.b", &stack(30))]);
    assert_eq!(found, ["app.js:20", "app.js:30"]);
    let arrows = "Error\n    at app.js:5:9\n    at app.js:21:3";
    assert_eq!(
        places(&[("ml.a", arrows), ("ml.b", arrows)]),
        ["app.js:21", "app.js:21"]
    );
    let alone = "Error\n    at put (app.js:5:9)";
    assert_eq!(
        places(&[("ml.a", alone), ("ml.b", alone)]),
        ["app.js:5", "app.js:5"]
    );
}

#[test]
fn the_first_change_of_an_application_in_one_file_is_told_by_the_second_function() {
    check(
        "Error\n    at save (app.mjs:6:9)\n    at first (app.mjs:8:3)\n    at app.mjs:20:1",
        "app.mjs:8",
    );
    check(
        "Error\n    at save (app.mjs:6:9)\n    at app.mjs:20:1",
        "app.mjs:20",
    );
    // Of two files the first may be either; of several such places none is of a recorder.
    check(
        "Error\n    at f (limits.js:88:5)\n    at main.js:4:1",
        "limits.js:88",
    );
    let inline = [
        ("ml.a", "Error\n    at f (app.js:3:9)\n    at app.js:9:1"),
        ("ml.b", "Error\n    at g (app.js:5:9)\n    at app.js:9:1"),
    ];
    assert_eq!(places(&inline), ["app.js:3", "app.js:5"]);
}

#[test]
fn a_recorder_is_known_on_the_line_that_it_had_in_an_earlier_build() {
    let earlier = "Error\n    at save (state.js:5:9)\n    at f (panel.js:7:1)";
    let later = "Error\n    at save (state.js:6:9)\n    at g (limits.js:8:1)";
    assert_eq!(
        places(&[("ml.a", earlier), ("ml.b", later), ("ml.c", later)]),
        ["panel.js:7", "limits.js:8", "limits.js:8"]
    );
}

#[test]
fn the_source_may_say_which_frame() {
    let stack = "Error\n    at a (a.js:1:1)\n    at b (b.js:2:2)\n    at listOnTimeout \
                 (node:internal/timers:581:17)\n    at c (c.js:3:3)";
    let hinted = |hint| {
        let change = Change {
            hint: Some(hint),
            ..change("ml.a", stack)
        };
        place(&change, &Recorders::of([&change]))
    };
    assert_eq!(hinted(Hint::Skip(0)), "a.js:1");
    assert_eq!(hinted(Hint::Skip(1)), "b.js:2");
    assert_eq!(hinted(Hint::Skip(2)), "c.js:3");
    assert_eq!(hinted(Hint::Skip(9)), "c.js:3");
    assert_eq!(hinted(Hint::Frame("limits.js:88".into())), "limits.js:88");
}

#[test]
fn every_engine_names_files_in_its_own_way() {
    check(
        "    at async save (file:///srv/app/save.mjs:4:2)",
        "save.mjs:4",
    );
    check(
        "    at async Promise.all (index 0)\n    at async C:\\app\\save.js:4:2",
        "save.js:4",
    );
    check(
        "    at new Panel (C:\\app\\my panel (2)\\panel.js:4:2)",
        "panel.js:4",
    );
    check(
        "    at Panel.set [as value] (webpack:///./src/panel.js?1a2b:4:2)",
        "panel.js:4",
    );
    check(
        "    at f (webpack-internal:///(app)/./src/panel.tsx:4:2)",
        "panel.tsx:4",
    );
    check(
        "async*save@http://localhost:8080/js/app.js?v=3:10:5",
        "app.js:10",
    );
    check("@http://localhost:8080/app.js:3:1", "app.js:3");
    check("global code@http://localhost:8080/app.js:3:1", "app.js:3");
    check("f@http://localhost:8080/:3:1", "localhost:8080:3");
    check("    at f (https://a.example/@scope/app.js:3:1)", "app.js:3");
    check(
        "    at t (https://a.example/app.min.js:1:48211)",
        "app.min.js:1:48211",
    );
    check("    at t (https://a.example/app.js:1:20)", "app.js:1");
    check(
        "    at lib/state.rb:7:in 'set'\nlib/state.js:7",
        "state.js:7",
    );
}

#[test]
fn what_is_no_stack_trace_is_told_by_its_first_line() {
    check("Flagdeck, by lead", "Flagdeck, by lead");
    check(
        "\n  nightly job at 14:05\nsecond line",
        "nightly job at 14:05",
    );
    check("lib/state.js:7", "state.js:7");
    check(" \n ", "");
    check("", "");
    check(":7", ":7");
    check("(((:::)))", "(((:::)))");
}

proptest! {
    #[test]
    fn any_text_has_a_place(origin in "(at |async )?[a.:/\\\\( )@0-9\n\\[\\]<>?]{0,32}") {
        let change = change("ml.a", &origin);
        let told = place(&change, &Recorders::of([&change]));
        prop_assert!(told.len() <= origin.len() + 1);
    }
}
