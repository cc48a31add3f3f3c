/**
 * The flags as they are, kept up with the backend, and every way to change them.
 *
 * Changes are sent one at a time, in the order they were made, and shown at once: `flags` is what
 * is stored with the changes on their way laid over it. What the store refuses falls away again.
 */

import type { Edit, Failure, Flags, Group, Outcome, Status } from "../bindings/wire";
import { asFailure, type Host } from "../host/host";
import { applyEdit } from "../model/edit";
import { growTree, type Tree } from "../model/tree";
import { words } from "../words";
import { Toasts } from "./toasts.svelte";

/**
 * An edit made from the document in force, so that it can be made again from a newer one. Reads
 * nothing but that document: it also runs inside what the window derives from it.
 */
export type Intent = (document: Flags["document"]) => Edit;

/** How often an intent is made anew when somebody else was quicker. */
const TRIES_MAX = 3;

export class Live {
  readonly toasts = new Toasts();
  /** What the store holds; `null` until it was read. */
  stored = $state.raw<Flags | null>(null);
  status = $state.raw<Status | null>(null);
  /** Why the flags could not be read the last time. */
  failure = $state.raw<Failure | null>(null);

  readonly #host: Host;
  #onTheirWay = $state.raw<readonly Intent[]>([]);
  #turn: Promise<unknown> = Promise.resolve();
  #reading: Promise<void> | null = null;
  #readingNext: Promise<void> | null = null;

  readonly #document: Flags["document"] | null = $derived.by(() => {
    if (this.stored === null) return null;
    return this.#onTheirWay.reduce(
      (before, intent) => applyEdit(before, intent(before)),
      this.stored.document,
    );
  });

  /** By itself, so that a change of anything else grows no tree. */
  readonly #components: Group = $derived(this.#document?.components ?? {});

  readonly tree: Tree = $derived(growTree(this.#components));

  /** What is shown: the stored flags and the changes on their way. */
  readonly flags: Flags | null = $derived.by(() => {
    const { stored, tree } = this;
    const document = this.#document;
    if (stored === null || document === null || document === stored.document) return stored;
    return { ...stored, document, componentsOn: tree.componentsOn };
  });

  readonly isWritable: boolean = $derived(this.status?.readOnly == null);

  /** Whether something shown is not stored yet. */
  readonly isSaving: boolean = $derived(this.#onTheirWay.length > 0);

  constructor(host: Host) {
    this.#host = host;
  }

  /** Reads everything and follows the backend until the returned function is called. */
  async start(): Promise<() => void> {
    // Listening comes first: a change between reading and listening would go unseen.
    const stop = await this.#listen();
    await Promise.all([this.refresh(), this.refreshStatus()]);
    return stop;
  }

  /**
   * Reads the flags. Resolves once a reading that began after this call has ended; however many
   * ask, at most one reading is under way and one waits.
   */
  refresh(): Promise<void> {
    if (this.#reading === null) {
      this.#reading = this.#read().finally(() => {
        this.#reading = null;
      });
      return this.#reading;
    }
    this.#readingNext ??= this.#reading.then(() => {
      this.#readingNext = null;
      return this.refresh();
    });
    return this.#readingNext;
  }

  async refreshStatus(): Promise<void> {
    try {
      this.status = await this.#host.status();
    } catch (reason) {
      this.#refused(asFailure(reason));
    }
  }

  /** Makes one revision of `edit`. Resolves to whether it was stored; a refusal is told in a toast. */
  change(edit: Edit): Promise<boolean> {
    return this.#changeAs(
      () => edit,
      () => this.#host.change(edit),
    );
  }

  /**
   * Makes one revision of what `intent` makes of the document in force. For edits that carry over
   * part of what is there: nothing somebody else saved in the meantime is lost.
   */
  amend(intent: Intent): Promise<boolean> {
    return this.#changeAs(intent, () => this.#sendAmendment(intent));
  }

  /** Turns the master switch off, which turns everything off for everyone. */
  async allOff(): Promise<void> {
    if (this.flags?.document.enabled && this.isWritable) {
      await this.change({ kind: "set_master", on: false });
    }
  }

  undo(): Promise<boolean> {
    if (!this.stored?.undo) return Promise.resolve(false);
    return this.#inTurn(async () => {
      const outcome = await this.#host.undo();
      await this.refresh();
      this.toasts.done(words.undone(outcome.changes), {
        label: words.redo,
        run: () => void this.redo(),
        isOffered: () => this.stored?.revision === outcome.revision && this.stored.redo !== null,
      });
    });
  }

  redo(): Promise<boolean> {
    if (!this.stored?.redo) return Promise.resolve(false);
    return this.#inTurn(async () => {
      const outcome = await this.#host.redo();
      await this.refresh();
      this.#saved(outcome);
    });
  }

  #listen(): Promise<() => void> {
    return this.#host
      .listen((announcement) => {
        switch (announcement.kind) {
          case "flags":
            void this.refresh();
            break;
          case "status":
            void this.refreshStatus();
            break;
        }
      })
      .catch((reason: unknown) => {
        this.#refused(asFailure(reason));
        return () => undefined;
      });
  }

  async #read(): Promise<void> {
    try {
      this.stored = await this.#host.flags();
      this.failure = null;
    } catch (reason) {
      this.failure = asFailure(reason);
    }
  }

  async #changeAs(intent: Intent, send: () => Promise<Outcome>): Promise<boolean> {
    // A copy of its own, so that each change is taken off the list by itself.
    const onItsWay: Intent = (document) => intent(document);
    this.#onTheirWay = [...this.#onTheirWay, onItsWay];
    const isStored = await this.#inTurn(async () => {
      try {
        const outcome = await send();
        await this.refresh();
        if (outcome.changed) this.#saved(outcome);
      } finally {
        this.#onTheirWay = this.#onTheirWay.filter((each) => each !== onItsWay);
      }
    });
    return isStored;
  }

  async #sendAmendment(intent: Intent, tries = 1): Promise<Outcome> {
    if (this.stored === null) await this.refresh();
    const stored = this.stored;
    if (stored === null) throw asFailure(this.failure?.message ?? words.notRead);
    try {
      return await this.#host.change(intent(stored.document), stored.revision);
    } catch (reason) {
      if (asFailure(reason).code !== "conflict" || tries === TRIES_MAX) throw reason;
      await this.refresh();
      return this.#sendAmendment(intent, tries + 1);
    }
  }

  /** Runs `work` once everything before it has ended. Resolves to whether it succeeded. */
  #inTurn(work: () => Promise<void>): Promise<boolean> {
    const result = this.#turn.then(work).then(
      () => true,
      (reason: unknown) => {
        this.#refused(asFailure(reason));
        return false;
      },
    );
    this.#turn = result;
    return result;
  }

  #saved(outcome: Outcome): void {
    this.toasts.done(words.saved(outcome.changes), {
      label: words.undo,
      run: () => void this.undo(),
      isOffered: () => this.stored?.revision === outcome.revision && this.stored.undo !== null,
    });
  }

  #refused(failure: Failure): void {
    this.toasts.failed(
      failure.message,
      failure.problems.map((problem) => problem.message),
    );
  }
}
