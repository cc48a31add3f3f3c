/** The palette: one field to everything, by keyboard and by pointer. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { FOUND_MAX, RECENT_MAX } from "../src/commands/targets";
import { huge, typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, openWindow } from "./support/open";

const user = userEvent.setup();

const field = () => screen.getByTestId<HTMLInputElement>("palette-input");
const options = () => within(screen.getByRole("listbox")).queryAllByRole("option");
const names = () => options().map((option) => option.textContent.replace(/\s+/g, " ").trim());
const chosen = () => options().findIndex((each) => each.getAttribute("aria-selected") === "true");

async function ask(text: string) {
  await user.keyboard("{Control>}k{/Control}");
  if (text !== "") await user.type(field(), text);
}

async function openAt(
  view: "dashboard" | "flags" = "dashboard",
  prepare?: (host: MemoryHost) => void,
) {
  const host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view };
  prepare?.(host);
  await openOver(host);
  await screen.findByTestId(view === "flags" ? "row-*" : "master-switch");
  return host;
}

describe("the palette", () => {
  it("opens by key and by pointer, with the keyboard in its field, and closes by Escape", async () => {
    await openAt();
    await user.click(screen.getByTestId("search"));
    expect(document.activeElement).toBe(field());
    screen.getByTestId("palette").dispatchEvent(new Event("cancel", { cancelable: true }));
    await waitFor(() => expect(screen.queryByTestId("palette")).toBeNull());
    expect(document.activeElement).toBe(screen.getByTestId("search"));
    await ask("");
    expect(document.activeElement).toBe(field());
  });

  it("tells the listener which option is chosen and how many there are", async () => {
    await openAt();
    await ask("badges");
    const active = field().getAttribute("aria-activedescendant");
    expect(options()[0]?.id).toBe(active);
    expect(field().getAttribute("aria-controls")).toBe(screen.getByRole("listbox").id);
    expect(within(screen.getByTestId("palette")).getByRole("status").textContent).toMatch(
      /^\d+ match/,
    );
  });

  it("walks by keys, round and round", async () => {
    await openAt();
    await ask("");
    const last = options().length - 1;
    expect(chosen()).toBe(0);
    await user.keyboard("{ArrowUp}");
    expect(chosen()).toBe(last);
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(chosen()).toBe(1);
    await user.keyboard("{PageDown}");
    expect(chosen()).toBe(9);
    await user.keyboard("{PageUp}{PageUp}");
    expect(chosen()).toBe(0);
    await user.keyboard("{End}");
    expect(chosen()).toBe(last);
    await user.keyboard("{Home}");
    expect(chosen()).toBe(0);
  });

  it("chooses what the pointer is over, and runs what is clicked", async () => {
    await openAt();
    await ask("dark");
    await user.click(screen.getByTestId("found-command:theme_dark"));
    expect(document.documentElement.dataset.theme).toBe("dark");
    expect(screen.queryByTestId("palette")).toBeNull();
  });

  it("says so where nothing is found", async () => {
    const host = await openAt();
    await ask("qqq");
    screen.getByText("Nothing matches “qqq”.");
    await user.keyboard("{ArrowDown}{Enter}");
    screen.getByTestId("palette");
    expect(host.edits).toEqual([]);
  });
});

describe("commands", () => {
  it("run by Enter, with their keys shown", async () => {
    await openAt();
    await ask("activity");
    expect(names()[0]).toBe("Activity 6");
    await user.keyboard("{Enter}");
    await waitFor(() =>
      expect(screen.getByTestId("nav-activity").getAttribute("aria-current")).toBe("page"),
    );
  });

  it("are found by other words for them too", async () => {
    await openAt();
    await ask("emergency");
    expect(names()[0]).toContain("All flags off");
  });

  it("that cannot be done come last and do nothing", async () => {
    const host = await openAt();
    await ask("undo");
    const last = () => options().at(-1);
    await waitFor(() => expect(last()?.getAttribute("aria-disabled")).toBe("true"));
    expect(last()?.textContent).toContain("Undo");
    await user.keyboard("{End}{Enter}");
    screen.getByTestId("palette");
    expect(host.revision).toBe(0);
  });

  it("act on what had the keyboard before", async () => {
    const host = await openAt("flags");
    await user.click(screen.getByTestId("switch-tracker"));
    await waitFor(() => expect(host.revision).toBe(1));
    await screen.findByText("Revision 1");
    await ask("undo");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(host.revision).toBe(2));
    expect(host.document.components.tracker).toBe(true);
  });
});

describe("what was used last", () => {
  it("comes first, the latest on top, and outlives the window", async () => {
    const host = await openAt();
    await ask("dark{Enter}");
    await ask("light{Enter}");
    expect(host.chosen.recent).toEqual(["command:theme_light", "command:theme_dark"]);
    await ask("");
    expect(names().slice(0, 2)).toEqual(["Light colours View", "Dark colours View"]);
    expect(names().filter((name) => name.startsWith("Light"))).toHaveLength(1);
  });

  it("is forgotten once it is no more, and never more than a few", async () => {
    const gone = ["component:gone", "revision:99", "command:gone"];
    const host = await openAt("dashboard", (host) => {
      host.chosen.recent = [...gone, ...Array.from({ length: 40 }, (_, index) => `x:${index}`)];
    });
    await ask("");
    expect(screen.queryByText("Recent")).toBeNull();
    await user.keyboard("dark{Enter}");
    expect(host.chosen.recent).toHaveLength(RECENT_MAX);
    expect(host.chosen.recent[0]).toBe("command:theme_dark");
  });
});

describe("components", () => {
  it("are found by path and title, with the letters marked", async () => {
    await openAt();
    await ask("confidence badges");
    expect(names()[0]).toContain("ui.badges");
    const marks = [...(options()[0]?.querySelectorAll("mark") ?? [])].map(
      (each) => each.textContent,
    );
    expect(marks).toContain("badges");
    expect(marks).toContain("Confidence");
  });

  it("are selected in the tree, with the groups around them opened", async () => {
    await openAt("flags");
    await user.click(screen.getByTestId("row-search"));
    await user.keyboard("{ArrowLeft}");
    expect(screen.queryByTestId("row-search.ranking.neural")).toBeNull();
    await user.keyboard("1");
    await ask("neural{Enter}");
    const row = await screen.findByTestId("row-search.ranking.neural");
    expect(row.getAttribute("aria-selected")).toBe("true");
    await waitFor(() => expect(document.activeElement).toBe(row));
  });

  it("that are named in full can be switched on the spot", async () => {
    const host = await openAt();
    await ask("tracker");
    await user.click(screen.getByText("Turn tracker off"));
    await waitFor(() =>
      expect(host.edits.map(({ edit }) => edit)).toEqual([
        { kind: "set_components", paths: ["tracker"], on: false },
      ]),
    );
    expect(host.chosen.recent).toEqual([]);
  });

  it("of which there are ten thousand come as the few best", async () => {
    await openWindow(huge(), "dashboard");
    await screen.findByTestId("master-switch");
    await ask("area7.component42");
    expect(names()[0]).toContain("area7.component42");
    expect(options().length).toBeLessThanOrEqual(FOUND_MAX + 1);
  });
});

describe("revisions", () => {
  it.each(["r12", "#12", "12", "revision 12"])("are found as %s", async (query) => {
    await openAt("dashboard", (host) => host.fillHistory(20));
    await ask(query);
    await user.click(screen.getByText("Show revision 12"));
    await waitFor(() =>
      expect(screen.getByTestId("nav-activity").getAttribute("aria-current")).toBe("page"),
    );
  });

  it("that do not exist are not offered", async () => {
    await openAt("dashboard", (host) => host.fillHistory(20));
    await ask("r21");
    expect(screen.queryByText("Show revision 21")).toBeNull();
    await user.clear(field());
    await user.type(field(), "0");
    expect(screen.queryByText("Show revision 0")).toBeNull();
  });
});
