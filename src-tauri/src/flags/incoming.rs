//! A document that comes from a file, in a format that a person names or its content tells.

use flagdeck_core::flagd;
use flagdeck_core::{Problem, Severity};

/// A format of files that flags are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// A flag document.
    Flagdeck,
    /// Flag definitions of flagd.
    Flagd,
}

impl FileFormat {
    /// Tells the format of a file by its content.
    pub fn of(bytes: &[u8]) -> Self {
        match flagd::is_flagd(bytes) {
            true => Self::Flagd,
            false => Self::Flagdeck,
        }
    }
}

/// A document that is to be imported.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The document as JSON text. It may be anything, if the file is not converted.
    pub document: Vec<u8>,
    /// What of the file is not in it.
    pub left_out: Vec<Problem>,
}

impl Incoming {
    /// Reads a file in a format, or in the one that its content tells.
    ///
    /// # Errors
    /// Every problem, if nothing of definitions can be taken. A document is not checked yet.
    pub fn read(bytes: Vec<u8>, format: Option<FileFormat>) -> Result<Self, Vec<Problem>> {
        match format.unwrap_or_else(|| FileFormat::of(&bytes)) {
            FileFormat::Flagdeck => Ok(Self {
                document: bytes,
                left_out: Vec::new(),
            }),
            FileFormat::Flagd => {
                let checked = flagd::read(&bytes)?;
                Ok(Self {
                    document: format!("{:#}", checked.document.to_tree()).into(),
                    left_out: checked.warnings,
                })
            }
        }
    }

    /// Returns what is worth knowing of the file and of a document that was made of it, each once.
    pub fn told_with(&self, warnings: Vec<Problem>) -> Vec<Problem> {
        let mut told = self.left_out.clone();
        told.extend(
            warnings
                .into_iter()
                .filter(|it| !self.left_out.contains(it)),
        );
        told.sort_by_key(|problem| problem.severity != Severity::Error);
        told
    }
}
