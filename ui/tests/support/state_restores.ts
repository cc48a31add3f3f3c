/**
 * Restores as the backend keeps them: requests that stay open until the source confirms them, and
 * that no report touches.
 */

import type {
  Actor,
  Failure,
  RestoreFilter,
  RestorePage,
  RestoreStatus,
  StateRestore,
} from "../../src/bindings/wire";
import { compareStates, exact } from "./state_compare";
import { askedFor } from "./state_parts";
import type { Tree } from "./state_trees";

const DIFFERING_MAX = 20;

/** What a restore is asked for with. */
export type Asked = Pick<
  StateRestore,
  "source" | "snapshot" | "safety" | "only" | "except" | "revision" | "undoes"
>;

export class Restores {
  readonly all: StateRestore[] = [];
  /** What each takes its parts from. */
  readonly #from = new Map<number, Tree>();

  get(id: number): StateRestore {
    const found = this.all.find((restore) => restore.id === id);
    if (!found) throw failure("not_found", `There is no restore ${id}.`);
    return found;
  }

  /** The latest of a source that is not damaged. */
  latestOf(source: string): StateRestore | null {
    const isSound = (it: StateRestore) => it.source === source && it.status !== "damaged";
    return this.all.findLast(isSound) ?? null;
  }

  /** Of a damaged one, only what says where it belongs is told. */
  damage(id: number): void {
    const unknown = { only: [], except: [], differing: [], revision: null, undoes: null };
    const restore: StateRestore = {
      ...this.get(id),
      ...unknown,
      safety: null,
      status: "damaged",
      endedMs: null,
      endedBy: null,
      confirmedMs: null,
      isExact: null,
    };
    this.all[this.all.findIndex((it) => it.id === id)] = restore;
  }

  removeDamaged(id: number): void {
    if (this.get(id).status !== "damaged") {
      throw failure(
        "nothing_to_do",
        `Restore ${id} is sound: it is part of the history, and stays.`,
      );
    }
    this.all.splice(
      this.all.findIndex((it) => it.id === id),
      1,
    );
  }

  page({ source, sinceMs, untilMs }: RestoreFilter, offset: number, limit: number): RestorePage {
    const found = this.all.toReversed().filter((restore) => {
      const isOfSource = source === undefined || restore.source === source;
      return isOfSource && restore.atMs >= (sinceMs ?? 0) && restore.atMs < (untilMs ?? Infinity);
    });
    return { total: found.length, restores: found.slice(offset, offset + limit) };
  }

  /** Asks for parts of `from`. Supersedes what is open of the source. */
  ask(asked: Asked, from: Tree, actor: Actor, atMs = Date.now()): StateRestore {
    const open = this.latestOf(asked.source);
    if (open?.status === "open") this.#end(open, "superseded", actor);
    const restore: StateRestore = {
      ...asked,
      id: this.all.length + 1,
      atMs,
      actor,
      status: "open",
      endedMs: null,
      endedBy: null,
      confirmedMs: null,
      isExact: null,
      differing: [],
    };
    this.all.push(restore);
    this.#from.set(restore.id, from);
    return restore;
  }

  /** Notes that a snapshot took the place of a damaged state. */
  noteRecovery(source: string, snapshot: number, actor: Actor): StateRestore {
    const asked: Asked = {
      source,
      snapshot,
      safety: null,
      only: [],
      except: [],
      revision: null,
      undoes: null,
    };
    const atMs = Date.now();
    const restore: StateRestore = {
      ...asked,
      id: this.all.length + 1,
      atMs,
      actor,
      status: "recovered",
      endedMs: atMs,
      endedBy: null,
      confirmedMs: null,
      isExact: null,
      differing: [],
    };
    this.all.push(restore);
    return restore;
  }

  /** The tree that is asked for: the chosen parts laid on what the source has. */
  treeOf(id: number, now: Tree): Tree {
    return askedFor(now, this.#from.get(id) ?? null, this.get(id));
  }

  cancel(id: number, actor: Actor): StateRestore {
    const restore = this.get(id);
    if (restore.status === "cancelled") return restore;
    if (restore.status !== "open") {
      throw failure("nothing_to_do", `Restore ${id} is ${restore.status}: it is not open.`);
    }
    return this.#end(restore, "cancelled", actor);
  }

  /** The source says that it took the restore, and has this. Exact if laying it on changes nothing. */
  confirm(id: number, state: Tree): StateRestore {
    const restore = this.get(id);
    if (restore.status !== "open") return restore;
    const { changes } = compareStates(state, this.treeOf(id, state), exact);
    const differing = changes.map(({ path }) => `ml.${path}`).slice(0, DIFFERING_MAX);
    const confirmedMs = Date.now();
    const isExact = changes.length === 0;
    return this.#end(restore, "confirmed", null, { confirmedMs, isExact, differing });
  }

  #end(
    restore: StateRestore,
    status: RestoreStatus,
    endedBy: Actor | null,
    more: Partial<StateRestore> = {},
  ): StateRestore {
    const ended = { ...restore, status, endedMs: Date.now(), endedBy, ...more };
    this.all[this.all.findIndex(({ id }) => id === restore.id)] = ended;
    return ended;
  }
}

export function failure(code: Failure["code"], message: string): Failure {
  return { code, message, problems: [] };
}
