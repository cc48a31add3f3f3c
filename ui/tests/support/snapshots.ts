/** States in memory: compared, blamed and restored. */

import type {
  Actor,
  Blame,
  RestoreFilter,
  RestorePage,
  RestoreRequest,
  StateAt,
  StateDifference,
  StateDifferenceOptions,
  StateRestore,
  StateSource,
} from "../../src/bindings/wire";
import { KeptSnapshots } from "./kept_snapshots";
import { blameOf } from "./state_blame";
import { compareStates, exact, valueAt } from "./state_compare";
import { askedFor, type Parts } from "./state_parts";
import { failure, Restores } from "./state_restores";
import type { Tree } from "./state_trees";

const BLAMED_MAX = 100;
const maria: Actor = { via: "window", name: "maria" };

export class KeptStates extends KeptSnapshots {
  /** Whether sources confirm what is restored as soon as they hear of it. */
  isConfirming = false;
  readonly #restores = new Restores();

  async stateSources(): Promise<StateSource[]> {
    await this.gate;
    this.refuse();
    const heard = ({ atMs, lastSnapshotMs }: StateSource) => atMs ?? lastSnapshotMs ?? 0;
    return this.described
      .map((source) => ({ ...source, restore: this.#restores.latestOf(source.name) }))
      .toSorted((one, other) => heard(other) - heard(one));
  }

  async stateDifference(
    from: StateAt,
    to: StateAt,
    options: StateDifferenceOptions,
  ): Promise<StateDifference> {
    await this.gate;
    this.refuse();
    return compareStates(this.treeAt(from), this.treeAt(to), options);
  }

  async stateText(at: StateAt, pointer: string): Promise<string> {
    await this.gate;
    this.refuse();
    const value = valueAt(this.treeAt(at), pointer);
    if (value === undefined) throw failure("not_found", `There is nothing under ${pointer}.`);
    return JSON.stringify(value);
  }

  async statePatch(from: StateAt, to: StateAt): Promise<string> {
    const { changes } = await this.stateDifference(from, to, exact);
    const operations = changes.map(({ pointer, kind }) =>
      kind === "removed"
        ? { op: "remove", path: pointer }
        : {
            op: kind === "added" ? "add" : "replace",
            path: pointer,
            value: valueAt(this.treeAt(to), pointer),
          },
    );
    return `${JSON.stringify(operations, null, 2)}\n`;
  }

  async blame(at: StateAt, key: string): Promise<Blame> {
    await this.gate;
    this.refuse();
    const source = at.kind === "now" ? at.source : this.keptAt(at.id).snapshot.source;
    const past = this.find({ source })
      .filter(({ id }) => at.kind === "now" || id <= at.id)
      .slice(0, BLAMED_MAX);
    return blameOf(key, this.treeAt(at), past, ({ id }) => this.treeAt({ kind: "snapshot", id }));
  }

  async previewRestore(
    request: RestoreRequest,
    options: StateDifferenceOptions,
  ): Promise<StateDifference> {
    await this.gate;
    this.refuse();
    return this.#preview(request.snapshot, request, options);
  }

  async restoreState(request: RestoreRequest): Promise<StateRestore> {
    await this.gate;
    this.refuse();
    return this.#ask(request, null);
  }

  async recoverState(source: string, snapshot: number | null): Promise<StateRestore> {
    await this.gate;
    this.refuse();
    const id = snapshot ?? this.find({ source })[0]?.id ?? 0;
    const tree = this.treeAt({ kind: "snapshot", id });
    this.damaged.delete(source);
    const restore = this.#restores.noteRecovery(source, id, maria);
    this.report(source, tree);
    return restore;
  }

  async stateRestores(filter: RestoreFilter, offset: number, limit: number): Promise<RestorePage> {
    await this.gate;
    this.refuse();
    return this.#restores.page(filter, offset, limit);
  }

  async cancelRestore(id: number): Promise<StateRestore> {
    await this.gate;
    this.refuse();
    return this.cancel(id);
  }

  async removeDamagedRestore(id: number): Promise<void> {
    await this.gate;
    this.refuse();
    this.#restores.removeDamaged(id);
  }

  async previewUndoRestore(id: number, options: StateDifferenceOptions): Promise<StateDifference> {
    await this.gate;
    this.refuse();
    const restore = this.#restores.get(id);
    if (restore.status === "open") return compareStates(null, null, options);
    return this.#preview(restore.safety ?? 0, restore, options);
  }

  async undoRestore(id: number): Promise<StateRestore> {
    const { status, safety, only, except } = this.#restores.get(id);
    if (status === "open") return this.cancelRestore(id);
    await this.gate;
    this.refuse();
    if (status !== "confirmed") {
      throw failure("nothing_to_do", `Restore ${id} is ${status}: there is nothing to undo.`);
    }
    return this.#ask({ snapshot: safety ?? 0, only, except, withFlags: false }, id);
  }

  /** Every restore, earliest first. */
  get restores(): readonly StateRestore[] {
    return this.#restores.all;
  }

  /** Has another face ask for a restore, at a moment of the past if one is given. */
  restoreElsewhere(request: RestoreRequest, atMs = Date.now()): StateRestore {
    return this.#ask(request, null, { actor: { via: "flagctl", name: "ci" }, atMs });
  }

  /** Damages what is stored of a restore. */
  damageRestore(id: number): void {
    this.#restores.damage(id);
  }

  /** Has a person cancel a restore. */
  cancel(id: number): StateRestore {
    const restore = this.#restores.cancel(id, maria);
    this.around.announce(restore.source);
    return restore;
  }

  /** The source takes a restore and says so: with what was asked for, or with what is given. */
  confirm(id: number, state?: Tree): void {
    const { source } = this.#restores.get(id);
    const now = this.treeAt({ kind: "now", source });
    this.report(source, state ?? this.#restores.treeOf(id, now));
    this.#restores.confirm(id, this.treeAt({ kind: "now", source }));
    this.around.announce(source);
  }

  #preview(snapshot: number, parts: Parts, options: StateDifferenceOptions): StateDifference {
    const { source } = this.keptAt(snapshot).snapshot;
    const now = this.treeAt({ kind: "now", source });
    const then = this.treeAt({ kind: "snapshot", id: snapshot });
    return compareStates(now, askedFor(now, then, parts), options);
  }

  #ask(
    { snapshot, only, except, withFlags }: RestoreRequest,
    undoes: number | null,
    { actor = maria, atMs = Date.now() } = {},
  ): StateRestore {
    const { source } = this.keptAt(snapshot).snapshot;
    const then = this.treeAt({ kind: "snapshot", id: snapshot });
    const safety = this.takeNow(source, "before_restore", {}).id;
    const revision = withFlags ? this.around.revision() : null;
    const asked = { source, snapshot, safety, only, except, revision, undoes };
    const restore = this.#restores.ask(asked, then, actor, atMs);
    this.around.announce(source);
    if (this.isConfirming) this.confirm(restore.id);
    return restore;
  }
}
