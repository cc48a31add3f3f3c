//! The workspace as one file: written of all parts, and put into a fresh data folder.

use std::collections::BTreeMap;

use serde_json::Value;

use super::App;
use crate::config::{Contact, Setting};
use crate::error::Error;
use crate::flags::followed::Followed;
use crate::state::limits::BUNDLE_SNAPSHOTS_MAX;
use crate::state::shapes::SnapshotFilter;
use crate::store::{RevisionNumber, Revisions, StoreError};
use crate::workspace::{Workspace, WorkspaceError, Writer};

/// A workspace, written.
#[derive(Debug)]
pub struct ExportedWorkspace {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many revisions are in it.
    pub revisions: u64,
    /// How many snapshots are in it.
    pub snapshots: u64,
    /// What is not in it, a sentence each.
    pub left_out: Vec<String>,
}

/// A workspace, imported.
#[derive(Debug)]
pub struct ImportedWorkspace {
    /// The latest revision, which is in force.
    pub revisions: u64,
    /// How many snapshots were imported.
    pub snapshots: u64,
    /// The settings that were set.
    pub settings: Vec<String>,
    /// What of the file was not imported, a sentence each.
    pub left_out: Vec<String>,
}

impl App {
    /// Writes the workspace as one file: every revision, what the settings file sets without
    /// secrets, and snapshots if they are asked for. Never a token, and no states or metrics.
    ///
    /// # Errors
    /// [`Error::Workspace`] if it is too large; [`Error::Store`] if a revision is damaged.
    pub fn export_workspace(&self, with_snapshots: bool) -> Result<ExportedWorkspace, Error> {
        let mut left_out = Vec::new();
        let mut writer = Writer::begin(self.settings_without_secrets(&mut left_out))?;
        let mut failure = None;
        let read = self.flags().store().each_revision(&mut |revision, hash| {
            let written = writer.revision(revision.number, revision.draft, &hash);
            written.map_err(|error| {
                failure = Some(error);
                StoreError::damaged("it cannot be exported")
            })
        });
        if let Some(error) = failure {
            return Err(error.into());
        }
        read?;
        if with_snapshots {
            self.export_all_snapshots(&mut writer, &mut left_out)?;
        }
        let (bytes, workspace) = writer.end()?;
        Ok(ExportedWorkspace {
            bytes,
            revisions: workspace.revisions,
            snapshots: workspace.snapshots(),
            left_out,
        })
    }

    /// What is set in the file, and not by the environment or the command line.
    fn settings_without_secrets(&self, left_out: &mut Vec<String>) -> BTreeMap<String, Value> {
        let mut settings = BTreeMap::new();
        for Setting { key, in_file, .. } in self.settings() {
            if key.kind.redacted(&in_file) != in_file {
                left_out.push(format!("{} is left out: it has a secret.", key.name));
            } else if in_file != Value::Null {
                settings.insert(key.name.to_owned(), in_file);
            }
        }
        settings
    }

    fn export_all_snapshots(
        &self,
        writer: &mut Writer,
        left_out: &mut Vec<String>,
    ) -> Result<(), Error> {
        for source in self.state_sources()? {
            let filter = SnapshotFilter {
                source: Some(source.name.clone()),
                ..SnapshotFilter::default()
            };
            let page = self.snapshots(&filter, 0, BUNDLE_SNAPSHOTS_MAX)?;
            // Those that are imported first are the earliest.
            let ids: Vec<u64> = page.snapshots.iter().rev().map(|it| it.id).collect();
            if ids.is_empty() {
                continue;
            }
            let exported = self.export_snapshots(&ids)?;
            let (taken, of) = (exported.ids.len() as u64, source.name);
            if taken < source.snapshots {
                let missing = source.snapshots - taken;
                left_out.push(format!(
                    "{missing} of the {} snapshots of {of} are left out: the earliest, or damaged.",
                    source.snapshots
                ));
            }
            writer.snapshots(of, taken, exported.text)?;
        }
        Ok(())
    }

