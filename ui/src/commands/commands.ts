/** What each command does, and whether it can be done at the moment. */

import { createContext } from "svelte";

import type { Snapshot } from "../bindings/wire";
import { offeredRollback } from "../model/performance";
import { ALL } from "../model/tree";
import type { Deck } from "../state/deck";
import { exportChosen, importSome, togglePin } from "../state/keeping";
import type { Way } from "../state/live.svelte";
import { remove } from "../state/removal";
import { cancelRestore, restorable, showRestoreOf } from "../state/restoring";
import { words } from "../words";
import { entryOf, type CommandId } from "./catalogue";
import { hasOwnUndo } from "./keys";
import { Steps } from "./steps";

export const ZOOM_MIN = 100;
const ZOOM_MAX = 200;
const ZOOM_STEP = 10;

interface Command {
  run: () => void;
  /** Left out where it always can be done. */
  isEnabled?: () => boolean;
  /** Says why it cannot be done. */
  refuse?: () => void;
  /** In place of the catalogue's label. */
  label?: () => string;
  /** Whether it is about the flags as they are: in view of the past it does nothing but say so. */
  isOfNow?: () => boolean;
}

const ofNow = () => true;

export class Commands {
  readonly steps: Steps;

  readonly #deck: Deck;
  readonly #all: Record<CommandId, Command>;

  constructor(deck: Deck) {
    this.#deck = deck;
    this.steps = new Steps(deck);
    this.#all = this.#define();
  }

  run(id: CommandId): void {
    if (this.#isAway(id)) void this.#deck.shown.refuse();
    else if (this.isEnabled(id)) this.#all[id].run();
    else this.#all[id].refuse?.();
  }

  isEnabled(id: CommandId): boolean {
    return !this.#isAway(id) && (this.#all[id].isEnabled?.() ?? true);
  }

  /** What it is called, with the step it would take back or bring back. */
  label(id: CommandId): string {
    return this.#all[id].label?.() ?? entryOf(id).label;
  }

  /** Whether it is about the present while the past is in view. */
  #isAway(id: CommandId): boolean {
    return this.#deck.shown.isPastInView && (this.#all[id].isOfNow?.() ?? false);
  }

