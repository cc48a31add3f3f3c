//! The users of the synthetic host: who they are, how often they come, how quick their
//! machines are.

use fastrand::Rng;

use super::chance::normal;

/// How steeply activity falls from the busiest user on (Zipf): at 0.7 the busiest of 4 000
/// makes 3 % of everything, and the busier half makes 80 %.
const ACTIVITY_EXPONENT: f64 = 0.7;

/// By how much machines differ: the standard deviation of the logarithm of their slowness.
const SLOWNESS_SPREAD: f64 = 0.3;

/// Below this much memory, a user's machine is slow.
const DEVICE_MEMORY_GB_MIN: u32 = 4;

/// How much longer everything takes there.
const SHORT_OF_MEMORY_FACTOR: f64 = 1.5;

/// Everybody: `user0`, `user1` and so on.
#[derive(Debug, Clone)]
pub struct Population {
    users: Vec<User>,
    /// The activity of each user and of all before it.
    activity: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct User {
    slowness: f64,
    groups: &'static [&'static str],
}

impl Population {
    /// Makes up so many users; at least one.
    pub fn new(size: usize, rng: &mut Rng) -> Self {
        let size = size.max(1);
        let mut ranks: Vec<usize> = (1..=size).collect();
        // Otherwise the first names would always be the busiest.
        rng.shuffle(&mut ranks);
        let weights = ranks
            .iter()
            .map(|rank| (*rank as f64).powf(-ACTIVITY_EXPONENT));
        let activity = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self {
            activity: activity.collect(),
            users: (0..size).map(|_| User::new(rng)).collect(),
        }
    }

    /// Returns how many there are.
    pub fn size(&self) -> usize {
        self.users.len()
    }

    /// Draws a user, busy ones more often.
    pub fn pick(&self, rng: &mut Rng) -> usize {
        let all = self.activity.last().expect("there is at least one user");
        let at = rng.f64() * all;
        let found = self.activity.partition_point(|sum| *sum <= at);
        // Rounding may reach beyond the last.
        found.min(self.size() - 1)
    }

    /// Returns the id of a user.
    pub fn id(&self, user: usize) -> String {
        format!("user{user}")
    }

    /// Returns the groups a user belongs to: a tenth are in `beta`, a hundredth are `staff`.
    pub fn groups(&self, user: usize) -> &'static [&'static str] {
        self.users[user].groups
    }

    /// Returns by which factor everything takes longer for a user; 1 in the middle.
    pub fn slowness(&self, user: usize) -> f64 {
        self.users[user].slowness
    }
}

impl User {
    fn new(rng: &mut Rng) -> Self {
        const MEMORY_GB: [u32; 6] = [2, 4, 8, 8, 16, 16];
        let memory_gb = MEMORY_GB[rng.usize(..MEMORY_GB.len())];
        let for_memory = match memory_gb < DEVICE_MEMORY_GB_MIN {
            true => SHORT_OF_MEMORY_FACTOR,
            false => 1.0,
        };
        Self {
            slowness: for_memory * (SLOWNESS_SPREAD * normal(rng)).exp(),
            groups: match rng.u32(..100) {
                0 => &["staff"],
                1..=10 => &["beta"],
                _ => &[],
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_users_do_much_and_everyone_something() {
        let mut rng = Rng::with_seed(4);
        let population = Population::new(1000, &mut rng);
        let mut visits = vec![0_u32; population.size()];
        for _ in 0..500_000 {
            visits[population.pick(&mut rng)] += 1;
        }
        visits.sort_unstable_by(|a, b| b.cmp(a));
        let busiest: u32 = visits[..100].iter().sum();
        assert!((200_000..300_000).contains(&busiest), "{busiest}");
        assert!(visits[999] > 0);
    }

    #[test]
    fn groups_hold_the_share_that_they_are_said_to() {
        let mut rng = Rng::with_seed(5);
        let population = Population::new(20_000, &mut rng);
        let count = |group: &str| {
            let users = 0..population.size();
            users
                .filter(|user| population.groups(*user).contains(&group))
                .count()
        };
        assert!((1_800..2_200).contains(&count("beta")));
        assert!((150..250).contains(&count("staff")));
    }

    #[test]
    fn nobody_at_all_is_taken_for_one() {
        let mut rng = Rng::with_seed(6);
        let population = Population::new(0, &mut rng);
        assert_eq!((population.size(), population.pick(&mut rng)), (1, 0));
    }
}
