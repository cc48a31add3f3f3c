//! What differs, as people read it. What programs apply is a [`crate::tree::Patch`].

pub mod documents;
pub mod states;
