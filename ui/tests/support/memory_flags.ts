/** Flags in memory, as the backend answers of them: revisions, undo, the history, what is in force. */

import type {
  Actor,
  AllOff,
  Announcement,
  AsOf,
  Cause,
  Difference,
  Document,
  Edit,
  Explanation,
  Failure,
  Flags,
  HistoryFilter,
  HistoryPage,
  LastChange,
  Loss,
  Mark,
  Outcome,
  ProblemCode,
  Review,
  Revision,
  RevisionChange,
  Status,
  Widenings,
} from "../../src/bindings/wire";
import { applyEdit } from "../../src/model/edit";
import { growTree } from "../../src/model/tree";
import { explainIn } from "./explain";
import { afterEdit, followedOf, type KeptFollowed } from "./followed";
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

const maria: Actor = { via: "window", name: "maria" };
const script: Actor = { via: "flagctl", name: "ci" };
const MINUTE_MS = 60_000;

export class MemoryFlags {
  readonly edits: { edit: Edit; base: number | undefined }[] = [];
  reads = 0;
  state: Status = {
    version: "0.1.0",
    dataDir: "/home/maria/.local/share/flagdeck",
    serving: "127.0.0.1:4680",
    notServing: null,
    readOnly: null,
    storeGone: null,
    isHeldOff: false,
    heldOffBecause: null,
    following: null,
    notices: [],
  };
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
    connected?: Failure;
  } = {};
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
  /** Every answer waits for it. */
  protected gate: Promise<void> = Promise.resolve();

  constructor(document: Document) {
    this.#initial = document;
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
    this.gate = new Promise((resolve) => (open = resolve));
    return () => open();
  }

  /** Makes a revision as another face would, and announces it. */
  changeElsewhere(edit: Edit): void {
    const changes = [describe(edit, this.document)];
    const after = applyEdit(this.document, edit);
    this.push(after, changes, script);
    this.append(after, changes, { actor: script, edit });
  }

  /** Puts another document in force as another face would, and announces it. */
  replaceElsewhere(document: Document): void {
    const cause: Cause = { kind: "import" };
    this.push(document, ["Document replaced"], script);
    this.append(document, ["Document replaced"], { actor: script, cause });
  }

  /** Takes the last change back as another face would. */
  undoElsewhere(): void {
    const step = this.#steps[this.#steps.length - this.#undone - 1];
    if (!step) return;
    this.#undone += 1;
    step.actor = script;
    const cause: Cause = { kind: "undo", of: step.revision };
    this.append(step.before, step.changes, { actor: script, cause });
  }

  protected push(after: Document, changes: string[], actor = maria): void {
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
    await this.gate;
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
    await this.gate;
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
      followed: kept?.followed ? followedOf(kept.followed) : null,
      targeted: [],
      reach: reachesOf(document),
      document: structuredClone(document),
      components,
      componentsOn,
      undo: null,
      redo: null,
    };
  }

  protected documentAt(revision: number): Document {
    return this.#at(revision);
  }

  /** The document that would be in force after a step. */
  protected beside(way: "undo" | "redo"): Document {
    const at = this.#steps.length - this.#undone;
    const document = way === "undo" ? this.#steps[at - 1]?.before : this.#steps[at]?.after;
    return document ?? this.document;
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
    await this.gate;
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
    this.push(after, changes);
    return this.append(after, changes, { edit });
  }

  undo(of: number): Promise<Outcome> {
    const step = this.#steps[this.#steps.length - this.#undone - 1];
    if (!step) return this.#nothingToDo();
    if (step.revision !== of) return this.#overtaken();
    this.#undone += 1;
    step.actor = maria;
    const cause: Cause = { kind: "undo", of: step.revision };
    const outcome = this.append(step.before, step.changes, { cause });
    return Promise.resolve({ ...outcome, summary: stepOf("Undid", step, step.before) });
  }

  redo(of: number): Promise<Outcome> {
    const step = this.#steps[this.#steps.length - this.#undone];
    if (!step) return this.#nothingToDo();
    if (step.revision !== of) return this.#overtaken();
    this.#undone -= 1;
    step.actor = maria;
    const cause: Cause = { kind: "redo", of: step.revision };
    const outcome = this.append(step.after, step.changes, { cause });
    return Promise.resolve({ ...outcome, summary: stepOf("Redid", step, step.after) });
  }

  async documentText(): Promise<string> {
    await this.gate;
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
    return this.revision === 0 ? null : this.lossBetween(this.document, document);
  }

  /** What one document has lost of another, if that is more than half of the components. */
  protected lossBetween(old: Document, document: Document): Loss | null {
    const before = [...growTree(old.components).byPath.values()];
    const after = growTree(document.components).byPath;
    const components = before.filter(({ children }) => children === null).map(({ path }) => path);
    const removed = components.filter((path) => after.get(path)?.children !== null);
    if (removed.length * 2 <= components.length) return null;
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
    const layers: Explanation["layers"] = [{ kind: "local", revision, atMs: null, by: null }];
    return Promise.resolve({ revision, ...explanation, layers });
  }

  /** Makes a revision as it was made at a moment of the past; earlier ones come first. */
  remember(edit: Edit, atMs: number, actor: Actor = maria): void {
    const changes = [describe(edit, this.document)];
    this.append(applyEdit(this.document, edit), changes, { actor, edit, atMs });
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
    await this.gate;
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

  protected marks(fromMs: number, toMs: number): Mark[] {
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

  async changedBy(revision: number): Promise<RevisionChange> {
    const before = revision - 1;
    return { before, difference: await this.difference(before, revision) };
  }

  async difference(from: number, to: number): Promise<Difference> {
    const { refusals } = this;
    await this.gate;
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
    this.push(after, changes);
    return Promise.resolve(this.append(after, changes, { cause }));
  }

  listen(callback: (announcement: Announcement) => void): Promise<() => void> {
    this.#listeners.add(callback);
    return Promise.resolve(() => void this.#listeners.delete(callback));
  }

  /** What is followed, with the overrides; `null` for a local document. */
  protected get followed(): KeptFollowed | null {
    return this.#revisions.at(-1)?.followed ?? null;
  }

  /** Steps are not taken back past what is followed from here on, or published. */
  protected forgetSteps(): void {
    this.#steps = [];
    this.#undone = 0;
  }

  protected append(
    document: Document,
    changes: string[],
    more: {
      actor?: Actor;
      cause?: Cause;
      edit?: Edit;
      atMs?: number;
      followed?: KeptFollowed;
    } = {},
  ): Outcome {
    const { actor = maria, cause = { kind: "edit" }, edit, atMs = Date.now() - 95_000 } = more;
    const before = this.followed;
    const followed =
      more.followed ?? (before && afterEdit(before, [this.document, document], actor, atMs));
    const touched = edit ? touchedBy(edit) : [...growTree(document.components).byPath.keys()];
    this.#revisions.push({ document, changes, actor, cause, note: null, atMs, touched, followed });
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
