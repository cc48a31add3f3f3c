/** A backend in memory: keeps what it is told, answers when told to, refuses when told to. */

import type {
  Backup,
  Blame,
  ChartQuery,
  Charts,
  ChosenFile,
  Definitions,
  Client,
  Connected,
  DemoStatus,
  Difference,
  BuildInfo,
  NotServing,
  Notice,
  OpenedPage,
  Outcome,
  Preferences,
  Problem,
  Pulse,
  Quarantined,
  RemovedDemo,
  RestoreFilter,
  RestorePage,
  RestoreRequest,
  Setting,
  SettingValue,
  Snapshot,
  SnapshotFilter,
  SnapshotLabel,
  SnapshotPage,
  StateAt,
  StateDifference,
  StateDifferenceOptions,
  SnapshotsFile,
  StateRestore,
  StateSource,
  Status,
  Survey,
  TakenBack,
  Timeline,
  ChosenWorkspace,
  Document,
  WorkspaceFile,
} from "../../src/bindings/wire";
import type { Host } from "../../src/host/host";
import { defaultPreferences } from "../../src/state/choices.svelte";
import { quietCharts } from "./charts";
import { MemoryRollouts } from "./memory_rollouts";
import { quietPulse } from "./pulse";
import type { SetAside } from "./quarantine";
import { sampleSettings } from "./settings";
import { KeptStates } from "./snapshots";

const MINUTE_MS = 60_000;

export class MemoryHost extends MemoryRollouts implements Host {
  /** Where the tour is not what is looked at, it was taken. */
  chosen: Preferences = { ...defaultPreferences, isToured: true };
  /** What the dashboard is told of what applications report. */
  pulseNow: Pulse = quietPulse();
  pulsesAsked = 0;
  drawCharts: (query: ChartQuery) => Charts = quietCharts;
  readonly chartQueries: ChartQuery[] = [];
  readonly pictures: { name: string; base64: string }[] = [];
  #states: KeptStates = new KeptStates();

  /** What sources keep as state. */
  get states(): KeptStates {
    return this.#states;
  }

  set states(states: KeptStates) {
    this.#states = states;
    states.around = {
      announce: (source) => this.announce({ kind: "state", source }),
      revision: () => this.revision,
      marks: (fromMs, toMs) => this.marks(fromMs, toMs),
    };
  }

  async pulse(since: number | null): Promise<Pulse | null> {
    this.pulsesAsked += 1;
    await this.gate;
    if (this.refusals.pulse) throw this.refusals.pulse;
    return this.pulseNow.version === since ? null : this.pulseNow;
  }

  async charts(query: ChartQuery): Promise<Charts> {
    this.chartQueries.push(query);
    await this.gate;
    if (this.refusals.charts) throw this.refusals.charts;
    return this.drawCharts(query);
  }

  /** Who is connected. */
  clientsNow: readonly Client[] = [];
  clientsAsked = 0;

  async connected(): Promise<Connected> {
    this.clientsAsked += 1;
    await this.gate;
    if (this.refusals.connected) throw this.refusals.connected;
    return { seenForS: 900, clients: [...this.clientsNow] };
  }

  /** Why the port is still not to be had when serving is tried again; `null` if it is. */
  portTrouble: NotServing | null = null;

  serve(): Promise<Status> {
    if (this.refusal) return Promise.reject(this.refusal);
    const notServing = this.portTrouble;
    const serving = notServing === null ? "127.0.0.1:4680" : null;
    this.state = { ...this.state, serving, notServing };
    return this.status();
  }

  async status(): Promise<Status> {
    await this.gate;
    return this.state;
  }

  /** Places of what was set aside, for the next time the store is settled. */
  setAside: string[] = [];
  settled: ("write_back" | "use_new_store")[] = [];

  writeBack(): Promise<string[]> {
    return this.#settle("write_back");
  }

  useNewStore(): Promise<string[]> {
    return this.#settle("use_new_store");
  }

