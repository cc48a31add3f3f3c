/** Restores of states in Activity: among the changes by time, narrowed, looked at, taken back. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { RestoreRequest } from "../src/bindings/wire";
import {
  entryAt,
  findPlaces,
  rankOfRestore,
  rankOfRevision,
  restoresBelow,
} from "../src/model/interleaved";
import { momentsOf, standingOf } from "../src/model/restores";
import { words } from "../src/words";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";
import { KeptStates } from "./support/snapshots";

const MINUTE_MS = 60_000;
/** Between two revisions. */
const EVERY_MS = 10 * MINUTE_MS;

let host: MemoryHost;
let user: ReturnType<typeof userEvent.setup>;
let nowMs: number;

beforeEach(() => {
  nowMs = Date.now();
  host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "activity" };
  const taken = [1, 2, 3].map((step) => ({ atMs: nowMs - (4 - step) * 24 * EVERY_MS, step }));
  host.states = new KeptStates()
    .add("kanban", taken, { nowMs: nowMs - 1000 })
    .add("billing", taken, { nowMs: nowMs - 2000 });
  user = userEvent.setup();
});

function ask(minutesAgo: number, more: Partial<RestoreRequest> = {}) {
  const request = { snapshot: 2, only: [], except: [], withFlags: false, ...more };
  return host.states.restoreElsewhere(request, nowMs - minutesAgo * MINUTE_MS);
}

async function open(revisions: number) {
  host.fillHistory(revisions, EVERY_MS);
  await openOver(host);
  if (revisions > 0) await screen.findByTestId(`revision-${revisions}`);
}

const list = () => screen.getByRole("listbox", { name: words.activity.list });
const listed = () =>
  within(list())
    .queryAllByRole("option")
    .map(({ dataset }) => dataset.testid?.replace("revision-", "r").replace("restore-row-", "R"));
const details = () => screen.getByTestId("restore-details");
const count = () => screen.getByTestId("count").textContent.trim();

describe("places among revisions", () => {
  const places = [0, 2, 2, 5];
  const total = 5;

  it("give every rank one thing, and everything one rank", () => {
    const entries = Array.from({ length: total + places.length }, (_, rank) =>
      entryAt(places, rank),
    );
    expect(
      entries.map((entry) => (entry.kind === "restore" ? `R${entry.index}` : entry.rank)),
    ).toEqual(["R0", 0, 1, "R1", "R2", 2, 3, 4, "R3"]);
    entries.forEach((entry, rank) => {
      const back =
        entry.kind === "restore"
          ? rankOfRestore(places, entry.index)
          : rankOfRevision(places, entry.rank);
      expect(back).toBe(rank);
    });
    expect([0, 1, 3, 5, 9].map((rank) => restoresBelow(places, rank))).toEqual([0, 1, 1, 3, 4]);
  });

  it.each([0, 1, 7, 40])(
    "of %i restores are found, each asked for once at the most",
    async (many) => {
      const revisions = Array.from({ length: 30 }, (_, index) => index * 10);
      const restores = Array.from(
        { length: many },
        (_, index) => Math.floor((index * 313) / 40) + 3,
      );
      const olderThan = (atMs: number) => revisions.filter((each) => each < atMs).length;
      const asked = vi.fn((atMs: number) => Promise.resolve(olderThan(atMs)));
      const found = await findPlaces(restores, revisions.length, asked);
      expect(found).toEqual(restores.map(olderThan));
      expect(asked.mock.calls.length).toBeLessThanOrEqual(many);
    },
  );

  it("of many between the same two revisions take a few questions", async () => {
    const asked = vi.fn(() => Promise.resolve(4));
    expect(await findPlaces([7, 7, 7, 7, 7, 7, 7], 4, asked)).toEqual(Array(7).fill(4));
    expect(asked.mock.calls.length).toBeLessThanOrEqual(3);
  });
});

describe("the time of a damaged restore", () => {
  it("displaces no other: it is that of the one before", () => {
    ask(30);
    ask(20);
    const [first, second] = host.states.restores;
    if (!first || !second) throw new Error("both were asked for");
    const damaged = { ...first, status: "damaged" as const, atMs: 0 };
    expect(momentsOf([first, damaged, second])).toEqual([first.atMs, first.atMs, second.atMs]);
    expect(momentsOf([damaged, second])).toEqual([second.atMs, second.atMs]);
    expect(momentsOf([damaged])).toEqual([0]);
  });
});

