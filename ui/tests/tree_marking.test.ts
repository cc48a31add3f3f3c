/** Marking rows by pointer and by keyboard, and what is done to all that are marked. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { huge, typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openWindow, press } from "./support/open";

const user = userEvent.setup();

const row = (path: string) => screen.getByTestId(`row-${path}`);
const edits = (host: MemoryHost) => host.edits.map(({ edit }) => edit);
const count = () => screen.queryByTestId("bulk-count")?.textContent ?? "none marked";
const selected = () =>
  [...document.querySelectorAll<HTMLElement>('[role="row"][aria-selected="true"]')].map(
    (each) => each.dataset.row,
  );

const click = (path: string, keys: MouseEventInit = {}) => fireEvent.click(row(path), keys);

/** Presses keys on whatever row has the keyboard. */
async function walk(...keys: [key: string, more?: KeyboardEventInit][]) {
  for (const [key, more] of keys) await press(document.activeElement ?? document.body, key, more);
}

describe("marking by pointer", () => {
  it("takes in the selected row with the first Ctrl click, and turns single marks", async () => {
    await openWindow(typical());
    await click("calculator");
    await click("ui.badges", { ctrlKey: true });
    expect(selected()).toEqual(["calculator", "ui.badges"]);
    await click("calculator", { ctrlKey: true });
    expect(selected()).toEqual(["ui.badges"]);
    expect(count()).toBe("1 marked");
    expect(screen.getByRole("treegrid").getAttribute("aria-multiselectable")).toBe("true");
  });

  it("marks a stretch with Shift, and nothing else than that", async () => {
    await openWindow(typical());
    await click("tracker");
    await click("ui.badges", { shiftKey: true });
    // Part of the group is beyond the stretch, so the group itself is not marked.
    expect(selected()).toEqual(["tracker", "orchestrator", "ui.badges"]);
    await click("calculator", { shiftKey: true });
    expect(selected()).toEqual(["calculator", "tracker"]);
  });

  it("marks a group only where the stretch covers all of it", async () => {
    await openWindow(typical());
    await click("orchestrator");
    await click("ui.curationPanel", { shiftKey: true });
    expect(selected()).toEqual([
      "orchestrator",
      "ui",
      "ui.badges",
      "ui.dashboard",
      "ui.curationPanel",
    ]);
    expect(count()).toBe("4 marked");
  });

  it("ends with a plain click, which selects that row alone", async () => {
    await openWindow(typical());
    await click("tracker", { ctrlKey: true });
    await click("search", { ctrlKey: true });
    expect(count()).toBe("4 marked");
    await click("ui");
    expect(count()).toBe("none marked");
    expect(selected()).toEqual(["ui"]);
  });

  it("shows the details of the row that was clicked last", async () => {
    await openWindow(typical());
    await click("calculator");
    await click("ui.badges", { ctrlKey: true });
    expect(row("ui.badges").getAttribute("aria-current")).toBe("true");
    expect(row("calculator").getAttribute("aria-current")).toBeNull();
  });
});

describe("marking by keyboard", () => {
  it("stretches with Shift and the arrows from where the keyboard is, back and forth", async () => {
    await openWindow(typical());
    row("*").focus();
    await walk(["ArrowDown"], ["ArrowDown"]);
    await walk(["ArrowDown", { shiftKey: true }]);
    expect(selected()).toEqual(["tracker", "orchestrator"]);
    await walk(["ArrowUp", { shiftKey: true }], ["ArrowUp", { shiftKey: true }]);
    expect(selected()).toEqual(["calculator", "tracker"]);
  });

  it("turns single marks with Ctrl and Space, keeps them while walking with Ctrl, clears with Escape", async () => {
    const host = await openWindow(typical());
    row("calculator").focus();
    await walk(
      [" ", { ctrlKey: true }],
      ["ArrowDown", { ctrlKey: true }],
      ["ArrowDown", { ctrlKey: true }],
      [" ", { ctrlKey: true }],
    );
    expect(selected()).toEqual(["calculator", "orchestrator"]);
    await walk([" ", { ctrlKey: true }]);
    expect(selected()).toEqual(["calculator"]);
    await walk(["Escape"]);
    expect(count()).toBe("none marked");
    expect(host.edits).toEqual([]);
  });

  it("marks everything with Ctrl and A, and only what a filter shows", async () => {
    await openWindow(typical());
    row("*").focus();
    await walk(["a", { ctrlKey: true }]);
    expect(count()).toBe("9 marked");
    await walk(["Escape"]);
    await user.type(screen.getByTestId("filter"), "badges{ArrowDown}");
    await walk(["a", { ctrlKey: true }]);
    expect(count()).toBe("1 marked");
    expect(selected()).toEqual(["ui.badges"]);
  });

  it("leaves Ctrl and A in the filter to its text", async () => {
    await openWindow(typical());
    await press(screen.getByTestId("filter"), "a", { ctrlKey: true });
    expect(count()).toBe("none marked");
  });

  it("marks all of ten thousand", async () => {
    await openWindow(huge());
    row("*").focus();
    await walk(["a", { ctrlKey: true }]);
    expect(count()).toBe("10,000 marked");
  });
});

