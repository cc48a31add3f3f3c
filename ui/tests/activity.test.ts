/** Activity: the list of changes, what narrows it, and what one of them did, by pointer and by keys. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Failure } from "../src/bindings/wire";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";

const ROW_PX = 52;
const IN_VIEW = 13;
const failure: Failure = { code: "failed", message: "The store did not answer.", problems: [] };

let host: MemoryHost;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "activity" };
  user = userEvent.setup();
});

async function open(count: number) {
  host.fillHistory(count);
  await openOver(host);
  await screen.findByTestId(`revision-${count}`);
  await screen.findByRole("option", { name: "ci with flagctl" });
}

const list = () => screen.getByRole("listbox", { name: "Changes, latest first" });
const details = () => within(screen.getByTestId("details"));
const row = (revision: number) => screen.getByTestId(`revision-${revision}`);
const shownRevision = () => details().getByRole("heading", { level: 2 }).textContent;
const listed = () =>
  within(list())
    .queryAllByRole("option")
    .map((option) => Number(option.dataset.testid?.replace("revision-", "")));
const focused = () => (document.activeElement as HTMLElement | null)?.dataset.testid;
const count = () => screen.getByTestId("count").textContent.trim();

async function scrollTo(top: number) {
  list().scrollTop = top;
  await fireEvent.scroll(list());
}

async function walk(key: string, to: number) {
  await press(document.activeElement ?? document.body, key);
  await waitFor(() => expect(focused()).toBe(`revision-${to}`));
}

const turn = (on: boolean) => host.changeElsewhere({ kind: "set_master", on });

describe("the list", () => {
  it("shows what changed, who did it, when and how it came to be", async () => {
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: false });
    await openOver(host);
    await screen.findByTestId("revision-1");
    const text = row(1).textContent;
    expect(text).toContain("tracker: off");
    expect(text).toContain("ci with flagctl");
    expect(text).toContain("1 minute ago");
    expect(screen.getByRole("option", { name: /tracker: off Today 1 minute ago ci/ })).toBe(row(1));
    expect(row(1).querySelector("time")?.title).toMatch(/\d{4}.*\d:\d\d:\d\d/);
  });

  it("marks a revision that is damaged", async () => {
    const history = host.history.bind(host);
    host.history = async (filter, offset, limit) => {
      const page = await history(filter, offset, limit);
      return { ...page, revisions: page.revisions.map((each) => ({ ...each, isDamaged: true })) };
    };
    host.changeElsewhere({ kind: "set_master", on: true });
    await openOver(host);
    await screen.findByTestId("revision-1");
    expect(within(row(1)).getByText("Damaged").title).toContain("does not match its hash");
  });

  it("marks what was taken back", async () => {
    await openOver(host);
    await host.change({ kind: "set_master", on: false });
    await host.undo(1);
    await screen.findByTestId("revision-2");
    expect(within(row(2)).getByText("undid r1").title).toBe("Took back revision 1");
    expect(within(row(1)).queryByText(/^undid/)).toBeNull();
  });

  it("names the day over the first row and on the first row of each other day", async () => {
    const [dayMs, hourMs] = [24, 1].map((hours) => hours * 3_600_000) as [number, number];
    vi.useFakeTimers({ now: new Date(2026, 10, 20, 12), toFake: ["Date"] });
    host.fillHistory(4, dayMs / 2 + hourMs);
    await openOver(host);
    await screen.findByTestId("revision-4");
    // At 23:00, 10:00 and 21:00 of the days before.
    const days = [4, 3, 2, 1].map((each) => row(each).querySelector(".day")?.textContent);
    expect(document.querySelector(".head .day")?.textContent).toBe("Yesterday");
    expect(days).toEqual([undefined, undefined, "Wed, Nov 18", undefined]);
    vi.useRealTimers();
  });

  it("of a hundred thousand renders those near the view, each at its place", async () => {
    await open(100_000);
    expect(listed().length).toBeLessThan(60);
    expect(row(100_000).getAttribute("aria-setsize")).toBe("100000");
    await scrollTo(50_000 * ROW_PX);
    await screen.findByTestId("revision-50000");
    expect(row(50_000).getAttribute("aria-posinset")).toBe("50001");
    expect(row(50_000).style.getPropertyValue("--index")).toBe("50000");
    // The one that Tab reaches stays.
    expect(listed().filter((each) => each > 60_000)).toEqual([100_000]);
    expect(listed().length).toBeLessThan(60);
  });

  it("is walked by keys, and takes the view along", async () => {
    await open(1000);
    row(1000).focus();
    await walk("ArrowDown", 999);
    await walk("PageDown", 999 - IN_VIEW + 1);
    await walk("PageUp", 999);
    await walk("End", 1);
    expect(list().scrollTop).toBe(1000 * ROW_PX - 720);
    await walk("ArrowDown", 1);
    await walk("Home", 1000);
    expect(list().scrollTop).toBe(0);
  });

  it("opens what the keyboard is on with Enter, and not before", async () => {
    await open(20);
    row(20).focus();
    await walk("ArrowDown", 19);
    expect(shownRevision()).toBe("Revision 20");
    await press(row(19), "Enter");
    await waitFor(() => expect(shownRevision()).toBe("Revision 19"));
    expect(row(19).ariaSelected).toBe("true");
    expect(focused()).toBe("revision-19");
  });

  it("keeps the row that has the keyboard while it is scrolled out of view", async () => {
    await open(1000);
    row(999).focus();
    await scrollTo(500 * ROW_PX);
    expect(focused()).toBe("revision-999");
    await walk("ArrowDown", 998);
  });
});

describe("a change from elsewhere", () => {
  it("appears at the top at once, and leaves the keyboard where it is", async () => {
    await open(20);
    row(18).focus();
    turn(false);
    await screen.findByTestId("revision-21");
    expect(focused()).toBe("revision-18");
    expect(row(18).getAttribute("aria-posinset")).toBe("4");
    expect(count()).toBe("21 changes");
  });

  it("waits while one reads further down, and is shown when asked for", async () => {
    await open(1000);
    await scrollTo(500 * ROW_PX);
    await screen.findByTestId("revision-500");
    const before = listed();
    turn(false);
    turn(true);
    const button = await screen.findByText("2 new");
    expect(listed()).toEqual(before);
    expect(list().scrollTop).toBe(500 * ROW_PX);
    expect(count()).toBe("1,000 changes");
    await user.click(button);
    await waitFor(() => expect(focused()).toBe("revision-1002"));
    expect(list().scrollTop).toBe(0);
    expect(screen.queryByTestId("newer-changes")).toBeNull();
  });

  it("that the filter hides changes nothing in the list", async () => {
    await open(40);
    await user.type(screen.getByTestId("activity-text"), "calculator");
    await waitFor(() => expect(count()).toMatch(/of 40 changes/));
    const before = listed();
    turn(false);
    await waitFor(() => expect(count()).toMatch(/of 41 changes/));
    expect(listed()).toEqual(before);
  });

  it("does not replace the details that somebody is at", async () => {
    await open(20);
    screen.getByTestId("copy-report").focus();
    turn(false);
    await screen.findByTestId("revision-21");
    expect(shownRevision()).toBe("Revision 20");
    expect(focused()).toBe("copy-report");
  });

  it("shows in the details while nobody chose another", async () => {
    await open(20);
    turn(false);
    await waitFor(() => expect(shownRevision()).toBe("Revision 21"));
  });

  it("fills an empty list", async () => {
    await openOver(host);
    await screen.findByText("Nothing has changed yet");
    turn(false);
    await screen.findByTestId("revision-1");
  });
});

describe("the filters", () => {
  it("narrow the list by text and say how much is left", async () => {
    await open(100);
    await user.type(screen.getByTestId("activity-text"), "Calculator");
    await waitFor(() => expect(count()).toMatch(/^\d+ of 100 changes$/));
    expect(listed().length).toBeGreaterThan(0);
    for (const option of within(list()).getAllByRole("option")) {
      expect(option.textContent).toContain("calculator");
    }
  });

  it("narrow it to a component, chosen by keys from the tree", async () => {
    await open(100);
    const field = screen.getByTestId("activity-component");
    await user.type(field, "BADG");
    await user.keyboard("{ArrowDown}{Enter}");
    expect((field as HTMLInputElement).value).toBe("ui.badges");
    await waitFor(() => expect(count()).toMatch(/of 100 changes/));
    expect(row(listed()[0] ?? 0).textContent).toMatch(/ui\.badges|ui:/);
  });

  it("narrow it to a group by pointer", async () => {
    await open(100);
    await user.type(screen.getByTestId("activity-component"), "ui");
    await user.click(screen.getByRole("option", { name: "ui" }));
    await waitFor(() => expect(count()).toMatch(/of 100 changes/));
    expect(screen.queryByRole("option", { name: "ui.badges" })).toBeNull();
  });

  it("take a component that is no more, and put back what was not finished", async () => {
    await open(10);
    const field = screen.getByTestId<HTMLInputElement>("activity-component");
    await user.type(field, "removed.long.ago{Enter}");
    await screen.findByText("No change matches");
    expect(field.value).toBe("removed.long.ago");
    await user.clear(field);
    await user.type(field, "half of a na");
    await user.tab();
    expect(field.value).toBe("removed.long.ago");
  });

  it("narrow it to who did it and to the door they came by", async () => {
    await open(30);
    const who = screen.getByTestId("activity-who");
    await user.selectOptions(who, "ci with flagctl");
    await waitFor(() => expect(count()).toBe("10 of 30 changes"));
    await user.selectOptions(who, "Anyone in the window");
    await waitFor(() => expect(count()).toBe("20 of 30 changes"));
  });

  it("narrow it to the last days, and to a range of days", async () => {
    host.fillHistory(48, 24 * 3_600_000);
    await openOver(host);
    await screen.findByTestId("revision-48");
    const span = screen.getByTestId("activity-span");
    await user.selectOptions(span, "Last 7 days");
    await waitFor(() => expect(count()).toBe("6 of 48 changes"));
    await user.selectOptions(span, "Last 30 days");
    await waitFor(() => expect(count()).toBe("29 of 48 changes"));
    await user.selectOptions(span, "Between two days…");
    await waitFor(() => expect(count()).toBe("48 changes"));
    const day = (ago: number) => {
      const at = new Date(Date.now() - ago * 24 * 3_600_000);
      const two = (part: number) => String(part).padStart(2, "0");
      return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    };
    await fireEvent.change(screen.getByTestId("activity-from"), { target: { value: day(5) } });
    await fireEvent.change(screen.getByTestId("activity-to"), { target: { value: day(3) } });
    await waitFor(() => expect(count()).toBe("3 of 48 changes"));
    await fireEvent.change(screen.getByTestId("activity-to"), { target: { value: day(9) } });
    await screen.findByText(/^The first day comes after the last one/);
  });

  it("are cleared at once, and the keyboard goes to the search", async () => {
    await open(30);
    await user.selectOptions(screen.getByTestId("activity-who"), "ci with flagctl");
    await user.type(screen.getByTestId("activity-text"), "no such thing");
    await screen.findByText("No change matches");
    await user.click(screen.getByTestId("clear-filters"));
    await waitFor(() => expect(count()).toBe("30 changes"));
    expect(focused()).toBe("activity-text");
    expect(screen.queryByTestId("clear-filters")).toBeNull();
  });

  it("are reached by the slash, and lead to the list by the arrow", async () => {
    await open(10);
    await press(document.body, "/");
    expect(focused()).toBe("activity-text");
    await user.keyboard("{ArrowDown}");
    await waitFor(() => expect(focused()).toBe("revision-10"));
  });

  it("are as they were when one comes back", async () => {
    await open(30);
    await user.selectOptions(screen.getByTestId("activity-who"), "ci with flagctl");
    await user.click(screen.getByTestId("nav-flags"));
    await user.click(screen.getByTestId("nav-activity"));
    await waitFor(() => expect(count()).toBe("10 of 30 changes"));
  });
});

describe("an empty history", () => {
  it("says so, and leads to the flags", async () => {
    await openOver(host);
    await user.click(await screen.findByTestId("open-flags"));
    await screen.findByTestId("row-*");
  });
});

describe("a history that cannot be read", () => {
  it("says why, keeps what it has, and reads when asked again", async () => {
    await open(1000);
    host.refusals.history = failure;
    await scrollTo(600 * ROW_PX);
    const alert = await screen.findByTestId("unread");
    expect(alert.textContent).toContain("nothing is lost. The store did not answer.");
    delete host.refusals.history;
    await user.click(screen.getByTestId("read-again"));
    await screen.findByTestId("revision-400");
    expect(screen.queryByTestId("unread")).toBeNull();
  });

  it("says so in place of a difference too", async () => {
    await open(10);
    host.refusals.difference = failure;
    await user.click(row(9));
    await details().findByText(/The store did not answer/);
    delete host.refusals.difference;
    await user.click(details().getByTestId("read-again"));
    await details().findAllByTestId("change");
  });
});
