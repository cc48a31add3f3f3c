//! `ramp`.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::when::{When, whole_duration};

#[derive(Debug, Subcommand)]
pub enum RampCommand {
    /// List plans, keep one under a name, or remove one
    Plan(PlanArguments),
    /// Start a ramp: say who each step affects, and widen the rollout step by step from then on
    ///
    /// The window or flagctl serve on this data folder makes the steps. Steps that do not widen the
    /// rollout are left out; a component that is off is switched on with the first step.
    Start(StartArguments),
    /// Pause a ramp: the rollout stays where it is
    Pause(TargetArguments),
    /// Let a ramp go on; its present step is watched from the beginning
    Resume(TargetArguments),
    /// Make the next step at once, whatever is missing for it
    Skip(TargetArguments),
    /// End a ramp where it is
    Abort {
        #[command(flatten)]
        target: TargetArguments,
        /// Make the rollout what it was before the ramp
        #[arg(long)]
        put_back: bool,
    },
    /// Say how rollouts stand, where ramps are and what is missing for their next step
    Status {
        #[command(flatten)]
        target: TargetArguments,
        /// Also those that are on for everyone or nobody
        #[arg(long, conflicts_with = "component")]
        all: bool,
    },
}

#[derive(Debug, Args)]
pub struct TargetArguments {
    /// The component; without it, the default rollout (of status: every rollout)
    pub component: Option<String>,
}

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The name of the plan
    #[arg(requires = "steps")]
    pub name: Option<String>,
    #[command(flatten)]
    pub parts: PartArguments,
    /// Remove this plan; ramps that were started with it go on
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    pub remove: Option<String>,
}

#[derive(Debug, Args)]
pub struct StartArguments {
    #[command(flatten)]
    pub target: TargetArguments,
    /// The plan; ramp plan lists them
    #[arg(long, default_value = "standard")]
    pub plan: String,
    #[command(flatten)]
    pub parts: PartArguments,
    /// When the first step may be made, such as "2026-12-02 09:00"; without it, at once
    #[arg(long, value_name = "TIME")]
    pub at: Option<When>,
    /// Only say who each step would affect
    #[arg(long)]
    pub dry_run: bool,
}

/// Parts of a plan.
#[derive(Debug, Args)]
pub struct PartArguments {
    /// The percentages, each larger than the one before, such as 1-5-10-25-50-100
    #[arg(long)]
    pub steps: Option<String>,
    /// For how long each step is watched at least, such as 30m, 2h or 1d
    #[arg(long, value_name = "DURATION", value_parser = whole_duration)]
    pub dwell: Option<Duration>,
    /// How many calculations of users with it on each step has to see
    #[arg(long, value_name = "COUNT")]
    pub least: Option<u64>,
    /// When steps may be made, such as "Mon-Fri 09:00-17:00"
    #[arg(long)]
    pub hours: Option<String>,
    /// The time zone of the hours, such as Europe/Berlin; without it, this machine's
    #[arg(long, requires = "hours")]
    pub zone: Option<String>,
}
