//! The application's real window on a display of its own, used by pointer and by keys.

mod dashboard;
mod flags;
mod keyboard;
mod rig;
mod together;