describe("what is marked", () => {
  async function openMarked(...paths: string[]) {
    const host = await openWindow(typical());
    for (const path of paths) await click(path, { ctrlKey: true });
    return host;
  }

  it("is switched together, as one revision with one undo", async () => {
    const host = await openMarked("tracker", "orchestrator", "ui");
    expect(count()).toBe("5 marked");
    await user.click(screen.getByTestId("bulk-off"));
    await waitFor(() => expect(host.revision).toBe(1));
    expect(edits(host)).toEqual([
      { kind: "set_components", paths: ["tracker", "orchestrator", "ui"], on: false },
    ]);
    expect(count()).toBe("5 marked");
    await user.click(screen.getByTestId("bulk-on"));
    await waitFor(() => expect(host.revision).toBe(2));
    await user.keyboard("{Control>}z{/Control}");
    await waitFor(() => expect(host.revision).toBe(3));
    expect(host.document.components.tracker).toBe(false);
  });

  it("counts a component once, however it is marked", async () => {
    const host = await openMarked("ui", "ui.badges", "ui.dashboard");
    expect(count()).toBe("3 marked");
    await user.click(screen.getByTestId("bulk-off"));
    await waitFor(() =>
      expect(edits(host)).toEqual([{ kind: "set_components", paths: ["ui"], on: false }]),
    );
  });

  it("is dropped where it vanishes elsewhere", async () => {
    const host = await openMarked("tracker", "orchestrator");
    host.changeElsewhere({ kind: "remove", paths: ["tracker"], release: true });
    await waitFor(() => expect(count()).toBe("1 marked"));
    host.changeElsewhere({ kind: "remove", paths: ["orchestrator"], release: true });
    await waitFor(() => expect(count()).toBe("none marked"));
  });

  it("that a filter hides is told of", async () => {
    await openMarked("tracker", "ui.badges");
    await user.type(screen.getByTestId("filter"), "badges");
    expect(screen.getByTestId("bulk").textContent).toContain("1 not in view of the filter");
  });

  it("is unmarked by the cross, and the keyboard goes back to the tree", async () => {
    await openMarked("tracker");
    await user.click(screen.getByTestId("bulk-clear"));
    expect(count()).toBe("none marked");
    await waitFor(() => expect(document.activeElement).toBe(row("tracker")));
  });

  it("cannot be changed where nothing can be saved", async () => {
    const host = await openMarked("tracker");
    host.state = { ...host.state, readOnly: "The disk is full." };
    host.announce({ kind: "status" });
    await screen.findByTestId("banner");
    await user.click(screen.getByTestId("bulk-off"));
    await user.click(screen.getByTestId("bulk-remove"));
    expect(host.edits).toEqual([]);
  });
});

describe("one rollout for all that are marked", () => {
  async function openRollout() {
    const host = await openWindow(typical());
    await click("tracker", { ctrlKey: true });
    await click("ui", { ctrlKey: true });
    await user.click(screen.getByTestId("bulk-rollout"));
    await screen.findByTestId("rollout-dialog");
    return host;
  }
  const field = () => screen.getByTestId<HTMLInputElement>("bulk-percent");

  it("is saved as one revision, and leaves each its groups", async () => {
    const host = await openRollout();
    expect(screen.getByText("Rollout of 4 components")).toBeTruthy();
    await user.clear(field());
    await user.type(field(), "25{Enter}");
    await waitFor(() => expect(host.revision).toBe(1));
    expect(host.document.rollouts?.["ui.badges"]).toEqual({
      percentage: 25,
      userGroups: ["beta"],
      strategy: "canary",
    });
    expect(host.document.rollouts?.tracker?.percentage).toBe(25);
    expect(screen.queryByTestId("rollout-dialog")).toBeNull();
  });

  it("can be that of all components", async () => {
    const host = await openRollout();
    await user.click(screen.getByTestId("bulk-scope-all"));
    await user.click(screen.getByTestId("go-on"));
    await waitFor(() => expect(host.revision).toBe(1));
    expect(host.document.rollouts?.["ui.badges"]).toBeUndefined();
    expect(host.document.rollouts?.calculator).toBeDefined();
  });

  it.each([
    ["101", "canary", "Percentage has to be from 0 to 100."],
    ["", "canary", "Percentage is empty: enter a number from 0 to 100."],
    ["50", "blue-green", /^Percentage has to be 0 or 100 for blue-green/],
  ])("is refused at %s for %s with one sentence", async (text, strategy, sentence) => {
    const host = await openRollout();
    await user.click(screen.getByTestId(`bulk-strategy-${strategy}`));
    await user.clear(field());
    if (text !== "") await user.type(field(), text);
    expect(screen.getByTestId("bulk-percent-note").textContent.trim()).toMatch(sentence);
    await user.click(screen.getByTestId("go-on"));
    expect(host.edits).toEqual([]);
    expect(screen.getByTestId("rollout-dialog")).toBeTruthy();
  });
});
