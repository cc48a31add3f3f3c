/**
 * What lies over the window: at most one thing, a list of people over that, and the question whether
 * to close over both.
 */

import type {
  Backup,
  ChosenFile,
  ChosenWorkspace,
  DamagedState,
  Definitions,
  Planned,
  Quarantined,
  RampStatus,
  RosterFile,
  RosterInfo,
  Snapshot,
  StateAt,
  StateRestore,
  Step,
  Survey,
  WorkspaceFile,
} from "../bindings/wire";
import type { Conflict } from "../model/conflict";
import type { HelpPageId } from "../words/help";
import type { Way } from "./live.svelte";
import type { Widening } from "./widening";

export type Over =
  | { kind: "palette" }
  | { kind: "shortcuts" }
  /** `page` is what it is opened at. */
  | { kind: "help"; page?: HelpPageId }
  | { kind: "tour" }
  /** `group` is the parent of the new one: a path, empty for the root. */
  | { kind: "add"; what: "component" | "group"; group: string }
  | { kind: "rename"; path: string }
  | { kind: "move"; paths: readonly string[] }
  | { kind: "remove"; paths: readonly string[] }
  /** One rollout for several components. */
  | { kind: "rollout"; paths: readonly string[] }
  /** An edit that shows components to users who do not see them. */
  | { kind: "widening"; widening: Widening }
  /** A component to override for one application or user. */
  | { kind: "override_for"; component: string }
  /** Overrides to be published, by their places. */
  | { kind: "publish"; places: readonly string[] }
  /** Overrides to be ended, by their places. */
  | { kind: "return_overrides"; places: readonly string[] }
  /** The followed document that is held. */
  | { kind: "held" }
  | { kind: "json" }
  /** A document to import, and the name of its file. */
  | { kind: "import"; file: ChosenFile }
  /** Definitions for flagd in which something of the document is missing. */
  | { kind: "export_flagd"; definitions: Definitions }
  /** A file of users that was chosen. */
  | { kind: "import_roster"; file: RosterFile }
  | { kind: "remove_roster"; roster: RosterInfo }
  /** A person to be forgotten everywhere; empty if the id is still to be typed. */
  | { kind: "forget_person"; id: string }
  /** A ramp to be started; of the default rollout without a component. */
  | { kind: "start_ramp"; component: string | null }
  | { kind: "abort_ramp"; component: string | null; ramp: RampStatus }
  | { kind: "guard_rules"; component: string | null }
  /** A decision about a rollout, by its number. */
  | { kind: "decision"; id: number }
  | { kind: "restore"; revision: number }
  /** What set a value of a state, or took it away: a key as a difference prints it, or a pointer. */
  | { kind: "blame"; at: StateAt; key: string }
  /** `part` is the key of what is chosen at first, if that is not everything. */
  | { kind: "restore_state"; snapshot: Snapshot; part?: string }
  | { kind: "undo_restore"; restore: StateRestore }
  | { kind: "recover_state"; damaged: DamagedState }
  /** One whose record is damaged. */
  | { kind: "remove_restore"; restore: StateRestore; onremoved: () => void }
  /** Those of one source, or of every one. */
  | { kind: "restores"; source: string | null }
  /** Of one source, or of every one. */
  | { kind: "take_snapshot"; source: string | null }
  | { kind: "label_snapshot"; snapshot: Snapshot }
  | { kind: "remove_imported"; source: string }
  | { kind: "conflict"; conflict: Conflict }
  /** A step that was made elsewhere, to be confirmed. */
  | { kind: "step"; way: Way; step: Step }
  | { kind: "restore_backup"; backup: Backup }
  /** A workspace to start with, checked. */
  | { kind: "import_workspace"; chosen: ChosenWorkspace; onimported: (file: WorkspaceFile) => void }
  | { kind: "take_back"; survey: Survey; ontaken: () => void }
  | { kind: "remove_quarantined"; entry: Quarantined; onremoved: () => void }
  | { kind: "remove_demo" }
  | { kind: "rotate_token"; onrotated: () => void };

/** People who are listed: those who are affected by something, or for whom a component is on. */
export interface Listing {
  planned: Planned;
  /** By name. */
  roster: string;
  /** Whether anybody loses something: they are shown first. */
  loses: boolean;
  /** Those that change; empty if that is not known. */
  components: readonly string[];
  /** The one that it is about; `null` for none or several. */
  component: string | null;
}

export class Overlay {
  over = $state.raw<Over | null>(null);
  /**
   * The list of people that is open. It stays the list that was asked for, whatever becomes of what
   * it was asked from.
   */
  listing = $state.raw<Listing | null>(null);
  /** Questions that came while something else was open. */
  readonly #waiting: Over[] = [];
  /** Whether the question about closing the window is open; what was typed stays. */
  isClosing = $state(false);

  /** Whether the window behind the overlay cannot be used. The tour does not block it. */
  get isCovering(): boolean {
    return this.isClosing || this.listing !== null || this.#isOccupied;
  }

  /** Whether anything is open, the tour included. */
  get isOpen(): boolean {
    return this.isCovering || this.over !== null;
  }

  get #isOccupied(): boolean {
    return this.over !== null && this.over.kind !== "tour";
  }

  show(over: Over): void {
    this.over = over;
  }

  /** Asks at once, or after what is open: nothing that is typed there gives way to it. */
  ask(question: Over): void {
    if (this.#isOccupied || this.listing !== null) this.#waiting.push(question);
    else this.over = question;
  }

  /** Closes the list of people; what waited for that is asked unless something is open below it. */
  endListing(): void {
    this.listing = null;
    if (!this.#isOccupied) this.over = this.#waiting.shift() ?? this.over;
  }

  close(): void {
    this.over = this.#waiting.shift() ?? null;
  }
}
