//! Files that a person chooses in the desktop's dialogs, and showing the data folder.

use std::io;
use std::path::{Path, PathBuf};

use flagdeck::browser;
use flagdeck::chosen::{self, ReadError};
use flagdeck::durable::{self, Access};
use flagdeck::wire::{ChosenFile, Failure};
use flagdeck::workspace;
use flagdeck_core::limits::DOCUMENT_BYTES_MAX;
use flagdeck_core::text;
use tauri::{WebviewWindow, async_runtime};
use tauri_plugin_dialog::{DialogExt, FileDialogBuilder, FilePath};
use tokio::sync::oneshot;

/// Lets a person choose a document, and reads it; `None` if they chose none.
///
/// # Errors
/// If it cannot be read, is too large for a document, or is not text.
pub async fn choose(window: &WebviewWindow) -> Result<Option<ChosenFile>, Failure> {
    let dialog = dialog(window, "Import a document", JSON);
    match place(|choose| dialog.pick_file(choose)).await? {
        Some(path) => off_the_window(move || read(&path)).await.map(Some),
        None => Ok(None),
    }
}

/// Lets a person choose a file of this kind; `None` if they chose none. Reads nothing of it.
///
/// # Errors
/// If the desktop names none that is on this machine.
pub async fn choose_path(
    window: &WebviewWindow,
    title: &str,
    kind: Kind,
) -> Result<Option<PathBuf>, Failure> {
    let dialog = dialog(window, title, kind);
    place(|choose| dialog.pick_file(choose)).await
}

/// Lets a person choose a file, and reads it with its name, whatever is in it; `None` if they chose
/// none.
///
/// # Errors
/// If it cannot be read, or is larger than `bytes_max`.
pub async fn choose_bytes(
    window: &WebviewWindow,
    title: &str,
    kind: Kind,
    bytes_max: usize,
) -> Result<Option<(String, Vec<u8>)>, Failure> {
    let dialog = dialog(window, title, kind);
    let Some(path) = place(|choose| dialog.pick_file(choose)).await? else {
        return Ok(None);
    };
    let named = path.file_stem().unwrap_or(path.as_os_str());
    let name = named.to_string_lossy().into_owned();
    let bytes = off_the_window(move || read_bytes(&path, bytes_max));
    Ok(Some((name, bytes.await?)))
}

/// Lets the user choose where to write something, writes it, and returns the place; `None` if they
/// chose none. The kind of file follows from `name`. `access` is who may use the file.
///
/// # Errors
/// If it cannot be written; what was there before is kept then.
pub async fn save(
    window: &WebviewWindow,
    name: String,
    bytes: Vec<u8>,
    access: Access,
) -> Result<Option<String>, Failure> {
    let mut kinds = KINDS.into_iter();
    let kind = kinds.find(|kind| name.ends_with(kind.endings[0]));
    let kind = kind.unwrap_or(JSON);
    let dialog = dialog(window, kind.export, kind).set_file_name(name);
    match place(|choose| dialog.save_file(choose)).await? {
        Some(path) => off_the_window(move || write(&path, &bytes, access))
            .await
            .map(Some),
        None => Ok(None),
    }
}

/// Shows a folder in the desktop's file manager.
///
/// # Errors
/// If the desktop has none that can.
pub async fn show_folder(folder: PathBuf) -> Result<(), Failure> {
    off_the_window(move || {
        browser::hand_over(&folder).map_err(|_| {
            Failure::failed(&format!(
                "the desktop has no program to show a folder with; the data is in {}",
                folder.display()
            ))
        })
    })
    .await
}

/// A kind of file, as dialogs offer it.
#[derive(Clone, Copy)]
pub struct Kind {
    name: &'static str,
    /// How its name ends; what is written ends with the first.
    endings: &'static [&'static str],
    /// The title of the save dialog.
    export: &'static str,
}

/// Documents, snapshots and states.
pub const JSON: Kind = Kind {
    name: "JSON",
    endings: &["json"],
    export: "Export the document",
};

/// Workspaces.
pub const WORKSPACE: Kind = Kind {
    name: "Workspace",
    endings: &[workspace::ENDING],
    export: "Export the workspace",
};

/// Files of users.
pub const ROSTER: Kind = Kind {
    name: "Users",
    endings: &[
        "csv", "tsv", "txt", "ndjson", "jsonl", "db", "sqlite", "sqlite3",
    ],
    export: "Export the users",
};

const KINDS: [Kind; 4] = [
    JSON,
    WORKSPACE,
    Kind {
        name: "Table",
        endings: &["csv"],
        export: "Export the table",
    },
    Kind {
        name: "Picture",
        endings: &["png"],
        export: "Export the picture",
    },
];

