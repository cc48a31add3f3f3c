//! What `flagctl` understands: also the source of its help, completions and manual page.

mod demo;
mod following;
mod guard;
mod ramp;
mod rosters;
mod states;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use flagdeck::address::Address;
use flagdeck::config;
use flagdeck::flags::FileFormat;
use flagdeck::state::SourceName;
use flagdeck_core::{Percentage, Strategy};

pub use self::demo::DemoArguments;
pub use self::following::{
    ClearArguments, FollowArguments, FollowCommand, OverridesArguments, OverridesCommand,
    PublishArguments, Selected, TargetedArguments,
};
pub use self::guard::{GuardCommand, ReplayArguments, RulesArguments, SimulateArguments};
pub use self::ramp::{PartArguments, PlanArguments, RampCommand, StartArguments};
pub use self::rosters::{
    PreviewArguments, PreviewCommand, RosterCommand, RosterImportArguments, Who,
};
pub use self::states::{
    BisectArguments, CompareArguments, DiffArguments, ListArguments, OneSource, RecoverArguments,
    RestoreArguments, RestoresArguments, SetArguments, SnapshotCommand, StateCommand,
    UndoArguments, Words,
};
use crate::demo::on_this_machine;
use crate::when::{At, When};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; also if doctor finds a fault, follow finds the document stale or held, bisect finds
     no single snapshot, or diff --exit-code a difference
  2  refused: the arguments or a document are not valid, or a document removes more than half
     of the components without --yes; nothing was changed
  3  not found: no such component, revision, setting, backup, snapshot or value
  4  conflict: another change came first, here or at the remote; nothing was changed
  5  nothing to undo, redo or roll back, or the restore has ended
  6  the data folder can only be read, or states cannot be kept
  7  the data folder was removed or replaced while it was open
  8  bisect stopped: a run was killed or not started, or runs disagreed
  9  what was asked for is saved, but the output could not be written
  128 + N  a signal of number N ended bisect: 130 for Ctrl-C";

/// Feature flags on this machine, from the command line.
///
/// Shares the data folder with the window; both may run at once.
#[derive(Debug, Parser)]
#[command(name = "flagctl", version, after_help = EXIT_CODES)]
pub struct Arguments {
    /// The folder that everything is kept in; without it, the one that FLAGDECK_DATA_DIR names
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Use the folder even if other users can write in it or replace it; FLAGDECK_TRUST_FOLDER=1
    /// does the same
    #[arg(long, global = true)]
    pub trust_folder: bool,

    /// Print JSON, for programs; also why a command fails, as the last line on standard error
    #[arg(long, global = true)]
    pub json: bool,

