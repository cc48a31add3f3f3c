/** A backend in memory: keeps revisions, answers when told to, refuses when told to. */

import type {
  Announcement,
  Document,
  Edit,
  Failure,
  Flags,
  Outcome,
  Preferences,
  Status,
} from "../../src/bindings/wire";
import type { Host } from "../../src/host/host";
import { applyEdit } from "../../src/model/edit";
import { growTree } from "../../src/model/tree";

interface Revision {
  document: Document;
  changes: string[];
}

export class MemoryHost implements Host {
  readonly edits: { edit: Edit; base: number | undefined }[] = [];
  reads = 0;
  state: Status = {
    version: "0.1.0",
    dataDir: "/home/maria/.local/share/flagdeck",
    serving: "127.0.0.1:4680",
    readOnly: null,
    notices: [],
  };
  chosen: Preferences = { theme: "system", view: "dashboard" };
  /** Refuses changes while set. */
  refusal: Failure | null = null;
  /** Refuses to read while set. */
  readFailure: Failure | null = null;

  #revisions: Revision[] = [];
  /** Positions in `#revisions` that undo walks, and how far it has walked. */
  #steps: { revision: number; before: Document; after: Document; changes: string[] }[] = [];
  #undone = 0;
  #listeners = new Set<(announcement: Announcement) => void>();
  #initial: Document;
  #gate: Promise<void> = Promise.resolve();

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
    this.#gate = new Promise((resolve) => (open = resolve));
    return () => open();
  }

  /** Makes a revision as another face would, and announces it. */
  changeElsewhere(edit: Edit): void {
    this.#append(applyEdit(this.document, edit), [describe(edit)]);
  }

  /** Puts another document in force as another face would, and announces it. */
  replaceElsewhere(document: Document): void {
    this.#append(document, ["Document replaced"]);
  }

  announce(announcement: Announcement): void {
    for (const listener of this.#listeners) listener(announcement);
  }

  async flags(): Promise<Flags> {
    this.reads += 1;
    await this.#gate;
    if (this.readFailure) throw this.readFailure;
    const { components, componentsOn } = growTree(this.document.components);
    const last = this.#revisions.at(-1);
    const step = (index: number) => {
      const found = this.#steps[index];
      return found ? { revision: found.revision, sentence: found.changes.join("; ") } : null;
    };
    const undoable = this.#steps.length - this.#undone;
    return {
      revision: this.revision,
      atMs: last ? Date.now() - 95_000 : null,
      actor: last ? { via: "window", name: "maria" } : null,
      changes: last?.changes ?? [],
      document: structuredClone(this.document),
      components,
      componentsOn,
      undo: undoable > 0 ? step(undoable - 1) : null,
      redo: this.#undone > 0 ? step(undoable) : null,
    };
  }

  async change(edit: Edit, base?: number): Promise<Outcome> {
    this.edits.push({ edit, base });
    await this.#gate;
    if (this.refusal) throw this.refusal;
    if (base !== undefined && base !== this.revision) {
      const message = "Somebody else saved first. Nothing was changed.";
      throw { code: "conflict", message, problems: [], winner: this.revision } satisfies Failure;
    }
    const before = this.document;
    const after = applyEdit(before, edit);
    if (JSON.stringify(before) === JSON.stringify(after)) {
      return { revision: this.revision, changed: false, changes: [] };
    }
    const changes = [describe(edit, before)];
    this.#steps = this.#steps.slice(0, this.#steps.length - this.#undone);
    this.#undone = 0;
    this.#steps.push({ revision: this.revision + 1, before, after, changes });
    return this.#append(after, changes);
  }

  undo(): Promise<Outcome> {
    const step = this.#steps[this.#steps.length - this.#undone - 1];
    if (!step) return this.#nothingToDo();
    this.#undone += 1;
    return Promise.resolve(this.#append(step.before, step.changes));
  }

  redo(): Promise<Outcome> {
    const step = this.#steps[this.#steps.length - this.#undone];
    if (!step) return this.#nothingToDo();
    this.#undone -= 1;
    return Promise.resolve(this.#append(step.after, step.changes));
  }

  async status(): Promise<Status> {
    await this.#gate;
    return this.state;
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

  #append(document: Document, changes: string[]): Outcome {
    this.#revisions.push({ document, changes });
    this.announce({ kind: "flags", revision: this.revision });
    return { revision: this.revision, changed: true, changes };
  }

  #nothingToDo(): Promise<never> {
    const failure: Failure = { code: "nothing_to_do", message: "Nothing to do.", problems: [] };
    return Promise.reject(failure);
  }
}

function describe(edit: Edit, before?: Document): string {
  switch (edit.kind) {
    case "set_master":
      return `Master switch: ${edit.on ? "on" : "off"}`;
    case "set_components":
      return `${edit.paths.join(", ")}: ${edit.on ? "on" : "off"}`;
    case "clear_rollout":
      return `${edit.component}: rollout as all`;
    case "set_rollout": {
      const path = edit.component;
      const own = path === null ? before?.rollout : (before?.rollouts?.[path] ?? before?.rollout);
      const name = path ?? "All components";
      if (edit.percentage !== undefined) {
        return `${name}: ${own?.percentage ?? 0} % → ${edit.percentage} %`;
      }
      if (edit.strategy !== undefined) return `${name}: strategy ${edit.strategy}`;
      return `${name}: groups ${edit.userGroups?.join(", ") ?? ""}`;
    }
  }
}