fn dialog(window: &WebviewWindow, title: &str, kind: Kind) -> FileDialogBuilder<tauri::Wry> {
    let dialog = window.dialog().file();
    dialog
        .set_parent(window)
        .set_title(title)
        .add_filter(kind.name, kind.endings)
        .add_filter("All files", &["*"])
}

/// Waits for a person's choice without blocking anything else.
async fn place(
    open: impl FnOnce(Box<dyn FnOnce(Option<FilePath>) + Send>),
) -> Result<Option<PathBuf>, Failure> {
    let (choose, chosen) = oneshot::channel();
    open(Box::new(move |path| {
        // Fails only if the window was closed in the meantime.
        let _ = choose.send(path);
    }));
    let path = chosen.await.ok().flatten().map(FilePath::into_path);
    path.transpose()
        .map_err(|error| Failure::failed(&error.to_string()))
}

async fn off_the_window<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = async_runtime::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Failure::failed(&error.to_string())))
}

/// Reads a document.
///
/// # Errors
/// If it cannot be read, is too large for a document, or is not text.
pub fn read(path: &Path) -> Result<ChosenFile, Failure> {
    let bytes = read_bytes(path, DOCUMENT_BYTES_MAX)?;
    let (text, _) = text::read(&bytes).map_err(|error| failed(path, &error.to_string()))?;
    Ok(ChosenFile::of(name_of(path), text))
}

/// Reads a file, and nothing but a file.
fn read_bytes(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    chosen::read_file(path, bytes_max).map_err(|error| match error {
        ReadError::File(cause) => failed(path, &format!("cannot be read: {}", reason_of(&cause))),
        other => failed(path, &other.to_string()),
    })
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8], access: Access) -> Result<String, Failure> {
    durable::save(path, bytes, access).map_err(|error| {
        let reason = reason_of(&error);
        failed(path, &format!("cannot be written: {reason}"))
    })?;
    Ok(path.display().to_string())
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn failed(path: &Path, what: &str) -> Failure {
    Failure::failed(&format!("“{}” {what}", name_of(path)))
}

fn reason_of(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is not there".into(),
        io::ErrorKind::PermissionDenied => "you may not do that there".into(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is write-protected".into(),
        io::ErrorKind::StorageFull => "the disk is full; what was there before is kept".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn temporary() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[track_caller]
    fn check_refused(bytes: &[u8], word: &str) {
        let folder = temporary();
        let path = folder.path().join("flags.json");
        fs::write(&path, bytes).expect("a file");
        let refused = read(&path).expect_err("it is refused").message;
        assert!(refused.starts_with("“flags.json” "), "{refused}");
        assert!(refused.contains(word), "{refused}");
    }

    #[test]
    fn a_file_is_read_with_its_name() {
        let folder = temporary();
        let path = folder.path().join("flags.json");
        fs::write(&path, "\u{feff}{\"enabled\":true}").expect("a file");
        let chosen = read(&path).expect("it can be read");
        assert_eq!(chosen.name, "flags.json");
        assert_eq!(chosen.text, "{\"enabled\":true}");
    }

    #[test]
    fn a_file_that_cannot_be_a_document_is_refused_in_a_sentence() {
        check_refused(&vec![b' '; DOCUMENT_BYTES_MAX + 1], "is larger than 4 MiB");
        check_refused(b"\xff\xfe{\0", "is UTF-16; save it as UTF-8");
        check_refused(b"{\xff", "byte 2 of line 1");
        let folder = temporary();
        let refused = read(folder.path()).expect_err("it is a folder");
        assert!(refused.message.contains("not a file"), "{refused:?}");
        let missing = read(&folder.path().join("gone")).expect_err("it is gone");
        assert!(missing.message.contains("not there"), "{missing:?}");
    }

    #[test]
    fn the_largest_document_can_be_read() {
        let folder = temporary();
        let path = folder.path().join("flags.json");
        fs::write(&path, vec![b' '; DOCUMENT_BYTES_MAX]).expect("a file");
        assert!(read(&path).is_ok());
    }

    #[test]
    fn a_file_is_replaced_by_what_is_written() {
        let folder = temporary();
        let path = folder.path().join("flags.json");
        fs::write(&path, "before").expect("a file");
        let place = write(&path, b"after", Access::Kept).expect("it can be written");
        assert_eq!(place, path.display().to_string());
        assert_eq!(fs::read_to_string(&path).expect("a file"), "after");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = temporary();
        let path = folder.path().join("gone/flags.json");
        let refused = write(&path, b"text", Access::Kept).expect_err("there is no folder");
        assert!(refused.message.contains("not there"), "{refused:?}");
    }
}