describe("restores in the list", () => {
  it("stand among the changes by time, with who, what and what became of them", async () => {
    ask(35, { only: ["ml.usage.calculations"] });
    host.states.confirm(1);
    ask(5, { snapshot: 5 });
    await open(6);
    await screen.findByTestId("restore-row-1");
    expect(listed()).toEqual(["R2", "r6", "r5", "r4", "R1", "r3", "r2", "r1"]);
    expect(count()).toBe("6 changes, 2 restores");
    const text = screen.getByTestId("restore-row-1").textContent.replace(/\s+/g, " ");
    expect(text).toContain("kanban: restore ml.usage.calculations");
    expect(text).toContain("Confirmed");
    expect(text).toContain("ci with flagctl");
    expect(screen.getByTestId("restore-row-2").textContent).toContain("Waiting");
  });

  it("of which one is damaged are all listed, and nothing can be done with that one", async () => {
    ask(35, { only: ["ml.usage.calculations"] });
    host.states.confirm(1);
    ask(5, { snapshot: 5 });
    host.states.damageRestore(1);
    await open(2);
    const row = await screen.findByTestId("restore-row-1");
    expect(listed().filter((each) => each?.startsWith("R"))).toEqual(["R2", "R1"]);
    expect(row.textContent).toContain("kanban: restore 1");
    expect(row.textContent).toContain("Damaged");
    expect(row.textContent).not.toContain("ci with flagctl");
    await user.click(row);
    const text = details().textContent;
    expect(text).toContain(words.restores.meanings.damaged);
    expect(text).not.toContain("ci with flagctl");
    expect(within(details()).queryByTestId("restore-show")).toBeNull();
    expect(within(details()).queryByTestId("restore-undo")).toBeNull();
  });

  it("lose the record of a damaged one when a person removes it", async () => {
    ask(35);
    ask(5, { snapshot: 5 });
    host.states.damageRestore(1);
    await open(2);
    await user.click(await screen.findByTestId("restore-row-1"));
    await user.click(within(details()).getByTestId("restore-remove"));
    const dialog = await screen.findByTestId("remove-restore");
    expect(dialog.textContent).toContain(words.restores.removal.lost);
    await user.click(screen.getByTestId("remove-restore-go"));
    await waitFor(() => expect(screen.queryByTestId("restore-row-1")).toBeNull());
    expect(host.states.restores.map(({ id }) => id)).toEqual([2]);
    expect(count()).toBe("2 changes, 1 restore");
  });

  it("are placed right in a history of many pages", async () => {
    ask(EVERY_MS / MINUTE_MS / 2 + 10 * 500);
    await open(1200);
    await user.selectOptions(screen.getByTestId("activity-what"), "restores");
    await user.click(await screen.findByTestId("restore-row-1"));
    await user.selectOptions(screen.getByTestId("activity-what"), "all");
    await waitFor(() => expect(count()).toBe("1,200 changes, 1 restore"));
    await user.click(await screen.findByTestId("newer"));
    await waitFor(() =>
      expect(
        within(screen.getByTestId("details")).getByRole("heading", { level: 2 }).textContent,
      ).toBe("Revision 701"),
    );
    await user.click(screen.getByTestId("older"));
    await screen.findByTestId("restore-details");
    await user.click(screen.getByTestId("older"));
    await waitFor(() =>
      expect(screen.getByTestId("details").textContent).toContain("Revision 700"),
    );
  });

  it("are narrowed like changes: by person, time, words and kind", async () => {
    ask(3 * 24 * 60, { snapshot: 5 });
    ask(35, { only: ["ml.cache"] });
    await host.restoreState({ snapshot: 1, only: [], except: ["ml.cache"], withFlags: false });
    await open(4);
    await screen.findByTestId("restore-row-1");
    const restores = () => listed().filter((each) => each?.startsWith("R"));
    expect(restores()).toEqual(["R3", "R2", "R1"]);
    await user.type(screen.getByTestId("activity-text"), "billing{Enter}");
    await waitFor(() => expect(listed()).toEqual(["R1"]));
    await user.clear(screen.getByTestId("activity-text"));
    await user.type(screen.getByTestId("activity-text"), "ml.cache{Enter}");
    await waitFor(() => expect(listed()).toEqual(["R3", "R2"]));
    await user.click(screen.getByTestId("clear-filters"));
    await user.selectOptions(screen.getByTestId("activity-who"), "maria in the window");
    await waitFor(() => expect(restores()).toEqual(["R3"]));
    await user.click(screen.getByTestId("clear-filters"));
    await user.selectOptions(screen.getByTestId("activity-what"), "flags");
    await waitFor(() => expect(listed()).toEqual(["r4", "r3", "r2", "r1"]));
    await user.selectOptions(screen.getByTestId("activity-what"), "restores");
    await waitFor(() => expect(listed()).toEqual(["R3", "R2", "R1"]));
    expect(count()).toBe("3 restores");
  });

  it("come in on top as they are asked for, and say at once what becomes of them", async () => {
    await open(3);
    const asked = ask(0);
    const row = await screen.findByTestId("restore-row-1");
    expect(listed()[0]).toBe("R1");
    expect(row.textContent).toContain("Waiting");
    host.states.confirm(asked.id);
    await waitFor(() => expect(row.textContent).toContain("Confirmed"));
  });

  it("wait above a list that is read further down", async () => {
    await open(300);
    list().scrollTop = 2000;
    await fireEvent.scroll(list());
    const before = listed();
    ask(0);
    const button = await screen.findByTestId("newer-changes");
    expect(button.textContent.trim()).toBe("1 new");
    expect(listed()).toEqual(before);
    await user.click(button);
    await waitFor(() => expect(listed()[0]).toBe("R1"));
  });

  it("that cannot be read leave the changes to be read, and are read again", async () => {
    const refusal = { code: "failed", message: "The disk is gone.", problems: [] } as const;
    const read = vi.spyOn(host, "stateRestores").mockRejectedValue({ ...refusal });
    ask(5);
    await open(3);
    await screen.findByText(/restores could not be read; nothing is lost. The disk is gone/);
    expect(listed()).toEqual(["r3", "r2", "r1"]);
    read.mockRestore();
    await user.click(screen.getByTestId("read-again"));
    await screen.findByTestId("restore-row-1");
  });

  it("are all there is where no flag ever changed", async () => {
    ask(5);
    await open(0);
    await user.click(await screen.findByTestId("restore-row-1"));
    expect(details().textContent).toContain("kanban: restore everything");
  });
});

