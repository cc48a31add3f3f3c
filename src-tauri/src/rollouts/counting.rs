//! Totals → blocks: what was counted of the two arms of a rollout since the last block.
//!
//! Totals only grow, so their difference counts each calculation once. A program that was started, or
//! takes over, begins with the next block.

use flagdeck_core::guard::{Block, Counts, Users};
use flagdeck_core::measure::{DURATION_EDGES_S, Tally};
use serde::{Deserialize, Serialize};

use super::limits::{BLOCK_AGE_MS, BLOCK_CALCULATIONS, BLOCK_MS, BLOCKS_EVEN};
use super::shapes::ArmCounts;

/// Buckets of durations: one for each edge, and what is longer than the last.
const BUCKETS: usize = DURATION_EDGES_S.len() + 1;

/// Calculations of one arm since counting began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmTotal {
    /// Those that ended well, by duration.
    pub durations: [u64; BUCKETS],
    /// Those that failed.
    pub errors: u64,
    /// Users whose first calculation is among them.
    pub users: u64,
}

impl ArmTotal {
    /// Adds calculations, and how many users were new.
    pub fn add(&mut self, tally: &Tally, users: u64) {
        self.users += users;
        for (sum, count) in self.durations.iter_mut().zip(tally.durations) {
            *sum += count;
        }
        self.errors += tally.errors;
    }

    /// Returns how many there are.
    pub fn calculations(&self) -> u64 {
        self.durations.iter().sum::<u64>() + self.errors
    }

    /// Returns what came since an earlier total; nothing if that is not an earlier one of this,
    /// because a source was removed or the totals began again.
    fn since(&self, earlier: &Self) -> Option<Self> {
        let mut since = Self {
            errors: self.errors.checked_sub(earlier.errors)?,
            users: self.users.checked_sub(earlier.users)?,
            ..Self::default()
        };
        let counts = self.durations.iter().zip(&earlier.durations);
        for (count, (now, then)) in since.durations.iter_mut().zip(counts) {
            *count = now.checked_sub(*then)?;
        }
        Some(since)
    }

    /// Counts them as the guard does. Those longer than `response_s` are counted for certain only:
    /// none of a bucket that it falls into.
    fn counts(&self, response_s: f64) -> Counts {
        let tally = Tally {
            durations: self.durations,
            errors: self.errors,
            ..Tally::default()
        };
        let longer = |edge: usize| self.durations[edge + 1..].iter().sum();
        Counts {
            calculations: self.calculations(),
            failed: self.errors,
            late: tally.slower_than(response_s),
            slow: (0..DURATION_EDGES_S.len()).map(longer).collect(),
        }
    }
}

/// Both arms of a rollout since counting began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Tells totals that can be compared from those of another start of the program that counts.
    pub start: u64,
    /// Calculations of users with it on.
    pub exposed: ArmTotal,
    /// Of the others.
    pub control: ArmTotal,
}

impl Totals {
    /// Adds those of another rollout.
    pub fn merge(&mut self, other: &Self) {
        for (arm, other) in [
            (&mut self.exposed, &other.exposed),
            (&mut self.control, &other.control),
        ] {
            for (sum, count) in arm.durations.iter_mut().zip(other.durations) {
                *sum += count;
            }
            arm.errors += other.errors;
            arm.users += other.users;
        }
    }

    /// Returns what came since earlier ones; nothing if those are no earlier ones of these.
    pub fn since(&self, earlier: &Self) -> Option<Self> {
        (self.start == earlier.start).then_some(())?;
        Some(Self {
            start: self.start,
            exposed: self.exposed.since(&earlier.exposed)?,
            control: self.control.since(&earlier.control)?,
        })
    }

    /// Returns how many calculations there are.
    pub fn calculations(&self) -> u64 {
        self.exposed.calculations() + self.control.calculations()
    }

    /// Makes a block of them. `share` is the share of users who should have it on, if that is known.
    pub fn block(
        &self,
        response_s: f64,
        memory_bytes: Option<u64>,
        is_widened: bool,
        share: Option<f64>,
    ) -> Block {
        let (exposed, control) = (self.exposed.users, self.control.users);
        let users = share.filter(|_| exposed + control > 0);
        Block {
            exposed: self.exposed.counts(response_s),
            control: self.control.counts(response_s),
            memory_bytes,
            users: users.map(|share| Users {
                exposed,
                control,
                share,
            }),
            is_widened,
        }
    }
}

/// Says whether a block ends, without looking at outcomes: of `open` calculations since the last
/// one, which is `age_ms` old, in an attempt that had `before` of them.
pub fn is_whole(open: &Totals, age_ms: i64, before: u64) -> bool {
    if age_ms < BLOCK_MS {
        return false;
    }
    let least = BLOCK_CALCULATIONS.max(before / BLOCKS_EVEN);
    let (exposed, control) = (open.exposed.calculations(), open.control.calculations());
    let is_large = exposed + control >= least && exposed > 0 && control > 0;
    is_large || (age_ms >= BLOCK_AGE_MS && exposed > 0)
}

