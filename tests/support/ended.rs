//! A process that ends with the test that started it.

use std::ops::{Deref, DerefMut};
use std::process::Child;

/// A process that is ended by its number whatever the test does.
#[derive(Debug)]
pub struct Ended(pub Child);

impl Deref for Ended {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Ended {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        // Fails only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
