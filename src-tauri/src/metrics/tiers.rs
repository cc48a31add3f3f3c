//! How finely the past is stored, and for how long. Knows nothing of disk.

use std::collections::VecDeque;

use super::frame::Frame;

/// Frames of one length, on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// Seconds of one frame.
    pub step_s: u32,
    /// Seconds a frame is kept.
    pub kept_s: i64,
}

/// A packed frame, with its beginning in seconds since 1970.
pub type PackedFrame = (i64, Box<[u8]>);

const HOUR_S: i64 = 60 * 60;
const DAY_S: i64 = 24 * HOUR_S;

/// The tiers, finest first. Each step is a multiple of the one before.
pub const TIERS: [Tier; 3] = [
    Tier {
        step_s: TICK_S,
        kept_s: 2 * DAY_S,
    },
    Tier {
        step_s: 60,
        kept_s: 14 * DAY_S,
    },
    Tier {
        step_s: 3600,
        kept_s: 366 * DAY_S,
    },
];

/// Seconds of the finest frames on disk.
pub const TICK_S: u32 = 10;

/// A day of ticks is kept in memory, if there is room.
pub const TICKS_IN_MEMORY_S: i64 = DAY_S;

/// Seconds of one-second frames in memory: what the dashboard shows.
pub const SECONDS_IN_MEMORY_S: i64 = 15 * 60;

/// Returns the beginning of the step that a moment lies in.
pub fn step_of(at_s: i64, step_s: u32) -> i64 {
    at_s - at_s.rem_euclid(i64::from(step_s))
}

/// Returns the finest tier that still has what was at `from_s` and needs no more than `frames_max`
/// frames up to `to_s`; the coarsest if none does.
pub fn choose(from_s: i64, to_s: i64, now_s: i64, frames_max: i64) -> Tier {
    let fits = |tier: &&Tier| {
        let is_kept = now_s - from_s <= tier.kept_s;
        is_kept && (to_s - from_s) / i64::from(tier.step_s) <= frames_max
    };
    TIERS.iter().find(fits).copied().unwrap_or(TIERS[2])
}

/// Frames in memory, packed, of the latest time.
#[derive(Debug)]
pub struct Ring {
    kept_s: i64,
    bytes_max: usize,
    bytes: usize,
    frames: VecDeque<PackedFrame>,
}

impl Ring {
    /// Keeps frames for so many seconds, and no more than so many bytes of them.
    pub fn new(kept_s: i64, bytes_max: usize) -> Self {
        Self {
            kept_s,
            bytes_max,
            bytes: 0,
            frames: VecDeque::new(),
        }
    }

    /// Adds a frame that begins at `at_s`, later than all before.
    pub fn push(&mut self, at_s: i64, frame: &Frame) {
        self.push_packed(at_s, frame.pack().into());
    }

    /// The same of a frame that is packed already. One that begins with the last is added to it.
    pub fn push_packed(&mut self, at_s: i64, packed: Box<[u8]>) {
        let last_s = self.frames.back().map(|(last_s, _)| *last_s);
        let packed = match last_s {
            Some(last_s) if last_s == at_s => self.added_to_last(packed),
            Some(last_s) if last_s > at_s => {
                // The clock was set back: earlier frames would be out of order.
                self.clear();
                packed
            }
            _ => packed,
        };
        self.bytes += packed.len();
        self.frames.push_back((at_s, packed));
        while self.bytes > self.bytes_max
            || self
                .frames
                .front()
                .is_some_and(|(first, _)| *first <= at_s - self.kept_s)
        {
            let Some((_, dropped)) = self.frames.pop_front() else {
                return;
            };
            self.bytes -= dropped.len();
        }
    }

    /// Removes the last frame, and returns it with another added.
    fn added_to_last(&mut self, packed: Box<[u8]>) -> Box<[u8]> {
        let Some((_, last)) = self.frames.pop_back() else {
            return packed;
        };
        self.bytes -= last.len();
        match (Frame::unpack(&last), Frame::unpack(&packed)) {
            (Some(mut sum), Some(frame)) => {
                sum.merge(&frame);
                sum.pack().into()
            }
            _ => packed,
        }
    }

    /// Adds a frame of an earlier time, if the ring reaches back to it. Returns whether it does.
    pub fn add(&mut self, at_s: i64, frame: &Frame) -> bool {
        if self.begins_s().is_none_or(|begins_s| at_s < begins_s) {
            return false;
        }
        let place = self
            .frames
            .partition_point(|(begins_s, _)| *begins_s < at_s);
        match self
            .frames
            .get_mut(place)
            .filter(|(begins_s, _)| *begins_s == at_s)
        {
            Some((_, packed)) => {
                let mut sum = Frame::unpack(packed).unwrap_or_default();
                sum.merge(frame);
                self.bytes -= packed.len();
                *packed = sum.pack().into();
                self.bytes += packed.len();
            }
            None => {
                let packed: Box<[u8]> = frame.pack().into();
                self.bytes += packed.len();
                self.frames.insert(place, (at_s, packed));
            }
        }
        true
    }

