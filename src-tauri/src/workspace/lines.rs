//! The lines of a compressed file, within bounds.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::sync::Arc;

use zstd::stream::read::Decoder;

use super::WorkspaceError;
use super::limits::{FILE_BYTES_MAX, LINE_BYTES_MAX, UNPACKED_BYTES_MAX, WINDOW_LOG};

/// A file in memory, unpacked as it is read.
type Unpacked = Decoder<'static, BufReader<Cursor<Arc<[u8]>>>>;

/// Reads a compressed text line by line.
pub(super) struct Lines {
    source: BufReader<Unpacked>,
    /// Bytes that may still be read.
    left: u64,
}

impl Lines {
    pub(super) fn of(bytes: Arc<[u8]>) -> Result<Self, WorkspaceError> {
        if bytes.len() > FILE_BYTES_MAX {
            let bytes_max = FILE_BYTES_MAX as u64;
            return Err(WorkspaceError::TooLarge { bytes_max });
        }
        let other = |_| WorkspaceError::Other;
        let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(other)?;
        decoder.window_log_max(WINDOW_LOG).map_err(other)?;
        Ok(Self {
            source: BufReader::new(decoder),
            left: UNPACKED_BYTES_MAX,
        })
    }

    /// Returns the next line with its end; `None` after the last one.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, WorkspaceError> {
        let mut line = Vec::new();
        let line_max = LINE_BYTES_MAX as u64;
        let most = self.left.min(line_max);
        let read = self.source.by_ref().take(most).read_until(b'\n', &mut line);
        read.map_err(|_| WorkspaceError::damaged("it cannot be unpacked"))?;
        self.left -= line.len() as u64;
        match line.last() {
            None if self.left > 0 => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            _ if line.len() as u64 == most => Err(WorkspaceError::TooLarge {
                bytes_max: if most == line_max {
                    line_max
                } else {
                    UNPACKED_BYTES_MAX
                },
            }),
            _ => Err(WorkspaceError::damaged("its last line has no end")),
        }
    }

    /// Checks that nothing follows.
    pub(super) fn end(&mut self) -> Result<(), WorkspaceError> {
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(WorkspaceError::damaged("something follows its end")),
        }
    }
}
