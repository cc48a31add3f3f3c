/** States and snapshots as they may be: none, a few, a typical day, as many as there can be. */

import type { Taken } from "./kept_snapshots";
import { KeptStates } from "./snapshots";
import { bulkOf } from "./state_trees";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Nothing has reported a state. */
export function noStates(): KeptStates {
  return new KeptStates();
}

/** A source that reported, of which nothing is kept yet. */
export function unkeptStates(nowMs: number): KeptStates {
  return new KeptStates().add("kc-web on studio", [], { nowMs: nowMs - 4000 });
}

/** A day of one application: every five minutes lately, hourly before, some pinned, two sources. */
export function typicalStates(nowMs: number): KeptStates {
  const lastMs = nowMs - (nowMs % (5 * MINUTE_MS));
  const hourly: Taken[] = Array.from({ length: 14 }, (_, index) => ({
    atMs: lastMs - 24 * HOUR_MS + index * HOUR_MS,
    step: index,
  }));
  const recent: Taken[] = Array.from({ length: 116 }, (_, index) => ({
    atMs: lastMs - (115 - index) * 5 * MINUTE_MS,
    step: 14 + index,
  }));
  const pinned: Taken = {
    atMs: lastMs - 68 * HOUR_MS,
    step: 0,
    cause: "asked",
    name: "release 6.0 candidate",
    note: "Agreed with support for the autumn release.\nKeep until 6.1 is out.",
    isPinned: true,
  };
  Object.assign(recent[112] ?? {}, {
    cause: "asked",
    name: "before ui.badges goes from 12.5 to 25 %",
    isPinned: true,
  });
  Object.assign(recent[101] ?? {}, { cause: "before_restore" });
  Object.assign(recent[60] ?? {}, { cause: "before_rollback" });
  const other: Taken[] = Array.from({ length: 30 }, (_, index) => ({
    atMs: lastMs - (30 - index) * 20 * MINUTE_MS - 7000,
    step: index,
  }));
  return new KeptStates()
    .add("kc-cli on build-3", other, { nowMs: lastMs - 35 * MINUTE_MS })
    .add("kc-web on studio", [pinned, ...hourly, ...recent], { nowMs: nowMs - 9000 });
}

/** Two weeks of every five minutes, names as long as they may be, a state of 5 MB, 64 sources. */
export function extremeStates(
  nowMs: number,
  { snapshots = 4300, files = 38_000, sources = 64 } = {},
): KeptStates {
  const long =
    "the state of the knowledge graph right before everybody came back from the holidays ".repeat(
      3,
    );
  const states = new KeptStates();
  for (let index = 1; index < sources; index += 1) {
    const taken = index % 9 === 0 ? [] : [{ atMs: nowMs - index * HOUR_MS, step: index }];
    states.add(`worker-${String(index).padStart(2, "0")} on build-${index % 7}`, taken, {
      nowMs: nowMs - index * MINUTE_MS,
    });
  }
  const name = "kc-web-with-a-name-as-long-as-they-may-be on studio.berlin.example.com".padEnd(
    100,
    "m",
  );
  const taken: Taken[] = Array.from({ length: snapshots }, (_, index) => ({
    atMs: nowMs - (snapshots - index) * 5 * MINUTE_MS,
    step: index,
    ...(index % 40 === 39
      ? {
          cause: "asked" as const,
          name: long.slice(0, 120),
          note: long.repeat(8),
          isPinned: index % 80 === 79,
        }
      : {}),
  }));
  return states.add(name, taken, { nowMs: nowMs - 1500, bulk: bulkOf(files) });
}
