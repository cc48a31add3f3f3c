/** Adding, renaming, moving and removing components, by pointer and by keyboard. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { checkFreePath, checkMove, checkMoves, missingGroups } from "../src/model/paths";
import { marksOver, outermost } from "../src/model/several";
import { growTree, visibleNodes } from "../src/model/tree";
import { typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openComponent, openWindow } from "./support/open";

const user = userEvent.setup();
const row = (path: string) => screen.getByTestId(`row-${path}`);
const edits = (host: MemoryHost) => host.edits.map(({ edit }) => edit);
const name = () => screen.getByTestId<HTMLInputElement>("name");
const group = () => screen.getByTestId<HTMLInputElement>("group");
const note = () => screen.getByTestId("name-note").textContent.trim();
const groupNote = () => screen.getByTestId("group-note").textContent.trim();

async function type(field: HTMLInputElement, text: string) {
  await user.clear(field);
  if (text !== "") await user.type(field, text);
}

/** What was done is selected, in view, and has the keyboard. */
async function isRevealed(path: string) {
  await waitFor(() => expect(document.activeElement).toBe(row(path)));
  expect(row(path).ariaSelected).toBe("true");
  expect(document.querySelector("dialog")).toBeNull();
}

describe("a path", () => {
  const tree = growTree(typical().components);
  const long = "x".repeat(65);

  it.each([
    ["ui.other", null],
    ["other", null],
    ["a.b.c.d.e.f.g.h", null],
    ["", "empty"],
    ["ui.", "empty"],
    ["9lives", "first_letter"],
    ["_x", "first_letter"],
    ["käse", "letters"],
    ["a b", "letters"],
    [long, "too_long"],
    ["constructor", "reserved"],
    ["ui.prototype", "reserved"],
    ["__proto__", "reserved"],
    ["a.b.c.d.e.f.g.h.i", "too_deep"],
    ["ui.badges", "taken"],
    ["ui", "taken"],
    ["tracker.more", "in_component"],
  ])("%j is free unless it is %s", (path, problem) => {
    expect(checkFreePath(tree, path)?.kind ?? null).toBe(problem);
  });

  it("is free for a move unless that leads into itself, too deep, or onto another", () => {
    const kind = (from: string, to: string) => checkMove(tree, from, to)?.kind ?? null;
    expect(kind("ui", "ui")).toBeNull();
    expect(kind("ui", "search.ui")).toBeNull();
    expect(kind("ui", "ui.ui")).toBe("in_itself");
    expect(kind("search", "a.b.c.d.e.f.search")).toBe("too_deep");
    expect(kind("search", "a.b.c.d.e.search")).toBeNull();
    expect(kind("tracker", "ui.badges")).toBe("taken");
    const twice = [
      ["ui.badges", "same"],
      ["tracker", "same"],
    ] as const;
    expect(checkMoves(tree, twice)).toEqual({ kind: "same_name", segment: "same" });
  });

  it("names the groups that have to be made for it", () => {
    expect(missingGroups(tree, "search.fresh.by.age")).toEqual(["search.fresh", "search.fresh.by"]);
    expect(missingGroups(tree, "ui.other")).toEqual([]);
  });
});

describe("several paths", () => {
  const tree = growTree(typical().components);

  it("are those that hold the others, in the order of the tree", () => {
    const paths = ["search.ranking.neural", "ui.badges", "search", "gone", "ui.dashboard"];
    expect(outermost(tree, paths)).toEqual(["ui.badges", "ui.dashboard", "search"]);
  });

  it("gone over are components, closed groups, and open ones that are covered", () => {
    const closed = new Set(["search.ranking"]);
    const rows = visibleNodes(tree.roots, closed).slice(3);
    const marked = marksOver(rows, tree, (path) => !closed.has(path));
    expect(marked).toEqual([
      "ui",
      "ui.badges",
      "ui.dashboard",
      "ui.curationPanel",
      "search",
      "search.ranking",
      "search.suggestions",
    ]);
    expect(marksOver(rows.slice(0, 3), tree, () => true)).toEqual(["ui.badges", "ui.dashboard"]);
  });
});