/// A block as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Packed {
    exposed: PackedCounts,
    control: PackedCounts,
    memory_bytes: Option<u64>,
    users: Option<(u64, u64, f64)>,
    is_widened: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct PackedCounts(u64, u64, u64, Vec<u64>);

/// Packs a block: about 30 bytes.
pub fn pack(block: &Block) -> Vec<u8> {
    let counts = |it: &Counts| PackedCounts(it.calculations, it.failed, it.late, it.slow.clone());
    let users = block.users.map(|it| (it.exposed, it.control, it.share));
    let packed = Packed {
        exposed: counts(&block.exposed),
        control: counts(&block.control),
        memory_bytes: block.memory_bytes,
        users,
        is_widened: block.is_widened,
    };
    postcard::to_stdvec(&packed).expect("numbers can be packed")
}

/// Reads a block; `None` if it is damaged.
pub fn unpack(bytes: &[u8]) -> Option<Block> {
    let packed: Packed = postcard::from_bytes(bytes).ok()?;
    let counts = |it: PackedCounts| Counts {
        calculations: it.0,
        failed: it.1,
        late: it.2,
        slow: it.3,
    };
    let users = packed.users.map(|(exposed, control, share)| Users {
        exposed,
        control,
        share,
    });
    Some(Block {
        exposed: counts(packed.exposed),
        control: counts(packed.control),
        memory_bytes: packed.memory_bytes,
        users,
        is_widened: packed.is_widened,
    })
}

impl ArmCounts {
    /// Adds what a block counted.
    pub fn add(&mut self, counts: &Counts) {
        self.calculations += counts.calculations;
        self.failed += counts.failed;
        self.late += counts.late;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(fast: u64, slow: u64, errors: u64) -> ArmTotal {
        let mut durations = [0; BUCKETS];
        durations[2] = fast;
        durations[BUCKETS - 1] = slow;
        ArmTotal {
            durations,
            errors,
            users: fast,
        }
    }

    #[test]
    fn what_came_since_is_counted_once_and_a_new_beginning_counts_nothing() {
        let before = Totals {
            start: 7,
            exposed: total(10, 1, 2),
            control: total(90, 0, 1),
        };
        let after = Totals {
            start: 7,
            exposed: total(15, 2, 4),
            control: total(91, 0, 1),
        };
        let since = after.since(&before).unwrap();
        assert_eq!(
            (since.exposed.calculations(), since.control.calculations()),
            (8, 1)
        );
        let block = since.block(5.0, Some(7), true, Some(0.1));
        let users = block.users.unwrap();
        assert_eq!((users.exposed, users.control), (5, 1));
        assert_eq!((block.exposed.failed, block.exposed.late), (2, 1));
        assert_eq!(block.exposed.slow, [6, 6, 1, 1, 1, 1, 1]);
        assert_eq!(before.since(&after), None);
        let elsewhere = Totals { start: 8, ..after };
        assert_eq!(elsewhere.since(&before), None);
    }

    #[test]
    fn blocks_end_by_how_many_there_are_and_how_old_they_are() {
        let open = |exposed, control| Totals {
            start: 7,
            exposed: total(exposed, 0, 0),
            control: total(control, 0, 0),
        };
        assert!(!is_whole(&open(5, 45), BLOCK_MS - 1, 0), "too young");
        assert!(is_whole(&open(5, 45), BLOCK_MS, 0));
        assert!(!is_whole(&open(5, 44), BLOCK_MS, 0));
        assert!(
            !is_whole(&open(0, 100), BLOCK_AGE_MS, 0),
            "nothing to judge"
        );
        assert!(is_whole(&open(1, 0), BLOCK_AGE_MS, 0));
        let after = 100 * BLOCKS_EVEN;
        assert!(!is_whole(&open(9, 90), BLOCK_MS, after));
        assert!(is_whole(&open(10, 90), BLOCK_MS, after));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn blocks_come_back(
            numbers in prop::collection::vec(any::<u64>(), 6),
            slow in prop::collection::vec(any::<u64>(), 0..9),
            memory_bytes in any::<Option<u64>>(),
            users in any::<Option<(u64, u64)>>(),
            is_widened in any::<bool>(),
        ) {
            let counts = |at: usize| Counts {
                calculations: numbers[at],
                failed: numbers[at + 1],
                late: numbers[at + 2],
                slow: slow.clone(),
            };
            let block = Block {
                exposed: counts(0),
                control: counts(3),
                memory_bytes,
                users: users.map(|(exposed, control)| Users { exposed, control, share: 0.25 }),
                is_widened,
            };
            prop_assert_eq!(unpack(&pack(&block)), Some(block));
        }

        #[test]
        fn bytes_of_anything_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&bytes);
        }
    }
}
