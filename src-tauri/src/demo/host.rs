//! The synthetic host itself: an application that calculates for its users, made up.
//!
//! Knows nothing of time, network or the machine: a seed and the number of steps taken say
//! everything that happens, so that a run can be had again.

use std::f64::consts::TAU;
use std::time::Duration;

use fastrand::Rng;

use super::chance::{normal, pareto, poisson};
use super::event::{By, Event};
use super::exposure::Exposure;
use super::population::Population;

/// The time of one step.
pub const STEP: Duration = Duration::from_millis(250);

const STEP_S: f64 = 0.25;

/// The host's day, shortened from 24 hours to minutes: a person who looks on for a quarter
/// of an hour is to see it.
const DAY_S: f64 = 24.0 * 60.0;

/// By how much the rate goes up and down in a day.
const DAY_SWING: f64 = 0.3;

/// The duration in the middle of all.
const DURATION_S: f64 = 0.04;

/// The standard deviation of the logarithm of durations.
const DURATION_SPREAD: f64 = 0.8;

/// The share of calculations that get stuck for a while: the tail. Three in ten of them take
/// longer than 2 s, one in ten longer than 5 s.
const STUCK_SHARE: f64 = 0.008;
const STUCK_S_MIN: f64 = 0.8;
const STUCK_SHAPE: f64 = 1.3;

/// No calculation takes longer: the host would have given it up.
const DURATION_S_MAX: f64 = 30.0;

const ITERATIONS_MIN: f64 = 10.0;
const ITERATIONS_MAX: f64 = 60.0;

const CONFIDENCE_MIN: f64 = 0.6;
const CONFIDENCE_MAX: f64 = 0.95;

/// The share of calculations that fail.
const ERROR_SHARE: f64 = 0.01;

/// The same if a component with a regression is on.
const REGRESSED_ERROR_SHARE: f64 = 0.06;

/// By which factor calculations take longer there.
const REGRESSED_SLOWNESS: f64 = 3.0;

/// The share of results that users use.
const USED_SHARE: f64 = 0.02;

/// The founding specification reports memory every 5 s.
const STEPS_BETWEEN_MEMORY: u64 = 20;

/// Memory rises to its ceiling within a minute or so, and falls to its floor at once, when
/// garbage is collected.
const MEMORY_BYTES_MIN: f64 = 60e6;
const MEMORY_BYTES_MAX: f64 = 100e6;
const MEMORY_RISE_BYTES: f64 = 40e6 / 240.0;

/// What a host is like.
#[derive(Debug, Clone)]
pub struct Traits {
    /// How many users there are.
    pub users: usize,
    /// Calculations a second, on average over a day.
    pub rate_per_s: f64,
    /// What calculates, all as often.
    pub components: Vec<String>,
    /// Whether components do worse for users they are on for.
    pub has_regression: bool,
    /// What everything follows from.
    pub seed: u64,
}

/// An application that calculates, a step at a time.
#[derive(Debug, Clone)]
pub struct Host {
    traits: Traits,
    population: Population,
    rng: Rng,
    steps: u64,
    memory: Memory,
}

/// What chance decides about one calculation: always all of it, whatever becomes of the
/// calculation, so that what happens to one user never changes what happens to the next.
struct Draw {
    component: usize,
    user: usize,
    failure: f64,
    duration_s: f64,
    iterations: f64,
    confidence: f64,
    use_of_it: f64,
}

impl Host {
    /// Makes a host up; it needs at least one component.
    pub fn new(traits: Traits) -> Self {
        assert!(!traits.components.is_empty(), "something has to calculate");
        let mut rng = Rng::with_seed(traits.seed);
        Self {
            population: Population::new(traits.users, &mut rng),
            memory: Memory::new(),
            steps: 0,
            rng,
            traits,
        }
    }

    /// Returns the users.
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// Returns what calculates.
    pub fn components(&self) -> &[String] {
        &self.traits.components
    }

    /// Returns what it is made up from.
    pub fn seed(&self) -> u64 {
        self.traits.seed
    }

