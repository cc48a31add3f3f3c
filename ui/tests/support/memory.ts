/** A backend in memory: keeps revisions, answers when told to, refuses when told to. */

import type {
  Actor,
  AllOff,
  Announcement,
  AsOf,
  Backup,
  Blame,
  Cause,
  ChartQuery,
  Charts,
  ChosenFile,
  Difference,
  Document,
  Edit,
  Explanation,
  Failure,
  Flags,
  HistoryFilter,
  HistoryPage,
  BuildInfo,
  LastChange,
  Loss,
  Mark,
  Notice,
  Outcome,
  Preferences,
  ProblemCode,
  Pulse,
  Quarantined,
  RestoreFilter,
  RestorePage,
  RestoreRequest,
  Review,
  Revision,
  Setting,
  SettingValue,
  Snapshot,
  SnapshotFilter,
  SnapshotLabel,
  SnapshotPage,
  StateAt,
  StateDifference,
  StateDifferenceOptions,
  StateRestore,
  StateSource,
  Status,
  Survey,
  TakenBack,
  Timeline,
  Widenings,
} from "../../src/bindings/wire";
import type { Host } from "../../src/host/host";
import { defaultPreferences } from "../../src/state/choices.svelte";
import { applyEdit } from "../../src/model/edit";
import { growTree } from "../../src/model/tree";
import { quietCharts } from "./charts";
import { explainIn } from "./explain";
import { quietPulse } from "./pulse";
import type { SetAside } from "./quarantine";
import { reachesOf, wideningsOf } from "./reach";
import {
  describe,
  differenceOf,
  isLetThrough,
  pastEdit,
  stepOf,
  summaryOf,
  touchedBy,
  type Kept,
} from "./revisions";
import { sampleSettings } from "./settings";
import { noStates, type KeptStates } from "./snapshots";

const maria: Actor = { via: "window", name: "maria" };
const script: Actor = { via: "flagctl", name: "ci" };
const MINUTE_MS = 60_000;

export class MemoryHost implements Host {
  readonly edits: { edit: Edit; base: number | undefined }[] = [];
  reads = 0;
  state: Status = {
    version: "0.1.0",
    dataDir: "/home/maria/.local/share/flagdeck",
    serving: "127.0.0.1:4680",
    readOnly: null,
    storeGone: null,
    isHeldOff: false,
    heldOffBecause: null,
    notices: [],
  };
  /** Where the tour is not what is looked at, it was taken. */
  chosen: Preferences = { ...defaultPreferences, isToured: true };
  /** Since when the first document is off, if it was on before. */
  offSince: Partial<AllOff> = {};
  /** Refuses changes while set. */
  refusal: Failure | null = null;
  /** Refuses to read while set. */
  readFailure: Failure | null = null;
  /** Refuses what is asked of the history or the metrics while set. */
  readonly refusals: {
    history?: Failure;
    difference?: Failure;
    flagsAt?: Failure;
    pulse?: Failure;
    charts?: Failure;
  } = {};
  /** What the dashboard is told of what applications report. */
  pulseNow: Pulse = quietPulse();
  pulsesAsked = 0;
  drawCharts: (query: ChartQuery) => Charts = quietCharts;
  readonly chartQueries: ChartQuery[] = [];
  readonly pictures: { name: string; base64: string }[] = [];