describe("adding", () => {
  it("a component begins in the group that is selected, and ends with it shown", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.keyboard("{Control>}n{/Control}");
    await screen.findByTestId("add-dialog");
    expect(document.activeElement).toBe(name());
    expect(group().value).toBe("ui");
    await type(name(), "beacon");
    expect(note()).toBe("Its path: ui.beacon");
    await user.keyboard("{Enter}");
    await isRevealed("ui.beacon");
    expect(edits(host)).toEqual([{ kind: "add_component", path: "ui.beacon", on: false }]);
  });

  it("a component switched on, in groups that are made on the way", async () => {
    const host = await openWindow(typical());
    await user.click(screen.getByTestId("add-component"));
    await type(name(), "fresh.byAge");
    await user.click(screen.getByTestId("group-search"));
    expect(note()).toBe("Its path: search.fresh.byAge");
    expect(groupNote()).toBe("Makes the group search.fresh.");
    await user.click(screen.getByTestId("add-on"));
    await user.click(screen.getByTestId("go-on"));
    await isRevealed("search.fresh.byAge");
    expect(edits(host)).toEqual([{ kind: "add_component", path: "search.fresh.byAge", on: true }]);
  });

  it("a group", async () => {
    const host = await openWindow(typical());
    await user.keyboard("{Control>}{Shift>}n{/Shift}{/Control}");
    await screen.findByTestId("add-dialog");
    expect(screen.queryByTestId("add-on")).toBeNull();
    await user.keyboard("experiments{Enter}");
    await isRevealed("experiments");
    expect(edits(host)).toEqual([{ kind: "add_group", path: "experiments" }]);
  });

  it.each([
    ["badges", "ui", "Name: there is a ui.badges already."],
    ["9lives", "", "Name: 9lives has to start with a letter, A to Z."],
    ["a b", "", "Name: a b may only have letters A to Z, digits, - and _."],
    ["x".repeat(65), "", "Name: a part has up to 64 characters, not 65."],
    ["constructor", "", "Name: constructor is a word of JavaScript, so it cannot be used."],
    ["a.b.c.d.e.f.g.h.i", "", /^Name: a path has up to 8 parts/],
  ])("refuses %s in %j with one sentence while it is typed", async (text, where, sentence) => {
    const host = await openComponent(typical(), where === "" ? "tracker" : where);
    await user.keyboard("{Control>}n{/Control}");
    await screen.findByTestId("add-dialog");
    await fireEvent.input(name(), { target: { value: text } });
    expect(note()).toMatch(sentence);
    expect(name().getAttribute("aria-invalid")).toBe("true");
    await user.keyboard("{Enter}");
    expect(host.edits).toEqual([]);
    expect(name().value).toBe(text);
  });

  it("says nothing of a name that is not typed yet, until it is asked for", async () => {
    const host = await openWindow(typical());
    await user.click(screen.getByTestId("add-component"));
    expect(name().getAttribute("aria-invalid")).toBe("false");
    await user.click(screen.getByTestId("go-on"));
    expect(note()).toMatch(/^Name: .* 1 to 64 characters\.$/);
    expect(host.edits).toEqual([]);
  });

  it("refuses a component as a group, beside the group", async () => {
    await openWindow(typical());
    await user.click(screen.getByTestId("add-component"));
    await type(name(), "more");
    await type(group(), "tracker");
    expect(groupNote()).toBe("Group: tracker is a component, which cannot hold others.");
    expect(name().getAttribute("aria-invalid")).toBe("false");
  });

  it("keeps what was typed when it is refused, and says why", async () => {
    const host = await openWindow(typical());
    await user.click(screen.getByTestId("add-component"));
    await type(name(), "beacon");
    host.refusal = { code: "failed", message: "The disk is full.", problems: [] };
    await user.click(screen.getByTestId("go-on"));
    expect((await screen.findByTestId("refusal")).textContent).toContain("The disk is full.");
    expect(name().value).toBe("beacon");
    expect(screen.queryByTestId("toast")).toBeNull();
    host.refusal = null;
    await user.click(screen.getByTestId("go-on"));
    await isRevealed("beacon");
  });

  it("is put away by Escape, and the keyboard goes back", async () => {
    const host = await openWindow(typical());
    row("tracker").focus();
    await user.keyboard("{Control>}n{/Control}");
    const dialog = await screen.findByTestId("add-dialog");
    await fireEvent(dialog, new Event("cancel", { cancelable: true }));
    await waitFor(() => expect(document.activeElement).toBe(row("tracker")));
    expect(host.edits).toEqual([]);
  });

  it("shows what was added also where a filter would hide it", async () => {
    await openWindow(typical());
    await user.type(screen.getByTestId("filter"), "badges");
    await user.click(screen.getByTestId("add-component"));
    await type(name(), "beacon");
    await user.keyboard("{Enter}");
    await isRevealed("beacon");
    expect(screen.getByTestId<HTMLInputElement>("filter").value).toBe("");
  });
});

