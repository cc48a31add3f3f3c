//! Mutexes that a panic does not poison: no holder panics half-way through a change, so the data is
//! always consistent.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, even if an earlier holder panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