    /// Lets one [`STEP`] pass, and returns what happened in it.
    ///
    /// `exposure` is that of the same components and users; only a regression looks at it.
    pub fn step(&mut self, exposure: &Exposure) -> Vec<Event> {
        let mean = self.traits.rate_per_s * STEP_S * daily_swing(self.steps as f64 * STEP_S);
        let mut events = Vec::new();
        self.memory.step(&mut self.rng);
        if self.steps.is_multiple_of(STEPS_BETWEEN_MEMORY) {
            events.push(self.memory.event());
        }
        for _ in 0..poisson(&mut self.rng, mean) {
            let draw = self.draw();
            let is_regressed =
                self.traits.has_regression && exposure.is_exposed(draw.component, draw.user);
            self.calculate(&draw, is_regressed, &mut events);
        }
        self.steps += 1;
        events
    }

    fn draw(&mut self) -> Draw {
        let rng = &mut self.rng;
        let component = rng.usize(..self.traits.components.len());
        let user = self.population.pick(rng);
        let usual_s = DURATION_S * (DURATION_SPREAD * normal(rng)).exp();
        let stuck_s = pareto(rng, STUCK_S_MIN, STUCK_SHAPE);
        let duration_s = match rng.f64() < STUCK_SHARE {
            true => stuck_s,
            false => usual_s * self.population.slowness(user),
        };
        let iterations = iterations(duration_s, normal(rng));
        Draw {
            component,
            user,
            failure: rng.f64(),
            duration_s,
            iterations,
            confidence: confidence(iterations, normal(rng)),
            use_of_it: rng.f64(),
        }
    }

    fn calculate(&self, draw: &Draw, is_regressed: bool, events: &mut Vec<Event>) {
        let (error_share, slowness) = match is_regressed {
            true => (REGRESSED_ERROR_SHARE, REGRESSED_SLOWNESS),
            false => (ERROR_SHARE, 1.0),
        };
        let by = By {
            component: self.traits.components[draw.component].clone(),
            user: self.population.id(draw.user),
            groups: self.population.groups(draw.user),
        };
        if draw.failure < error_share {
            events.push(Event::Error { by });
            return;
        }
        events.push(Event::Complete {
            duration_s: rounded((draw.duration_s * slowness).min(DURATION_S_MAX), 1e6),
            confidence: rounded(draw.confidence, 1e4),
            iterations: draw.iterations as u32,
            by,
        });
        if draw.use_of_it < USED_SHARE {
            events.push(Event::Usage);
        }
    }
}

/// More in the first half of the host's day, less in the second, 1 on average.
fn daily_swing(at_s: f64) -> f64 {
    1.0 + DAY_SWING * (TAU * at_s / DAY_S).sin()
}

/// What takes long iterates more.
fn iterations(duration_s: f64, noise: f64) -> f64 {
    let by_duration = 24.0 + 9.0 * (duration_s / DURATION_S).ln();
    let iterations = (by_duration + 4.0 * noise).round();
    iterations.clamp(ITERATIONS_MIN, ITERATIONS_MAX)
}

/// What iterates more is surer of its result, with ever less to be gained.
fn confidence(iterations: f64, noise: f64) -> f64 {
    let gained = 1.0 - (-(iterations - ITERATIONS_MIN) / 16.0).exp();
    let confidence = CONFIDENCE_MIN + (CONFIDENCE_MAX - CONFIDENCE_MIN) * gained;
    (confidence + 0.02 * noise).clamp(CONFIDENCE_MIN, CONFIDENCE_MAX)
}

/// Leaves out digits that are never measured.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// The memory of the host.
#[derive(Debug, Clone)]
struct Memory {
    bytes: f64,
    /// Where garbage is collected next.
    ceiling_bytes: f64,
}

impl Memory {
    fn new() -> Self {
        Self {
            bytes: MEMORY_BYTES_MIN,
            ceiling_bytes: MEMORY_BYTES_MAX,
        }
    }

    fn step(&mut self, rng: &mut Rng) {
        self.bytes += MEMORY_RISE_BYTES * (0.5 + rng.f64());
        if self.bytes > self.ceiling_bytes {
            self.bytes = MEMORY_BYTES_MIN + 4e6 * rng.f64();
            self.ceiling_bytes = MEMORY_BYTES_MAX - 8e6 * rng.f64();
        }
    }