describe("choosing a group", () => {
  const options = () => within(screen.getByRole("listbox")).getAllByRole("option");

  it("finds by any part, is walked by arrows and taken by Enter", async () => {
    await openWindow(typical());
    await user.click(screen.getByTestId("add-component"));
    await type(group(), "rank");
    expect(options().map((option) => option.textContent.trim())).toEqual(["search.ranking"]);
    await user.keyboard("{ArrowDown}");
    const marked = document.getElementById(group().getAttribute("aria-activedescendant") ?? "");
    expect(marked?.textContent.trim()).toBe("search.ranking");
    await user.keyboard("{Enter}");
    expect(group().value).toBe("search.ranking");
    expect(options()).toHaveLength(4);
    expect(screen.getByTestId("add-dialog")).toBeTruthy();
  });
});

describe("renaming", () => {
  it("by F2 keeps rollout, description and what requires it", async () => {
    const host = await openComponent(typical(), "tracker");
    await user.keyboard("{F2}");
    await screen.findByTestId("rename-dialog");
    expect(name().value).toBe("tracker");
    await type(name(), "learner");
    await user.keyboard("{Enter}");
    await isRevealed("learner");
    expect(edits(host)).toEqual([{ kind: "move", from: "tracker", to: "learner" }]);
    expect(host.document.requires?.["ui.dashboard"]).toEqual(["learner"]);
    expect(host.document.about?.learner?.title).toBe("Learns from feedback");
  });

  it("is about the row that has the keyboard, not the one last selected", async () => {
    await openComponent(typical(), "tracker");
    row("tracker").focus();
    await user.keyboard("{ArrowUp}{F2}");
    expect(await screen.findByText("Rename calculator")).toBeTruthy();
  });

  it("within a group keeps the group, and dots are for moving", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.keyboard("{F2}");
    await type(name(), "a.b");
    expect(note()).toBe("A name has no dots. To put it into another group, use Move.");
    await type(name(), "dashboard");
    expect(note()).toBe("Name: there is a ui.dashboard already.");
    await type(name(), "marks{Enter}");
    await isRevealed("ui.marks");
    expect(edits(host)).toEqual([{ kind: "move", from: "ui.badges", to: "ui.marks" }]);
  });
});

describe("moving", () => {
  it("several at once is one revision, and they stay marked", async () => {
    const host = await openWindow(typical());
    await fireEvent.click(row("tracker"), { ctrlKey: true });
    await fireEvent.click(row("ui.badges"), { ctrlKey: true });
    await user.click(screen.getByTestId("bulk-move"));
    await user.click(await screen.findByTestId("group-search.ranking"));
    await user.click(screen.getByTestId("go-on"));
    await waitFor(() => expect(host.revision).toBe(1));
    expect(edits(host)).toEqual([
      {
        kind: "batch",
        edits: [
          { kind: "move", from: "tracker", to: "search.ranking.tracker" },
          { kind: "move", from: "ui.badges", to: "search.ranking.badges" },
        ],
      },
    ]);
    await waitFor(() => expect(row("search.ranking.badges").ariaSelected).toBe("true"));
    expect(screen.getByTestId("bulk-count").textContent).toBe("2 marked");
  });

  it("to the top level is offered first", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.keyboard("{Control>}{Shift>}m{/Shift}{/Control}");
    await screen.findByTestId("move-dialog");
    await type(group(), "");
    await user.keyboard("{Enter}");
    await isRevealed("badges");
    expect(edits(host)).toEqual([{ kind: "move", from: "ui.badges", to: "badges" }]);
  });

  it("offers no group inside what is moved, and refuses one that is typed", async () => {
    const host = await openComponent(typical(), "search");
    await user.keyboard("{Control>}{Shift>}m{/Shift}{/Control}");
    await screen.findByTestId("move-dialog");
    expect(screen.queryByTestId("group-search.ranking")).toBeNull();
    await type(group(), "search.ranking");
    expect(groupNote()).toBe("Group: search cannot be moved into itself.");
    await type(group(), "");
    await user.keyboard("{Enter}");
    expect(groupNote()).toBe("It is at the top level already.");
    expect(host.edits).toEqual([]);
  });

  it("refuses two of one name", async () => {
    const document = typical();
    document.components.other = { badges: true };
    await openWindow(document);
    await fireEvent.click(row("other.badges"), { ctrlKey: true });
    await fireEvent.click(row("ui.badges"), { ctrlKey: true });
    await user.click(screen.getByTestId("bulk-move"));
    await type(group(), "search");
    expect(groupNote()).toBe("Group: two of them are called badges, and only one can go there.");
  });
});

