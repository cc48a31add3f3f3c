/** The catalogue of commands, their keys, and who may run them when. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { contributions } from "../src/commands/all";
import { catalogue } from "../src/commands/catalogue";
import { ariaKeys, keyCaps } from "../src/commands/keys";
import { Steps } from "../src/commands/steps";
import { makeDeck } from "../src/state/deck";
import { words } from "../src/words";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openWindow } from "./support/open";

const user = userEvent.setup();

describe("the catalogue", () => {
  it("holds every command that a view contributes, each contributed once", () => {
    const deck = makeDeck(new MemoryHost(typical()));
    const contributed = contributions(deck, new Steps(deck)).flatMap((set) => Object.keys(set));
    expect(catalogue.map(({ id }) => id).sort()).toEqual(contributed.sort());
  });

  it("gives keys to views that there are", () => {
    const views = catalogue.flatMap(({ view }) => view ?? []);
    expect(Object.keys(words.frame.views)).toEqual(expect.arrayContaining(views));
    expect(views).toContain("snapshots");
  });

  it("gives no key to two commands", () => {
    const keys = catalogue.map(({ keys }) => keys).filter(Boolean);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("keys", () => {
  it.each([
    ["Ctrl+Shift+Z", ["Ctrl", "Shift", "Z"], "Control+Shift+Z"],
    ["Ctrl++", ["Ctrl", "+"], "Control+Plus"],
    ["/", ["/"], "/"],
    ["F2", ["F2"], "F2"],
  ])("%s are written out and named", (keys, caps, named) => {
    expect(keyCaps(keys)).toEqual(caps);
    expect(ariaKeys(keys)).toBe(named);
  });
});

describe("the sheet of shortcuts", () => {
  it("shows every key of the catalogue, by menu", async () => {
    await openWindow(typical(), "dashboard");
    await user.keyboard("{Control>}?{/Control}");
    const sheet = screen.getByTestId("shortcuts");
    for (const { keys, alsoKeys, label } of catalogue) {
      if (keys === "") continue;
      const row = within(sheet).getByText(label, { selector: "dt" }).parentElement;
      const caps = [...(row?.querySelectorAll("kbd") ?? [])].map((each) => each.textContent);
      expect(caps).toEqual([...keyCaps(keys), ...(alsoKeys ? keyCaps(alsoKeys) : [])]);
    }
    for (const menu of new Set(catalogue.map(({ menu }) => menu))) {
      within(sheet).getByRole("heading", { name: menu });
    }
  });
});

describe("the native menu", () => {
  it("runs commands", async () => {
    const host = await openWindow(typical(), "dashboard");
    host.announce({ kind: "command", id: "view_flags" });
    await screen.findByTestId("row-*");
  });

  it("runs nothing beneath a dialog but what is always there", async () => {
    const host = await openWindow(typical(), "dashboard");
    await user.keyboard("{Control>}?{/Control}");
    host.announce({ kind: "command", id: "palette" });
    host.announce({ kind: "command", id: "view_flags" });
    host.announce({ kind: "command", id: "zoom_in" });
    await waitFor(() => expect(host.chosen.zoom).toBe(110));
    screen.getByTestId("shortcuts");
    expect(screen.queryByTestId("palette")).toBeNull();
    expect(screen.queryByTestId("row-*")).toBeNull();
  });

  it("is not confused by names it does not know", async () => {
    const host = await openWindow(typical(), "dashboard");
    host.announce({ kind: "command", id: "constructor" });
    await screen.findByTestId("master-switch");
  });
});
