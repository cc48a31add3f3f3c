//! Waiting for what other threads and programs do, and letting time pass by a clock that stands.

use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use flagdeck::clock::Clock;

/// How long to wait at most: far longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait from one look to the next.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until something is so, and returns how long that took.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    look_until(PATIENCE, what, || is_so().then_some(()).ok_or(""));
    began.elapsed()
}

/// Waits until what is seen is as wanted, and returns it. A failure tells what was seen last.
#[track_caller]
pub fn wait_for<T: Debug>(
    what: &str,
    mut see: impl FnMut() -> T,
    mut is_wanted: impl FnMut(&T) -> bool,
) -> T {
    look_until(PATIENCE, what, || {
        let seen = see();
        match is_wanted(&seen) {
            true => Ok(seen),
            false => Err(format!("; last seen: {seen:?}")),
        }
    })
}

/// Lets time pass by a clock that stands, and waits until all that became due was done.
#[track_caller]
pub fn let_pass(clock: &Clock, time: Duration) {
    clock.advance(time);
    settle(clock);
}

/// Lets time pass by a clock that stands, a second at a time, until something is so.
#[track_caller]
pub fn let_pass_until(clock: &Clock, what: &str, mut is_so: impl FnMut() -> bool) {
    const SECONDS_MAX: usize = 60;
    for _ in 0..SECONDS_MAX {
        if is_so() {
            return;
        }
        let_pass(clock, Duration::from_secs(1));
    }
    assert!(
        is_so(),
        "waited {SECONDS_MAX} s of a standing clock for {what}"
    );
}

/// Waits until all that is due by a clock that stands was done.
#[track_caller]
pub fn settle(clock: &Clock) {
    wait_until("the end of what is due", || clock.is_idle());
}

#[track_caller]
fn look_until<T, S: AsRef<str>>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<T, S>,
) -> T {
    let began = Instant::now();
    loop {
        let seen = match look() {
            Ok(found) => return found,
            Err(seen) => seen,
        };
        let waited = began.elapsed();
        let seen = seen.as_ref();
        assert!(waited < patience, "waited {waited:.1?} for {what}{seen}");
        // A real pause, from one look to the next.
        thread::sleep(PAUSE);
    }
}

#[test]
fn what_is_waited_for_is_returned_when_it_is_seen() {
    let mut count = 0;
    let next = || {
        count += 1;
        count
    };
    assert_eq!(wait_for("the third look", next, |count| *count == 3), 3);
}

#[test]
#[should_panic(expected = "ms for the moon; last seen: 7")]
fn a_failure_tells_what_was_waited_for_and_what_was_seen_last() {
    let seen = || Err::<(), _>("; last seen: 7");
    look_until(Duration::from_millis(1), "the moon", seen);
}

/// Nearly all that a test could sleep for is a condition, or time that a clock lets pass.
#[test]
fn every_pause_of_a_test_says_why_it_is_a_real_one() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = [tests.clone(), tests.join("support")]
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path());
    let mut unexplained = Vec::new();
    for path in files.filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (index, _) in lines.iter().enumerate().filter(|(_, line)| pauses(line)) {
            let before = &lines[index.saturating_sub(3)..index];
            if !before.iter().any(|line| line.contains("// A real pause")) {
                unexplained.push(format!("{}:{}", path.display(), index + 1));
            }
        }
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}

fn pauses(line: &str) -> bool {
    line.trim_start().starts_with(concat!("thread::", "sleep("))
        || line.contains(concat!("std::thread::", "sleep("))
}
