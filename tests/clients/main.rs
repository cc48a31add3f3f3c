//! Released OpenFeature clients, and the recipes of `docs/recipes`, against a running Flagdeck.
//!
//! `tools/clients.sh` installs the clients: pinned, from their registries, into
//! `tests/clients/node_modules` and `target/clients`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod definitions;
mod driver;
mod flagdeck;
mod pages;
mod recipes;
mod released;
