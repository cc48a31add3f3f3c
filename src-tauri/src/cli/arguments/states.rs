//! What `flagctl state`, `snapshot` and `bisect` understand.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand, value_parser};
use flagdeck::state::SourceName;

use crate::key::{Key, settable};
use crate::when::{When, duration};
use crate::which::{Place, Which, share};

#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// List the applications that report state, and what is kept of it
    List,
    /// Print the state of an application, or one value in it, as JSON
    Get {
        #[command(flatten)]
        source: OneSource,
        /// What to print, such as ml.flags.enabled, ml.files[id=7].name, or /flags/enabled as a
        /// JSON Pointer. Without it, everything
        key: Option<Key>,
    },
    /// Set a value in the state of an application, which is told of it
    Set(SetArguments),
    /// Put a snapshot in the place of a state that is damaged
    ///
    /// What the application reported after the snapshot is lost, and journal and restores say so.
    /// A state that can be read is left alone: to go back to a snapshot, use snapshot restore. The
    /// next whole report of the application replaces a damaged state, too.
    Recover(RecoverArguments),
    /// Remove an application: its state, snapshots and restores, and what it reported
    ///
    /// Pinned snapshots are removed, too, and charts and totals are as if it had never reported.
    /// This cannot be undone. An application that reports again begins afresh.
    Remove {
        /// The name it reports under
        #[arg(value_name = "NAME")]
        source: SourceName,
        /// Do not ask; needed if standard input is not a terminal
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("new").required(true),
    override_usage = "flagctl state set [OPTIONS] <KEY> <VALUE|--json-file <FILE>|--unset>"
)]
pub struct SetArguments {
    #[command(flatten)]
    pub source: OneSource,
    /// What to set: a key such as ml.metrics.quality.avgConfidence or ml.files[id=7].name
    #[arg(value_parser = settable)]
    pub key: Key,
    /// Its new value: JSON, such as 25, true, null or [1,2]. Whatever is no JSON is taken as
    /// text, unless it begins as only JSON does, with {, [ or ": then it is refused. For a text
    /// that would be JSON, quote it as JSON does: '"25"'
    #[arg(allow_hyphen_values = true, group = "new")]
    pub value: Option<String>,
    /// Read the new value from a file that holds JSON; - for standard input
    #[arg(long, value_name = "FILE", group = "new")]
    pub json_file: Option<PathBuf>,
    /// Take it away
    #[arg(long, group = "new")]
    pub unset: bool,
}

#[derive(Debug, Args)]
pub struct RecoverArguments {
    #[command(flatten)]
    pub source: OneSource,
    /// The number of the snapshot. Without it, the latest that can be read
    #[arg(long, value_name = "SNAPSHOT")]
    pub from: Option<u64>,
    /// Do not ask; needed if standard input is not a terminal
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct OneSource {
    /// Which application, by the name it reports under; need not be said where there is one only
    #[arg(long, value_name = "NAME")]
    pub source: Option<SourceName>,
}

#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Take a snapshot of the state of every application
    Take {
        /// Only of this one
        #[arg(long, value_name = "NAME")]
        source: Option<SourceName>,
        #[command(flatten)]
        words: Words,
        /// Keep it until it is unpinned
        #[arg(long)]
        pin: bool,
    },
    /// List snapshots, latest first
    List(ListArguments),
    /// Print a snapshot, or one value in it, as JSON
    Show {
        /// Its number, or now for the state as it is
        at: Place,
        /// What to print, such as ml.flags.enabled, ml.files[id=7].name, or /flags/enabled as a
        /// JSON Pointer. Without it, everything: timestamp, ml and files
        key: Option<Key>,
        #[command(flatten)]
        source: OneSource,
    },
    /// Say what differs between two states
    ///
    /// Each is the number of a snapshot, now for the state as it is, or a file: an export of one
    /// snapshot, an object of timestamp, ml and files, or the value of ml alone; - for standard
    /// input. Two files are compared without a look at the data folder.
    Diff(DiffArguments),
    /// Say what set or removed a value, and when it changed before
    ///
    /// A value in a list is followed by what tells its element from others, such as its id. For
    /// a whole report, the line says between which two moments it changed.
    #[command(allow_missing_positional = true)]
    Blame {
        /// As of this snapshot, by its number, or now. Without it, now
        at: Option<Place>,
        /// Which value, such as ml.flags.enabled, ml.files[id=7].name as a difference prints it,
        /// or /flags/enabled as a JSON Pointer. It may have been removed
        key: Key,
        /// Print the stack traces, too
        #[arg(long)]
        stack: bool,
        #[command(flatten)]
        source: OneSource,
    },
    /// Keep a snapshot until it is unpinned
    Pin {
        /// Its number
        id: u64,
        /// Unpin it
        #[arg(long)]
        off: bool,
    },
    /// Name a snapshot, or add a note to it; "" removes either
    #[command(
        group = ArgGroup::new("words").multiple(true).required(true).args(["name", "note"]),
        override_usage = "flagctl snapshot label [OPTIONS] <ID> <--name <TEXT>|--note <TEXT>>"
    )]
    Label {
        /// Its number
        id: u64,
        #[command(flatten)]
        words: Words,
    },
    /// Ask an application to become what a snapshot has of it
    ///
    /// The application hears of it at once, and again whenever it connects, until it confirms.
    /// Until then, its reports do not change what it is asked for. The state it has before is
    /// kept as a snapshot.
    Restore(RestoreArguments),
    /// List restores, newest first: who asked for what, and how it ended
    Restores(RestoresArguments),
    /// Cancel a restore that its application has not confirmed
    Cancel {
        /// Its number, as restores lists it
        restore: u64,
    },
    /// Undo a restore: ask for the same parts as they were before it
    ///
    /// What changed elsewhere since stays. A restore that is not confirmed is cancelled.
    Undo(UndoArguments),
    /// Write snapshots as one JSON document
    ///
    /// What is damaged is left out, and standard error says how much that is.
    Export {
        /// Their numbers
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
        /// Into this file. Without it, to standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Import snapshots from a file: an export, an object of timestamp, ml and files, or the
    /// value of ml alone
    ///
    /// Either all of them are kept or, if it fails or is interrupted, none.
    Import {
        /// The file, or - for standard input
        file: PathBuf,
        /// What to call where they came from. Without it, the name of the file
        #[arg(long)]
        name: Option<String>,
    },
    /// Remove the snapshots that came from a file, single snapshots, or damaged restores
    ///
    /// With a name, those that were taken here stay. With --id, any snapshot that is not pinned is
    /// removed. With --restore, the record of a restore that is damaged: what it asked for and what
    /// became of it cannot be read any more; a sound one stays. This cannot be undone.
    #[command(
        group = ArgGroup::new("what").required(true).args(["source", "ids", "restores"]),
        override_usage = "flagctl snapshot remove [OPTIONS] <NAME|--id <ID>|--restore <ID>>"
    )]
    Remove {
        /// What the source of the imported snapshots is called
        #[arg(value_name = "NAME")]
        source: Option<SourceName>,
        /// The number of a snapshot; may be given more than once
        #[arg(long = "id", value_name = "ID")]
        ids: Vec<u64>,
        /// The number of a damaged restore, as restores lists it; may be given more than once
        #[arg(long = "restore", value_name = "ID")]
        restores: Vec<u64>,
    },
}

