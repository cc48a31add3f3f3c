//! The summary of a run, for people and for programs. It says that the run is synthetic.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Serialize;

use super::outbox::Counts;
use super::reporter::Reported;
use flagdeck::demo::event::SOURCE;
use flagdeck::demo::exposure::Exposure;

/// The time over which events a second are averaged.
const RATE_TIME: Duration = Duration::from_secs(10);

/// How a run stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Always true.
    synthetic: bool,
    source: &'static str,
    elapsed_s: f64,
    events_per_second: f64,
    /// Events that Flagdeck answered for, those that it refused included.
    sent: u64,
    refused: u64,
    /// Events that were too old to be sent any more.
    dropped: u64,
    /// Events that are still to be sent.
    waiting: u64,
    users: usize,
    components: Vec<Exposed>,
    /// How reporting of the state stands.
    state: Reported,
    /// The current problem; null if there is none.
    trouble: Option<String>,
    /// Whether this is the last of them.
    ended: bool,
}

/// For how many users a component is on.
#[derive(Debug, Serialize)]
struct Exposed {
    component: String,
    exposed: usize,
}

impl Figures {
    pub fn new(elapsed: Duration, events_per_second: f64, counts: Counts) -> Self {
        Self {
            synthetic: true,
            source: SOURCE,
            elapsed_s: (elapsed.as_secs_f64() * 10.0).round() / 10.0,
            events_per_second: (events_per_second * 10.0).round() / 10.0,
            sent: counts.sent,
            refused: counts.refused,
            dropped: counts.dropped,
            waiting: counts.waiting(),
            users: 0,
            components: Vec::new(),
            state: Reported::default(),
            trouble: None,
            ended: false,
        }
    }

    /// Adds who sees what.
    pub fn with_exposure(mut self, exposure: &Exposure, users: usize) -> Self {
        let counts = exposure.counts().map(|(component, exposed)| Exposed {
            component: component.to_owned(),
            exposed,
        });
        self.components = counts.collect();
        self.users = users;
        self
    }

    /// Adds how reporting of the state stands.
    pub fn with_state(self, state: Reported) -> Self {
        Self { state, ..self }
    }

    /// Adds the current problem.
    pub fn with_trouble(self, trouble: Option<String>) -> Self {
        Self { trouble, ..self }
    }

    /// Makes them the last ones.
    pub fn ended(self) -> Self {
        Self {
            ended: true,
            ..self
        }
    }

    /// Says them in one line.
    pub fn line(&self) -> String {
        match self.ended {
            true => self.last_line(),
            false => self.status_line(),
        }
    }

    fn status_line(&self) -> String {
        let mut line = format!(
            "Synthetic host: {} events a second, {} sent, {} refused",
            grouped(self.events_per_second.round() as u64),
            grouped(self.sent),
            grouped(self.refused),
        );
        if self.dropped > 0 {
            line += &format!(", {} dropped", grouped(self.dropped));
        }
        if let Some(shown) = self.telling() {
            let (exposed, users) = (grouped(shown.exposed as u64), grouped(self.users as u64));
            line += &format!(" · {} exposed {exposed} of {users}", shown.component);
        }
        if let Some(trouble) = self.trouble.as_ref().or(self.state.trouble.as_ref()) {
            line += &format!(" · {trouble}");
        }
        line
    }

    /// Returns the component that a line has room for: the first that is being rolled out.
    fn telling(&self) -> Option<&Exposed> {
        let is_partial = |one: &&Exposed| one.exposed > 0 && one.exposed < self.users;
        let partial = self.components.iter().find(is_partial);
        partial.or(self.components.first())
    }

    fn last_line(&self) -> String {
        let elapsed = SignedDuration::from_secs(self.elapsed_s.round() as i64);
        format!(
            "Synthetic host ended after {elapsed:#}: {} sent, {} refused, {} dropped, {} not sent",
            grouped(self.sent),
            grouped(self.refused),
            grouped(self.dropped),
            grouped(self.waiting),
        )
    }
}

/// Averages events a second.
#[derive(Debug, Default)]
pub struct Meter {
    /// How many there were at which time, oldest first.
    readings: VecDeque<(Duration, u64)>,
}

impl Meter {
    /// Takes a reading and returns the rate up to it.
    pub fn read(&mut self, at: Duration, sent: u64) -> f64 {
        self.readings
            .retain(|(then, _)| at.saturating_sub(*then) <= RATE_TIME);
        let (then, before) = *self.readings.front().unwrap_or(&(Duration::ZERO, 0));
        self.readings.push_back((at, sent));
        let time_s = at.saturating_sub(then).as_secs_f64();
        match time_s > 0.0 {
            true => (sent - before) as f64 / time_s,
            false => 0.0,
        }
    }
}

/// Writes a number in groups of three digits: `12 034`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let counts = Counts {
            made: 12_100,
            sent: 12_034,
            refused: 3,
            dropped: 0,
        };
        let exposed = |component: &str, exposed| Exposed {
            component: component.into(),
            exposed,
        };
        Figures {
            users: 4000,
            components: vec![exposed("tracker", 0), exposed("ui.badges", 503)],
            ..Figures::new(Duration::from_secs(65), 183.96, counts)
        }
    }

    #[test]
    fn a_line_tells_the_component_that_is_being_rolled_out() {
        assert_eq!(
            figures().line(),
            "Synthetic host: 184 events a second, 12 034 sent, 3 refused · ui.badges exposed 503 \
             of 4 000"
        );
    }

    #[test]
    fn a_line_tells_what_is_lost_and_why() {
        let mut figures = figures().with_trouble(Some("nobody is there".into()));
        figures.dropped = 1200;
        figures.components.clear();
        assert_eq!(
            figures.line(),
            "Synthetic host: 184 events a second, 12 034 sent, 3 refused, 1 200 dropped · nobody \
             is there"
        );
    }

    #[test]
    fn the_last_line_sums_up() {
        assert_eq!(
            figures().ended().line(),
            "Synthetic host ended after 1m 5s: 12 034 sent, 3 refused, 0 dropped, 66 not sent"
        );
    }

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let mut meter = Meter::default();
        assert_eq!(meter.read(Duration::from_secs(2), 100), 50.0);
        for second in 3..20 {
            meter.read(Duration::from_secs(second), 100);
        }
        assert_eq!(meter.read(Duration::from_secs(20), 1100), 100.0);
        assert_eq!(Meter::default().read(Duration::ZERO, 0), 0.0);
    }

    #[test]
    fn numbers_are_grouped_in_threes() {
        let written = [0, 999, 1000, 12_034, 1_234_567].map(grouped);
        assert_eq!(written, ["0", "999", "1 000", "12 034", "1 234 567"]);
    }
}
