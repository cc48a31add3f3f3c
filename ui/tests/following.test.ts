/** The details follow the keyboard through the lists: what is edited is what is seen. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openComponent, openWindow, press } from "./support/open";

const user = userEvent.setup();
const row = (path: string) => screen.getByTestId(`row-${path}`);
const edits = (host: MemoryHost) => host.edits.map(({ edit }) => edit);
const focused = () => (document.activeElement as HTMLElement | null)?.dataset.row;
const shown = () =>
  document.querySelector<HTMLElement>('[role="row"][aria-current="true"]')?.dataset.row;

describe("the details of the tree", () => {
  it("follow the arrows, and so does what an edit key acts on", async () => {
    const host = await openComponent(typical(), "ui.badges");
    row("ui.badges").focus();
    await user.keyboard("{ArrowDown}");
    expect([focused(), shown()]).toEqual(["ui.dashboard", "ui.dashboard"]);
    screen.getByText("ui.dashboard", { selector: ".path" });
    await user.keyboard("{Delete}");
    await user.click(await screen.findByTestId("go-on"));
    await waitFor(() => expect(host.revision).toBe(1));
    expect(edits(host)).toEqual([{ kind: "remove", paths: ["ui.dashboard"], release: false }]);
    await waitFor(() => expect(focused()).toBe(shown()));
    expect(shown()).toBe("ui.curationPanel");
  });

  it.each([
    ["End", "Home"],
    ["Home", "End"],
  ])("follow %s and %s", async (one, other) => {
    await openComponent(typical(), "tracker");
    row("tracker").focus();
    for (const key of [one, other]) {
      await user.keyboard(`{${key}}`);
      expect(focused()).toBe(shown());
      expect(focused()).not.toBe("tracker");
    }
  });

  it("follow the pointer to a switch", async () => {
    await openComponent(typical(), "ui.badges");
    await user.click(screen.getByTestId("switch-tracker"));
    expect(shown()).toBe("tracker");
  });

  it("go on with the keyboard after several are removed", async () => {
    await openWindow(typical());
    for (const path of ["calculator", "tracker"]) {
      await fireEvent.click(row(path), { ctrlKey: true });
    }
    row("tracker").focus();
    await user.keyboard("{Delete}");
    await user.click(await screen.findByTestId("go-on"));
    await waitFor(() => expect(focused()).toBe("orchestrator"));
    expect(shown()).toBe("orchestrator");
  });

  it("stay with the keyboard as rows are switched together", async () => {
    const host = await openWindow(typical());
    row("*").focus();
    await press(row("*"), "ArrowDown");
    await press(row("calculator"), "ArrowDown", { shiftKey: true });
    await user.click(screen.getByTestId("bulk-off"));
    await waitFor(() => expect(host.revision).toBe(1));
    expect(shown()).toBe("tracker");
  });

  it("go to the next row as a filter lets the one that was switched go", async () => {
    await openWindow(typical());
    await user.selectOptions(screen.getByTestId("standing"), "on");
    const first = [...document.querySelectorAll<HTMLElement>('[role="row"][data-row]')]
      .map((each) => each.dataset.row ?? "")
      .filter((path) => path !== "*");
    const leaf = first.find((path) => screen.queryByTestId(`switch-${path}`)?.role === "switch");
    if (leaf === undefined) throw new Error("no component is on");
    row(leaf).focus();
    await user.keyboard(" ");
    await waitFor(() => expect(screen.queryByTestId(`row-${leaf}`)).toBeNull());
    await waitFor(() => expect(focused()).toBe(shown()));
    expect(focused()).toBeDefined();
  });

  it("keep what is shown while a filter is typed", async () => {
    await openComponent(typical(), "ui.badges");
    await user.type(screen.getByTestId("filter"), "tracker");
    expect(screen.queryByTestId("row-ui.badges")).toBeNull();
    screen.getByText("ui.badges", { selector: ".path" });
    expect(document.activeElement).toBe(screen.getByTestId("filter"));
  });

  it("go to the neighbour of what is removed elsewhere", async () => {
    const host = await openComponent(typical(), "tracker");
    row("tracker").focus();
    host.changeElsewhere({ kind: "remove", paths: ["tracker"], release: true });
    await waitFor(() => expect(focused()).toBe("orchestrator"));
    expect(shown()).toBe("orchestrator");
  });

  it("leave the marks behind with a plain arrow, so that no key acts on what is out of sight", async () => {
    const host = await openWindow(typical());
    row("calculator").focus();
    await press(row("calculator"), " ", { ctrlKey: true });
    await press(row("calculator"), "ArrowDown");
    expect(screen.queryByTestId("bulk")).toBeNull();
    await user.keyboard("{Delete}");
    await screen.findByTestId("remove-dialog");
    screen.getByText("Remove tracker?");
    expect(host.edits).toEqual([]);
  });

  it("ask before one is removed that is marked and not shown", async () => {
    const host = await openWindow(typical());
    row("calculator").focus();
    await press(row("calculator"), " ", { ctrlKey: true });
    await press(row("calculator"), "ArrowDown", { ctrlKey: true });
    await user.keyboard("{Delete}");
    await screen.findByText("Remove calculator?");
    expect(host.edits).toEqual([]);
  });
});

describe("the details of a change", () => {
  it("follow the arrows through the list", async () => {
    const host = await openWindow(typical(), "dashboard");
    host.fillHistory(20);
    await user.click(screen.getByTestId("nav-activity"));
    (await screen.findByTestId("revision-20")).focus();
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(document.activeElement).toBe(screen.getByTestId("revision-18"));
    await waitFor(() => expect(screen.getByTestId("revision-18").ariaSelected).toBe("true"));
    screen.getByRole("heading", { name: "Revision 18" });
    expect(document.activeElement).toBe(screen.getByTestId("revision-18"));
  });
});
