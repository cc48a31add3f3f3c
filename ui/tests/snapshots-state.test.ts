/** What is listed and compared: reading, keeping up, choosing, stepping, playing back. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { allOf } from "../src/model/snapshot_filter";
import { STEP_MS } from "../src/state/playback.svelte";
import { PAGE_ROWS } from "../src/state/snapshot_list.svelte";
import { Snapshots } from "../src/state/snapshots.svelte";
import { REST_MS, StateSources } from "../src/state/sources.svelte";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { KeptStates } from "./support/snapshots";

const NOW_MS = Date.UTC(2026, 10, 24, 14, 7);
const MINUTE_MS = 60_000;

let host: MemoryHost;
let sources: StateSources;
let snapshots: Snapshots;
let stop: () => void;

const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const taken = (count: number, minutes = 5) =>
  Array.from({ length: count }, (_, step) => ({
    atMs: NOW_MS - (count - step) * minutes * MINUTE_MS,
    step,
  }));
/** The numbers of A and B. */
const pair = () => [snapshots.fromSnapshot?.id ?? null, snapshots.toSnapshot?.id ?? null];
const pagesAsked = () => host.states.asked.filter(({ limit }) => limit === PAGE_ROWS);

async function open(states: KeptStates) {
  host.states = states;
  const unlisten = await host.listen(({ kind }) => kind === "state" && sources.notice());
  const halt = snapshots.start();
  stop = () => {
    halt();
    unlisten();
  };
  await pass();
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
  host = new MemoryHost(typical());
  sources = new StateSources(host);
  snapshots = new Snapshots(host, sources);
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

describe("at first", () => {
  it("nothing is chosen where there is nothing", async () => {
    await open(new KeptStates());
    expect(sources.list).toEqual([]);
    expect(snapshots.total).toBe(0);
    expect(snapshots.from).toBeNull();
    expect(snapshots.to).toBeNull();
    expect(snapshots.drawn.timeline).toBeNull();
  });

  it("the source heard of last is listed, its latest snapshot compared with the one before", async () => {
    const other = taken(3).map(({ atMs, step }) => ({ atMs: atMs - 1, step }));
    await open(
      new KeptStates()
        .add("old", other, { nowMs: NOW_MS - 90_000 })
        .add("app", taken(5), { nowMs: NOW_MS - 1000 }),
    );
    expect(snapshots.narrowing.source).toBe("app");
    expect(snapshots.total).toBe(5);
    expect(pair()).toEqual([7, 8]);
    expect(snapshots.source).toBe("app");
  });

  it("a source that reports while the sources are read is listed as the only one", async () => {
    vi.spyOn(host, "stateSources").mockResolvedValueOnce([]);
    await open(new KeptStates().add("app", taken(5), { nowMs: NOW_MS - 1000 }));
    sources.notice();
    await pass(REST_MS);
    expect(snapshots.narrowing.source).toBe("app");
    expect(pair()).toEqual([4, 5]);
  });

  it("the first snapshot of a source has nothing before it", async () => {
    await open(new KeptStates().add("app", taken(1), { nowMs: NOW_MS }));
    expect(pair()).toEqual([null, 1]);
    expect(snapshots.from).toBeNull();
  });
});

describe("the list", () => {
  it("reads the pages that are looked at, and no others", async () => {
    await open(new KeptStates().add("app", taken(1000), { nowMs: NOW_MS }));
    host.states.asked.length = 0;
    snapshots.list.want(610, 640);
    await pass();
    expect(pagesAsked().map(({ offset }) => offset)).toEqual([600]);
    expect(snapshots.list.at(610)?.id).toBe(390);
    expect(snapshots.list.at(500)).toBeUndefined();
  });

  it("asks again at most once a second, however often something is announced", async () => {
    await open(new KeptStates().add("app", taken(10), { nowMs: NOW_MS }));
    await pass(REST_MS);
    host.states.asked.length = 0;
    for (let tick = 0; tick < 20; tick += 1) {
      host.states.tick("app", NOW_MS + tick, false);
      await pass(50);
    }
    await pass(2 * REST_MS);
    expect(pagesAsked().length).toBeLessThanOrEqual(3);
    expect(pagesAsked().length).toBeGreaterThan(0);
  });

  it("asks nothing while nobody looks, and catches up afterwards", async () => {
    await open(new KeptStates().add("app", taken(10), { nowMs: NOW_MS }));
    stop();
    await pass(REST_MS);
    host.states.asked.length = 0;
    host.states.tick("app", NOW_MS, true);
    await pass(10 * REST_MS);
    expect(host.states.asked).toEqual([]);
    stop = snapshots.start();
    await pass();
    expect(snapshots.total).toBe(11);
  });

  it("keeps what is chosen as others come, and tells how far rows moved", async () => {
    await open(new KeptStates().add("app", taken(300), { nowMs: NOW_MS }));
    const moved = vi.fn();
    snapshots.list.onmoved = moved;
    snapshots.list.want(50, 90);
    await snapshots.openAt(60);
    expect(pair()).toEqual([239, 240]);
    await pass(REST_MS);
    host.states.tick("app", NOW_MS, true);
    await pass(REST_MS);
    expect(snapshots.total).toBe(301);
    expect(moved).toHaveBeenCalledExactlyOnceWith(1);
    expect(pair()).toEqual([239, 240]);
    expect(snapshots.toIndex).toBe(61);
  });

  it("lets go of what was taken away, and takes what is next", async () => {
    await open(new KeptStates().add("app", taken(10), { nowMs: NOW_MS }));
    await snapshots.openAt(4);
    expect(pair()).toEqual([5, 6]);
    await pass(REST_MS);
    host.states.remove([5]);
    await pass(REST_MS);
    expect(pair()).toEqual([4, 6]);
    host.states.remove([6]);
    await pass(REST_MS);
    expect(pair()).toEqual([9, 10]);
  });

  it("says why it could not be read, and reads again when asked to", async () => {
    const states = new KeptStates().add("app", taken(10), { nowMs: NOW_MS });
    states.refusal = { code: "failed", message: "The disk is gone.", problems: [] };
    await open(states);
    expect(sources.failure?.message).toBe("The disk is gone.");
    states.refusal = null;
    snapshots.retry();
    await pass();
    expect(sources.failure).toBeNull();
    expect(snapshots.total).toBe(10);
  });

  it("drops the answer to a text once another is typed", async () => {
    await open(new KeptStates().add("app", taken(30), { nowMs: NOW_MS }));
    const answer = host.states.hold();
    snapshots.narrow({ ...allOf("app"), text: "no such thing" });
    expect(snapshots.isSearching).toBe(true);
    snapshots.narrow({ ...allOf("app"), text: "filesAnalyzed" });
    answer();
    await pass();
    expect(snapshots.isSearching).toBe(false);
    expect(snapshots.total).toBeGreaterThan(10);
  });

  it("looks for a text anew only where there is another snapshot", async () => {
    await open(new KeptStates().add("app", taken(30), { nowMs: NOW_MS }));
    snapshots.narrow({ ...allOf("app"), text: "filesAnalyzed" });
    await pass(REST_MS);
    host.states.asked.length = 0;
    host.states.tick("app", NOW_MS, false);
    await pass(REST_MS);
    expect(host.states.asked).toEqual([]);
    host.states.tick("app", NOW_MS, true);
    await pass(REST_MS);
    expect(host.states.asked.length).toBeGreaterThan(0);
  });

  it("collects the numbers of all that is listed, and stops when told to", async () => {
    await open(new KeptStates().add("app", taken(450), { nowMs: NOW_MS }));
    expect((await snapshots.listedIds(() => true))?.length).toBe(450);
    expect(await snapshots.listedIds((read) => read < 300)).toBeNull();
  });
});

describe("choosing", () => {
  beforeEach(async () => {
    await open(
      new KeptStates()
        .add("other", taken(10, 7), { nowMs: NOW_MS - 90_000 })
        .add("app", taken(10), { nowMs: NOW_MS }),
    );
  });

  it("compares with the one before of the same source, also among those of all sources", async () => {
    snapshots.showSource(null);
    await pass();
    const index = Array.from({ length: 20 }, (_, at) => at).find(
      (at) => snapshots.list.at(at)?.source === "other",
    );
    await snapshots.openAt(index ?? 0);
    expect(pair()).toEqual([9, 10]);
  });

  it("compares with the one before even where the list leaves that out", async () => {
    await host.labelSnapshot(15, { isPinned: true });
    snapshots.narrow({ ...allOf("app"), isPinned: true });
    await pass();
    await snapshots.openAt(0);
    expect(pair()).toEqual([14, 15]);
  });

  it("makes another one A, and turns both around", async () => {
    await snapshots.openAt(0);
    const earlier = await snapshots.list.read(7);
    if (earlier) snapshots.setFrom(earlier);
    expect(pair()).toEqual([13, 20]);
    snapshots.swap();
    expect(pair()).toEqual([20, 13]);
  });

  it("compares the state as it is with the latest snapshot, or any", async () => {
    await snapshots.openNow("app");
    expect(snapshots.from).toEqual({ kind: "snapshot", id: 20 });
    expect(snapshots.to).toEqual({ kind: "now", source: "app" });
    expect(snapshots.nowAtMs).toBe(NOW_MS);
    const earlier = await snapshots.list.read(7);
    if (earlier) snapshots.compareWithNow(earlier);
    expect(snapshots.from).toEqual({ kind: "snapshot", id: 13 });
  });

  it("goes to what is nearest to a moment of the timeline", async () => {
    await snapshots.openNear(NOW_MS - 26 * MINUTE_MS);
    expect(pair()).toEqual([15, 16]);
  });

  it("takes over what is said of a snapshot", async () => {
    const before = snapshots.toSnapshot;
    snapshots.renew(await host.labelSnapshot(20, { name: "before 6.1" }));
    expect(before?.name).toBeNull();
    expect(snapshots.toSnapshot?.name).toBe("before 6.1");
    expect(snapshots.list.at(0)?.name).toBe("before 6.1");
  });
});

describe("going through the snapshots", () => {
  beforeEach(async () => {
    await open(new KeptStates().add("app", taken(6), { nowMs: NOW_MS }));
  });

  it("steps to earlier and later ones, as far as there are any", async () => {
    expect(await snapshots.step(-1)).toBe(true);
    expect(pair()).toEqual([4, 5]);
    expect(await snapshots.step(-10)).toBe(true);
    expect(pair()).toEqual([null, 1]);
    expect(await snapshots.step(-1)).toBe(false);
    expect(await snapshots.step(2)).toBe(true);
    expect(pair()).toEqual([2, 3]);
  });

  it("goes from Now to the latest", async () => {
    await snapshots.openNow("app");
    await snapshots.step(-1);
    expect(pair()).toEqual([5, 6]);
  });

  it("steps from one that is not listed to its neighbours that are", async () => {
    await snapshots.openAt(3);
    await host.labelSnapshot(2, { isPinned: true });
    await host.labelSnapshot(5, { isPinned: true });
    snapshots.narrow({ ...allOf("app"), isPinned: true });
    await pass();
    expect(pair()).toEqual([2, 3]);
    await snapshots.step(1);
    expect(pair()).toEqual([4, 5]);
    await snapshots.step(-1);
    expect(pair()).toEqual([1, 2]);
  });

  it("plays from the earliest where it is at the latest, one a second, and ends there", async () => {
    snapshots.playback.play();
    await pass();
    expect(pair()).toEqual([null, 1]);
    await pass(STEP_MS);
    expect(pair()).toEqual([1, 2]);
    await pass(4 * STEP_MS);
    expect(pair()).toEqual([5, 6]);
    expect(snapshots.playback.isPlaying).toBe(true);
    await pass(STEP_MS);
    expect(snapshots.playback.isPlaying).toBe(false);
  });

  it("plays four times as fast, on from where it is", async () => {
    await snapshots.openAt(4);
    snapshots.playback.speed = 4;
    snapshots.playback.play();
    await pass();
    expect(pair()).toEqual([2, 3]);
    await pass(STEP_MS);
    expect(pair()).toEqual([5, 6]);
  });

  it("stops playing when told to, when something else is chosen, and when the view goes", async () => {
    const { playback } = snapshots;
    const begin = async () => {
      await snapshots.openAt(5);
      playback.play();
      await pass();
    };
    await begin();
    playback.pause();
    await pass(5 * STEP_MS);
    expect(pair()).toEqual([1, 2]);
    await begin();
    const [other] = [await snapshots.list.read(3)];
    if (other) snapshots.setFrom(other);
    expect(playback.isPlaying).toBe(false);
    await begin();
    stop();
    expect(playback.isPlaying).toBe(false);
  });
});

describe("the timeline", () => {
  it("draws what is near, goes with what is chosen, and draws all where that is wanted", async () => {
    snapshots.drawn.fit(60);
    await open(new KeptStates().add("app", taken(500), { nowMs: NOW_MS }));
    const drawn = () => {
      const { fromMs = 0, toMs = 0 } = snapshots.drawn.timeline ?? {};
      return { fromMs, toMs };
    };
    const latestMs = NOW_MS - 5 * MINUTE_MS;
    expect(drawn().toMs).toBe(latestMs + 1);
    expect(drawn().fromMs).toBe(latestMs - 59 * 5 * MINUTE_MS);
    expect(snapshots.drawn.isWhole).toBe(false);
    await snapshots.openAt(300);
    await pass();
    const atMs = snapshots.toSnapshot?.atMs ?? 0;
    expect(drawn().fromMs).toBeLessThan(atMs);
    expect(drawn().toMs).toBeLessThan(latestMs);
    snapshots.showReach("all");
    await pass();
    expect(drawn().fromMs).toBe(NOW_MS - 500 * 5 * MINUTE_MS);
    expect(snapshots.drawn.isWhole).toBe(true);
  });

  it("goes to the latest with the state as it is", async () => {
    snapshots.drawn.fit(60);
    await open(new KeptStates().add("app", taken(500), { nowMs: NOW_MS }));
    await snapshots.openAt(300);
    await pass();
    const latestMs = NOW_MS - 5 * MINUTE_MS;
    expect(snapshots.drawn.timeline?.toMs).toBeLessThan(latestMs);
    await snapshots.openNow("app");
    await pass();
    expect(snapshots.drawn.timeline?.toMs).toBe(latestMs + 1);
  });

  it("is of the span that is chosen, and of everything again after it", async () => {
    await open(new KeptStates().add("app", taken(500), { nowMs: NOW_MS }));
    snapshots.showSpan({ kind: "lately", hours: 1 });
    await pass();
    expect(snapshots.total).toBe(12);
    expect(snapshots.drawn.timeline?.fromMs).toBe(NOW_MS - 60 * MINUTE_MS);
    snapshots.showReach("all");
    await pass();
    expect(snapshots.total).toBe(500);
    expect(snapshots.drawn.isWhole).toBe(true);
  });
});
