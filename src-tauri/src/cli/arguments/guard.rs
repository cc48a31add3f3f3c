//! `guard`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, value_parser};
use flagdeck_core::guard::simulate::Setting;
use flagdeck_core::limits::GUARD_LIMIT_MAX;

#[derive(Debug, Subcommand)]
pub enum GuardCommand {
    /// Add the blocks of a file one after the other, and print the evidence after each
    ///
    /// FILE is CSV with the columns block, exposed, exposed_bad, control and control_bad, and if
    /// known exposed_slow and control_slow, and memory_bytes: how many calculations exposed users
    /// and others made in the block, and how many failed or were slow. Prints the natural logarithm
    /// of the evidence of each test, and the first verdict: rollBack if the evidence of a test is
    /// 1/alpha or more, or memory is over its limit three times in a row. Exits with 0 whatever the
    /// verdict. docs/guard.md explains the tests.
    Replay(ReplayArguments),
    /// Simulate rollouts: how many healthy ones would be rolled back, and how soon a harmful one
    ///
    /// The same seed gives the same rollouts.
    Simulate(SimulateArguments),
    /// List the decisions to roll back, latest first
    List,
    /// Show a decision, and judge it again from the blocks that were stored
    Decision {
        /// Its number; guard list has them
        id: u64,
    },
}

/// What a rollout is held to.
#[derive(Debug, Args)]
pub struct RulesArguments {
    /// The probability with which each test may roll a healthy rollout back, over the whole of it
    #[arg(long, default_value_t = 0.01, value_parser = alpha)]
    pub alpha: f64,
    /// How many times larger the odds of failing may be for exposed users
    #[arg(long, value_name = "RATIO", default_value_t = 1.0, value_parser = tolerated)]
    pub tolerated_ratio: f64,
}

#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// The file; - for standard input
    pub file: PathBuf,
    #[command(flatten)]
    pub rules: RulesArguments,
    /// The share of failed calculations that is tolerated of exposed users, such as 0.05
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = limit)]
    pub limit: f64,
    /// The bytes of memory that are too much; rollback.triggers.memoryThreshold has this by default
    #[arg(long, value_name = "BYTES", default_value_t = 150 * 1024 * 1024)]
    pub memory_limit: u64,
    /// The bytes of memory before the rollout: 1.5 times as much three times in a row is a hold
    #[arg(long, value_name = "BYTES")]
    pub memory_baseline: Option<u64>,
    /// Exposed calculations after which the verdict is advance
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u64).range(1..))]
    pub least_exposed: Option<u64>,
}

#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// The share of calculations of others that fail
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = rate)]
    pub control: f64,
    /// The share of calculations of exposed users that fail; without it, only healthy rollouts are
    /// simulated
    #[arg(long, value_name = "SHARE", value_parser = rate)]
    pub exposed: Option<f64>,
    /// The share of users who are exposed, such as 0.1
    #[arg(long, default_value_t = 0.1, value_parser = inner_share)]
    pub share: f64,
    /// What else happens: a ramp has shares of its own, 5, 10, 25 and 50 %
    #[arg(long, value_enum, default_value_t)]
    pub setting: NamedSetting,
    /// Calculations of a rollout, of both arms
    #[arg(long, value_name = "COUNT", default_value_t = 8000,
        value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub calculations: u64,
    /// Calculations of a block, at least: the evidence is looked at after each
    #[arg(long, value_name = "COUNT", default_value_t = 50,
        value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub block: u64,
    /// How many rollouts to simulate
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub runs: u32,
    /// Another seed gives other rollouts
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub rules: RulesArguments,
    /// Also roll back at a share of failed calculations of exposed users above this one
    #[arg(long, value_name = "SHARE", value_parser = limit)]
    pub limit: Option<f64>,
    /// Take the bare threshold of the founding specification in place of the tests: more than this
    /// share of the last six blocks failed, which are 20 calculations or more
    #[arg(long, value_name = "SHARE", value_parser = rate,
        conflicts_with_all = ["limit", "alpha", "tolerated_ratio"])]
    pub strict: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum NamedSetting {
    /// Nothing: each calculation fails with the same probability
    #[default]
    Even,
    /// Some users fail ten times as often as others
    Uneven,
    /// The same, and a few users make most of the calculations
    Frequent,
    /// Now and then both arms fail ten times as often for a while
    Bursts,
    /// The failures of both arms triple, and the exposed share grows fivefold, by and by
    Drift,
    /// The exposed share grows in steps
    Ramp,
}

impl From<NamedSetting> for Setting {
    fn from(named: NamedSetting) -> Self {
        match named {
            NamedSetting::Even => Self::Even,
            NamedSetting::Uneven => Self::Uneven,
            NamedSetting::Frequent => Self::Frequent,
            NamedSetting::Bursts => Self::Bursts,
            NamedSetting::Drift => Self::Drift,
            NamedSetting::Ramp => Self::Ramp,
        }
    }
}

fn alpha(text: &str) -> Result<f64, String> {
    number(
        text,
        |alpha| alpha > 0.0 && alpha < 1.0,
        "above 0 and below 1",
    )
}

fn inner_share(text: &str) -> Result<f64, String> {
    number(
        text,
        |share| share > 0.0 && share < 1.0,
        "above 0 and below 1",
    )
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, |rate| (0.0..=1.0).contains(&rate), "from 0 to 1")
}

fn tolerated(text: &str) -> Result<f64, String> {
    number(
        text,
        |ratio| (1.0..=100.0).contains(&ratio),
        "from 1 to 100",
    )
}

fn limit(text: &str) -> Result<f64, String> {
    let most = GUARD_LIMIT_MAX;
    let range = format!("above 0 and at most {most}");
    number(text, |limit| limit > 0.0 && limit <= most, &range)
}

fn number(text: &str, is_in: impl Fn(f64) -> bool, range: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim().parse().ok();
    number
        .filter(|&number| is_in(number))
        .ok_or_else(|| format!("it must be a number {range}"))
}
