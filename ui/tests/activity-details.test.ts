/** The details of a change: what it did, what has come since, and the ways back. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";

let host: MemoryHost;
let user: ReturnType<typeof userEvent.setup>;

/** Three changes by maria: the tracker off, the master off, the calculator off. */
async function open() {
  await openOver(host);
  await host.change({ kind: "set_components", paths: ["tracker"], on: false });
  await host.change({ kind: "set_master", on: false });
  await host.change({ kind: "set_components", paths: ["calculator"], on: false });
  await screen.findByTestId("revision-3");
}

beforeEach(() => {
  host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "activity" };
  user = userEvent.setup();
});

const row = (revision: number) => screen.getByTestId(`revision-${revision}`);
const details = () => within(screen.getByTestId("details"));
const shownRevision = () => details().getByRole("heading", { level: 2 }).textContent;
const pointers = () =>
  details()
    .queryAllByTestId("change")
    .map((change) => change.querySelector(".pointer")?.textContent.trim());
const showsChanges = (expected: string[]) =>
  waitFor(() => expect(pointers().sort()).toEqual(expected.sort()));

async function show(revision: number) {
  await user.click(row(revision));
  await waitFor(() => expect(shownRevision()).toBe(`Revision ${revision}`));
}

describe("the details of a change", () => {
  it("tell what it changed, who made it, when and why", async () => {
    await open();
    await show(2);
    await showsChanges(["/enabled"]);
    expect(details().getByText("Master switch: off")).toBeTruthy();
    expect(details().getByText("maria in the window")).toBeTruthy();
    expect(details().getByText("An edit")).toBeTruthy();
    expect(details().getByText(/, 1 minute ago$/).title).toMatch(/:\d\d/);
  });

  it("compare with the revision before, whatever its number", async () => {
    vi.spyOn(host, "changedBy").mockImplementation(async (revision) => ({
      before: 1,
      difference: await host.difference(1, revision),
    }));
    await open();
    await show(3);
    await showsChanges(["/enabled", "/components/calculator"]);
    expect(details().getByText("Against revision 1")).toBeTruthy();
  });

  it("show what has changed since", async () => {
    await open();
    await show(1);
    await user.click(screen.getByTestId("against-now"));
    await showsChanges(["/enabled", "/components/calculator"]);
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: true });
    await showsChanges(["/enabled"]);
  });

  it("say that nothing has changed since the one in force", async () => {
    await open();
    await show(3);
    expect(details().getByText("in force")).toBeTruthy();
    await user.click(screen.getByTestId("against-now"));
    expect((await screen.findByTestId("same")).textContent).toContain("the revision in force");
  });

  it("go to the next newer and older one", async () => {
    await open();
    await show(2);
    await user.click(screen.getByTestId("older"));
    await waitFor(() => expect(shownRevision()).toBe("Revision 1"));
    expect(row(1).ariaSelected).toBe("true");
    expect(screen.getByTestId("older").ariaDisabled).toBe("true");
    await user.click(screen.getByTestId("newer"));
    await user.click(screen.getByTestId("newer"));
    await waitFor(() => expect(shownRevision()).toBe("Revision 3"));
    expect(screen.getByTestId("newer").ariaDisabled).toBe("true");
  });

  it("pass over what the filter hides", async () => {
    host.fillHistory(40);
    await openOver(host);
    await screen.findByRole("option", { name: "ci with flagctl" });
    await user.selectOptions(screen.getByTestId("activity-who"), "ci with flagctl");
    await waitFor(() => expect(shownRevision()).toBe("Revision 40"));
    await user.click(screen.getByTestId("older"));
    await waitFor(() => expect(shownRevision()).toBe("Revision 37"));
  });

  it("stay when the filter comes to hide the change", async () => {
    await open();
    await show(1);
    await user.type(screen.getByTestId("activity-text"), "calculator");
    await waitFor(() => expect(screen.queryByTestId("revision-1")).toBeNull());
    expect(shownRevision()).toBe("Revision 1");
    await showsChanges(["/components/tracker"]);
  });

  it("lead from what was taken back to what it took back", async () => {
    await open();
    await host.undo(3);
    await screen.findByTestId("revision-4");
    await user.click(await details().findByText("Show revision 3"));
    await waitFor(() => expect(shownRevision()).toBe("Revision 3"));
    expect(row(3).ariaSelected).toBe("true");
  });

  it("lead to a change far down, and bring it into view", async () => {
    host.fillHistory(1000);
    await openOver(host);
    await host.restore(7);
    await screen.findByTestId("revision-1001");
    await user.click(await details().findByText("Show revision 7"));
    await screen.findByTestId("revision-7");
    await waitFor(() => expect(row(7).ariaSelected).toBe("true"));
    const list = screen.getByRole("listbox", { name: "Changes, latest first" });
    expect(list.scrollTop).toBe(995 * 52 - 720);
  });

  it("drop the difference of one that is no longer looked at", async () => {
    await open();
    const answers: (() => void)[] = [];
    const real = host.difference.bind(host);
    vi.spyOn(host, "difference").mockImplementation(async (from, to) => {
      await new Promise<void>((resolve) => answers.push(resolve));
      return real(from, to);
    });
    await user.click(row(1));
    await user.click(row(2));
    await waitFor(() => expect(answers).toHaveLength(4));
    for (const answer of answers.reverse()) answer();
    await showsChanges(["/enabled"]);
  });

  it("open on the keyboard's row, and are reached from it by Tab", async () => {
    await open();
    row(3).focus();
    await press(row(3), "ArrowDown");
    await waitFor(() => expect(document.activeElement).toBe(row(2)));
    await user.keyboard("{Enter}");
    await waitFor(() => expect(shownRevision()).toBe("Revision 2"));
    await user.tab();
    expect(screen.getByTestId("details").contains(document.activeElement)).toBe(true);
  });
});