describe("removing", () => {
  it("one that is off and that nothing depends on is done at once, with undo, and the next row has the keyboard", async () => {
    const host = await openComponent(typical(), "orchestrator");
    row("orchestrator").focus();
    await user.keyboard("{Delete}");
    await waitFor(() => expect(host.revision).toBe(1));
    expect(edits(host)).toEqual([{ kind: "remove", paths: ["orchestrator"], release: false }]);
    expect(document.querySelector("dialog")).toBeNull();
    await waitFor(() => expect(document.activeElement).toBe(row("ui")));
    await user.click(await screen.findByText("Undo"));
    await waitFor(() => expect(row("orchestrator")).toBeTruthy());
  });

  it("one that is on asks first, and says who loses it", async () => {
    const host = await openComponent(typical(), "calculator");
    row("calculator").focus();
    await user.keyboard("{Delete}");
    await screen.findByTestId("remove-dialog");
    expect(await screen.findByText(/100 % lose it/)).toBeTruthy();
    expect(host.edits).toEqual([]);
    await user.click(screen.getByTestId("go-on"));
    await waitFor(() => expect(host.revision).toBe(1));
    await waitFor(() => expect(document.activeElement).toBe(row("tracker")));
  });

  it("one that others require names them, and goes on all the same", async () => {
    const host = await openComponent(typical(), "tracker");
    row("tracker").focus();
    await user.keyboard("{Delete}");
    const dependents = await screen.findByTestId("dependents");
    expect(dependents.textContent).toMatch(/2 components require .*ui\.dashboard.*search\.sugg/);
    expect(host.edits).toEqual([]);
    await user.click(screen.getByTestId("go-on"));
    await waitFor(() => expect(host.revision).toBe(1));
    expect(edits(host)).toEqual([{ kind: "remove", paths: ["tracker"], release: true }]);
    expect(host.document.requires?.["ui.dashboard"]).toBeUndefined();
    await waitFor(() => expect(document.activeElement).toBe(row("orchestrator")));
  });

  it("a group names what is inside, and what inside is required from outside", async () => {
    const host = await openComponent(typical(), "search.ranking");
    row("search.ranking").focus();
    await user.keyboard("{Delete}");
    const removed = await screen.findByTestId("removed");
    expect(removed.textContent).toMatch(/Removes 2 components:.*neural.*feedback/);
    expect(screen.getByTestId("dependents").textContent).toContain("search.suggestions");
    await user.click(screen.getByText("Cancel"));
    expect(host.edits).toEqual([]);
  });

  it("several is asked about, and made as one revision", async () => {
    const host = await openWindow(typical());
    await fireEvent.click(row("calculator"), { ctrlKey: true });
    await fireEvent.click(row("ui"), { ctrlKey: true });
    await fireEvent.click(row("ui.badges"), { ctrlKey: true });
    await user.click(screen.getByTestId("bulk-remove"));
    expect(await screen.findByText("Remove 2 rows?")).toBeTruthy();
    await user.click(screen.getByTestId("go-on"));
    await waitFor(() => expect(host.revision).toBe(1));
    expect(edits(host)).toEqual([{ kind: "remove", paths: ["calculator", "ui"], release: false }]);
    expect(screen.queryByTestId("bulk")).toBeNull();
  });

  it("that is refused elsewhere says why, and nothing is lost", async () => {
    const host = await openComponent(typical(), "ui");
    row("ui").focus();
    await user.keyboard("{Delete}");
    await screen.findByTestId("remove-dialog");
    host.refusal = {
      code: "invalid",
      message: "The document would not be valid.",
      problems: [
        {
          severity: "error",
          code: "still_required",
          pointer: "",
          message: "x requires ui.badges.",
        },
      ],
    };
    await user.click(screen.getByTestId("go-on"));
    expect((await screen.findByTestId("refusal")).textContent).toContain("x requires ui.badges.");
    await waitFor(() => expect(row("ui.badges")).toBeTruthy());
  });
});
