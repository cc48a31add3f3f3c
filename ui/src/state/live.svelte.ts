/**
 * The flags as they are, kept up with the backend, and every way to change them.
 *
 * Changes are sent one at a time, in the order they were made, and shown at once: `flags` is what
 * is stored with the changes on their way laid over it. What the store refuses falls away again.
 */

import type {
  Announcement,
  Edit,
  Failure,
  Flags,
  Group,
  Outcome,
  OverrideSelection,
  Publishing,
  RollbackPlan,
  Status,
  Step,
} from "../bindings/wire";
import { asFailure, type Host } from "../host/host";
import { coalesced } from "../model/coalesced";
import { conflictBetween, type Conflict } from "../model/conflict";
import { applyEdit } from "../model/edit";
import { isolatedWithin } from "../model/isolated";
import { overridesChange } from "../model/overrides";
import { growTree, type Tree } from "../model/tree";
import { words } from "../words";
import type { Toasts } from "./toasts.svelte";

/**
 * An edit made from the document in force, so that it can be made again from a newer one. Reads
 * nothing but that document: it also runs inside what the window derives from it.
 */
export type Intent = (document: Flags["document"]) => Edit;

/** Back in the history, or forth again. */
export type Way = "undo" | "redo";

/** Announcements that are not about the flags or the status. */
export type OtherAnnouncement = Exclude<Announcement, { kind: "flags" | "status" }>;

/** How often an intent is tried again when another change came first. */
const TRIES_MAX = 3;

export class Live {
  /** What the store holds; `null` until it was read. */
  stored = $state.raw<Flags | null>(null);
  status = $state.raw<Status | null>(null);
  /** Why the flags could not be read the last time. */
  failure = $state.raw<Failure | null>(null);
  /** Called with a step that was made elsewhere and is not confirmed; nothing was done then. */
  onforeign: (foreign: { way: Way; step: Step }) => void = () => undefined;
  /** Called with an edit that met another one; nothing was stored then. */
  onconflict: (conflict: Conflict) => void = () => undefined;

  readonly #host: Host;
  readonly #toasts: Toasts;
  #onTheirWay = $state.raw<readonly Intent[]>([]);
  #turn: Promise<unknown> = Promise.resolve();
  /** How often the status was asked for, and which of these questions was answered last. */
  #statusAsked = 0;
  #statusOf = 0;
  /** What was stored when the change under way began. */
  #before: Flags | null = null;
  readonly #readOnce = coalesced(() => this.#read());