    fn event(&self) -> Event {
        Event::Memory {
            bytes: self.bytes as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use flagdeck_core::{Compiled, validate};

    use super::*;

    const STEPS_A_DAY: usize = (DAY_S / STEP_S) as usize;

    fn traits(seed: u64) -> Traits {
        Traits {
            users: 500,
            rate_per_s: 200.0,
            components: vec!["ui.badges".into(), "tracker".into()],
            has_regression: false,
            seed,
        }
    }

    /// Runs a host over a document in which `ui.badges` is on for half the users and `tracker`
    /// for nobody.
    fn run(traits: Traits, steps: usize) -> (Vec<Event>, Exposure) {
        let document = br#"{"enabled": true,
            "components": {"ui": {"badges": true}, "tracker": false},
            "rollout": {"percentage": 50, "userGroups": [], "strategy": "canary"}}"#;
        let compiled = Compiled::new(&validate(document).unwrap().document);
        let mut host = Host::new(traits);
        let exposure = Exposure::of(&compiled, host.components(), host.population());
        let events = (0..steps).flat_map(|_| host.step(&exposure)).collect();
        (events, exposure)
    }

    struct Completed {
        duration_s: f64,
        confidence: f64,
        iterations: f64,
    }

    fn completed(events: &[Event]) -> Vec<Completed> {
        let completed = events.iter().filter_map(|event| match event {
            Event::Complete {
                duration_s,
                confidence,
                iterations,
                ..
            } => Some(Completed {
                duration_s: *duration_s,
                confidence: *confidence,
                iterations: f64::from(*iterations),
            }),
            _ => None,
        });
        completed.collect()
    }

    fn errors(events: &[Event]) -> usize {
        let failed = |event: &&Event| matches!(event, Event::Error { .. });
        events.iter().filter(failed).count()
    }

    fn by(event: &Event) -> Option<&By> {
        match event {
            Event::Complete { by, .. } | Event::Error { by } => Some(by),
            Event::Memory { .. } | Event::Usage => None,
        }
    }

    /// Keeps what calculated where a component is on, or off.
    fn arm(events: &[Event], exposure: &Exposure, on: bool) -> Vec<Event> {
        let is_on = |by: &By| {
            let component = usize::from(by.component == "tracker");
            exposure.is_exposed(component, by.user["user".len()..].parse().unwrap())
        };
        let events = events.iter();
        let arm = events.filter(|event| by(event).is_some_and(|by| is_on(by) == on));
        arm.cloned().collect()
    }

    fn share(part: usize, whole: usize) -> f64 {
        part as f64 / whole as f64
    }

    /// Pearson's coefficient.
    fn correlation(pairs: &[(f64, f64)]) -> f64 {
        let mean = |of: fn(&(f64, f64)) -> f64| {
            let sum: f64 = pairs.iter().map(of).sum();
            sum / pairs.len() as f64
        };
        let (x_mean, y_mean) = (mean(|pair| pair.0), mean(|pair| pair.1));
        let mut sums = (0.0, 0.0, 0.0);
        for (x, y) in pairs {
            let (x, y) = (x - x_mean, y - y_mean);
            sums = (sums.0 + x * y, sums.1 + x * x, sums.2 + y * y);
        }
        sums.0 / (sums.1 * sums.2).sqrt()
    }

    #[test]
    fn a_seed_says_everything_that_happens() {
        let (events, _) = run(traits(1), 40);
        assert!(events.len() > 1000);
        assert_eq!(events, run(traits(1), 40).0);
        assert_ne!(events, run(traits(2), 40).0);
    }

    #[test]
    fn the_rate_swings_with_the_day_and_is_kept_over_it() {
        let half = STEPS_A_DAY / 2;
        let (mut host, exposure) = {
            let host = Host::new(traits(3));
            let (_, exposure) = run(traits(3), 0);
            (host, exposure)
        };
        let mut calculations = |steps: usize| {
            let events = (0..steps).flat_map(|_| host.step(&exposure));
            events.filter(|event| by(event).is_some()).count() as f64
        };
        let (day, night) = (calculations(half), calculations(half));
        let rate = (day + night) / DAY_S;
        assert!((190.0..210.0).contains(&rate), "{rate}");
        assert!((1.3..1.7).contains(&(day / night)), "{day} and {night}");
    }

    #[test]
    fn durations_are_around_40_ms_with_a_heavy_tail() {
        let (events, _) = run(traits(4), 2000);
        let mut durations: Vec<f64> = completed(&events)
            .iter()
            .map(|one| one.duration_s)
            .collect();
        durations.sort_unstable_by(f64::total_cmp);
        let middle = durations[durations.len() / 2];
        assert!((0.035..0.055).contains(&middle), "{middle}");
        let above = |limit_s: f64| {
            let above = durations.iter().filter(|duration| **duration > limit_s);
            share(above.count(), durations.len())
        };
        assert!((0.001..0.006).contains(&above(2.0)), "{}", above(2.0));
        assert!((0.0001..0.002).contains(&above(5.0)), "{}", above(5.0));
    }

    #[test]
    fn what_takes_long_iterates_more_and_is_surer() {
        let (events, _) = run(traits(5), 400);
        let completed = completed(&events);
        let pairs = |of: fn(&Completed) -> (f64, f64)| completed.iter().map(of).collect::<Vec<_>>();
        let by_duration = correlation(&pairs(|one| (one.duration_s.ln(), one.iterations)));
        let by_iterations = correlation(&pairs(|one| (one.iterations, one.confidence)));
        assert!(by_duration > 0.7, "{by_duration}");
        assert!(by_iterations > 0.7, "{by_iterations}");
    }

    #[test]
    fn every_event_is_one_that_a_host_could_send() {
        let has_regression = true;
        let traits = Traits {
            has_regression,
            ..traits(6)
        };
        let (events, _) = run(traits, 2000);
        for one in completed(&events) {
            assert!(one.duration_s > 0.0 && one.duration_s <= 30.0);
            assert!((0.6..=0.95).contains(&one.confidence));
            assert!((10.0..=60.0).contains(&one.iterations));
        }
        let memory = events.iter().filter_map(|event| match event {
            Event::Memory { bytes } => Some(*bytes),
            _ => None,
        });
        let memory: Vec<u64> = memory.collect();
        assert_eq!(memory.len(), 100, "every 5 s");
        let (low, high) = (memory.iter().min().unwrap(), memory.iter().max().unwrap());
        assert!((60_000_000..70_000_000).contains(low), "{low}");
        assert!((88_000_000..=100_000_000).contains(high), "{high}");
        let uses = |event: &&Event| matches!(event, Event::Usage);
        let used = share(events.iter().filter(uses).count(), completed(&events).len());
        assert!((0.015..0.025).contains(&used), "{used}");
    }

    #[test]
    fn a_regression_is_there_only_where_a_component_is_on() {
        let (healthy, exposure) = run(traits(7), 2000);
        let has_regression = true;
        let (worse, _) = run(
            Traits {
                has_regression,
                ..traits(7)
            },
            2000,
        );
        assert_eq!(
            arm(&healthy, &exposure, false),
            arm(&worse, &exposure, false)
        );
        let (before, after) = (arm(&healthy, &exposure, true), arm(&worse, &exposure, true));
        assert_eq!(before.len(), after.len());
        let (before_share, after_share) = (
            share(errors(&before), before.len()),
            share(errors(&after), after.len()),
        );
        assert!((0.007..0.013).contains(&before_share), "{before_share}");
        assert!((0.05..0.07).contains(&after_share), "{after_share}");
        let slower = before.iter().zip(&after).filter_map(|pair| match pair {
            (Event::Complete { duration_s: a, .. }, Event::Complete { duration_s: b, .. }) => {
                Some(b / a)
            }
            _ => None,
        });
        let usual = slower.filter(|factor| (factor - 3.0).abs() < 0.01).count();
        assert!(share(usual, before.len()) > 0.9, "{usual}");
    }
}