#[derive(Debug, Args)]
pub struct Words {
    /// What to call it
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// A note about it
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

#[derive(Debug, Args)]
pub struct ListArguments {
    /// Only of this application
    #[arg(long, value_name = "NAME")]
    pub source: Option<SourceName>,
    /// Only those taken then or later: a day (2026-11-23, today), a moment
    /// (2026-11-23T14:00:00Z, "yesterday 14:00"), or how long ago (2d, 3h, 10m)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Only those taken before then, in the same forms; a day is taken whole
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// Only those in which this text was added or removed, or is in the key of a change, or that
    /// have it in their name or note; case does not count, accents do
    #[arg(long)]
    pub text: Option<String>,
    /// Only those that are pinned
    #[arg(long)]
    pub pinned: bool,
    /// How many
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct DiffArguments {
    /// The one
    #[arg(value_name = "A")]
    pub from: Which,
    /// The other; without it, now
    #[arg(value_name = "B")]
    pub to: Option<Which>,
    #[command(flatten)]
    pub compare: CompareArguments,
    /// Print what makes the one of the other, as a JSON Patch (RFC 6902)
    #[arg(long, conflicts_with_all = ["tolerance", "ignore"])]
    pub patch: bool,
    /// Exit with 1 if they differ
    #[arg(long)]
    pub exit_code: bool,
    #[command(flatten)]
    pub source: OneSource,
}

#[derive(Debug, Args)]
pub struct CompareArguments {
    /// Take numbers as equal that differ by no more than this share, such as 1%
    #[arg(long, value_name = "PERCENT", value_parser = share, default_value = "0%")]
    pub tolerance: f64,
    /// Leave out changes of what has this name, such as timestamp; may be given more than once
    #[arg(long, value_name = "KEY")]
    pub ignore: Vec<String>,
    /// Compare ml.history, too, if the application reports one
    #[arg(long)]
    pub with_history: bool,
}

#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// The number of the snapshot
    pub id: u64,
    /// Only this part, such as ml.metrics or ml.list[id=gamma].n, as differences print it; may be
    /// given more than once
    #[arg(long, value_name = "KEY")]
    pub only: Vec<String>,
    /// All but this part, such as ml.cache; may be given more than once
    #[arg(long, value_name = "KEY")]
    pub except: Vec<String>,
    /// Put the flags of that moment in force again, too, as a revision
    #[arg(long)]
    pub flags: bool,
    /// Only say what would change
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct RestoresArguments {
    /// Only of this application
    #[arg(long, value_name = "NAME")]
    pub source: Option<SourceName>,
    /// Only those asked for then or later: a day (2026-11-23, today), a moment
    /// (2026-11-23T14:00:00Z, "yesterday 14:00"), or how long ago (2d, 3h, 10m)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Only those asked for before then, in the same forms; a day is taken whole
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// How many
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct UndoArguments {
    /// Its number, as restores lists it. Without it, the latest that is open or confirmed
    pub restore: Option<u64>,
    #[command(flatten)]
    pub source: OneSource,
    /// Only say what would change, and what changed since the restore
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct BisectArguments {
    #[command(flatten)]
    pub source: OneSource,
    /// A snapshot at which the command succeeds. Without it, the earliest, which is tried
    #[arg(long, value_name = "ID")]
    pub good: Option<u64>,
    /// A later one at which it fails. Without it, the latest, which is tried
    #[arg(long, value_name = "ID")]
    pub bad: Option<u64>,
    /// Find the first snapshot at which the command succeeds after it failed: --bad is the
    /// earlier end, --good the later one
    #[arg(long)]
    pub first_good: bool,
    /// Run the command this many times at each snapshot; if the runs disagree, the search stops
    /// and tells the counts
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        value_parser = value_parser!(u32).range(1..=1000)
    )]
    pub repeat: u32,
    /// How long a run may take, such as 90s, 10m or 2h; then it is ended and skipped. To count
    /// it as bad, use timeout(1)
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub timeout: Duration,
    #[command(flatten)]
    pub compare: CompareArguments,
    /// The command and its arguments
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
}
