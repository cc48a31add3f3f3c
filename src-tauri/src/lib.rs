//! Flagdeck without a face: everything the window, the HTTP interface and the command line do.
//!
//! In reading order, along the path of a change:
//!
//! | module | what it does |
//! |---|---|
//! | [`app`] | opens, joins and closes the parts |
//! | [`flags`] | one flag document: makes changes durable, decides what is in force for whom |
//! | [`events`] | what happened, announced |
//! | [`source`] | the name of an application that reports, or that is given flags |
//! | [`store`] | revisions, appended and never changed; SQLite |
//! | [`metrics`] | what applications report: collected, counted, stored, shown |
//! | [`rosters`] | lists of users, imported from files, over which edits are counted |
//! | [`rollouts`] | ramps, what the guard saw and decided, and what each rollout is held to |
//! | [`config`] | every setting, where its value came from, what was wrong with others |
//! | [`token`] | the secret that authorizes writes over HTTP |
//! | [`private`] | files and folders for their owner alone, and whether a folder can be trusted |
//! | [`durable`] | files that are replaced whole or not at all |
//! | [`chosen`] | files that the user chooses, read with a bound |
//! | [`mod@format`] | how several things are written in one body |
//! | `lock` | mutexes that a panic does not poison |
//! | `chores` | periodic work, on two threads |
//! | [`leader`] | which program on a folder does what only one may do |
//! | [`clients`] | who uses the HTTP interface |
//! | [`load`] | what the server carries at present |
//! | [`clock`] | the time of day, read in one place |
//! | [`trusted_time`] | which time is trusted when something is deleted for its age |
//! | [`actor`] | who sits at this machine |
//! | [`csv`] | tables for other programs |
//! | [`arguments`] | command lines, read or refused |
//! | [`outbound`] | calls to servers, each bounded in time and size |
//! | [`webhook`] | messages about what happened, to a server of the user's choice |
//! | [`address`] | the addresses of servers, taken apart |
//! | [`upstream`] | the remote document that is followed: fetched, published to, and when |
//! | [`browser`] | hands pages and folders to the user's desktop |
//! | [`loopback`] | the names of this machine |
//! | [`runner`] | runs a command on a state, with a timeout, and ends all processes that it started |
//! | [`logging`] | the log on standard error |
//! | [`build_info`] | what Flagdeck is made of |
//! | [`error`] | why something was refused or failed, and the one vocabulary of codes |
//! | [`demo`] | a synthetic application, played and removed |
//! | [`wire`] | the JSON shapes that faces see |
//! | [`http`] | a face: the local HTTP interface |
//! | [`fuzzing`] | readers of foreign bytes, for the fuzz targets |
//!
//! The other faces are programs: `cli/` (`flagctl`) and `desktop/` (the window, the only code
//! that names tauri). The domain itself, pure, is the crate `flagdeck_core`.

pub mod app;
pub mod events;
pub mod flags;

pub mod source;
pub mod state;
pub mod store;
pub mod workspace;

pub mod metrics;
pub mod rollouts;
pub mod rosters;

pub mod actor;
mod chores;
pub mod chosen;
pub mod clients;
pub mod clock;
pub mod config;
pub mod csv;
pub mod durable;
pub mod format;
pub mod leader;
pub mod load;
mod lock;
pub mod private;
pub mod serving;
pub mod token;
pub mod trusted_time;

pub mod address;
pub mod arguments;
pub mod browser;
pub mod build_info;
pub mod logging;
pub mod loopback;
pub mod outbound;
pub mod runner;
pub mod upstream;
pub mod webhook;

pub mod error;

pub mod demo;
pub mod wire;

pub mod http;

#[doc(hidden)]
pub mod fuzzing;

pub use app::{App, Options};
pub use error::Error;
pub use events::Event;
pub use flags::{ChangeRequest, Flags, Outcome};