  readonly #document: Flags["document"] | null = $derived.by(() => {
    if (this.stored === null) return null;
    return this.#onTheirWay.reduce(
      (before, intent) => applyEdit(before, intent(before)),
      this.stored.document,
    );
  });

  /** Separate, so that a change of anything else does not rebuild the tree. */
  readonly #components: Group = $derived(this.#document?.components ?? {});

  readonly tree: Tree = $derived(growTree(this.#components));

  /** What is shown: the stored flags and the changes on their way. */
  readonly flags: Flags | null = $derived.by(() => {
    const { stored, tree } = this;
    const document = this.#document;
    if (stored === null || document === null || document === stored.document) return stored;
    return { ...stored, document, componentsOn: tree.componentsOn };
  });

  /** An emergency can be taken back even if nothing can be stored. */
  readonly isWritable: boolean = $derived(
    (this.status?.readOnly == null && this.status?.storeGone == null) || this.status.isHeldOff,
  );

  /** Whether there are flags, and they can be changed. */
  get canChange(): boolean {
    return this.flags !== null && this.isWritable;
  }

  /** Why nothing can be saved; `null` if everything can. */
  readonly refusal: string | null = $derived.by(() => {
    if (this.status?.storeGone != null) return words.store.refusal(this.status.storeGone);
    return this.status?.readOnly == null ? null : words.frame.readOnly(this.status.readOnly);
  });

  /** Whether something shown is not stored yet. */
  readonly isSaving: boolean = $derived(this.#onTheirWay.length > 0);

  constructor(host: Host, toasts: Toasts) {
    this.#host = host;
    this.#toasts = toasts;
  }

  /** Reads everything and follows the backend until the returned function is called. */
  async start(onOther: (announcement: OtherAnnouncement) => void): Promise<() => void> {
    // Listening comes first: a change between reading and listening would go unseen.
    const stop = await this.#listen(onOther);
    await Promise.all([this.refresh(), this.refreshStatus()]);
    return stop;
  }

  /**
   * Reads the flags. Resolves once a reading that began after this call has ended; however many
   * ask, at most one reading is under way and one waits.
   */
  refresh(): Promise<void> {
    return this.#readOnce();
  }

  /** Reads the status. An answer that arrives after that to a later question is out of date. */
  async refreshStatus(): Promise<void> {
    const question = (this.#statusAsked += 1);
    try {
      const status = await this.#host.status();
      if (question < this.#statusOf) return;
      [this.status, this.#statusOf] = [status, question];
    } catch (reason) {
      this.#toasts.refused(reason);
    }
  }

  /**
   * Makes one revision of `edit`. Resolves to `false` if it was refused, which a toast tells.
   * If it was begun on the document `seen`, it does not overwrite what was changed in the same place
   * since: then the user is asked, and the answer decides.
   */
  change(edit: Edit, seen?: Flags["document"]): Promise<boolean> {
    const send = seen ? () => this.#sendBegunOn(seen, edit) : () => this.#host.change(edit);
    return this.#changeAs(() => edit, send);
  }

  /**
   * Makes one revision of `edit` for a caller that waits for the answer: nothing is shown before it
   * is stored. Resolves to why it was refused, or to `null`.
   */
  attempt(edit: Edit): Promise<Failure | null> {
    return this.#refusalOf(async () => {
      const outcome = await this.#host.change(edit);
      await this.refresh();
      if (outcome.changed) this.#saved(outcome);
    });
  }

  /**
   * Makes one revision of what `intent` makes of the document in force. For edits that carry over
   * part of what is there: nothing that was saved elsewhere in the meantime is lost.
   */
  amend(intent: Intent): Promise<boolean> {
    return this.#changeAs(intent, () => this.#sendAmendment(intent));
  }

  /**
   * Puts another document in force if `base` still is the latest revision; with most of the
   * components removed only if `confirmsLoss`. Resolves to why it could not be; `null` once it is.
   */
  async replace(text: string, base: number, confirmsLoss: boolean): Promise<Failure | null> {
    let failure: Failure | null = null;
    await this.#inTurn(async () => {
      try {
        const outcome = await this.#host.change({ kind: "replace", text }, base, confirmsLoss);
        await this.refresh();
        if (outcome.changed) this.#saved(outcome);
      } catch (reason) {
        failure = asFailure(reason);
        await this.refresh();
      }
    });
    return failure;
  }

  /**
   * Turns everything off for everyone. Asks the backend whatever the window believes, and past the
   * queue: the flags may be unread or old, and whatever else is under way may hang.
   */
  async allOff(): Promise<void> {
    try {
      const outcome = await this.#host.emergencyOff();
      await this.refreshStatus();
      if (outcome.changed && !this.status?.isHeldOff) this.#saved(outcome, words.frame.allOffDone);
      else this.#tellOff();
    } catch (reason) {
      this.#toasts.refused(reason);
    }
    await this.refresh();
  }

  /** Shows what the native menu did, which in an emergency does not wait for this page. */
  async tellAllOff(): Promise<void> {
    await Promise.all([this.refresh(), this.refreshStatus()]);
    const { stored } = this;
    if (this.status?.isHeldOff) {
      this.#tellOff();
      return;
    }
    if (!stored?.undo || stored.document.enabled) return;
    const { revision, undo } = stored;
    const outcome = { revision, changed: true, summary: undo.sentence, changes: [undo.sentence] };
    this.#saved(outcome, words.frame.allOffDone);
  }

  /**
   * Takes the last change back. One that was made elsewhere is taken back only if the person has
   * `confirmed` it, by its revision; else they are asked.
   */
  undo(confirmed?: number): Promise<boolean> {
    return this.#step("undo", "redo", confirmed);
  }

  /** Brings back what was taken back last, by the same rule. */
  redo(confirmed?: number): Promise<boolean> {
    return this.#step("redo", "undo", confirmed);
  }

  /** Ends overrides: what is followed is in force there again. */
  returnOverrides(which: OverrideSelection): Promise<boolean> {
    return this.#inTurn(async () => {
      const outcome = await this.#host.clearOverrides(which);
      await this.refresh();
      this.#saved(outcome);
    });
  }

  /** Publishes overrides. Resolves to what came of it, or to why it could not be done. */
  publish(which: OverrideSelection, confirmsLoss: boolean): Promise<Publishing | Failure> {
    return new Promise((resolve) => {
      const work = async () => {
        const publishing = await this.#host.publishOverrides(which, confirmsLoss);
        // Also after a conflict: what is followed has changed with it.
        await this.refresh();
        const { published } = publishing;
        if (published) this.#toasts.done(words.following.publishing.published(published.summary));
        resolve(publishing);
      };
      void this.#inTurn(work, resolve);
    });
  }

  /** Adopts the document that is held. Resolves to why it was not; `null` once it is. */
  acceptFollowed(document: string): Promise<Failure | null> {
    return this.#refusalOf(async () => {
      const outcome = await this.#host.acceptFollowed(document);
      await Promise.all([this.refresh(), this.refreshStatus()]);
      this.#toasts.done(isolatedWithin(outcome.summary));
    });
  }

  /** Fetches the document that is followed now; the status says what came of it. */
  async fetchFollowed(): Promise<void> {
    try {
      await this.#host.fetchFollowed();
    } catch (reason) {
      this.#toasts.refused(reason);
    }
    await Promise.all([this.refresh(), this.refreshStatus()]);
  }

  /** Shows a component to fewer people again, as was said, unless the flags changed since. */
  rollBack({ component, base }: RollbackPlan): Promise<boolean> {
    return this.#inTurn(async () => {
      try {
        const outcome = await this.#host.rollBack(component, base);
        await this.refresh();
        this.#saved(outcome, words.pulse.comparison.rolledBack(outcome.summary));
      } catch (reason) {
        await this.refresh();
        throw reason;
      }
    });
  }

  /** Whether a plan still is about the flags as they are, and can be done. */
  isPossible(plan: RollbackPlan): boolean {
    return this.isWritable && !this.isSaving && this.stored?.revision === plan.base;
  }

  /** Puts the document of a revision in force again, as a new revision. */
  restore(revision: number): Promise<boolean> {
    return this.#inTurn(async () => {
      const outcome = await this.#host.restore(revision);
      await this.refresh();
      if (outcome.changed) this.#saved(outcome, words.activity.restored(revision));
      else this.#toasts.done(words.activity.nothingToRestore(revision));
    });
  }

  async #step(way: Way, back: Way, confirmed?: number): Promise<boolean> {
    let isDone = false;
    await this.#inTurn(async () => {
      // As it is once every change before has been stored.
      const step = this.stored?.[way];
      if (!step) return;
      if (confirmed !== undefined && confirmed !== step.revision) throw overtaken(way);
      if (!step.isOwn && confirmed === undefined) {
        this.onforeign({ way, step });
        return;
      }
      const outcome = await this.#take(way, step);
      isDone = true;
      await this.refresh();
      this.#toasts.done(isolatedWithin(outcome.summary) + this.#noteOf(outcome), {
        label: words.actions[back],
        run: () => void this[back](step.revision),
        isOffered: () => this.stored?.revision === outcome.revision && this.stored[back] !== null,
        planned: { kind: back, of: step.revision },
      });
    });
    return isDone;
  }

  /** Takes exactly that step: a change made since then is not undone unseen. */
  async #take(way: Way, step: Step): Promise<Outcome> {
    try {
      return await this.#host[way](step.revision);
    } catch (reason) {
      if (asFailure(reason).code !== "conflict") throw reason;
      await this.refresh();
      throw overtaken(way);
    }
  }

  #listen(onOther: (announcement: OtherAnnouncement) => void): Promise<() => void> {
    return this.#host
      .listen((announcement) => {
        switch (announcement.kind) {
          case "flags":
            void this.refresh();
            break;
          case "status":
            void this.refreshStatus();
            break;
          default:
            onOther(announcement);
        }
      })
      .catch((reason: unknown) => {
        this.#toasts.refused(reason);
        return () => undefined;
      });
  }

  /** Says how everything is off, if that made no revision. */
  #tellOff(): void {
    this.#toasts.done(this.status?.isHeldOff ? words.frame.heldOffDone : words.frame.allOffAlready);
  }

  async #read(): Promise<void> {
    try {
      this.stored = await this.#host.flags();
      this.failure = null;
    } catch (reason) {
      this.failure = asFailure(reason);
    }
  }

  async #changeAs(intent: Intent, send: () => Promise<Outcome | Conflict>): Promise<boolean> {
    // A copy, so that each change is removed from the list separately.
    const onItsWay: Intent = (document) => intent(document);
    this.#onTheirWay = [...this.#onTheirWay, onItsWay];
    return this.#inTurn(async () => {
      try {
        const result = await send();
        await this.refresh();
        if ("theirs" in result) this.onconflict(result);
        else if (result.changed) this.#saved(result);
      } finally {
        this.#onTheirWay = this.#onTheirWay.filter((each) => each !== onItsWay);
      }
    });
  }

  #sendBegunOn(seen: Flags["document"], edit: Edit): Promise<Outcome | Conflict> {
    return this.#sendOnStored(async (stored) => {
      const conflict = conflictBetween(edit, seen, stored.document);
      return conflict ?? this.#host.change(edit, stored.revision);
    });
  }

  #sendAmendment(intent: Intent): Promise<Outcome> {
    return this.#sendOnStored((stored) =>
      this.#host.change(intent(stored.document), stored.revision),
    );
  }

  /** Sends the edit of what is stored; again if another writer was quicker. */
  async #sendOnStored<T>(send: (stored: Flags) => Promise<T>, tries = 1): Promise<T> {
    if (this.stored === null) await this.refresh();
    const stored = this.stored;
    if (stored === null) throw asFailure(this.failure?.message ?? words.frame.notRead);
    try {
      return await send(stored);
    } catch (reason) {
      if (asFailure(reason).code !== "conflict" || tries === TRIES_MAX) throw reason;
      await this.refresh();
      return this.#sendOnStored(send, tries + 1);
    }
  }

  /** Runs `work` once everything before it has ended. Resolves to whether it succeeded. */
  #inTurn(
    work: () => Promise<void>,
    onRefused = (failure: Failure) => this.#toasts.refused(failure),
  ): Promise<boolean> {
    const begin = () => {
      this.#before = this.stored;
      return work();
    };
    const result = this.#turn.then(begin).then(
      () => true,
      (reason: unknown) => {
        onRefused(asFailure(reason));
        return false;
      },
    );
    this.#turn = result;
    return result;
  }

  /** Runs `work` in its turn. Resolves to why it was refused, or to `null`. */
  async #refusalOf(work: () => Promise<void>): Promise<Failure | null> {
    let refusal: Failure | null = null;
    await this.#inTurn(work, (failure) => (refusal = failure));
    return refusal;
  }

  /** Says whether a change made or ended overrides, if it is known to be the only one since. */
  #noteOf({ revision }: Outcome): string {
    const [before, after] = [this.#before, this.stored];
    const isNext = before?.revision === revision - 1 && after?.revision === revision;
    if (!isNext || !before.followed || !after.followed) return "";
    return words.following.note(overridesChange(before.followed, after.followed));
  }

  #saved(outcome: Outcome, sentence = isolatedWithin(outcome.summary)): void {
    this.#toasts.done(sentence + this.#noteOf(outcome), {
      label: words.actions.undo,
      run: () => void this.undo(outcome.revision),
      isOffered: () => this.stored?.revision === outcome.revision && this.stored.undo !== null,
      planned: { kind: "undo", of: outcome.revision },
    });
  }
}

function overtaken(way: Way): Failure {
  return asFailure(words.frame.stepOvertaken[way]);
}
