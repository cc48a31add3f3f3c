/** Help: every page can be found and read, and says nothing the window does not know. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import { catalogue } from "../src/commands/catalogue";
import { findPages, piecesOf } from "../src/model/helpSearch";
import { words } from "../src/words";
import type { HelpBlock } from "../src/words/help";
import { typical } from "./support/documents";
import { openWindow, press } from "./support/open";
import { sampleSettings } from "./support/settings";

const pages = words.help.pages;

const textsOf = (block: HelpBlock): string[] =>
  "items" in block ? block.items.flat() : [block.text];

/** Everything written as code in the texts. */
const code = pages.flatMap((page) =>
  page.blocks
    .flatMap(textsOf)
    .flatMap((text) => text.split("`").filter((_, index) => index % 2 === 1)),
);

async function openHelp(): Promise<void> {
  await openWindow(typical(), "flags");
  await press(document.body, "F1");
  await screen.findByTestId("help");
}

const page = () => screen.getByTestId("help-page").textContent;
const listed = () =>
  screen.getAllByTestId(/^help-(?!page|search)/).map((button) => button.textContent);

describe("help", () => {
  it("is opened by its key with the keyboard in its search, and closed by Escape", async () => {
    await openHelp();
    expect(document.activeElement).toBe(screen.getByTestId("help-search"));
    expect(page()).toContain("What Flagdeck is");
    await fireEvent(screen.getByTestId("help"), new Event("cancel", { cancelable: true }));
    expect(screen.queryByTestId("help")).toBeNull();
  });

  it("lists its pages and shows the one chosen", async () => {
    await openHelp();
    expect(listed()).toEqual(pages.map(({ title }) => title));
    for (const { id, title } of pages) {
      await fireEvent.click(screen.getByTestId(`help-${id}`));
      expect(screen.getByTestId(`help-${id}`).getAttribute("aria-current")).toBe("page");
      expect(screen.getByRole("heading", { name: title })).toBeTruthy();
    }
  });

  it("is searched through in full, marks what it found, and Enter goes to reading it", async () => {
    await openHelp();
    const search = screen.getByTestId("help-search");
    await fireEvent.input(search, { target: { value: "quarantine" } });
    expect(listed()).toEqual(["Where data is, and backups", "When something goes wrong"]);
    expect(document.querySelector("mark")?.textContent).toBe("quarantine");
    await press(search, "Enter");
    expect(document.activeElement).toBe(screen.getByTestId("help-page"));

    await fireEvent.input(search, { target: { value: "unicorns" } });
    expect(page()).toContain("No page says “unicorns”");
    await press(search, "Escape");
    expect(listed()).toHaveLength(pages.length);
    screen.getByTestId("help");
  });

  it("is opened from the settings at the page about connecting", async () => {
    await openWindow(typical(), "settings");
    await fireEvent.click(screen.getByTestId("part-connect"));
    await fireEvent.click(await screen.findByTestId("connect-help"));
    await waitFor(() => expect(page()).toContain("Connecting an application"));
  });
});

describe("the pages of help", () => {
  it("have names of their own, something to read, and code that is closed", () => {
    expect(new Set(pages.map(({ id }) => id)).size).toBe(pages.length);
    for (const { blocks } of pages) {
      expect(blocks.length).toBeGreaterThan(1);
      for (const text of blocks.flatMap(textsOf)) {
        expect(text.split("`").length % 2, text).toBe(1);
      }
    }
  });

  it("name keys that the window has", () => {
    const ofCommands = catalogue.flatMap(({ keys, alsoKeys }) => [keys, alsoKeys]);
    const ofParts = words.commands.shortcuts.sections.flatMap((part) =>
      part.keys.flatMap(({ keys }) => keys),
    );
    const keys = new Set<string | undefined>([...ofCommands, ...ofParts]);
    const named = code.filter((text) => /^(Ctrl\+.+|F\d+|Delete|[A-Z]|\/)$/.test(text));
    expect(named.length).toBeGreaterThan(10);
    for (const key of named) expect(keys, key).toContain(key);
  });

  it("name settings and variables that there are", () => {
    const settings = sampleSettings();
    const known = new Set(settings.flatMap(({ name, variable }) => [name, variable]));
    const named = code.filter((text) => /^(http\.\w+|FLAGDECK_HTTP\w+)$/.test(text));
    expect(named.length).toBeGreaterThan(1);
    for (const name of named) expect(known, name).toContain(name);
  });
});

describe("a search in the help", () => {
  it("takes every word, in any order and case, titles first", () => {
    const found = (query: string) => findPages(pages, query).map(({ id }) => id);
    expect(found("BACKUPS data")[0]).toBe("data");
    expect(found("undo")[0]).toBe("undo");
    expect(found("port used")).toContain("trouble");
    expect(found("port unicorn")).toEqual([]);
  });

  it("marks stretches of text and of code, whatever signs they have", () => {
    expect(piecesOf("Press `Ctrl+K` (often)", "ctrl+ (o")).toEqual([
      { text: "Press ", isCode: false, isFound: false },
      { text: "Ctrl+", isCode: true, isFound: true },
      { text: "K", isCode: true, isFound: false },
      { text: " ", isCode: false, isFound: false },
      { text: "(o", isCode: false, isFound: true },
      { text: "ften)", isCode: false, isFound: false },
    ]);
  });
});
