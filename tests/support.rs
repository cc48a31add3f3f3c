//! What many tests need: applications, programs, data folders that are lost, and waiting.

pub mod waiting;

pub mod apps;
pub mod disks;
pub mod folders;
pub mod salvage;
pub mod stores;

pub mod chromium;
pub mod cli;
pub mod ended;
pub mod fake_flagdeck;
pub mod following;
pub mod observers;
pub mod processes;
pub mod restores;
pub mod scripted;
pub mod serving;

#[path = "../src-tauri/core/tests/support/arbitrary.rs"]
pub mod arbitrary;
