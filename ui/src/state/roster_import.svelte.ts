/**
 * A file of users between its choice and its import: what was understood of it, what it would
 * replace, and its import. Nothing is imported that was not looked at under the same name.
 */

import type { Failure, Look, Replaced, RosterFile } from "../bindings/wire";
import { isolatedWithin } from "../model/isolated";
import { checkRosterName, type RosterNameProblem } from "../model/roster_name";
import { tablesIn } from "../model/roster_tables";
import { words } from "../words";
import type { Deck } from "./deck";
import type { Reading } from "./rosters.svelte";

/** What the file is looked at as while its name is none. */
const STAND_IN = "roster";

export class RosterImport {
  /** The name as it is typed. */
  name = $state("");
  /** What was understood; stays while the file is looked at again. */
  look = $state.raw<Look | null>(null);
  /** Why the file was refused, or could not be imported. */
  failure = $state.raw<Failure | null>(null);
  /** The tables of which one has to be chosen; empty if none has. */
  tables = $state.raw<readonly string[]>([]);
  /** The one that was chosen. */
  table = $state<string | null>(null);
  /** How the file is read at the moment. */
  doing = $state<Reading | null>(null);
  /** Whether the last import was cancelled. */
  isCancelled = $state(false);

  readonly #deck: Deck;
  #isClosed = false;
  /** The look that was asked for last. */
  #turn = 0;

  /** What it will be called: blanks around a name count only if a roster has them. */
  readonly called: string = $derived.by(() =>
    this.#isRoster(this.name) ? this.name : this.name.trim(),
  );

  readonly problem: RosterNameProblem | null = $derived.by(() => checkRosterName(this.called));

  /** Whether there is a roster of this name. */
  readonly isReplacing: boolean = $derived.by(() => this.#isRoster(this.called));

  /** How it differs from that; `null` until it was looked at under this name. */
  readonly replaces: Replaced | null = $derived.by(() =>
    this.look?.name === this.called ? this.look.replaces : null,
  );

  /** Whether what was looked at is what an import would bring. */
  readonly isCurrent: boolean = $derived.by(
    () => this.look !== null && (this.look.name === this.called || !this.isReplacing),
  );

  readonly isReady: boolean = $derived.by(
    () => this.doing === null && this.problem === null && this.isCurrent,
  );

  constructor(deck: Deck, file: RosterFile) {
    this.#deck = deck;
    this.name = file.name;
  }

  /** Looks at the file as it would be imported. Ends a look that is under way. */
  async lookAgain(): Promise<void> {
    if (this.doing === "import" || this.#isClosed) return;
    const { rosters } = this.#deck;
    const turn = ++this.#turn;
    void rosters.cancel();
    this.doing = "look";
    this.failure = null;
    const name = this.problem === null ? this.called : STAND_IN;
    const read = await rosters.read("look", name, this.table);
    if (turn !== this.#turn) return;
    this.doing = null;
    if (read !== null) this.#take(read);
  }

  choose(table: string): void {
    this.table = table;
    this.look = null;
    void this.lookAgain();
  }

  /** Imports it. Resolves to whether it is imported; otherwise it says why. */
  async import(): Promise<boolean> {
    if (!this.isReady) return false;
    const { rosters, toasts } = this.#deck;
    const counted = rosters.counted?.name;
    this.doing = "import";
    this.failure = null;
    this.isCancelled = false;
    const read = await rosters.read("import", this.called, this.table);
    this.doing = null;
    if (read === null) {
      this.isCancelled = true;
      return false;
    }
    if ("code" in read) {
      this.failure = read;
      if (this.#isClosed) toasts.failed(isolatedWithin(read.message));
      return false;
    }
    this.#welcome(read, counted ?? read.name);
    return true;
  }

  /** Ends what is under way. */
  cancel(): void {
    void this.#deck.rosters.cancel();
  }

  /** The dialog is gone: what is under way ends, and what had its end by then is told. */
  close(): void {
    this.#isClosed = true;
    this.#turn += 1;
    this.cancel();
  }

  #take(read: Look | Failure): void {
    if (!("code" in read)) {
      this.look = read;
      return;
    }
    this.look = null;
    const tables = tablesIn(read.message);
    if (tables === null) this.failure = read;
    else this.tables = tables;
  }

  #welcome(imported: Look, counted: string): void {
    const { rosters, choices, toasts } = this.#deck;
    // What is counted over changes only when a person says so.
    if (choices.roster !== counted) rosters.count(counted);
    rosters.selected = imported.name;
    rosters.isDetailed = true;
    toasts.done(words.rosters.import.done(imported), {
      label: words.rosters.show,
      run: () => (choices.view = "rosters"),
      isOffered: () => choices.view !== "rosters",
    });
  }

  #isRoster(name: string): boolean {
    return this.#deck.rosters.list?.some((roster) => roster.name === name) ?? false;
  }
}
