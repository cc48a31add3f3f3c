//! When to fetch next. Knows no clock.

use super::limits::{BACKOFF_MAX_MS, PAUSE_MIN_MS, RETRY_AFTER_MAX_MS};

/// By how much of itself a time varies up and down, so that many machines that were started
/// together do not ask together.
const JITTER: f64 = 0.1;

/// What led to the question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Since {
    /// Fetches that failed in a row; 0 after one that was answered.
    pub failures: u32,
    /// How long the server asked to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// Returns how long to wait until the next fetch, in milliseconds.
///
/// That is `refresh_ms`, doubled for each failure after the first up to ten minutes, and varied by
/// a tenth up and down by `seed`. A longer `Retry-After` counts, up to an hour. Never less than a
/// second.
pub fn next_ms(refresh_ms: u64, since: Since, seed: u64) -> u64 {
    let refresh_ms = refresh_ms.max(PAUSE_MIN_MS);
    let doublings = since.failures.saturating_sub(1).min(u64::BITS - 1);
    let grown_ms = refresh_ms.saturating_mul(1 << doublings);
    let pause_ms = grown_ms.min(refresh_ms.max(BACKOFF_MAX_MS));
    let asked_ms = since.retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MAX_MS);
    varied(pause_ms, seed).max(asked_ms).max(PAUSE_MIN_MS)
}

fn varied(time_ms: u64, seed: u64) -> u64 {
    let share = fastrand::Rng::with_seed(seed).f64() * 2.0 - 1.0;
    let varied = time_ms as f64 * (1.0 + JITTER * share);
    varied.round() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MS: u64 = 24 * 60 * 60 * 1000;

    fn failed(failures: u32) -> Since {
        Since {
            failures,
            retry_after_ms: None,
        }
    }

    proptest! {
        #[test]
        fn an_answer_is_followed_by_a_fetch_after_about_the_interval(
            refresh_ms in 1000..DAY_MS, seed: u64,
        ) {
            let next = next_ms(refresh_ms, Since::default(), seed);
            prop_assert!(next >= PAUSE_MIN_MS);
            prop_assert!(next.abs_diff(refresh_ms) <= refresh_ms / 10 + 1, "{next}");
        }

        #[test]
        fn failures_make_it_longer_up_to_a_bound(
            refresh_ms in 0..DAY_MS, failures: u32, seed: u64,
        ) {
            let next = next_ms(refresh_ms, failed(failures), seed);
            let bound = refresh_ms.max(BACKOFF_MAX_MS);
            prop_assert!((PAUSE_MIN_MS..=bound + bound / 10 + 1).contains(&next), "{next}");
            let later = next_ms(refresh_ms, failed(failures.saturating_add(1)), seed);
            prop_assert!(later >= next);
        }

        #[test]
        fn a_server_is_asked_no_sooner_than_it_wants_and_cannot_stop_it(
            refresh_ms in 1000..DAY_MS, failures in 0..100u32, asked: u64, seed: u64,
        ) {
            let since = Since { failures, retry_after_ms: Some(asked) };
            let next = next_ms(refresh_ms, since, seed);
            let without = next_ms(refresh_ms, failed(failures), seed);
            prop_assert_eq!(next, without.max(asked.min(RETRY_AFTER_MAX_MS)));
        }
    }

    #[test]
    fn machines_that_start_together_do_not_ask_together() {
        let mut times: Vec<u64> = (0..1000)
            .map(|seed| next_ms(60_000, Since::default(), seed))
            .collect();
        times.sort_unstable();
        assert!(times[0] < 55_000 && times[999] > 65_000);
        times.dedup();
        assert!(times.len() > 500, "{}", times.len());
    }

    #[test]
    fn a_failing_server_is_asked_ever_less_often() {
        let times = [1, 2, 3, 4, 5, 6].map(|failures| {
            // The middle of what the jitter makes of it.
            let times = (0..1000).map(|seed| next_ms(60_000, failed(failures), seed));
            times.sum::<u64>() / 1000 / 10_000
        });
        let minutes = times.map(|tens_of_seconds| (tens_of_seconds + 3) / 6);
        assert_eq!(minutes, [1, 2, 4, 8, 10, 10]);
    }
}
