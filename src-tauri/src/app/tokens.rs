//! The token that authorizes writes over HTTP, also while its file is gone.

use super::{App, StoreState};
use crate::error::Error;
use crate::token;

impl App {
    /// Returns the token that authorizes writes over HTTP.
    ///
    /// # Errors
    /// [`Error::File`] if its file can be neither read nor made.
    pub fn token(&self) -> Result<String, Error> {
        if let Err(error) = self.flags().check_place() {
            return self.remembered_token().ok_or(error.into());
        }
        let token = token::load(&self.0.data_dir).map_err(|source| self.token_error(source))?;
        self.remember_small_files();
        Ok(token)
    }

    /// Replaces the token; the one before is refused from then on.
    ///
    /// # Errors
    /// [`Error::File`] if its file cannot be written.
    pub fn rotate_token(&self) -> Result<String, Error> {
        self.flags().check_place()?;
        let token = token::rotate(&self.0.data_dir).map_err(|source| self.token_error(source))?;
        self.flags().check_place()?;
        self.remember_small_files();
        Ok(token)
    }

    /// Returns whether `presented` is the token, in constant time.
    pub fn accepts_token(&self, presented: &str) -> bool {
        if self.store_state() == StoreState::StoreGone {
            // Its file was lost with the folder, or belongs to another store.
            let known = self.remembered_token();
            return known.is_some_and(|known| token::is_same(&known, presented));
        }
        let is_token = token::accepts(&self.0.data_dir, presented).unwrap_or_else(|error| {
            tracing::error!(%error, "the token cannot be read; every write over HTTP is refused");
            false
        });
        // What was accepted once stays so if the folder is lost right after.
        if is_token && self.remembered_token().as_deref() != Some(presented) {
            self.remember_small_files();
        }
        is_token
    }

    /// Returns the token that is accepted at this moment; `None` if there is none, or it cannot be
    /// read.
    pub(crate) fn accepted_token(&self) -> Option<String> {
        match self.store_state() {
            StoreState::StoreGone => self.remembered_token(),
            _ => token::read(&self.0.data_dir),
        }
    }

    fn token_error(&self, source: std::io::Error) -> Error {
        let path = token::path(&self.0.data_dir);
        Error::File { path, source }
    }
}
