//! What `flagctl follow` and `flagctl overrides` understand.

use clap::{Args, Subcommand};
use flagdeck_core::{ComponentPath, Place};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct FollowArguments {
    /// Fetch nothing: say what the running window or flagctl serve knows
    #[arg(long)]
    pub no_fetch: bool,
    #[command(subcommand)]
    pub command: Option<FollowCommand>,
}

#[derive(Debug, Subcommand)]
pub enum FollowCommand {
    /// Follow the document that is held, although it has lost more than half of the components
    Accept {
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub struct OverridesArguments {
    #[command(subcommand)]
    pub command: Option<OverridesCommand>,
}

#[derive(Debug, Subcommand)]
pub enum OverridesCommand {
    /// List the overrides, as without a command
    List,
    /// End overrides: what is followed is in force there again
    Clear(Selected),
    /// Publish overrides to the followed document, for everyone who follows it
    ///
    /// Says first what that changes there; asks on a terminal, else needs --yes. If the document
    /// was changed in the same place since, nothing is published, and both sides are listed.
    Publish(PublishArguments),
}

#[derive(Debug, Args)]
pub struct PublishArguments {
    #[command(flatten)]
    pub selected: Selected,
    /// Only say what it would change
    #[arg(long, conflicts_with = "yes")]
    pub check: bool,
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
}

/// Which overrides are meant.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Selected {
    /// Components or groups, such as ui.badges: all that is overridden of them
    #[arg(value_name = "COMPONENT")]
    pub components: Vec<ComponentPath>,
    /// A part of the document as a JSON Pointer, such as /rollout; may be given more than once
    #[arg(long = "place", value_name = "POINTER")]
    pub places: Vec<Place>,
    /// All overrides
    #[arg(long)]
    pub all: bool,
}
