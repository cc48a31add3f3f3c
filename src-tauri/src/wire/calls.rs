//! The calls of the window's page to the backend, declared once.
//!
//! The handler list of the window and the page's interface to the backend
//! (`ui/src/bindings/calls.ts`) are made of this list. A command in `desktop/commands/` is the
//! other half of each; a test (`tests/calls.rs`) holds its parameters and its answer against this.

/// Hands the declaration of every call to the macro `$with`: its docs, the module and the name of
/// its command, its parameters and its answer. Each is refused with a [`Failure`] if it fails.
///
/// [`Failure`]: crate::wire::Failure
#[macro_export]
macro_rules! with_every_call {
    ($with:ident) => {
        $with! {
            /// The flags at the revision in force.
            flags::flags() -> Flags;
            /// Makes one revision of `edit`; with `base`, only if that is the revision in force. A
            /// document that removes more than half of the components is refused unless
            /// `confirmsLoss`.
            flags::change(edit: Edit, base: Option<u64>, confirms_loss: Option<bool>) -> Outcome;
            /// Shows a component to fewer people again, if `base` is the revision in force.
            flags::roll_back(component: String, base: u64) -> Outcome;
            /// Takes the change back that made the revision `of`, if it is still the one to take
            /// back.
            flags::undo(of: u64) -> Outcome;
            /// Brings it back by the same rule.
            flags::redo(of: u64) -> Outcome;
            /// Turns everything off, whatever else hangs; what cannot be stored yet is stored when it
            /// can.
            flags::emergency_off() -> Outcome;
            /// The document in force as JSON text, indented, with every key it has.
            flags::document_text() -> String;
            /// The document in force as flag definitions of flagd, and what is not in them.
            flags::definitions() -> Definitions;
            /// Says what is wrong with a document, and what it would change. Changes nothing.
            flags::review(text: String) -> Review;
            /// Says why a component is what it is for one user, as of a moment or else as it is; an
            /// empty `user` is one without an id.
            flags::explain(
                component: String,
                user: String,
                groups: Vec<String>,
                at: Option<AsOf>
            ) -> Explanation;
            /// Lists the components that an edit would show to users who do not see them. Changes
            /// nothing.
            flags::widenings(edit: Edit) -> Widenings;
            /// Says what a change would do to whom: counted over a roster, the one imported last
            /// unless it is named, or as an expected share if there is none. Changes nothing.
            previews::preview(planned: Planned, roster: Option<String>) -> Previewed;
            /// The same for a `set_rollout` whose percentage moves, on a document as of a moment or
            /// else as things are: the first call looks at every user, the next ones at none.
            previews::slide(edit: Edit, roster: Option<String>) -> Tally;
            /// For how many people of the roster a component is on, as of a moment or else as things
            /// are; `null` without a roster.
            previews::on_for(
                component: String,
                roster: Option<String>,
                at: Option<AsOf>
            ) -> Option<OnFor>;
            /// Lists users of the roster to whom a change would do something.
            previews::preview_users(
                planned: Planned,
                roster: Option<String>,
                wanted: Wanted
            ) -> ListedUsers;
            /// Lets the user choose where to write all of them as a table, for its owner alone,
            /// from `wanted.offset` on; `null` for none.
            previews::export_users(
                planned: Planned,
                roster: Option<String>,
                wanted: Wanted,
                name: String
            ) -> Option<String>;
            /// Every rollout that is watched, ramps or was rolled back, and those that could be: the
            /// ones that need a person first, then in the order of the document.
            rollouts::rollouts() -> Vec<RolloutStatus>;
            /// One of them with its evidence and all that happened; the default rollout without a
            /// `component`.
            rollouts::rollout(component: Option<String>) -> RolloutDetails;
            /// Every plan of ramps, those that every data folder has first.
            rollouts::ramp_plans() -> Vec<NamedPlan>;
            /// Keeps a plan under a name, in place of the one that has it.
            rollouts::save_ramp_plan(name: String, plan: RampPlan) -> Vec<NamedPlan>;
            /// Removes a plan.
            rollouts::remove_ramp_plan(name: String) -> Vec<NamedPlan>;
            /// Starts a ramp; its first step is made at `starts_ms`, or as soon as nothing is missing
            /// for it.
            rollouts::start_ramp(
                component: Option<String>,
                plan: RampPlan,
                plan_name: Option<String>,
                starts_ms: Option<i64>
            ) -> RolloutDetails;
            /// Pauses the ramp of a rollout: it stays where it is.
            rollouts::pause_ramp(component: Option<String>) -> RolloutDetails;
            /// Lets it go on; the present step is watched from the beginning.
            rollouts::resume_ramp(component: Option<String>) -> RolloutDetails;
            /// Makes the next step at once, whatever is missing for it.
            rollouts::skip_ramp(component: Option<String>) -> RolloutDetails;
            /// Ends it where it is; or puts the rollout back to what it was before.
            rollouts::abort_ramp(component: Option<String>, puts_back: bool) -> RolloutDetails;
            /// Sets what one rollout alone is held to, in place of what was set.
            rollouts::set_guard_rules(
                component: Option<String>,
                rules: OwnGuardRules
            ) -> RolloutDetails;
            /// Judges a decision again, from what was stored.
            rollouts::replay_decision(id: u64) -> Replayed;
            /// Every roster, by name.
            rosters::rosters() -> Vec<RosterInfo>;
            /// Lets the user choose a file of users to look at and import; `null` if they chose none.
            rosters::choose_roster() -> Option<RosterFile>;
            /// The file that was dropped on the window last, once, as a file of users; `null` if there
            /// is none.
            rosters::dropped_roster() -> Option<RosterFile>;
            /// Reads the file of users that was chosen last, and says what was understood; `null` if
            /// that was cancelled. `table` is the one that is meant of a database.
            rosters::look_at_roster(name: String, table: Option<String>) -> Option<Look>;
            /// Imports it, in place of the roster of this name if there is one; `null` if that was
            /// cancelled: then nothing is changed.
            rosters::import_roster(name: String, table: Option<String>) -> Option<Look>;
            /// Ends the reading of a file of users that goes on, if any.
            rosters::cancel_reading() -> ();
            /// Removes a roster for good.
            rosters::remove_roster(name: String) -> RosterInfo;
            /// Finds a user in a roster; `null` if the user is not in it.
            rosters::find_person(roster: String, id: String) -> Option<Person>;
            /// What a user gets of every component, in the order of the document.
            rosters::given(user: String, groups: Vec<String>) -> Vec<Given>;
            /// Removes a user from every roster, and ends the overrides for the user.
            rosters::forget_person(id: String) -> ForgottenUser;
            /// Ends overrides: what is followed is in force there again.
            following::clear_overrides(which: OverrideSelection) -> Outcome;
            /// Publishes overrides to the document that is followed. One that would remove more than
            /// half of the components is refused unless `confirmsLoss`.
            following::publish_overrides(
                which: OverrideSelection,
                confirms_loss: Option<bool>
            ) -> Publishing;
            /// Switches a component on or off for one application or one user, for so many
            /// milliseconds: a minute to 30 days.
            following::override_for(
                target: Target,
                component: String,
                on: bool,
                for_ms: i64
            ) -> TargetedOverride;
            /// Ends overrides for single applications and users: of one of these, of a component,
            /// or all; resolves to those that were in force.
            following::end_targeted(
                target: Option<Target>,
                component: Option<String>
            ) -> Vec<TargetedOverride>;
            /// Adopts the document that is held, if it still is the one that `document` names.
            following::accept_followed(document: String) -> Outcome;
            /// Fetches the document that is followed, and says what adopting it would do. Changes
            /// nothing.
            following::review_followed() -> FollowedReview;
            /// Says what publishing overrides would do at the remote. Changes nothing.
            following::review_publishing(which: OverrideSelection) -> PublishingReview;
            /// Fetches the document that is followed now.
            following::fetch_followed() -> Status;
            /// Revisions that `filter` lets through, latest first, without the first `offset` of
            /// them.
            history::history(filter: HistoryFilter, offset: usize, limit: usize) -> HistoryPage;
            /// Everybody who ever saved a revision.
            history::actors() -> Vec<Actor>;
            /// For every component that a revision later than `after` changed, the last that did.
            history::last_changes(after: u64) -> Vec<LastChange>;
            /// What a revision changed, against the one before it.
            history::changed_by(revision: u64) -> RevisionChange;
            /// What differs between two revisions; 0 stands for the safe default.
            history::difference(from: u64, to: u64) -> Difference;
            /// Puts the document of a revision in force again, as a revision of its own.
            history::restore(revision: u64) -> Outcome;
            /// What the last minutes were like, as soon as it differs from the pulse `since`; `null`
            /// if it does not for a while.
            metrics::pulse(since: Option<u64>) -> Option<Pulse>;
            /// Everything the charts draw of a span.
            metrics::charts(query: ChartQuery) -> Charts;
            /// How the demo stands: whether this window plays it, and what it left.
            demo::demo() -> DemoStatus;
            /// Plays the demo in this window, and turns flags on for it if they are the safe default.
            demo::start_demo() -> DemoStatus;
            /// Stops the demo; what it reported stays.
            demo::stop_demo() -> DemoStatus;
            /// Deletes all that synthetic sources reported, for good, and turns flags back that were
            /// turned on for the demo, unless they are to be kept.
            demo::remove_demo(keep_flags: bool) -> RemovedDemo;
            /// Opens the sample app in the browser, and turns flags on for it if they are the safe
            /// default. Resolves to its address, which has the token in it.
            demo::open_sample() -> OpenedPage;
            /// The flags as they were; undo and redo are `null`.
            states::flags_at(at: AsOf) -> Flags;
            /// Every source that has a state or a snapshot, the latest heard first.
            states::state_sources() -> Vec<StateSource>;
            /// Snapshots that `filter` lets through, latest first, without the first `offset` of
            /// them.
            states::snapshots(filter: SnapshotFilter, offset: usize, limit: usize) -> SnapshotPage;
            /// How much changed when, among what `filter` lets through, in so many columns; `null`
            /// without any snapshot.
            states::timeline(filter: SnapshotFilter, columns: usize) -> Option<Timeline>;
            /// Takes a snapshot of a source, or of every one that has a state.
            states::take_snapshot(source: Option<String>, label: SnapshotLabel) -> Vec<Snapshot>;
            /// Pins, names or notes a snapshot.
            states::label_snapshot(id: u64, label: SnapshotLabel) -> Snapshot;
            /// Takes away snapshots that came from a file.
            states::remove_imported(source: String) -> ();
            /// What differs between two states.
            states::state_difference(
                from: StateAt,
                to: StateAt,
                options: StateDifferenceOptions
            ) -> StateDifference;
            /// A state as JSON text, or the part of it under a JSON Pointer.
            states::state_text(at: StateAt, pointer: String) -> String;
            /// What turns the one state into the other, as RFC 6902 JSON Patch text.
            states::state_patch(from: StateAt, to: StateAt) -> String;
            /// Which change set a value or took it away, when, from where. `key` is a key as a
            /// difference prints it, or a JSON Pointer.
            states::blame(at: StateAt, key: String) -> Blame;
            /// What restoring would change.
            states::preview_restore(
                request: RestoreRequest,
                options: StateDifferenceOptions
            ) -> StateDifference;
            /// Asks a source to restore its state, after a snapshot of what it is.
            states::restore_state(request: RestoreRequest) -> StateRestore;
            /// Puts a snapshot in the place of a state that is damaged: its latest that can be read,
            /// unless one is named.
            states::recover_state(source: String, snapshot: Option<u64>) -> StateRestore;
            /// Restores that `filter` lets through, latest first, without the first `offset` of them.
            states::state_restores(filter: RestoreFilter, offset: usize, limit: usize) -> RestorePage;
            /// Takes back an open restore: the source is no longer asked for it.
            states::cancel_restore(id: u64) -> StateRestore;
            /// Removes the record of a restore that is damaged.
            states::remove_damaged_restore(id: u64) -> ();
            /// What undoing a restore would change.
            states::preview_undo_restore(id: u64, options: StateDifferenceOptions) -> StateDifference;
            /// Asks for the same parts as they were before a restore; cancels it if it is open.
            states::undo_restore(id: u64) -> StateRestore;
            /// Lets a person choose where to write a bundle of snapshots; `null` for none.
            states::export_snapshots(ids: Vec<u64>) -> Option<SnapshotsFile>;
            /// Lets a person choose a bundle, a snapshot or a state to read; `null` for none.
            states::import_snapshots() -> Option<Vec<Snapshot>>;
            /// Ends the import of snapshots that goes on, if any; none of its snapshots is kept.
            states::cancel_import() -> ();
            /// How the application itself is doing.
            settings::status() -> Status;
            /// Every key of the configuration.
            settings::settings() -> Vec<Setting>;
            /// Writes a setting to the data folder's file; `null` takes it out of there. A dialog of the
            /// desktop asks about an address or an origin first; resolves to `null` if the user does
            /// not confirm it.
            settings::change_setting(name: String, value: SettingValue) -> Option<Vec<Setting>>;
            /// Tries again to serve flags over HTTP, if they are not served.
            settings::serve() -> Status;
            /// The clients that used this window's server lately.
            settings::connected() -> Connected;
            /// The token that writing over HTTP needs.
            settings::token() -> String;
            /// Replaces the token; the one before is refused from then on.
            settings::rotate_token() -> String;
            /// Every backup, newest first.
            settings::backups() -> Vec<Backup>;
            /// Makes a backup; `null` if one holds the latest revision already.
            settings::back_up() -> Option<Backup>;
            /// What restoring a backup would change.
            settings::backup_difference(name: String) -> Difference;
            /// Puts the latest document of a backup in force, as a revision.
            settings::restore_backup(name: String) -> Outcome;
            /// Lets the user choose where to write the workspace: flags with their history, settings
            /// without secrets, and snapshots if asked for; `null` for none.
            settings::export_workspace(with_snapshots: bool) -> Option<WorkspaceFile>;
            /// Lets the user choose a workspace, which a fresh data folder can start with, and
            /// checks it; `null` for none.
            settings::choose_workspace() -> Option<ChosenWorkspace>;
            /// Starts this data folder with the workspace that was chosen last.
            settings::import_workspace() -> WorkspaceFile;
            /// Puts everything that is open back into a data folder that was removed or replaced;
            /// resolves to where what was in its place is kept.
            settings::write_back() -> Vec<String>;
            /// Continues with the store in its place; resolves to where what was open is kept.
            settings::use_new_store() -> Vec<String>;
            /// Every entry of the quarantine, earliest first.
            quarantine::quarantine() -> Vec<Quarantined>;
            /// What can be read of an entry, and what of it can be taken back.
            quarantine::survey(name: String) -> Survey;
            /// Marks entries as seen: nothing tells of them any more.
            quarantine::note_quarantine_seen(names: Vec<String>) -> ();
            /// Deletes the files of an entry for good.
            quarantine::remove_quarantined(name: String) -> ();
            /// Adds what is sound in an entry and missing here, as it was.
            quarantine::take_back(name: String) -> TakenBack;
            /// Lets the user choose where to write what can be read of an entry; `null` for
            /// nowhere.
            quarantine::export_quarantined(name: String) -> Option<String>;
            /// What Flagdeck is made of.
            settings::build_info() -> BuildInfo;
            /// What belongs to the window alone.
            window::preferences() -> Preferences;
            /// Keeps what belongs to the window alone.
            window::set_preferences(preferences: Preferences) -> ();
            /// Lets a person choose a document to read; `null` if they chose none.
            window::choose_file() -> Option<ChosenFile>;
            /// The file that was dropped on the window last, once; `null` if there is none.
            window::dropped_file() -> Option<ChosenFile>;
            /// Lets the user choose where to write a text, for its owner alone if it is private; resolves
            /// to the place, or `null` for none.
            window::save_file(name: String, text: String, is_private: Option<bool>) -> Option<String>;
            /// The same for a picture: the bytes of a PNG file in base64.
            window::save_picture(name: String, base64: String) -> Option<String>;
            /// Shows the data folder in the desktop's file manager.
            window::show_data_folder() -> ();
            /// Says whether closing the window would lose something that was typed.
            window::set_unsaved(is_unsaved: bool) -> ();
            /// Names in the native menu what undo and redo would act on; `null` for nothing.
            window::name_steps(undo: Option<String>, redo: Option<String>) -> ();
            /// Closes the window, whatever is unsaved.
            window::close() -> ();
        }
    };
}
