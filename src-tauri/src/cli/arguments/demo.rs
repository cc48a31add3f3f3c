//! `demo`.

use std::time::Duration;

use clap::{Args, value_parser};
use flagdeck::address::Address;
use flagdeck::demo::state::StateSize;
use flagdeck_core::ComponentPath;

use crate::demo::on_this_machine;
use crate::when::duration;

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Where Flagdeck is running; only on this machine. Without it, where a window or server of the
    /// data folder serves, or else at the setting http.port
    #[arg(long, value_name = "URL", value_parser = on_this_machine)]
    pub url: Option<Address>,
    /// How many users there are: user0, user1 and so on. A tenth are in the group beta, a
    /// hundredth in staff
    #[arg(
        long,
        default_value_t = 4000,
        value_name = "NUMBER",
        value_parser = value_parser!(u32).range(1..=100_000)
    )]
    pub users: u32,
    /// Calculations a second, on average; more and less within a day of 24 minutes
    #[arg(
        long,
        default_value_t = 200,
        value_name = "NUMBER",
        value_parser = value_parser!(u32).range(1..=5000)
    )]
    pub rate: u32,
    /// What calculates, such as ui.badges; may be given more than once. Without it, five
    /// components, first those that are switched on
    #[arg(long = "component", value_name = "PATH")]
    pub components: Vec<ComponentPath>,
    /// Have components fail more often and take longer for users that see them, so that they are
    /// rolled back
    ///
    /// If flags are still the safe default, some are turned on for half of the users.
    #[arg(long)]
    pub regression: bool,
    /// Start a ramp of the default rollout first: 10, 25, 50 and 100 %, at least 20 s each
    ///
    /// If flags are still the safe default, some are turned on for 5 % of the users before.
    #[arg(long, conflicts_with = "url")]
    pub ramp: bool,
    /// How long, such as 90s, 10m or 2h. Without it, until interrupted
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub time: Option<Duration>,
    /// Play the same again as a run that told this number
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// How much state it keeps and reports: about 8 KB, 150 KB or 5 MB
    #[arg(long, value_name = "SIZE", default_value = "typical")]
    pub state_size: StateSize,
    /// Only print the first batch of events, and contact nobody
    #[arg(long, conflicts_with_all = ["url", "time", "ramp"])]
    pub dry_run: bool,
    /// Open the sample app in the browser instead: a page that uses the flags
    ///
    /// It is served by the Flagdeck that is running, or by this command until it is interrupted. If
    /// flags are still the safe default, some are turned on for half of the users.
    #[arg(
        long,
        conflicts_with_all = ["users", "rate", "components", "regression", "ramp", "time", "seed",
            "state_size", "dry_run"]
    )]
    pub page: bool,
    /// Print the address of the page, and open no browser
    #[arg(long, requires = "page")]
    pub no_open: bool,
    /// Remove the demo instead: all that synthetic sources reported, for good
    ///
    /// Flags that were turned on for the demo and not changed since are turned back, as a revision
    /// that can be undone. Says first what that is; on a terminal, asks.
    #[arg(
        long,
        conflicts_with_all = ["url", "users", "rate", "components", "regression", "ramp", "time", "seed",
            "state_size", "dry_run", "page"]
    )]
    pub remove: bool,
    /// Remove it without asking
    #[arg(long, requires = "remove")]
    pub yes: bool,
    /// Leave flags on that were turned on for the demo
    #[arg(long, requires = "remove")]
    pub keep_flags: bool,
}
