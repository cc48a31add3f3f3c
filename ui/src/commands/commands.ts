/** What each command does, and whether it can be done at the moment. */

import { createContext } from "svelte";

import { asFailure } from "../host/host";
import { ALL } from "../model/tree";
import type { Deck } from "../state/deck";
import { remove } from "../state/removal";
import { words } from "../words";
import { entryOf, type CommandId } from "./catalogue";
import { hasUnsavedText } from "./keys";

export const ZOOM_MIN = 100;
export const ZOOM_MAX = 200;
const ZOOM_STEP = 10;

interface Command {
  run: () => void;
  /** Left out where it always can be done. */
  isEnabled?: () => boolean;
  /** In place of the catalogue's label. */
  label?: () => string;
}

export class Commands {
  readonly #deck: Deck;
  readonly #all: Record<CommandId, Command>;

  constructor(deck: Deck) {
    this.#deck = deck;
    this.#all = this.#define();
  }

  run(id: CommandId): void {
    if (this.isEnabled(id)) this.#all[id].run();
  }

  isEnabled(id: CommandId): boolean {
    return this.#all[id].isEnabled?.() ?? true;
  }

  /** What it is called, with the step it would take back or bring back. */
  label(id: CommandId): string {
    return this.#all[id].label?.() ?? entryOf(id).label;
  }

  #define(): Record<CommandId, Command> {
    const { live, choices, overlay, browsing } = this.#deck;
    const isWritable = () => live.flags !== null && live.isWritable;
    const hasComponent = () => isWritable() && this.#chosen().length > 0;
    const hasOne = () => isWritable() && this.#chosen().length === 1;
    const zoom = (to: number) => (choices.zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, to)));
    return {
      import: { run: () => void this.#import(), isEnabled: isWritable },
      export: { run: () => void this.#export(), isEnabled: () => live.flags !== null },
      json: { run: () => overlay.show({ kind: "json" }), isEnabled: () => live.flags !== null },
      back_up: { run: () => void this.#backUp(), isEnabled: isWritable },
      quit: { run: () => void this.quit() },
      undo: {
        run: () => this.#orInText("undo", () => void live.undo()),
        isEnabled: () =>
          hasUnsavedText(document.activeElement) || (isWritable() && !!live.flags?.undo),
        label: () => words.commands.undo(live.flags?.undo?.sentence),
      },
      redo: {
        run: () => this.#orInText("redo", () => void live.redo()),
        isEnabled: () =>
          hasUnsavedText(document.activeElement) || (isWritable() && !!live.flags?.redo),
        label: () => words.commands.redo(live.flags?.redo?.sentence),
      },
      add_component: { run: () => this.#add("component"), isEnabled: isWritable },
      add_group: { run: () => this.#add("group"), isEnabled: isWritable },
      rename: {
        run: () => overlay.show({ kind: "rename", path: this.#chosen()[0] ?? "" }),
        isEnabled: hasOne,
      },
      move: {
        run: () => overlay.show({ kind: "move", paths: this.#chosen() }),
        isEnabled: hasComponent,
      },
      remove: {
        run: () => remove(this.#deck, this.#chosen()),
        isEnabled: hasComponent,
      },
      explain: {
        run: () => {
          browsing.select(choices.view === "flags" ? browsing.current : browsing.selected);
          this.#want("explain");
        },
      },
      filter: { run: () => this.#want("filter") },
      // Always there, whatever the window believes: it may be what hangs.
      all_off: { run: () => void live.allOff() },
      palette: { run: () => overlay.show({ kind: "palette" }) },
      view_dashboard: { run: () => (choices.view = "dashboard") },
      view_flags: { run: () => (choices.view = "flags") },
      view_metrics: { run: () => (choices.view = "metrics") },
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

  /** What commands on components act on: the marked ones, else the one a person is at. */
  #chosen(): readonly string[] {
    const { browsing, live, choices } = this.#deck;
    if (choices.view !== "flags") return [];
    if (browsing.marked.size > 0) return [...browsing.marked];
    const path = browsing.current;
    return path !== ALL && live.tree.byPath.has(path) ? [path] : [];
  }

  /** Shows what a file that was dropped on the window would change; not over something unsaved. */
  async takeDropped(): Promise<void> {
    const { host, live, overlay, browsing } = this.#deck;
    await this.#attempt(async () => {
      const file = await host.droppedFile();
      if (!file || !live.isWritable) return;
      if (browsing.isUnsaved) live.toasts.failed(words.commands.dropLater);
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

  #want(what: "explain" | "filter"): void {
    this.#deck.choices.view = "flags";
    this.#deck.browsing.wanted = what;
  }

  /** Keys that the native menu takes still mean text where text is typed. */
  #orInText(what: "undo" | "redo", otherwise: () => void): void {
    // The engine offers no other way to its own undo.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    if (hasUnsavedText(document.activeElement)) document.execCommand(what);
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
      this.#deck.live.toasts.failed(asFailure(reason).message);
    }
  }
}

export const [useCommands, setCommands] = createContext<Commands>();
