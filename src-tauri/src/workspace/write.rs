//! Writing the lines.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use zstd::stream::write::Encoder;

use super::limits::{FILE_BYTES_MAX, LINE_BYTES_MAX, UNPACKED_BYTES_MAX, WINDOW_LOG};
use super::parts::{Counted, Head, Line, RevisionLine, SnapshotsLine};
use super::{Workspace, WorkspaceError};
use crate::store::sqlite::Hash;
use crate::store::{Draft, RevisionNumber};

/// Writes a workspace: its settings, then every revision, then the snapshots of each source.
pub struct Writer {
    encoder: Encoder<'static, Vec<u8>>,
    counted: Counted,
    bytes: u64,
}

impl Writer {
    /// Begins with the settings.
    ///
    /// # Errors
    /// [`WorkspaceError::TooLarge`].
    pub fn begin(settings: BTreeMap<String, Value>) -> Result<Self, WorkspaceError> {
        let mut writer = Self {
            encoder: encoder().map_err(|error| in_memory(&error))?,
            counted: Counted::default(),
            bytes: 0,
        };
        let head = text_of(&Head::of_now());
        writer.put(&head)?;
        writer.line(&Line::Settings(settings))?;
        Ok(writer)
    }

    /// Adds the next revision, with the hash of its row.
    ///
    /// # Errors
    /// [`WorkspaceError`] if its document is no JSON text, or the workspace is too large.
    pub fn revision(
        &mut self,
        number: RevisionNumber,
        draft: Draft,
        hash: &Hash,
    ) -> Result<(), WorkspaceError> {
        self.line(&Line::Revision(RevisionLine::of(number, draft, hash)?))
    }

    /// Adds so many snapshots of a source, as the text of a bundle.
    ///
    /// # Errors
    /// [`WorkspaceError`] if the bundle is no JSON text, or the workspace is too large.
    pub fn snapshots(
        &mut self,
        of: String,
        count: u64,
        bundle: String,
    ) -> Result<(), WorkspaceError> {
        let unwritable =
            |_| WorkspaceError::unwritable(format!("the snapshots of {of} are not JSON"));
        let bundle = RawValue::from_string(bundle).map_err(unwritable)?;
        self.line(&Line::Snapshots(SnapshotsLine { of, count, bundle }))
    }

    /// Ends it, and reads it again: what is returned can be imported.
    ///
    /// # Errors
    /// [`WorkspaceError`] if it cannot be.
    pub fn end(mut self) -> Result<(Vec<u8>, Workspace), WorkspaceError> {
        let end = text_of(&Line::End(self.counted.end()));
        self.put(&end)?;
        let bytes = self.encoder.finish().map_err(|error| in_memory(&error))?;
        if bytes.len() > FILE_BYTES_MAX {
            let bytes_max = FILE_BYTES_MAX as u64;
            return Err(WorkspaceError::TooLarge { bytes_max });
        }
        let checked = Workspace::open(bytes.clone()).map_err(|error| match error {
            WorkspaceError::Damaged { what } => WorkspaceError::Unwritable { what },
            error => error,
        })?;
        Ok((bytes, checked))
    }

    fn line(&mut self, line: &Line) -> Result<(), WorkspaceError> {
        let text = text_of(line);
        if text.len() > LINE_BYTES_MAX {
            let bytes_max = LINE_BYTES_MAX as u64;
            return Err(WorkspaceError::TooLarge { bytes_max });
        }
        self.counted.note_written(line, &text);
        self.put(&text)
    }

    fn put(&mut self, text: &[u8]) -> Result<(), WorkspaceError> {
        self.bytes += text.len() as u64;
        if self.bytes > UNPACKED_BYTES_MAX {
            let bytes_max = UNPACKED_BYTES_MAX;
            return Err(WorkspaceError::TooLarge { bytes_max });
        }
        self.encoder
            .write_all(text)
            .map_err(|error| in_memory(&error))
    }
}

fn encoder() -> io::Result<Encoder<'static, Vec<u8>>> {
    let mut encoder = Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.long_distance_matching(true)?;
    encoder.window_log(WINDOW_LOG)?;
    Ok(encoder)
}

fn text_of(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec(value).expect("every key is a text");
    text.push(b'\n');
    text
}

/// Nothing but the memory is written to.
fn in_memory(error: &io::Error) -> WorkspaceError {
    WorkspaceError::unwritable(format!("it cannot be packed: {error}"))
}