  #revisions: Kept[] = [];
  /** Positions in `#revisions` that undo walks, and how far it has walked. */
  #steps: {
    revision: number;
    before: Document;
    after: Document;
    changes: string[];
    actor: Actor;
  }[] = [];
  #undone = 0;
  #listeners = new Set<(announcement: Announcement) => void>();
  #initial: Document;
  #gate: Promise<void> = Promise.resolve();

  #states: KeptStates = noStates();

  constructor(document: Document) {
    this.#initial = document;
  }

  /** What sources keep as state. */
  get states(): KeptStates {
    return this.#states;
  }

  set states(states: KeptStates) {
    this.#states = states;
    states.around = {
      announce: (source) => this.announce({ kind: "state", source }),
      revision: () => this.revision,
      marks: (fromMs, toMs) => this.#marks(fromMs, toMs),
    };
  }

  get document(): Document {
    return this.#revisions.at(-1)?.document ?? this.#initial;
  }

  get revision(): number {
    return this.#revisions.length;
  }

  /** Leaves every call unanswered until the returned function is called. */
  hold(): () => void {
    let open: () => void = () => undefined;
    this.#gate = new Promise((resolve) => (open = resolve));
    return () => open();
  }

  /** Makes a revision as another face would, and announces it. */
  changeElsewhere(edit: Edit): void {
    const changes = [describe(edit, this.document)];
    const after = applyEdit(this.document, edit);
    this.#push(after, changes, script);
    this.#append(after, changes, { actor: script, edit });
  }

  /** Puts another document in force as another face would, and announces it. */
  replaceElsewhere(document: Document): void {
    const cause: Cause = { kind: "import" };
    this.#push(document, ["Document replaced"], script);
    this.#append(document, ["Document replaced"], { actor: script, cause });
  }

  /** Takes the last change back as another face would. */
  undoElsewhere(): void {
    const step = this.#steps[this.#steps.length - this.#undone - 1];
    if (!step) return;
    this.#undone += 1;
    step.actor = script;
    const cause: Cause = { kind: "undo", of: step.revision };
    this.#append(step.before, step.changes, { actor: script, cause });
  }

  #push(after: Document, changes: string[], actor = maria): void {
    this.#steps = this.#steps.slice(0, this.#steps.length - this.#undone);
    this.#undone = 0;
    const [revision, before] = [this.revision + 1, this.document];
    this.#steps.push({ revision, before, after, changes, actor });
  }

  announce(announcement: Announcement): void {
    for (const listener of this.#listeners) listener(announcement);
  }

  async flags(): Promise<Flags> {
    this.reads += 1;
    await this.#gate;
    if (this.readFailure) throw this.readFailure;
    const step = (index: number) => {
      const found = this.#steps[index];
      if (!found) return null;
      const { revision, changes, actor } = found;
      const sentence = changes.join("; ");
      return { revision, sentence, actor, atMs: Date.now() - 95_000, isOwn: actor === maria };
    };
    const undoable = this.#steps.length - this.#undone;
    return {
      ...this.#flagsOf(this.revision),
      undo: undoable > 0 ? step(undoable - 1) : null,
      redo: this.#undone > 0 ? step(undoable) : null,
    };
  }

  async flagsAt(at: AsOf): Promise<Flags> {
    const { refusals } = this;
    const revision = this.#revisionAt(at);
    await this.#gate;
    if (refusals.flagsAt) throw refusals.flagsAt;
    return this.#flagsOf(revision);
  }

  /** The flags of a revision, which nothing undoes. */
  #flagsOf(revision: number): Flags {
    const stored = this.#at(revision);
    const isHeldOff = this.state.isHeldOff && revision === this.revision;
    const document = isHeldOff ? { ...stored, enabled: false } : stored;
    const { components, componentsOn } = growTree(document.components);
    const kept = this.#revisions[revision - 1];
    return {
      revision,
      atMs: kept?.atMs ?? null,
      actor: kept?.actor ?? null,
      summary: summaryOf(kept?.changes ?? []),
      changes: (kept?.changes ?? []).slice(0, 20),
      allOff: this.#allOff(revision),
      reach: reachesOf(document),
      document: structuredClone(document),
      components,
      componentsOn,
      undo: null,
      redo: null,
    };
  }

  /** Since the revision that turned the master switch off; an emergency is ahead of what is stored. */
  #allOff(revision: number): AllOff | null {
    if (this.state.isHeldOff && revision === this.revision) {
      return { sinceMs: Date.now(), by: maria, isStored: false };
    }
    if (this.#at(revision).enabled) return null;
    let number = revision;
    while (number > 0 && !this.#at(number - 1).enabled) number -= 1;
    const kept = this.#revisions[number - 1];
    const never = { sinceMs: null, by: null, isStored: true };
    return kept && number > 0 && this.#at(number - 1).enabled
      ? { sinceMs: kept.atMs, by: kept.actor, isStored: true }
      : { ...never, ...this.offSince };
  }

  #revisionAt(at: AsOf): number {
    if ("revision" in at) return at.revision;
    return this.#revisions.findLastIndex(({ atMs }) => atMs <= at.at_ms) + 1;
  }

  async change(
    edit: Edit,
    base?: number | null,
    confirmsLoss: boolean | null = false,
  ): Promise<Outcome> {
    this.edits.push({ edit, base: base ?? undefined });
    await this.#gate;
    if (this.refusal) throw this.refusal;
    if (base !== undefined && base !== this.revision) {
      const message = "Somebody else saved first. Nothing was changed.";
      throw { code: "conflict", message, problems: [], winner: this.revision } satisfies Failure;
    }
    const before = this.document;
    const after =
      edit.kind === "replace" ? (JSON.parse(edit.text) as Document) : applyEdit(before, edit);
    if (edit.kind === "replace" && !confirmsLoss && this.#lossOf(after)) {
      const message = "This would remove components; nothing was changed.";
      throw { code: "large_loss", message, problems: [] } satisfies Failure;
    }
    if (JSON.stringify(before) === JSON.stringify(after)) {
      return { revision: this.revision, changed: false, summary: "No change", changes: [] };
    }
    const changes = [describe(edit, before)];
    this.#push(after, changes);
    return this.#append(after, changes, { edit });
  }

  undo(of: number): Promise<Outcome> {
    const step = this.#steps[this.#steps.length - this.#undone - 1];
    if (!step) return this.#nothingToDo();
    if (step.revision !== of) return this.#overtaken();
    this.#undone += 1;
    step.actor = maria;
    const cause: Cause = { kind: "undo", of: step.revision };
    const outcome = this.#append(step.before, step.changes, { cause });
    return Promise.resolve({ ...outcome, summary: stepOf("Undid", step, step.before) });
  }

  redo(of: number): Promise<Outcome> {
    const step = this.#steps[this.#steps.length - this.#undone];
    if (!step) return this.#nothingToDo();
    if (step.revision !== of) return this.#overtaken();
    this.#undone -= 1;
    step.actor = maria;
    const cause: Cause = { kind: "redo", of: step.revision };
    const outcome = this.#append(step.after, step.changes, { cause });
    return Promise.resolve({ ...outcome, summary: stepOf("Redid", step, step.after) });
  }

  async pulse(since: number | null): Promise<Pulse | null> {
    this.pulsesAsked += 1;
    await this.#gate;
    if (this.refusals.pulse) throw this.refusals.pulse;
    return this.pulseNow.version === since ? null : this.pulseNow;
  }

  async charts(query: ChartQuery): Promise<Charts> {
    this.chartQueries.push(query);
    await this.#gate;
    if (this.refusals.charts) throw this.refusals.charts;
    return this.drawCharts(query);
  }

  async status(): Promise<Status> {
    await this.#gate;
    return this.state;
  }

  async documentText(): Promise<string> {
    await this.#gate;
    return JSON.stringify(this.document, null, 2);
  }

  /** Where nothing can be saved it is held off, as the backend does. */
  async emergencyOff(): Promise<Outcome> {
    const { readOnly, storeGone } = this.state;
    if (readOnly === null && storeGone === null && this.refusal === null) {
      return this.change({ kind: "set_master", on: false });
    }
    this.state = { ...this.state, isHeldOff: true };
    this.announce({ kind: "status" });
    return { revision: this.revision, changed: false, summary: "No change", changes: [] };
  }

  widenings(edit: Edit): Promise<Widenings> {
    return Promise.resolve(wideningsOf(this.document, applyEdit(this.document, edit)));
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
    await this.#gate;
    if (this.refusal) throw this.refusal;
    this.settled.push(how);
    this.state = { ...this.state, storeGone: null };
    this.announce({ kind: "status" });
    return this.setAside;
  }

  review(text: string): Promise<Review> {
    const { revision } = this;
    const refused = (code: ProblemCode, pointer: string, message: string): Review => ({
      revision,
      problems: [{ severity: "error", code, pointer, message }],
      difference: { changes: [], total: 0 },
      loss: null,
    });
    try {
      const tree = JSON.parse(text) as Partial<Document>;
      if (!("enabled" in tree || "components" in tree || "rollout" in tree)) {
        const message = "This is not a flag document.";
        return Promise.resolve(refused("not_a_flag_document", "", message));
      }
      const document = tree as Document;
      const difference = differenceOf(this.document, document);
      const loss = this.#lossOf(document);
      return Promise.resolve({ revision, problems: [], difference, loss });
    } catch (reason) {
      const message = `This is not JSON: ${String(reason)}`;
      return Promise.resolve(refused("syntax", "", message));
    }
  }

  /** What is to be confirmed; as in the backend, nothing before the first revision. */
  #lossOf(document: Document): Loss | null {
    const before = [...growTree(this.document.components).byPath.values()];
    const after = growTree(document.components).byPath;
    const components = before.filter(({ children }) => children === null).map(({ path }) => path);
    const removed = components.filter((path) => after.get(path)?.children !== null);
    if (this.revision === 0 || removed.length * 2 <= components.length) return null;
    return { removed: removed.length, of: components.length, names: removed.slice(0, 5) };
  }

  /** The bucket that every user is in. */
  bucket = 18_204;

  explain(
    component: string,
    user: string,
    groups: readonly string[],
    at?: AsOf,
  ): Promise<Explanation> {
    const revision = at ? this.#revisionAt(at) : this.revision;
    const asked = { id: user, groups, bucket: this.bucket };
    const explanation = explainIn(this.#at(revision), component, asked);
    return Promise.resolve({ revision, ...explanation });
  }

  /** Makes a revision as it was made at a moment of the past; earlier ones come first. */
  remember(edit: Edit, atMs: number, actor: Actor = maria): void {
    const changes = [describe(edit, this.document)];
    this.#append(applyEdit(this.document, edit), changes, { actor, edit, atMs });
  }

  /** Fills the history with revisions of others, evenly over the time before now. */
  fillHistory(count: number, everyMs = 7 * MINUTE_MS): void {
    const paths = [...growTree(this.document.components).byPath.keys()];
    for (let index = 0; index < count; index += 1) {
      const path = paths[index % paths.length] ?? "calculator";
      const edit = pastEdit(path, index);
      const before = this.document;
      this.#revisions.push({
        document: applyEdit(before, edit),
        changes: [describe(edit, before)],
        actor: index % 3 === 0 ? script : maria,
        cause: index % 11 === 10 ? { kind: "undo", of: index } : { kind: "edit" },
        note: index % 7 === 3 ? "Agreed with support for the autumn release" : null,
        atMs: Date.now() - (count - index) * everyMs,
        touched: touchedBy(edit),
      });
    }
    this.announce({ kind: "flags", revision: this.revision });
  }

  async history(filter: HistoryFilter, offset: number, limit: number): Promise<HistoryPage> {
    const { refusals } = this;
    await this.#gate;
    if (refusals.history) throw refusals.history;
    const found = this.#find(filter);
    const revisions = found.slice(offset, offset + limit).flatMap((revision): Revision[] => {
      const kept = this.#revisions[revision - 1];
      if (!kept) return [];
      const { atMs, actor, cause, note, changes } = kept;
      const changesTotal = changes.length;
      const summary = summaryOf(changes);
      const listed = changes.slice(0, 20);
      return [{ revision, atMs, actor, cause, note, summary, changes: listed, changesTotal }];
    });
    return { total: found.length, revisions };
  }

  /** What was found last: a store would not look through all of them for every page either. */
  #found = { question: "", revisions: [] as number[] };

  /** The revisions that `filter` lets through, latest first. */
  #find(filter: HistoryFilter): number[] {
    const question = JSON.stringify([filter, this.revision]);
    if (this.#found.question === question) return this.#found.revisions;
    const revisions: number[] = [];
    for (let revision = this.revision; revision > 0; revision -= 1) {
      const kept = this.#revisions[revision - 1];
      if (kept && isLetThrough(kept, revision, filter)) revisions.push(revision);
    }
    this.#found = { question, revisions };
    return revisions;
  }

  #marks(fromMs: number, toMs: number): Mark[] {
    return this.#revisions.flatMap(({ atMs, changes }, index) => {
      const isWithin = atMs >= fromMs && atMs < toMs;
      return isWithin ? [{ revision: index + 1, atMs, sentence: changes.join("; ") }] : [];
    });
  }

  actors(): Promise<Actor[]> {
    return Promise.resolve([maria, script]);
  }

  lastChanges(after: number): Promise<LastChange[]> {
    const last = new Map<string, LastChange>();
    this.#revisions.forEach(({ touched, atMs }, index) => {
      if (index < after) return;
      for (const path of touched) last.set(path, { path, revision: index + 1, atMs });
    });
    return Promise.resolve([...last.values()]);
  }

  async difference(from: number, to: number): Promise<Difference> {
    const { refusals } = this;
    await this.#gate;
    if (refusals.difference) throw refusals.difference;
    return differenceOf(this.#at(from), this.#at(to));
  }

  /** Switches it off, unless `base` is not in force any more. */
  rollBack(component: string, base: number): Promise<Outcome> {
    return this.change({ kind: "set_components", paths: [component], on: false }, base);
  }

  restore(revision: number): Promise<Outcome> {
    const before = this.document;
    const after = this.#at(revision);
    const changes = differenceOf(before, after).changes.map((change) => change.sentence);
    if (changes.length === 0) {
      const summary = summaryOf(changes);
      return Promise.resolve({ revision: this.revision, changed: false, summary, changes });
    }
    const cause: Cause = { kind: "restore", of: revision };
    this.#push(after, changes);
    return Promise.resolve(this.#append(after, changes, { cause }));
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

  stateRestores(filter: RestoreFilter, offset: number, limit: number): Promise<RestorePage> {
    return this.states.stateRestores(filter, offset, limit);
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

  exportSnapshots(ids: readonly number[]): Promise<string | null> {
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

  changeSetting(name: string, value: SettingValue): Promise<Setting[]> {
    if (this.refusal) return Promise.reject(this.refusal);
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
    return Promise.resolve({ name, taken, left: survey.leaves });
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

  listen(callback: (announcement: Announcement) => void): Promise<() => void> {
    this.#listeners.add(callback);
    return Promise.resolve(() => void this.#listeners.delete(callback));
  }

  #append(
    document: Document,
    changes: string[],
    more: { actor?: Actor; cause?: Cause; edit?: Edit; atMs?: number } = {},
  ): Outcome {
    const { actor = maria, cause = { kind: "edit" }, edit, atMs = Date.now() - 95_000 } = more;
    const touched = edit ? touchedBy(edit) : [...growTree(document.components).byPath.keys()];
    this.#revisions.push({ document, changes, actor, cause, note: null, atMs, touched });
    this.announce({ kind: "flags", revision: this.revision });
    return { revision: this.revision, changed: true, summary: summaryOf(changes), changes };
  }

  #at(revision: number): Document {
    return revision === 0
      ? this.#initial
      : (this.#revisions[revision - 1]?.document ?? this.document);
  }

  #overtaken(): Promise<never> {
    const failure: Failure = { code: "conflict", message: "Overtaken.", problems: [] };
    return Promise.reject(failure);
  }

  #nothingToDo(): Promise<never> {
    const failure: Failure = { code: "nothing_to_do", message: "Nothing to do.", problems: [] };
    return Promise.reject(failure);
  }
}