describe("the details of a restore", () => {
  async function openDetails(more: Partial<RestoreRequest> = {}) {
    ask(5, more);
    await open(2);
    await user.click(await screen.findByTestId("restore-row-1"));
    await screen.findByTestId("restore-details");
  }

  it("say who, when, what, from where, and what became of it", async () => {
    await openDetails({ only: ["ml.usage.calculations", "ml.cache"] });
    const text = details().textContent.replace(/\s+/g, " ");
    expect(text).toContain("Waiting for kanban to confirm");
    expect(text).toContain("ci with flagctl");
    expect(text).toContain("ml.usage.calculations");
    await waitFor(() => expect(details().textContent).toContain("(snapshot 2)"));
  });

  it("cancel it, and then undo is not offered", async () => {
    await openDetails();
    await user.click(within(details()).getByTestId("restore-cancel"));
    await waitFor(() => expect(details().textContent).toContain("Cancelled by maria"));
    expect(within(details()).queryByTestId("restore-undo")).toBeNull();
  });

  it("undo it, which is a restore of its own that leads back", async () => {
    await openDetails({ only: ["ml.cache"] });
    host.states.confirm(1);
    await user.click(await within(details()).findByTestId("restore-undo"));
    await user.click(await screen.findByTestId("restore-row-2"));
    expect(details().textContent).toContain("kanban: undo a restore of ml.cache");
    await user.click(screen.getByTestId("undone-restore"));
    await waitFor(() => expect(details().textContent).toContain("kanban: restore ml.cache"));
  });

  it("lead to Snapshots", async () => {
    await openDetails();
    await user.click(within(details()).getByTestId("restore-show"));
    await screen.findByTestId("snapshots");
    await waitFor(() => expect(screen.getByTestId("source-kanban").ariaPressed).toBe("true"));
  });

  it("are walked from one thing to the next, whatever it is", async () => {
    await openDetails();
    await user.click(screen.getByTestId("older"));
    await waitFor(() => expect(screen.getByTestId("details").textContent).toContain("Revision 2"));
    await user.click(screen.getByTestId("newer"));
    await screen.findByTestId("restore-details");
    expect(screen.getByTestId("newer").ariaDisabled).toBe("true");
  });
});

describe("what is said of a restore", () => {
  const base = () =>
    host.states.restoreElsewhere({ snapshot: 2, only: [], except: [], withFlags: false });

  it("is green for nothing but an exact confirmation", () => {
    const restore = base();
    const confirmed = { ...restore, status: "confirmed", confirmedMs: 1, endedMs: 1 } as const;
    expect(standingOf(restore)).toBe("open");
    expect(standingOf({ ...confirmed, isExact: true })).toBe("exact");
    expect(standingOf({ ...confirmed, isExact: false })).toBe("differs");
    expect(standingOf({ ...confirmed, isExact: null })).toBe("uncompared");
    expect(standingOf({ ...restore, status: "cancelled" })).toBe("cancelled");
  });

  it("names a few parts and counts the others", () => {
    const restore = base();
    const only = ["ml.a", "ml.b", "ml.c", "ml.d"];
    expect(words.restores.parts(restore)).toBe("everything");
    expect(words.restores.parts({ only, except: [] })).toBe("ml.a, ml.b and 2 more");
    expect(words.restores.parts({ only: [], except: ["ml.a", "ml.b"] })).toBe(
      "everything but ml.a and ml.b",
    );
    const differing = Array.from({ length: 20 }, (_, index) => `ml.k${index}`);
    const told = words.restores.status(
      { ...restore, status: "confirmed", isExact: false, differing, endedMs: 5 },
      5,
    );
    expect(told).toMatch(/but 20 or more parts differ: ml\.k0, ml\.k1 and 18 more$/);
  });
});
