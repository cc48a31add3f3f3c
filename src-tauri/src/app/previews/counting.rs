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
    let shares = in_shares(roster.len(), threads, progress, |range, done| {
        over.whole(range, |so_far, _| done(so_far))
    })?;
    let mut shares = shares.into_iter();
    let mut sum = shares.next()?;
    for more in shares {
        sum += &more;
    }
    Some(sum)
}

/// Divides so many users into shares, calls `work` for each of them on a thread of its own, and
/// returns the results in the order of the shares; `None` if `progress` breaks it off. `work` reports
/// how many users of its share are done.
pub(super) fn in_shares<T: Send>(
    users: usize,
    threads: usize,
    progress: &Progress<'_>,
    work: impl Fn(Range<usize>, &mut dyn FnMut(usize) -> ControlFlow<()>) -> Option<T> + Sync,
) -> Option<Vec<T>> {
    let (done, is_broken_off) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = |range: Range<usize>| {
        let mut before = 0;
        work(range, &mut |so_far| {
            let step = so_far - std::mem::replace(&mut before, so_far);
            let all = done.fetch_add(step, Ordering::Relaxed) + step;
            let is_over = is_broken_off.load(Ordering::Relaxed);
            if is_over || progress(all, users).is_break() {
                is_broken_off.store(true, Ordering::Relaxed);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
    };
    let share = users.div_ceil(threads.max(1)).max(USERS_OF_THREAD_MIN);
    if share >= users {
        return work(0..users).map(|all| vec![all]);
    }
    let work = &work;
    thread::scope(|scope| {
        let starts = (0..users).step_by(share);
        let ranges = starts.map(|from| from..(from + share).min(users));
        let begun: Vec<_> = ranges
            .map(|range| scope.spawn(move || work(range)))
            .collect();
        let ended = begun.into_iter().map(thread::ScopedJoinHandle::join);
        ended
            .map(|done| done.expect("counting does not panic"))
            .collect()
    })
}