  async #settle(how: "write_back" | "use_new_store"): Promise<string[]> {
    await this.gate;
    if (this.refusal) throw this.refusal;
    this.settled.push(how);
    this.state = { ...this.state, storeGone: null };
    this.announce({ kind: "status" });
    return this.setAside;
  }

  /** How the demo stands. */
  demoNow: DemoStatus = {
    isPlaying: false,
    trouble: null,
    sources: [],
    flags: [],
    turnsFlagsOn: true,
  };
  /** Whether flags were kept, for each time that the demo was removed. */
  readonly demosRemoved: boolean[] = [];
  samplesOpened = 0;
  /** Why the browser does not open; `null` if it does. */
  browserTrouble: string | null = null;

  async demo(): Promise<DemoStatus> {
    await this.gate;
    return structuredClone(this.demoNow);
  }

  startDemo(): Promise<DemoStatus> {
    if (this.refusal) return Promise.reject(this.refusal);
    const sources = [{ name: "synthetic-demo", snapshots: 1, calculations: 1204 }];
    const flags = ["Master switch off", "calculator off"];
    this.demoNow = { ...this.demoNow, isPlaying: true, sources, flags, turnsFlagsOn: false };
    return this.demo();
  }

  stopDemo(): Promise<DemoStatus> {
    this.demoNow = { ...this.demoNow, isPlaying: false };
    return this.demo();
  }

  removeDemo(keepFlags: boolean): Promise<RemovedDemo> {
    if (this.refusal) return Promise.reject(this.refusal);
    const { sources, flags } = this.demoNow;
    this.demosRemoved.push(keepFlags);
    this.demoNow = { ...this.demoNow, isPlaying: false, sources: [], flags: [] };
    return Promise.resolve({ sources, flags: keepFlags ? [] : flags, revision: null });
  }

  openSample(): Promise<OpenedPage> {
    this.samplesOpened += 1;
    const address = "http://127.0.0.1:4680/sample/#token=5ec4e7";
    return Promise.resolve({ address, trouble: this.browserTrouble });
  }

  stateSources(): Promise<StateSource[]> {
    return this.states.stateSources();
  }

  snapshots(filter: SnapshotFilter, offset: number, limit: number): Promise<SnapshotPage> {
    return this.states.snapshots(filter, offset, limit);
  }

  timeline(filter: SnapshotFilter, columns: number): Promise<Timeline | null> {
    return this.states.timeline(filter, columns);
  }

  takeSnapshot(source: string | null, label: SnapshotLabel): Promise<Snapshot[]> {
    return this.states.takeSnapshot(source, label);
  }

  labelSnapshot(id: number, label: SnapshotLabel): Promise<Snapshot> {
    return this.states.labelSnapshot(id, label);
  }

  removeImported(source: string): Promise<void> {
    return this.states.removeImported(source);
  }

  stateDifference(
    from: StateAt,
    to: StateAt,
    options: StateDifferenceOptions,
  ): Promise<StateDifference> {
    return this.states.stateDifference(from, to, options);
  }

  stateText(at: StateAt, pointer: string): Promise<string> {
    return this.states.stateText(at, pointer);
  }

  statePatch(from: StateAt, to: StateAt): Promise<string> {
    return this.states.statePatch(from, to);
  }

  blame(at: StateAt, pointer: string): Promise<Blame> {
    return this.states.blame(at, pointer);
  }

  previewRestore(
    request: RestoreRequest,
    options: StateDifferenceOptions,
  ): Promise<StateDifference> {
    return this.states.previewRestore(request, options);
  }

  restoreState(request: RestoreRequest): Promise<StateRestore> {
    return this.states.restoreState(request);
  }

  recoverState(source: string, snapshot: number | null = null): Promise<StateRestore> {
    return this.states.recoverState(source, snapshot);
  }

  stateRestores(filter: RestoreFilter, offset: number, limit: number): Promise<RestorePage> {
    return this.states.stateRestores(filter, offset, limit);
  }

  removeDamagedRestore(id: number): Promise<void> {
    return this.states.removeDamagedRestore(id);
  }

  cancelRestore(id: number): Promise<StateRestore> {
    return this.states.cancelRestore(id);
  }

  previewUndoRestore(id: number, options: StateDifferenceOptions): Promise<StateDifference> {
    return this.states.previewUndoRestore(id, options);
  }

  undoRestore(id: number): Promise<StateRestore> {
    return this.states.undoRestore(id);
  }

  exportSnapshots(ids: readonly number[]): Promise<SnapshotsFile | null> {
    return this.states.exportSnapshots(ids);
  }

  importSnapshots(): Promise<Snapshot[] | null> {
    return this.states.importSnapshots();
  }

  /** How often the import that goes on was cancelled. */
  importsCancelled = 0;

  cancelImport(): Promise<void> {
    this.importsCancelled += 1;
    return Promise.resolve();
  }

  /** What the settings hold; written to by the window. */
  readonly configuration: Setting[] = sampleSettings();
  secret = "c0ffee".repeat(10);

  settings(): Promise<Setting[]> {
    return Promise.resolve(structuredClone(this.configuration));
  }

  /** Whether the user confirms what a dialog of the desktop asks. */
  isConfirming = true;

  changeSetting(name: string, value: SettingValue): Promise<Setting[] | null> {
    if (this.refusal) return Promise.reject(this.refusal);
    if (!this.isConfirming) return Promise.resolve(null);
    const setting = this.configuration.find((each) => each.name === name);
    if (setting) {
      setting.inFile = value;
      setting.isWaiting = setting.needsRestart;
      if (!setting.needsRestart) setting.value = value ?? setting.default;
      setting.source = value === null ? { kind: "default" } : { kind: "file" };
    }
    return this.settings();
  }

  token(): Promise<string> {
    return Promise.resolve(this.secret);
  }

  rotateToken(): Promise<string> {
    this.secret = this.secret.split("").reverse().join("");
    return this.token();
  }

  kept: Backup[] = [
    {
      name: "r0000000041-20261123T120000.000Z.db",
      revision: 41,
      atMs: Date.now() - 90 * MINUTE_MS,
      bytes: 182_272,
    },
    {
      name: "r0000000012-20261120T081500.000Z.db",
      revision: 12,
      atMs: Date.now() - 3 * 24 * 60 * MINUTE_MS,
      bytes: 98_304,
    },
  ];

  backups(): Promise<Backup[]> {
    return Promise.resolve([...this.kept]);
  }

  backUp(): Promise<Backup | null> {
    if (this.kept.some(({ revision }) => revision === this.revision)) return Promise.resolve(null);
    const name = `r${String(this.revision).padStart(10, "0")}.db`;
    const backup = { name, revision: this.revision, atMs: Date.now(), bytes: 200_000 };
    this.kept = [backup, ...this.kept];
    return Promise.resolve(backup);
  }

  backupDifference(): Promise<Difference> {
    return this.difference(this.revision, 0);
  }

  restoreBackup(): Promise<Outcome> {
    return this.restore(0);
  }

  /** What is in quarantine, with what can be read of it. */
  quarantined: SetAside[] = [];

  quarantine(): Promise<Quarantined[]> {
    return Promise.resolve(this.quarantined.map(({ entry }) => structuredClone(entry)));
  }

  survey(name: string): Promise<Survey> {
    return Promise.resolve(structuredClone(this.#quarantined(name).survey));
  }

  noteQuarantineSeen(names: string[]): Promise<void> {
    for (const name of names) {
      const { label } = this.#quarantined(name).entry;
      if (label) label.seen = true;
    }
    const isTold = ({ entry }: Notice) => entry !== undefined && names.includes(entry);
    const notices = this.state.notices.filter((notice) => !isTold(notice));
    this.state = { ...this.state, notices };
    this.announce({ kind: "status" });
    return Promise.resolve();
  }

  removeQuarantined(name: string): Promise<void> {
    if (this.refusal) return Promise.reject(this.refusal);
    this.quarantined = this.quarantined.filter(({ entry }) => entry.name !== name);
    return Promise.resolve();
  }

  takeBack(name: string): Promise<TakenBack> {
    if (this.refusal) return Promise.reject(this.refusal);
    const { survey } = this.#quarantined(name);
    const taken = survey.takes;
    survey.takes = [];
    survey.changes = [];
    survey.leaves = ["Nothing in it is missing here."];
    return this.noteQuarantineSeen([name]).then(() => ({ name, taken, left: survey.leaves }));
  }

  exportQuarantined(name: string): Promise<string | null> {
    this.saved.push({ name, text: "", isPrivate: true });
    return Promise.resolve(`/home/maria/${name}.json`);
  }

  #quarantined(name: string): SetAside {
    const found = this.quarantined.find(({ entry }) => entry.name === name);
    if (!found) throw new Error(`Nothing in quarantine is called ${name}.`);
    return found;
  }

  buildInfo(): Promise<BuildInfo> {
    return Promise.resolve({
      version: "0.1.0",
      parts: [
        { name: "Tauri", version: "2.9.0" },
        { name: "WebKitGTK", version: "2.48.0" },
        { name: "SQLite", version: "3.50.4" },
      ],
      packages: Array.from({ length: 400 }, (_, index) => ({
        name: `package-${index}`,
        version: `1.${index}.0`,
        license: index % 3 === 0 ? "MIT" : "MIT OR Apache-2.0",
      })),
    });
  }

  definitions(): Promise<Definitions> {
    return Promise.resolve({ text: '{"flags": {}}', leftOut: this.leftOut });
  }

  /** What definitions do not say of the document. */
  leftOut: Problem[] = [];
  /** The workspaces that are written, and the one that a person is going to choose. */
  readonly workspaces: { withSnapshots: boolean }[] = [];
  nextWorkspace: (WorkspaceFile & { document?: Document }) | null = null;

  exportWorkspace(withSnapshots: boolean): Promise<WorkspaceFile | null> {
    this.workspaces.push({ withSnapshots });
    const file = "/home/maria/workspace.flagdeck";
    const snapshots = withSnapshots ? 3 : 0;
    return Promise.resolve({ file, revisions: this.revision, snapshots, leftOut: [] });
  }

  chooseWorkspace(): Promise<ChosenWorkspace | null> {
    if (this.nextWorkspace === null) return Promise.resolve(null);
    const { file, revisions, snapshots, document } = this.nextWorkspace;
    const text = document === undefined ? null : JSON.stringify(document);
    return Promise.resolve({ file, revisions, snapshots, document: text });
  }

  importWorkspace(): Promise<WorkspaceFile> {
    if (this.refusal) return Promise.reject(this.refusal);
    if (this.nextWorkspace === null) throw new Error("no workspace is chosen");
    const { file, revisions, snapshots, leftOut } = this.nextWorkspace;
    return Promise.resolve({ file, revisions, snapshots, leftOut });
  }

  /** What the person is going to choose. */
  nextFile: ChosenFile | null = null;
  readonly saved: { name: string; text: string; isPrivate?: true }[] = [];
  isUnsaved = false;
  isClosed = false;

  chooseFile(): Promise<ChosenFile | null> {
    return Promise.resolve(this.nextFile);
  }

  droppedFile(): Promise<ChosenFile | null> {
    return Promise.resolve(this.nextFile);
  }

  saveFile(name: string, text: string, isPrivate?: boolean | null): Promise<string | null> {
    this.saved.push({ name, text, ...(isPrivate && { isPrivate }) });
    return Promise.resolve(`/home/maria/${name}`);
  }

  savePicture(name: string, base64: string): Promise<string | null> {
    this.pictures.push({ name, base64 });
    return Promise.resolve(`/home/maria/${name}`);
  }

  showDataFolder(): Promise<void> {
    return Promise.resolve();
  }

  setUnsaved(isUnsaved: boolean): Promise<void> {
    this.isUnsaved = isUnsaved;
    return Promise.resolve();
  }

  /** What the native menu says that undo and redo would act on. */
  named: { undo: string | null; redo: string | null } = { undo: null, redo: null };

  nameSteps(undo: string | null, redo: string | null): Promise<void> {
    this.named = { undo, redo };
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  preferences(): Promise<Preferences> {
    return Promise.resolve(this.chosen);
  }

  setPreferences(preferences: Preferences): Promise<void> {
    this.chosen = preferences;
    return Promise.resolve();
  }
}
