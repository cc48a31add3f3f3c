//! `docs/recipes/rust.rs`, word for word but for the address.

include!(concat!(env!("OUT_DIR"), "/recipe.rs"));