    /// Reads a workspace, and checks that it can be imported here.
    ///
    /// # Errors
    /// [`Error::Workspace`] if the file is none or damaged, or the data folder is not fresh.
    pub fn open_workspace(&self, bytes: Vec<u8>) -> Result<Workspace, Error> {
        let workspace = Workspace::open(bytes)?;
        for kept in workspace.each_revision()? {
            let (draft, _) = kept?;
            draft.followed.as_deref().map_or(Ok(()), Followed::check)?;
        }
        self.flags().refresh()?;
        if self.flags().live().revision != RevisionNumber::NONE {
            return Err(in_use());
        }
        let here = self.state_sources()?;
        let known = here
            .iter()
            .find(|it| workspace.sources.iter().any(|(of, _)| *of == it.name));
        match known {
            None => Ok(workspace),
            Some(known) => {
                let what = format!("there is a state or a snapshot of {} already", known.name);
                Err(WorkspaceError::NotFresh { what }.into())
            }
        }
    }

    /// Puts a workspace into this data folder: snapshots, then flags, then settings. If the flags
    /// cannot be saved, nothing was imported.
    ///
    /// A setting that would bring Flagdeck into contact with a server or let pages read the flags
    /// is left out: a file from elsewhere does not decide that.
    ///
    /// # Errors
    /// [`Error::Workspace`] if the data folder is not fresh; [`Error::Store`] or [`Error::State`] if
    /// something cannot be stored.
    pub fn import_workspace(&self, workspace: &Workspace) -> Result<ImportedWorkspace, Error> {
        let imported = self.import_all_snapshots(workspace);
        let saved = imported.and_then(|count| self.begin_with(workspace).map(|()| count));
        let snapshots = saved.inspect_err(|_| self.remove_all_imported(workspace))?;
        let (mut settings, mut left_out) = (Vec::new(), Vec::new());
        for (name, value) in &workspace.settings {
            match self.take_setting(name, value) {
                Ok(()) => settings.push(name.clone()),
                Err(reason) => left_out.push(format!("{name} is left out: {reason}.")),
            }
        }
        Ok(ImportedWorkspace {
            revisions: workspace.revisions,
            snapshots,
            settings,
            left_out,
        })
    }

    /// Imports the snapshots, and returns how many there were.
    fn import_all_snapshots(&self, workspace: &Workspace) -> Result<u64, Error> {
        let mut count = 0;
        workspace.each_source::<Error>(|of, bundle| {
            count += self.import_snapshots(bundle.as_bytes(), of)?.len() as u64;
            Ok(())
        })?;
        Ok(count)
    }

    /// Removes what was imported of the snapshots of a workspace.
    fn remove_all_imported(&self, workspace: &Workspace) {
        for (source, _) in &workspace.sources {
            match self.remove_imported(source) {
                // It was not imported yet.
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => {
                    let error = error.in_full();
                    tracing::warn!(source, error, "imported snapshots cannot be removed");
                }
            }
        }
    }

    fn begin_with(&self, workspace: &Workspace) -> Result<(), Error> {
        if workspace.revisions == 0 {
            return Ok(());
        }
        let revisions = workspace.each_revision()?;
        let unread = |error: WorkspaceError| StoreError::damaged(error.to_string());
        let revisions: Revisions = Box::new(revisions.map(move |it| it.map_err(unread)));
        match self.flags().begin_with(revisions)? {
            true => Ok(()),
            false => Err(in_use()),
        }
    }

    /// Sets what the settings of a workspace say, or returns why not.
    fn take_setting(&self, name: &str, value: &Value) -> Result<(), String> {
        match self.contact(name, value) {
            Some(Contact::Server(address)) => Err(format!("set it yourself to contact {address}")),
            Some(Contact::Pages(origins)) => Err(format!(
                "set it yourself to let {} read the flags",
                origins.join(", ")
            )),
            None => {
                let set = self.change_setting(name, value);
                set.map(drop).map_err(|error| error.in_full())
            }
        }
    }
}

fn in_use() -> Error {
    let what = "this data folder has revisions already".to_owned();
    WorkspaceError::NotFresh { what }.into()
}
