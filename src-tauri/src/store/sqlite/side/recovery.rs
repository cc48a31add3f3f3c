//! Recovery of a damaged side database: it is moved to quarantine whole, and replaced by a copy of
//! what is sound in it, or by a new one.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::{PATIENCE, SideDatabase};
use crate::store::StoreError;
use crate::store::sqlite::copies::{Turn, put_in_place};
use crate::store::sqlite::quarantine::{self, Kept, Label};
use crate::store::sqlite::{backup, commits, connection, folder};

impl SideDatabase {
    /// Moves a damaged database to quarantine, and puts a copy of what is sound in it in its place,
    /// if anything is.
    pub(super) fn recover<T>(
        &self,
        data_dir: &Path,
        label: &Label,
        look: &impl Fn(&Connection) -> Result<T, StoreError>,
    ) -> Result<(), StoreError> {
        let turn = Turn::take(data_dir, PATIENCE)?;
        let replaced = turn.copy(
            self.stem(),
            |to| self.copy_sound(data_dir, to, look),
            |whole, kept| {
                let label = Label {
                    kept: Some(kept),
                    ..label.clone()
                };
                quarantine::set_aside(data_dir, &label)?;
                put_in_place(whole, &self.path(data_dir))
            },
        );
        match replaced {
            Err(StoreError::Damaged { .. }) => quarantine::set_aside(data_dir, label).map(drop),
            replaced => replaced,
        }
    }

    /// Copies the most of a database that is sound, durably and verified: as it is read with its
    /// log, or without it, because a damaged log may hide what is in the database already.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if neither is sound.
    fn copy_sound<T>(
        &self,
        data_dir: &Path,
        to: &Path,
        look: &impl Fn(&Connection) -> Result<T, StoreError>,
    ) -> Result<Kept, StoreError> {
        let path = self.path(data_dir);
        let noted = commits::noted(&path);
        // SQLite removes the log of an empty database.
        if folder::length(&path)? == 0 {
            return Err(StoreError::damaged("it is empty"));
        }
        let sound = |immutable| -> Result<(u64, Connection), StoreError> {
            let source = connection::Source {
                path: path.clone(),
                immutable,
                patience: Duration::ZERO,
            };
            let connection = source.open()?;
            self.check_owner(&connection)?;
            connection::check_indexes(&connection)?;
            look(&connection)?;
            Ok((commits::latest(&connection)?.number(), connection))
        };
        let most = match (sound(false), sound(true)) {
            // What the log hides is newer than the log: the two together never were one state.
            (Ok((with_log, _)), Ok((without, database))) if without > with_log => database,
            (Ok((_, with_log)), _) => with_log,
            (Err(_), Ok((_, database))) => database,
            (Err(_), Err(_)) => return Err(StoreError::damaged("nothing of it is sound")),
        };
        self.copy_out(&most, to)?;
        match commits::is_all(noted, &backup::open(to)?) {
            true => Ok(Kept::All),
            false => Ok(Kept::Part),
        }
    }
}
