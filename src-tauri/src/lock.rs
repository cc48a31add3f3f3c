//! Mutexes of which a panic makes no trap: what their holders leave behind is whole, because
//! none of them panics half-way through a change.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever happened to those who held it before.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
