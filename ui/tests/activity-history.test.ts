/** The state behind the list of changes: what it reads, keeps, drops and waits with. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Failure, HistoryFilter } from "../src/bindings/wire";
import { History, PAGE_ROWS } from "../src/state/history.svelte";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";

const failure: Failure = { code: "failed", message: "The store did not answer.", problems: [] };

let host: MemoryHost;
let history: History;

/** The revisions at the top of the list, latest first. */
const top = (count: number) =>
  Array.from({ length: count }, (_, index) => history.at((history.total ?? 0) - 1 - index)).map(
    (row) => row?.revision,
  );

function makeHistory(count: number) {
  host = new MemoryHost(typical());
  host.fillHistory(count);
  history = new History(host);
}

async function follow() {
  history.follow(host.revision);
  await vi.waitFor(() => expect(history.waiting).toBeGreaterThan(0));
}

const change = (on: boolean) => host.changeElsewhere({ kind: "set_master", on });

describe("the list of changes", () => {
  beforeEach(async () => {
    makeHistory(1000);
    await history.show({}, host.revision);
  });

  it("starts with the first page alone", () => {
    expect(history.total).toBe(1000);
    expect(top(2)).toEqual([1000, 999]);
    expect(history.at(1000 - PAGE_ROWS)?.revision).toBe(901);
    expect(history.at(1000 - PAGE_ROWS - 1)).toBeUndefined();
  });

  it("reads what comes into view, and nothing twice", async () => {
    const read = vi.spyOn(host, "history");
    history.want(540, 620);
    await vi.waitFor(() => expect(history.at(1000 - 620)?.revision).toBe(381));
    expect(history.at(1000 - 541)?.revision).toBe(460);
    history.want(550, 600);
    expect(read.mock.calls.map(([, offset]) => offset)).toEqual([500, 600]);
  });

  it("skips what was only passed by", async () => {
    const release = host.hold();
    const read = vi.spyOn(host, "history");
    for (let first = 100; first <= 800; first += 50) history.want(first, first + 40);
    release();
    await vi.waitFor(() => expect(history.at(1000 - 840)?.revision).toBe(161));
    expect(read.mock.calls.map(([, offset]) => offset)).toEqual([100, 800]);
  });

  it("lets later changes wait until they are taken in, and moves no rank", async () => {
    change(false);
    change(true);
    await follow();
    expect(history.waiting).toBe(2);
    expect(top(1)).toEqual([1000]);
    history.takeIn();
    expect(history.waiting).toBe(0);
    expect(top(3)).toEqual([1002, 1001, 1000]);
    expect(history.at(999)?.revision).toBe(1000);
  });

  it("reads on after taking in what came while it read", async () => {
    change(false);
    await follow();
    const release = host.hold();
    history.want(300, 340);
    history.takeIn();
    release();
    await vi.waitFor(() => expect(history.at(1000 - 320)?.revision).toBe(681));
    expect(history.at(1000)?.revision).toBe(1001);
  });

  it("drops the answer to what is no longer asked", async () => {
    const answers = holdEach(host);
    const first = history.show({ text: "tracker" }, host.revision);
    const second = history.show({ text: "calculator" }, host.revision);
    answers[1]?.();
    await second;
    const total = history.total;
    answers[0]?.();
    await first;
    expect(history.total).toBe(total);
    expect(history.latest?.changes[0]).toContain("calculator");
  });

  it("keeps what is shown until there is an answer to something else", async () => {
    const release = host.hold();
    const shown = history.show({ text: "calculator" }, host.revision);
    expect(history.isReplacing).toBe(true);
    expect(top(1)).toEqual([1000]);
    release();
    await shown;
    expect(history.isReplacing).toBe(false);
    expect(history.latest?.changes[0]).toContain("calculator");
  });

  it("says what it could not read and reads it when asked again", async () => {
    host.refusals.history = failure;
    history.want(400, 420);
    await vi.waitFor(() => expect(history.failure).toEqual(failure));
    expect(top(1)).toEqual([1000]);
    delete host.refusals.history;
    history.retry();
    await vi.waitFor(() => expect(history.at(1000 - 420)?.revision).toBe(581));
    expect(history.failure).toBeNull();
  });

  it("looks again for later changes that it could not read of", async () => {
    change(false);
    host.refusals.history = failure;
    history.follow(host.revision);
    await vi.waitFor(() => expect(history.failure).toEqual(failure));
    delete host.refusals.history;
    history.retry();
    await vi.waitFor(() => expect(history.waiting).toBe(1));
  });

  it("finds the place of a revision far down", async () => {
    expect(await history.locate(123)).toBe(122);
    expect(history.at(122)?.revision).toBe(123);
  });

  it("finds no place for one that the filter hides", async () => {
    await history.show({ via: "flagctl" }, host.revision);
    const isHidden = history.latest?.revision === 1000 ? 999 : 1000;
    expect(await history.locate(isHidden)).toBeNull();
  });

  it("starts over where the filter lets other revisions through than before", async () => {
    const real = host.history.bind(host);
    vi.spyOn(host, "history").mockImplementationOnce(async (...question) => {
      const page = await real(...question);
      return { ...page, total: 7 };
    });
    history.want(500, 520);
    await vi.waitFor(() => expect(history.at(1000 - 520)?.revision).toBe(481));
    expect(top(1)).toEqual([1000]);
  });

  it("forgets what is far from the view, and reads it again", async () => {
    makeHistory(4000);
    await history.show({}, host.revision);
    for (let index = 0; index < 3500; index += PAGE_ROWS) {
      history.want(index, index + 40);
      await vi.waitFor(() => expect(history.at(3999 - index)).toBeDefined(), { interval: 1 });
    }
    expect(history.at(3999)).toBeUndefined();
    expect(history.latest?.revision).toBe(4000);
    history.want(0, 40);
    await vi.waitFor(() => expect(history.at(3999)?.revision).toBe(4000));
  });
});

describe("an empty history", () => {
  it("asks for nothing, and takes in the first change", async () => {
    makeHistory(0);
    const read = vi.spyOn(host, "history");
    await history.show({}, 0);
    expect(history.total).toBe(0);
    expect(read).not.toHaveBeenCalled();
    change(false);
    await follow();
    history.takeIn();
    expect(top(1)).toEqual([1]);
  });
});

afterEach(() => vi.restoreAllMocks());

/** Holds every question on its own; each is answered when its function is called. */
function holdEach(of: MemoryHost): (() => void)[] {
  const release: (() => void)[] = [];
  const real = of.history.bind(of);
  vi.spyOn(of, "history").mockImplementation(
    async (filter: HistoryFilter, offset: number, limit: number) => {
      await new Promise<void>((resolve) => release.push(resolve));
      return real(filter, offset, limit);
    },
  );
  return release;
}
