/** What rows tell, what their menus do, and where there is no room or nothing to show. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { formatAgoBriefly } from "../src/format";
import { safeDefault, typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openComponent, openOver, openWindow, press } from "./support/open";

const user = userEvent.setup();
const row = (path: string) => screen.getByTestId(`row-${path}`);
const focused = () => (document.activeElement as HTMLElement | null)?.dataset.row;

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the last change", () => {
  it("is written in a few letters", () => {
    const minute = 60_000;
    const at = (minutes: number) => formatAgoBriefly(0, minutes * minute);
    expect(at(0.5)).toBe("just now");
    expect(at(95)).toBe("1h ago");
    expect(at(24 * 60)).toBe("yesterday");
    expect(at(13 * 24 * 60)).toBe("13d ago");
    expect(at(21 * 24 * 60)).toBe("3w ago");
    expect(at(61 * 24 * 60)).toBe("2mo ago");
    expect(at(800 * 24 * 60)).toBe("2y ago");
  });

  it("stands in the row of what was changed, with the exact time and the revision", async () => {
    const host = await openWindow(typical());
    expect(row("tracker").querySelector("time")).toBeNull();
    await user.click(screen.getByTestId("switch-tracker"));
    const time = await waitFor(() => {
      const found = row("tracker").querySelector("time");
      expect(found?.textContent.trim()).toBe("1m ago");
      return found;
    });
    expect(time?.title).toMatch(/^Last changed .*, revision 1$/);
    expect(row("*").querySelector("time")?.title).toMatch(/revision 1$/);
    expect(row("calculator").querySelector("time")).toBeNull();
    expect(host.revision).toBe(1);
  });

  it("is read by parts: after each revision only what is later", async () => {
    const host = new MemoryHost(typical());
    host.chosen = { ...host.chosen, view: "flags" };
    host.fillHistory(5);
    const read = vi.spyOn(host, "lastChanges");
    await openOver(host);
    await screen.findByTestId("row-tracker");
    await waitFor(() => expect(row("tracker").querySelector("time")).not.toBeNull());
    host.changeElsewhere({ kind: "set_components", paths: ["ui.badges"], on: false });
    await waitFor(() => expect(row("ui.badges").querySelector("time")?.title).toMatch(/6$/));
    expect(read.mock.calls).toEqual([[0], [5]]);
  });

  it("that cannot be read leaves the row as it is, and is asked for again", async () => {
    const host = new MemoryHost(typical());
    host.chosen = { ...host.chosen, view: "flags" };
    host.fillHistory(2);
    const read = vi.spyOn(host, "lastChanges").mockRejectedValueOnce("the disk sleeps");
    await openOver(host);
    await waitFor(() => expect(read).toHaveBeenCalledTimes(1));
    expect(screen.queryByTestId("toast")).toBeNull();
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: false });
    await waitFor(() => expect(row("tracker").querySelector("time")?.title).toMatch(/3$/));
    expect(read).toHaveBeenLastCalledWith(0);
  });
});

describe("the menu of a row", () => {
  const menu = () => screen.getByRole("menu");
  const items = () => within(menu()).getAllByRole("menuitem");

  it.each([
    ["its button", () => fireEvent.click(screen.getByTestId("menu-tracker"))],
    ["a right click", () => fireEvent.contextMenu(row("tracker"))],
    ["the menu key", () => pressOn("tracker", "ContextMenu")],
    ["Shift and F10", () => pressOn("tracker", "F10", { shiftKey: true })],
  ])("is opened by %s, walked by arrows and left by Escape", async (_, open) => {
    await openWindow(typical());
    row("tracker").focus();
    await open();
    expect(items().map((item) => item.querySelector(".label")?.textContent)).toEqual([
      "For one app or user…",
      "Rename…",
      "Move…",
      "Remove…",
      "Copy path",
      "Explain a user",
    ]);
    expect(document.activeElement).toBe(items()[0]);
    await user.keyboard("{ArrowUp}");
    expect(document.activeElement).toBe(items().at(-1));
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    await waitFor(() => expect(focused()).toBe("tracker"));
  });

  async function pressOn(path: string, key: string, more: KeyboardEventInit = {}) {
    await press(row(path), key, more);
  }

  it("closes at a press anywhere else", async () => {
    await openWindow(typical());
    await fireEvent.contextMenu(row("tracker"));
    await fireEvent.pointerDown(screen.getByTestId("filter"));
    expect(screen.queryByRole("menu")).toBeNull();
  });

  it("offers another component if it is a group's, and no user to explain", async () => {
    await openWindow(typical());
    await fireEvent.contextMenu(row("ui"));
    expect(screen.getByTestId("menu-explain").ariaDisabled).toBe("true");
    await user.click(screen.getByTestId("menu-add"));
    await screen.findByTestId("add-dialog");
    expect(screen.getByTestId<HTMLInputElement>("group").value).toBe("ui");
  });

  it("copies the path, and says so if it cannot", async () => {
    await openWindow(typical());
    const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValueOnce();
    await fireEvent.contextMenu(row("ui.badges"));
    await user.click(screen.getByTestId("menu-copy"));
    await screen.findByText("Copied ui.badges");
    expect(write).toHaveBeenCalledWith("ui.badges");
    write.mockRejectedValueOnce(new Error("not allowed"));
    await fireEvent.contextMenu(row("ui.badges"));
    await user.click(screen.getByTestId("menu-copy"));
    await screen.findByText(/^The path could not be copied/);
  });

  it("leads to the details of the row to explain a user", async () => {
    await openWindow(typical());
    await fireEvent.contextMenu(row("tracker"));
    await user.click(screen.getByTestId("menu-explain"));
    expect(row("tracker").ariaSelected).toBe("true");
  });

  it("of a marked row is about all that are marked", async () => {
    await openWindow(typical());
    await fireEvent.click(row("tracker"), { ctrlKey: true });
    await fireEvent.click(row("calculator"), { ctrlKey: true });
    await fireEvent.contextMenu(row("tracker"));
    expect(screen.getByTestId("menu-rename").ariaDisabled).toBe("true");
    await user.click(screen.getByTestId("menu-move"));
    expect(await screen.findByText("Move 2 rows")).toBeTruthy();
  });

  it("of a row beside those marked is about that row alone", async () => {
    await openWindow(typical());
    await fireEvent.click(row("tracker"), { ctrlKey: true });
    await fireEvent.contextMenu(row("calculator"));
    await user.click(screen.getByTestId("menu-move"));
    expect(await screen.findByText("Move calculator")).toBeTruthy();
  });
});

describe("a document without components", () => {
  it("says what to do next, and leads there", async () => {
    await openWindow({ ...safeDefault(), components: {} });
    expect(screen.getByText("There are no components yet.")).toBeTruthy();
    await user.click(screen.getByTestId("add-first"));
    expect(await screen.findByTestId("add-dialog")).toBeTruthy();
  });
});

describe("a window too narrow for tree and details", () => {
  function narrow(px: number) {
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(px);
  }
  const browser = () => row("*").closest("section");
  const details = () => screen.getByLabelText("Details");

  it("shows the tree first, the details of what is selected, and the tree again", async () => {
    narrow(400);
    await openComponent(typical(), "tracker");
    await waitFor(() => expect(browser()?.inert).toBe(true));
    expect(details().inert).toBe(false);
    const back = screen.getByTestId("back");
    await waitFor(() => expect(document.activeElement).toBe(back));
    await user.keyboard("{Enter}");
    await waitFor(() => expect(browser()?.inert).toBe(false));
    expect(details().inert).toBe(true);
    await waitFor(() => expect(focused()).toBe("tracker"));
  });

  it("shows the tree once the filter is asked for", async () => {
    narrow(400);
    await openComponent(typical(), "tracker");
    await waitFor(() => expect(browser()?.inert).toBe(true));
    await user.keyboard("/");
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("filter")));
    expect(browser()?.inert).toBe(false);
  });

  it("is not narrow from 680 px on", async () => {
    narrow(680);
    await openComponent(typical(), "tracker");
    expect(browser()?.inert).toBe(false);
    expect(details().inert).toBe(false);
    expect(screen.queryByTestId("back")).toBeNull();
  });
});
