//! Counting over a roster, on several threads: each has its share of the users.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use flagdeck_core::affected::Whole;
use flagdeck_core::{Preview, Roster};

use super::Progress;

/// Users from which on a second thread is worth its start.
const USERS_OF_THREAD_MIN: usize = 50_000;

/// Counts all users by what happens to each component. Returns `None` if `progress` breaks it off.
pub(super) fn whole(
    preview: &Preview,
    roster: &Roster,
    threads: usize,
    progress: &Progress<'_>,
) -> Option<Whole> {
    let over = preview.over(roster);
    let (done, is_broken_off) = (AtomicUsize::new(0), AtomicBool::new(false));
    let count = |range: Range<usize>| {
        let mut before = 0;
        over.whole(range, |so_far, _| {
            let step = so_far - std::mem::replace(&mut before, so_far);
            let all = done.fetch_add(step, Ordering::Relaxed) + step;
            let is_over = is_broken_off.load(Ordering::Relaxed);
            if is_over || progress(all, roster.len()).is_break() {
                is_broken_off.store(true, Ordering::Relaxed);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
    };
    let share = roster
        .len()
        .div_ceil(threads.max(1))
        .max(USERS_OF_THREAD_MIN);
    if share >= roster.len() {
        return count(0..roster.len());
    }
    let counted: Vec<Option<Whole>> = thread::scope(|scope| {
        let starts = (0..roster.len()).step_by(share);
        let ranges = starts.map(|from| from..(from + share).min(roster.len()));
        let count = &count;
        let counts: Vec<_> = ranges
            .map(|range| scope.spawn(move || count(range)))
            .collect();
        let counts = counts.into_iter().map(thread::ScopedJoinHandle::join);
        counts
            .map(|count| count.expect("counting does not panic"))
            .collect()
    });
    let mut counted = counted.into_iter();
    let mut sum = counted.next()??;
    for more in counted {
        sum += &more?;
    }
    Some(sum)
}