    /// Rewrites the frames that `edit` changes; it returns whether it did.
    pub fn edit(&mut self, mut edit: impl FnMut(&mut Frame) -> bool) {
        for (_, packed) in &mut self.frames {
            let Some(mut frame) = Frame::unpack(packed) else {
                continue;
            };
            if edit(&mut frame) {
                self.bytes -= packed.len();
                *packed = frame.pack().into();
                self.bytes += packed.len();
            }
        }
    }

    /// Removes all frames.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
    }

    /// Returns when the first frame begins; `None` for an empty ring.
    pub fn begins_s(&self) -> Option<i64> {
        self.frames.front().map(|(at_s, _)| *at_s)
    }

    /// Returns how many bytes the frames take, without what they are kept in.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the frames that begin from `from_s` to before `to_s`, earliest first, packed, so
    /// that they can be unpacked outside of the lock.
    pub fn between(&self, from_s: i64, to_s: i64) -> Vec<PackedFrame> {
        let first = self.frames.partition_point(|(at_s, _)| *at_s < from_s);
        let found = self.frames.range(first..);
        found
            .take_while(|(at_s, _)| *at_s < to_s)
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use flagdeck_core::measure::Arm;

    use super::*;
    use crate::metrics::frame::SeriesKey;

    fn frame(errors: u64) -> Frame {
        let mut frame = Frame::default();
        let key = SeriesKey::without_source(0, Arm::Unknown);
        frame.tallies.entry(key).or_default().errors = errors;
        frame
    }

    fn times(ring: &Ring, from_s: i64, to_s: i64) -> Vec<i64> {
        let found = ring.between(from_s, to_s).into_iter();
        found.map(|(at_s, _)| at_s).collect()
    }

    #[test]
    fn a_ring_keeps_the_latest_time_within_its_bytes() {
        let mut ring = Ring::new(5, usize::MAX);
        for at_s in 0..10 {
            ring.push(at_s, &frame(1));
        }
        assert_eq!(times(&ring, 0, 100), [5, 6, 7, 8, 9]);
        assert_eq!(times(&ring, 6, 8), [6, 7]);
        assert_eq!(ring.begins_s(), Some(5));
        let one = ring.bytes() / 5;
        let mut small = Ring::new(1000, 3 * one);
        for at_s in 0..10 {
            small.push(at_s, &frame(1));
        }
        assert_eq!(times(&small, 0, 100), [7, 8, 9]);
    }

    #[test]
    fn a_clock_that_was_set_back_begins_anew() {
        let mut ring = Ring::new(100, usize::MAX);
        ring.push(50, &frame(1));
        ring.push(20, &frame(1));
        assert_eq!(times(&ring, 0, 100), [20]);
    }

    #[test]
    fn what_comes_again_of_the_same_time_is_added() {
        let mut ring = Ring::new(100, usize::MAX);
        ring.push(40, &frame(1));
        ring.push(50, &frame(1));
        ring.push(50, &frame(2));
        assert_eq!(times(&ring, 0, 100), [40, 50]);
        let (_, last) = &ring.between(50, 60)[0];
        let last = Frame::unpack(last).expect("it was packed");
        assert_eq!(last.sum(|_, _| true).errors, 3);
        assert_eq!(ring.bytes(), 2 * frame(1).pack().len());
    }

    #[test]
    fn what_comes_late_is_added_where_the_ring_has_its_time() {
        let mut ring = Ring::new(100, usize::MAX);
        assert!(!ring.add(40, &frame(1)), "an empty ring has no time");
        ring.push(40, &frame(1));
        ring.push(60, &frame(1));
        assert!(!ring.add(30, &frame(1)));
        assert!(ring.add(40, &frame(2)) && ring.add(50, &frame(1)) && ring.add(70, &frame(1)));
        assert_eq!(times(&ring, 0, 100), [40, 50, 60, 70]);
        let (_, first) = &ring.between(40, 41)[0];
        let first = Frame::unpack(first).expect("it was packed");
        assert_eq!(first.sum(|_, _| true).errors, 3);
        assert_eq!(ring.bytes(), 4 * frame(1).pack().len());
    }

    #[test]
    fn the_finest_tier_that_has_it_all_is_chosen() {
        let now_s = 100 * DAY_S;
        let step = |from_s, frames_max| choose(from_s, now_s, now_s, frames_max).step_s;
        assert_eq!(step(now_s - HOUR_S, 20_000), 10);
        assert_eq!(step(now_s - 2 * DAY_S, 20_000), 10);
        assert_eq!(step(now_s - 2 * DAY_S, 10_000), 60);
        assert_eq!(step(now_s - 3 * DAY_S, 20_000), 60);
        assert_eq!(step(now_s - 20 * DAY_S, 20_000), 3600);
        assert_eq!(step(now_s - 99 * DAY_S, 10), 3600);
    }
}
