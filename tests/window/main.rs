//! The application's real window on a display of its own, used by pointer and by keys.

mod accessibility;
mod accidents;
mod activity;
mod baseline;
mod browser;
mod commands;
mod connect;
mod dashboard;
mod demo;
mod desktop;
mod documents;
mod flags;
mod following;
mod gone;
mod inspector;
mod keyboard;
mod metrics;
mod pictures;
mod rig;
mod rosters;
mod sample;
mod settings;
mod snapshots;
mod structure;
mod together;
mod views;