    /// A setting for this run, such as http.port=4700; may be given more than once
    #[arg(
        long = "config",
        global = true,
        value_name = "KEY=VALUE",
        value_parser = config::assignment
    )]
    pub settings: Vec<(String, String)>,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the flags; of a component also where its value comes from
    Get {
        /// Only this component or group, such as ui.badges
        component: Option<String>,
        /// As they were at this revision (12), or at this moment: a day, of which its beginning
        /// counts (2026-11-23, yesterday), a moment (2026-11-23T14:00:00Z), or how long
        /// ago (2d, 3h, 10m)
        #[arg(long, value_name = "REVISION|WHEN")]
        at: Option<At>,
    },
    /// Switch a component, or every component of a group
    Set(SwitchArguments),
    /// Turn the master switch: off turns all flags off, for everyone
    Master {
        /// Its new position
        position: Position,
        #[command(flatten)]
        note: Note,
    },
    /// Show or change who sees a component, or everything
    Rollout(RolloutArguments),
    /// Evaluate a component for a list of users
    ///
    /// Prints CSV, or JSON with --json. In CSV, a user id that a spreadsheet would run as a
    /// formula, such as =1+1 or @x, has an apostrophe before it; numbers such as -5 have none.
    Eval(EvalArguments),
    /// Explain what a component is for one user, and why
    Explain(ExplainArguments),
    /// List revisions, latest first
    History(HistoryArguments),
    /// Say what differs between two revisions
    Diff {
        /// The one; 0 for the safe default that comes before all revisions
        from: u64,
        /// The other; without it, the one in force
        to: Option<u64>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Put an earlier revision in force again, as a new one
    ///
    /// Does not ask, whatever that removes: diff says what differs, and undo takes it back.
    Restore(PutBackArguments),
    /// Show a component to fewer people again, as they were before it was rolled out further
    ///
    /// Puts back the switch and custom rollout of the component, or the default rollout if it uses
    /// that; switches it off if there is no earlier state in which fewer people saw it. Nobody
    /// sees more of anything afterwards. The verdict of `flagctl metrics` becomes the note.
    Rollback {
        /// Its path, such as ui.badges
        component: String,
        /// Only say what it would do
        #[arg(long)]
        check: bool,
    },
    /// Take the latest change back, whoever made it
    Undo(Listing),
    /// Bring back the latest change that was taken back
    Redo(Listing),
    /// Replace the flags by a document
    ///
    /// Flag definitions of flagd become a document first: what has a meaning in it is taken, and
    /// everything else is listed with its place. A document that removes more than half of the components is asked about first; if
    /// standard input is not a terminal, it is refused unless --yes is given.
    Import(ImportArguments),
    /// Write the flags as a document to standard output, or the whole workspace to a file
    ///
    /// As flag definitions, they decide the same for every user in evaluators of flagd, with the
    /// user id as targetingKey and the groups as the list groups of the context; what flagd cannot
    /// express is listed on standard error.
    Export {
        /// What to write: a flag document, or flag definitions of flagd
        #[arg(long, value_name = "FORMAT", default_value = "flagdeck")]
        format: Format,
        /// Write flags with their whole history and the settings, without secrets, to this file
        ///
        /// Nobody else can read it if it is new. flagctl import --workspace starts a fresh data
        /// folder with it.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "at"])]
        workspace: Option<PathBuf>,
        /// Include the snapshots of every source
        #[arg(long, requires = "workspace")]
        snapshots: bool,
        /// As they were at this revision (12), or at this moment: a day, of which its beginning
        /// counts (2026-11-23, yesterday), a moment (2026-11-23T14:00:00Z), or how long
        /// ago (2d, 3h, 10m)
        #[arg(long, value_name = "REVISION|WHEN")]
        at: Option<At>,
    },
    /// Say how following a document is going; fetches it once
    ///
    /// featureFlags.endpoint (ML_FLAGS_ENDPOINT) names the document, ML_FLAGS_TOKEN or the file
    /// flags-token of the data folder its credential. A document that has lost more than half of
    /// the components is held until it is accepted.
    Follow(FollowArguments),
    /// List, end and publish overrides: what was changed here of the followed document, and what is
    /// on or off for one application or one user alone
    Overrides(OverridesArguments),
    /// Import, list, search and remove rosters: lists of users, over which preview counts
    ///
    /// They stay on this machine: in no revision, backup or export.
    #[command(subcommand)]
    Roster(RosterCommand),
    /// Say who would gain and lose what, before it is done: over a roster, or as an expected share
    ///
    /// Takes the words of the command that would do it, such as preview set ui.badges on, preview
    /// rollout ui.badges 25, preview import FILE or preview undo, and changes nothing. Overrides
    /// for single applications and users do not count.
    Preview(PreviewArguments),
    /// Widen a rollout step by step while it is watched, and say how rollouts stand
    #[command(subcommand)]
    Ramp(RampCommand),
    /// List decisions, replay the tests that decide whether a rollout does harm, or simulate them
    #[command(subcommand)]
    Guard(GuardCommand),
    /// Show or set what applications keep as their state
    #[command(subcommand)]
    State(StateCommand),
    /// Take, compare, keep and restore snapshots of that state
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Find the snapshot at which a command starts to fail, in as few runs as possible
    ///
    /// The command finds the state, an object of timestamp, ml and files, as JSON on its standard
    /// input and in a file: {} in its arguments stands for the path, as FLAGDECK_SNAPSHOT_FILE
    /// does in its environment, with FLAGDECK_SNAPSHOT_ID and FLAGDECK_SNAPSHOT_TIME. Only you can
    /// read that file. What the command prints goes to standard error; what it leaves running is
    /// ended, also when a signal ends bisect.
    ///
    /// Its exit code is read as git bisect run does: 0 is good, 125 skips the snapshot, any other
    /// code up to 127 is bad. A code from 128 on, such as the 137 of a shell whose program was
    /// killed, and a signal are no verdict: they stop the search, with exit code 8. So do 126 and
    /// 127 if the command was never seen to run. To count a crash as bad, use
    /// sh -c 'COMMAND || exit 1'.
    ///
    /// Example: flagctl bisect -- sh -c 'jq -e ".ml.metrics.quality.avgConfidence > 0.8" {}'
    Bisect(BisectArguments),
    /// Show or change the settings in config.toml
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List, make and restore backups
    #[command(subcommand)]
    Backup(BackupCommand),
    /// List, look into, export, mark as seen and delete damaged or replaced databases in quarantine
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Summarise what applications reported, in the last minutes and in all, and judge each
    /// component for those who have it and for those who do not
    Metrics,
    /// List the clients that used the running Flagdeck in the last 15 minutes, and what they used
    ///
    /// Asks the window or the flagctl serve that serves HTTP: each program knows its own clients.
    /// A client is named by its source (?source=shop, the state it reports, the source of its
    /// events), and by the product in its User-Agent.
    Clients {
        /// Where Flagdeck is running; only on this machine. Without it, at the setting http.port
        #[arg(long, value_name = "URL", value_parser = on_this_machine)]
        url: Option<Address>,
    },
    /// Look for anything wrong with the data folder and the configuration
    #[command(group = ArgGroup::new("mended").args(["salvage", "remove_damaged"]))]
    Doctor {
        /// Have a running Flagdeck, whose data folder was removed while it was open, write
        /// everything back
        #[arg(long)]
        write_back: bool,
        /// Take back what is sound in quarantine and missing here, of these entries or of all:
        /// revisions, snapshots, frames. Says first what that would be; on a terminal, asks. Marks
        /// the entries as seen
        #[arg(long, value_name = "ENTRY", num_args = 0.., conflicts_with = "write_back")]
        salvage: Option<Vec<String>>,
        /// Remove single records that are damaged and that nothing needs: restores, changes in the
        /// history, frames of charts. Says first what is lost with them; on a terminal, asks
        #[arg(long, conflicts_with_all = ["write_back", "salvage"])]
        remove_damaged: bool,
        /// Do it without asking
        #[arg(long, requires = "mended")]
        yes: bool,
    },
    /// Print the token that writes over HTTP need
    Token {
        /// Replace it first; the one before is refused from then on
        #[arg(long)]
        rotate: bool,
    },
    /// Serve the flags over HTTP on this machine, until interrupted
    Serve {
        /// The port; 0 picks a free one. Without it, the setting http.port
        #[arg(long)]
        port: Option<u16>,
    },
    /// Play an application that uses the flags, open one in the browser, or remove either
    ///
    /// Drives a Flagdeck that is running on this machine, so that there is something to see in
    /// its charts. All that it reports is marked as synthetic.
    Demo(DemoArguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// List every setting, with its value and where that comes from
    List,
    /// Print the value in force of one setting
    Get {
        /// Its name, such as http.port
        key: String,
        /// With the password or query of an address, which are *** otherwise
        #[arg(long)]
        reveal: bool,
    },
    /// Write a setting into config.toml
    Set {
        /// Its name, such as http.port
        key: String,
        /// Its new value; a list is separated by commas
        #[arg(allow_negative_numbers = true)]
        value: String,
    },
    /// Take a setting out of config.toml
    Reset {
        /// Its name, such as http.port
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// List the backups, newest first
    List,
    /// Make a backup, unless one holds the latest revision already
    Make,
    /// Put the flags of a backup in force, as a new revision; needs --yes
    Restore {
        /// Its name, as flagctl backup list tells it
        name: String,
        /// Only say what would change
        #[arg(long, conflicts_with = "yes")]
        check: bool,
        /// Do it, without a look at what would change
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        listing: Listing,
    },
}

#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// List the entries, earliest first, each with its reason and its path
    List,
    /// Say what can be read of an entry, and what of it can be taken back; changes nothing
    Show {
        /// Its name, as flagctl quarantine list tells it
        name: String,
    },
    /// Write what can be read of an entry to a file: the latest document of flags, the snapshots
    /// as a bundle for flagctl snapshot import, or the frames of metrics as CSV
    Export {
        /// Its name, as flagctl quarantine list tells it
        name: String,
        /// The file, which nobody else can read if it is new
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Mark entries as seen: until then every command, serve and the window report them
    Seen {
        /// Their names, as flagctl quarantine list tells them
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        names: Vec<String>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
    /// Delete the files of an entry for good; asks on a terminal, else needs --yes
    Remove {
        /// Its name, as flagctl quarantine list tells it
        name: String,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub struct ImportArguments {
    /// A file, or - for standard input
    #[arg(required_unless_present = "workspace")]
    pub file: Option<PathBuf>,
    /// What it is, if its content does not tell
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Start a fresh data folder with a workspace that flagctl export wrote to this file
    ///
    /// All of it or nothing is imported, and nothing if the folder has revisions already. A setting
    /// that names a server or lets web pages read the flags is left out.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "format", "yes", "note", "all"])]
    pub workspace: Option<PathBuf>,
    /// Only check it, and say what would change
    #[arg(long)]
    pub check: bool,
    /// Do not ask, also if more than half of the components are removed
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub note: Note,
    #[command(flatten)]
    pub listing: Listing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A flag document
    Flagdeck,
    /// Flag definitions of OpenFeature's flagd
    Flagd,
}

impl From<Format> for FileFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Flagdeck => Self::Flagdeck,
            Format::Flagd => Self::Flagd,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Position {
    On,
    Off,
}

impl Position {
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

#[derive(Debug, Args)]
pub struct Note {
    /// Why, for those who read the history
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, Args)]
pub struct Listing {
    /// List every change, however many there are
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// How many
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    pub limit: usize,
    /// Only those before this one
    #[arg(long, value_name = "REVISION")]
    pub before: Option<u64>,
    /// Only those that changed this component, whatever it was called then, or anything in
    /// this group
    #[arg(long, value_name = "PATH")]
    pub component: Option<String>,
    /// Only those made by a user of this name
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Only those made through this face
    #[arg(long)]
    pub via: Option<Face>,
    /// Only those with this text in their changes or note; case does not count, accents do
    #[arg(long)]
    pub text: Option<String>,
    /// Only those saved then or later: a day (2026-11-23, today), a moment
    /// (2026-11-23T14:00:00Z, "yesterday 14:00"), or how long ago (2d, 3h, 10m)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Only those saved before then, in the same forms; a day is taken whole
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    #[command(flatten)]
    pub listing: Listing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Face {
    Window,
    Flagctl,
    Http,
    /// Adopted from the document that is followed
    Followed,
    /// Made by a ramp, or rolled back because it did harm
    Rollout,
}

#[derive(Debug, Args)]
pub struct RolloutArguments {
    /// The component; without it, the default rollout, of all that have no custom one
    pub component: Option<String>,
    /// The share of all users, 0 to 100 in steps of 0.001, such as 12.5 or 12,5
    #[arg(long, value_name = "PERCENTAGE", allow_negative_numbers = true)]
    pub percentage: Option<Percentage>,
    /// The groups, in place of those before; "" for none
    #[arg(long, value_name = "GROUP,…")]
    pub groups: Option<String>,
    /// canary: groups first, then a share of everyone; blue-green: everyone together;
    /// feature: groups only, which restricts nothing until a group is named
    #[arg(long)]
    pub strategy: Option<Strategy>,
    /// Follow the default rollout again
    #[arg(long, requires = "component", conflicts_with_all = ["percentage", "groups", "strategy"])]
    pub inherit: bool,
    #[command(flatten)]
    pub note: Note,
    #[command(flatten)]
    pub listing: Listing,
}

#[derive(Debug, Args)]
pub struct SwitchArguments {
    /// Its path, such as ui.badges
    pub component: String,
    /// Its new position
    pub position: Position,
    #[command(flatten)]
    pub note: Note,
    #[command(flatten)]
    pub listing: Listing,
}

#[derive(Debug, Args)]
pub struct PutBackArguments {
    /// Its number
    pub revision: u64,
    #[command(flatten)]
    pub note: Note,
    #[command(flatten)]
    pub listing: Listing,
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// Its path, such as ui.badges
    pub component: String,
    /// The user's id; without it, a user without an id
    #[arg(long, default_value = "", hide_default_value = true)]
    pub user: String,
    /// The application that asks, by its name: overrides for it count, too
    #[arg(long, value_name = "NAME", conflicts_with = "at")]
    pub source: Option<SourceName>,
    /// Groups the user belongs to
    #[arg(long, value_name = "GROUP,…", value_delimiter = ',')]
    pub groups: Vec<String>,
    /// As it was at this revision (12), or at this moment: a day, of which its beginning
    /// counts (2026-11-23, yesterday), a moment (2026-11-23T14:00:00Z), or how long
    /// ago (2d, 3h, 10m)
    #[arg(long, value_name = "REVISION|WHEN")]
    pub at: Option<At>,
}

#[derive(Debug, Args)]
pub struct EvalArguments {
    /// Its path, such as ui.badges
    pub component: String,
    /// A file with one user id a line, blanks included; - for standard input. Byte order marks,
    /// carriage returns at the ends of lines and blank lines are skipped
    #[arg(long, value_name = "FILE")]
    pub users: PathBuf,
    /// The application that asks, by its name: overrides for it count, too
    #[arg(long, value_name = "NAME", conflicts_with = "at")]
    pub source: Option<SourceName>,
    /// Groups that all of them belong to
    #[arg(long, value_name = "GROUP,…", value_delimiter = ',')]
    pub groups: Vec<String>,
    /// Only count for how many it is on
    #[arg(long)]
    pub count: bool,
    /// As it was at this revision (12), or at this moment: a day, of which its beginning
    /// counts (2026-11-23, yesterday), a moment (2026-11-23T14:00:00Z), or how long
    /// ago (2d, 3h, 10m)
    #[arg(long, value_name = "REVISION|WHEN")]
    pub at: Option<At>,
}