  #define(): Record<CommandId, Command> {
    const { live, past, shown, choices, overlay, browsing } = this.#deck;
    const isWritable = () => live.flags !== null && live.isWritable;
    const hasComponent = () => isWritable() && this.#chosen().length > 0;
    const hasOne = () => isWritable() && this.#chosen().length === 1;
    const newest = () => live.stored?.revision ?? 0;
    const hasNeighbour = (by: 1 | -1) =>
      shown.isPastInView && past.neighbour(by, newest()) !== null;
    const { snapshots, pulse } = this.#deck;
    const rollback = () => {
      const plan = offeredRollback(pulse.latest);
      return plan && live.isPossible(plan) ? plan : null;
    };
    const isAtSnapshots = () => choices.view === "snapshots" && (snapshots.total ?? 0) > 0;
    const canRestore = () =>
      choices.view === "snapshots" && restorable(this.#deck).refusal === null;
    /** That of the source that is looked at. */
    const openRestore = () => {
      const source = choices.view === "snapshots" ? snapshots.source : null;
      const restore = this.#deck.sources.get(source)?.restore;
      return restore?.status === "open" ? restore : null;
    };
    const hasSnapshot = () => choices.view === "snapshots" && snapshots.toSnapshot !== null;
    const zoom = (to: number) => (choices.zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, to)));
    return {
      import: { run: () => void this.#import(), isEnabled: isWritable, isOfNow: ofNow },
      export: {
        run: () => void this.#export(),
        isEnabled: () => live.flags !== null,
        isOfNow: ofNow,
      },
      json: {
        run: () => overlay.show({ kind: "json" }),
        isEnabled: () => live.flags !== null,
        isOfNow: ofNow,
      },
      back_up: { run: () => void this.#backUp(), isEnabled: isWritable },
      quit: { run: () => void this.quit() },
      undo: this.#step("undo"),
      redo: this.#step("redo"),
      add_component: {
        run: () => this.#add("component"),
        isEnabled: isWritable,
        isOfNow: ofNow,
      },
      add_group: { run: () => this.#add("group"), isEnabled: isWritable, isOfNow: ofNow },
      rename: {
        run: () => overlay.show({ kind: "rename", path: this.#chosen()[0] ?? "" }),
        isEnabled: hasOne,
        isOfNow: ofNow,
      },
      move: {
        run: () => overlay.show({ kind: "move", paths: this.#chosen() }),
        isEnabled: hasComponent,
        isOfNow: ofNow,
      },
      remove: {
        run: () => remove(this.#deck, this.#chosen()),
        isEnabled: hasComponent,
        isOfNow: ofNow,
      },
      explain: {
        run: () => {
          browsing.select(choices.view === "flags" ? browsing.current : browsing.selected);
          this.#want("explain");
        },
      },
      filter: { run: () => this.#want("filter") },
      as_of: { run: () => void this.#lookBack(), isEnabled: () => live.flags !== null },
      older_revision: {
        run: () => past.step(-1, newest()),
        isEnabled: () => hasNeighbour(-1),
      },
      newer_revision: {
        run: () => past.step(1, newest()),
        isEnabled: () => hasNeighbour(1),
      },
      back_to_now: { run: () => past.leave(), isEnabled: () => shown.isPastInView },
      roll_back: {
        run: () => {
          const plan = rollback();
          if (plan) void live.rollBack(plan);
        },
        isEnabled: () => rollback() !== null,
        isOfNow: ofNow,
        label: () => words.commands.rollBack(rollback()),
      },
      // Always there, whatever the window believes: it may be what hangs.
      all_off: { run: () => void live.allOff() },
      take_snapshot: {
        run: () => {
          choices.view = "snapshots";
          overlay.show({ kind: "take_snapshot", source: this.#deck.snapshots.narrowing.source });
        },
      },
      import_snapshots: { run: () => void importSome(this.#deck) },
      export_snapshots: { run: () => void exportChosen(this.#deck), isEnabled: hasSnapshot },
      compare_now: {
        run: () => this.#ofSnapshot((snapshot) => snapshots.compareWithNow(snapshot)),
        isEnabled: () => {
          const source = this.#deck.sources.get(snapshots.toSnapshot?.source ?? null);
          return hasSnapshot() && source?.atMs != null;
        },
      },
      restore_snapshot: {
        run: () => {
          const { snapshot } = restorable(this.#deck);
          if (snapshot) overlay.show({ kind: "restore_state", snapshot });
        },
        isEnabled: canRestore,
      },
      restore_value: {
        run: () => {
          const { part } = this.#deck.compare;
          if (part !== null) showRestoreOf(this.#deck, part);
        },
        isEnabled: () => canRestore() && this.#deck.compare.part !== null,
      },
      cancel_restore: {
        run: () => {
          const open = openRestore();
          if (open) void cancelRestore(this.#deck, open);
        },
        isEnabled: () => openRestore() !== null,
      },
      show_restores: {
        run: () => overlay.show({ kind: "restores", source: snapshots.narrowing.source }),
      },
      previous_snapshot: { run: () => void snapshots.step(-1), isEnabled: isAtSnapshots },
      next_snapshot: { run: () => void snapshots.step(1), isEnabled: isAtSnapshots },
      play_snapshots: { run: () => snapshots.playback.toggle(), isEnabled: isAtSnapshots },
      pin_snapshot: {
        run: () => this.#ofSnapshot((snapshot) => void togglePin(this.#deck, snapshot)),
        isEnabled: hasSnapshot,
      },
      label_snapshot: {
        run: () =>
          this.#ofSnapshot((snapshot) => overlay.show({ kind: "label_snapshot", snapshot })),
        isEnabled: hasSnapshot,
      },
      palette: { run: () => overlay.show({ kind: "palette" }) },
      view_dashboard: { run: () => (choices.view = "dashboard") },
      view_flags: { run: () => (choices.view = "flags") },
      view_metrics: { run: () => (choices.view = "metrics") },
      view_snapshots: { run: () => (choices.view = "snapshots") },
      view_activity: { run: () => (choices.view = "activity") },
      view_settings: { run: () => (choices.view = "settings") },
      theme_light: { run: () => (choices.theme = "light") },
      theme_dark: { run: () => (choices.theme = "dark") },
      theme_system: { run: () => (choices.theme = "system") },
      zoom_in: {
        run: () => zoom(choices.zoom + ZOOM_STEP),
        isEnabled: () => choices.zoom < ZOOM_MAX,
      },
      zoom_out: {
        run: () => zoom(choices.zoom - ZOOM_STEP),
        isEnabled: () => choices.zoom > ZOOM_MIN,
      },
      zoom_reset: { run: () => zoom(ZOOM_MIN) },
      help: { run: () => overlay.show({ kind: "help" }) },
      shortcuts: { run: () => overlay.show({ kind: "shortcuts" }) },
      tour: { run: () => overlay.show({ kind: "tour" }) },
      about: {
        run: () => {
          browsing.settingsPart = "about";
          choices.view = "settings";
        },
      },
    };
  }

  #step(way: Way): Command {
    const isOfText = () => hasOwnUndo(document.activeElement);
    return {
      run: () => this.#orInText(way, () => this.steps.run(way)),
      isEnabled: () => isOfText() || this.steps.refusal(way) === null,
      isOfNow: () => !isOfText(),
      label: () => words.commands[way](this.steps.sentence(way) ?? undefined),
      refuse: () => this.steps.run(way),
    };
  }

  /** What commands on components act on: the marked ones, else the one a person is at. */
  #chosen(): readonly string[] {
    const { browsing, live, choices } = this.#deck;
    if (choices.view !== "flags") return [];
    if (browsing.marked.size > 0) return [...browsing.marked];
    const path = browsing.current;
    return path !== ALL && live.tree.byPath.has(path) ? [path] : [];
  }

  #ofSnapshot(act: (snapshot: Snapshot) => void): void {
    const snapshot = this.#deck.snapshots.toSnapshot;
    if (snapshot) act(snapshot);
  }

  /** Shows what a file that was dropped on the window would change; not over an open dialog. */
  async takeDropped(): Promise<void> {
    const { host, live, shown, overlay } = this.#deck;
    await this.#attempt(async () => {
      const file = await host.droppedFile();
      if (!file || !live.isWritable) return;
      if (shown.isPastInView) void shown.refuse();
      else if (overlay.isCovering) live.toasts.failed(words.commands.dropLater);
      else overlay.show({ kind: "import", ...file });
    });
  }

  /** Closes the window, after a question where something typed would be lost. */
  async quit(): Promise<void> {
    if (this.#deck.browsing.isUnsaved) this.#deck.overlay.isClosing = true;
    else await this.close();
  }

  /** Closes the window, whatever is unsaved. */
  async close(): Promise<void> {
    await this.#attempt(() => this.#deck.host.close());
  }

  #add(what: "component" | "group"): void {
    const { browsing, live, overlay, choices } = this.#deck;
    const selected = choices.view === "flags" ? live.tree.byPath.get(browsing.current) : undefined;
    const group = selected?.children ? selected.path : (selected?.parent ?? "");
    overlay.show({ kind: "add", what, group });
  }

  /** Begins with the flags as of this moment, which can be read, and asks for another. */
  async #lookBack(): Promise<void> {
    const { past } = this.#deck;
    // What the keys have moved becomes a draft, which is meant for the flags as they are.
    if (past.seen === null && document.activeElement instanceof HTMLElement) {
      document.activeElement.blur();
    }
    if (past.seen !== null || (await past.show({ at_ms: Date.now() }))) this.#want("moment");
  }

  #want(what: "explain" | "filter" | "moment"): void {
    this.#deck.choices.view = "flags";
    this.#deck.browsing.wanted = what;
  }

  /** Keys that the native menu takes still mean text where text is typed. */
  #orInText(what: Way, otherwise: () => void): void {
    // The engine offers no other way to its own undo.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    if (hasOwnUndo(document.activeElement)) document.execCommand(what);
    else otherwise();
  }

  async #import(): Promise<void> {
    const { host, overlay } = this.#deck;
    await this.#attempt(async () => {
      const file = await host.chooseFile();
      if (file) overlay.show({ kind: "import", ...file });
    });
  }

  async #export(): Promise<void> {
    const { host, live } = this.#deck;
    await this.#attempt(async () => {
      const place = await host.saveFile("flags.json", await host.documentText());
      if (place !== null) live.toasts.done(words.commands.exported(place));
    });
  }

  async #backUp(): Promise<void> {
    const { host, live } = this.#deck;
    await this.#attempt(async () => {
      const backup = await host.backUp();
      live.toasts.done(
        backup ? words.commands.backedUp(backup.name) : words.commands.backedUpAlready,
      );
    });
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (reason) {
      this.#deck.live.toasts.refused(reason);
    }
  }
}

export const [useCommands, setCommands] = createContext<Commands>();