describe("restoring", () => {
  it("previews what would change, makes a change of its own, and can be undone", async () => {
    await open();
    await show(1);
    await user.click(screen.getByTestId("restore"));
    const dialog = within(await screen.findByTestId("restore-dialog"));
    await dialog.findByText("2 values will change");
    expect(dialog.getAllByTestId("change")).toHaveLength(2);
    expect(host.document.enabled).toBe(false);
    await user.click(dialog.getByTestId("restore-now"));
    await screen.findByTestId("revision-4");
    expect(host.document.enabled).toBe(true);
    expect(host.document.components.calculator).toBe(true);
    expect(within(row(4)).getByText("restored r1")).toBeTruthy();
    const toast = within(await screen.findByTestId("toast"));
    expect(toast.getByText("Everything is as it was at revision 1")).toBeTruthy();
    await user.click(toast.getByText("Undo"));
    await waitFor(() => expect(host.document.enabled).toBe(false));
  });

  it("can be left without a change", async () => {
    await open();
    await show(1);
    await user.click(screen.getByTestId("restore"));
    await user.click(within(await screen.findByTestId("restore-dialog")).getByText("Cancel"));
    expect(screen.queryByTestId("restore-dialog")).toBeNull();
    expect(host.revision).toBe(3);
  });

  it("is not offered where nothing would change, and says why", async () => {
    await open();
    await show(3);
    await waitFor(() => expect(screen.getByTestId("restore").ariaDisabled).toBe("true"));
    expect(screen.getByTestId("restore").title).toContain("There is nothing to restore");
    await user.click(screen.getByTestId("restore"));
    expect(screen.queryByTestId("restore-dialog")).toBeNull();
  });

  it("is not offered while nothing can be saved, and says why", async () => {
    host.state.readOnly = "Another program holds the data folder.";
    await open();
    await show(1);
    expect(screen.getByTestId("restore").ariaDisabled).toBe("true");
    expect(screen.getByTestId("restore").title).toContain("Another program");
  });

  it("shows what would change from what is in force by then", async () => {
    await open();
    await show(1);
    await user.click(screen.getByTestId("restore"));
    const dialog = within(await screen.findByTestId("restore-dialog"));
    await dialog.findByText("2 values will change");
    host.changeElsewhere({ kind: "set_master", on: true });
    await dialog.findByText("1 value will change");
    host.changeElsewhere({ kind: "set_components", paths: ["calculator"], on: true });
    await waitFor(() => expect(dialog.getByTestId("restore-now").ariaDisabled).toBe("true"));
  });

  it("that fails says so and changes nothing", async () => {
    await open();
    await show(1);
    vi.spyOn(host, "restore").mockRejectedValue({
      code: "failed",
      message: "The disk is full. Nothing was changed.",
      problems: [],
    });
    await user.click(screen.getByTestId("restore"));
    const dialog = within(await screen.findByTestId("restore-dialog"));
    await dialog.findByText("2 values will change");
    await user.click(dialog.getByTestId("restore-now"));
    await screen.findByText("The disk is full. Nothing was changed.");
    expect(host.revision).toBe(3);
  });
});

describe("taking a change back", () => {
  it("is offered for the latest step alone", async () => {
    await open();
    await show(2);
    expect(screen.queryByTestId("undo-this")).toBeNull();
    await show(3);
    await user.click(screen.getByTestId("undo-this"));
    await screen.findByTestId("revision-4");
    expect(host.document.components.calculator).toBe(true);
    expect(screen.queryByTestId("undo-this")).toBeNull();
  });
});

describe("a report", () => {
  it("is copied as text, and that is said", async () => {
    await open();
    await show(2);
    await showsChanges(["/enabled"]);
    await user.click(screen.getByTestId("copy-report"));
    await screen.findByText("The report was copied.");
    const report = await navigator.clipboard.readText();
    expect(report).toMatch(
      /^# Flagdeck, revision 2\n\n- \*\*When:\*\* \d{4}-\d\d-\d\dT\S+Z \(.+\)\n/,
    );
    expect(report).toContain("- **Who:** maria in the window\n- **Why:** An edit\n");
    expect(report).toContain("- enabled: true → false\n  `/enabled`: `true` → `false`\n");
  });

  it("that cannot be copied says so", async () => {
    await open();
    await show(2);
    await showsChanges(["/enabled"]);
    vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("denied"));
    await user.click(screen.getByTestId("copy-report"));
    await screen.findByText(/^The report could not be copied/);
  });
});
