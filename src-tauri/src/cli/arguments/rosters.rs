//! `roster` and `preview`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use flagdeck::state::SourceName;
use flagdeck_core::ComponentPath;

use super::{Format, Position, RolloutArguments, SwitchArguments};

#[derive(Debug, Subcommand)]
pub enum RosterCommand {
    /// Import users from a file, as a new roster or in place of one
    ///
    /// Reads CSV with the columns id, groups and weight, one id a line, NDJSON and tables of SQLite;
    /// docs/rosters.md says how. Shows what was understood, and on a terminal asks. A row that
    /// cannot be read is left out and listed.
    Import(RosterImportArguments),
    /// List the rosters
    List,
    /// Show what is known of a roster, or of one user in it
    Show {
        /// Its name
        name: SourceName,
        /// The user
        #[arg(long)]
        id: Option<String>,
    },
    /// Remove a roster; what was stored of it is overwritten
    Remove {
        /// Its name
        name: SourceName,
    },
    /// Remove a user from every roster, and end the overrides for that user; what was stored is
    /// overwritten
    ///
    /// While metrics.keepUsers is on, the user is kept again if an event names the user after this.
    Forget {
        /// The user
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct RosterImportArguments {
    /// The file
    pub file: PathBuf,
    /// The name of the roster; without it, that of the file without its ending. A roster of this
    /// name is replaced
    #[arg(long)]
    pub name: Option<SourceName>,
    /// The table of a SQLite database, if several have a column id
    #[arg(long)]
    pub table: Option<String>,
    /// Only say what was understood, and what would change
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct PreviewArguments {
    #[command(subcommand)]
    pub planned: PreviewCommand,
    /// The roster to count over; without it, the one that was imported last
    #[arg(long, global = true, value_name = "NAME")]
    pub roster: Option<SourceName>,
    /// List users as CSV instead: those who gain something, lose something, or keep it on or off
    #[arg(long, global = true, value_name = "WHO")]
    pub list: Option<Who>,
    /// List them for this component; on and off need one if several components change
    #[arg(long, global = true, value_name = "PATH", requires = "list")]
    pub of: Option<ComponentPath>,
    /// How many of them to skip
    #[arg(
        long,
        global = true,
        value_name = "NUMBER",
        default_value_t = 0,
        requires = "list"
    )]
    pub offset: usize,
    /// How many of them to list
    #[arg(
        long,
        global = true,
        value_name = "NUMBER",
        default_value_t = 100,
        requires = "list"
    )]
    pub limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Who {
    Gain,
    Lose,
    On,
    Off,
}

/// The commands of the same names, that are only looked at.
#[derive(Debug, Subcommand)]
pub enum PreviewCommand {
    /// Switch a component, or every component of a group
    Set(SwitchArguments),
    /// Turn the master switch
    Master {
        /// Its new position
        position: Position,
    },
    /// Change who sees a component, or everything
    ///
    /// A percentage may be given without its name: preview rollout ui.badges 25
    Rollout {
        #[command(flatten)]
        rollout: RolloutArguments,
        /// The share of all users, as --percentage
        #[arg(value_name = "PERCENTAGE", conflicts_with_all = ["percentage", "inherit"])]
        share: Option<flagdeck_core::Percentage>,
    },
    /// Replace the flags by a document
    Import {
        /// A file, or - for standard input
        file: PathBuf,
        /// What it is, if its content does not tell
        #[arg(long, value_name = "FORMAT")]
        format: Option<Format>,
    },
    /// Put an earlier revision in force again
    Restore {
        /// Its number
        revision: u64,
    },
    /// Take the latest change back
    Undo,
    /// Bring back the latest change that was taken back
    Redo,
}
