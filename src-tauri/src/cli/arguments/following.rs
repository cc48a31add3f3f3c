//! What `flagctl follow` and `flagctl overrides` understand.

use std::time::Duration;

use clap::{Args, Subcommand};
use flagdeck::flags::targeted::Target;
use flagdeck::state::SourceName;
use flagdeck_core::{ComponentPath, Place};

use super::Position;
use crate::when::whole_duration;

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
    /// Switch a component on or off for one application or one user alone, for a while
    ///
    /// Lies over the rollout. In no revision, and never published. What the component requires has
    /// to be on, too. Replaces an override of the same component for the same target.
    Set(TargetedArguments),
    /// End overrides: what is followed is in force there again
    ///
    /// With --source or --user, ends overrides for that application or user: of these components,
    /// or all. With --all alone, ends all that flagctl overrides lists.
    Clear(ClearArguments),
    /// Publish overrides to the followed document, for everyone who follows it
    ///
    /// Says first what that changes there; asks on a terminal, else needs --yes. If the document
    /// was changed in the same place since, nothing is published, and both sides are listed.
    Publish(PublishArguments),
}

#[derive(Debug, Args)]
pub struct TargetedArguments {
    /// The component, such as ui.badges
    pub component: ComponentPath,
    /// Its position there
    pub position: Position,
    #[command(flatten)]
    pub target: TargetArguments,
    /// For how long: 1m to 30d, such as 90m, 8h or 2d
    #[arg(
        long = "for",
        value_name = "DURATION",
        default_value = "8h",
        value_parser = whole_duration
    )]
    pub time: Duration,
}

/// One application or one user.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct TargetArguments {
    /// The application that calls itself by this name
    #[arg(long, value_name = "NAME")]
    pub source: Option<SourceName>,
    /// The user of this id, in every application
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
}

#[derive(Debug, Args)]
pub struct ClearArguments {
    /// Components or groups, such as ui.badges: all that is overridden of them
    #[arg(value_name = "COMPONENT", required_unless_present_any = ["places", "all", "source", "user"])]
    pub components: Vec<ComponentPath>,
    /// A part of the document as a JSON Pointer, such as /rollout; may be given more than once
    #[arg(
        long = "place",
        value_name = "POINTER",
        conflicts_with_all = ["components", "source", "user"]
    )]
    pub places: Vec<Place>,
    /// All overrides, of both kinds; with --source or --user all for that application or user
    #[arg(long, conflicts_with_all = ["components", "places"])]
    pub all: bool,
    /// Those for the application of this name
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    pub source: Option<SourceName>,
    /// Those for the user of this id
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
}

impl TargetArguments {
    /// Returns whom they name.
    pub fn target(self) -> Option<Target> {
        target(self.source, self.user)
    }
}

impl ClearArguments {
    /// Returns whom they name.
    pub fn target(&self) -> Option<Target> {
        target(self.source.clone(), self.user.clone())
    }
}

fn target(source: Option<SourceName>, user: Option<String>) -> Option<Target> {
    let user = user.map(|id| Target::User(id.into()));
    source.map(Target::Source).or(user)
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
