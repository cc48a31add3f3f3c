/** Sources to try restores on: few and many parts, deep ones, long names, and restores of each status. */

import { KeptStates } from "./snapshots";
import type { Tree } from "./state_trees";

const MINUTE_MS = 60_000;
const source = "kanban on studio";

/** A source whose state was `then` ten minutes ago, of which there is a snapshot. */
function changedFrom(then: Tree, now: Tree, nowMs: number): KeptStates {
  const states = new KeptStates().add(source, [], { nowMs: nowMs - 11 * MINUTE_MS });
  states.report(source, then, nowMs - 10 * MINUTE_MS);
  states.keep(source, "before 6.1");
  states.report(source, now, nowMs - MINUTE_MS);
  return states;
}

const lists = {
  then: {
    limits: { memMB: 512, cpu: 2 },
    list: [
      { id: "alpha", n: 1 },
      { id: "gamma", n: 3, owner: "maria" },
      { id: "delta", n: 4 },
    ],
    mode: "batch",
  },
  now: {
    limits: { memMB: 5, cpu: 2 },
    list: [
      { id: "alpha", n: 2 },
      { id: "delta", n: 4 },
    ],
    mode: "batch",
  },
};

/** Three values, one of them a lost record. */
export function fewParts(nowMs: number): KeptStates {
  return changedFrom(lists.then, lists.now, nowMs);
}

/** Five thousand values in fifty groups. */
export function manyParts(nowMs: number): KeptStates {
  const state = (add: number) =>
    Object.fromEntries(
      Array.from({ length: 50 }, (_, group) => [
        `shard${group}`,
        Object.fromEntries(
          Array.from({ length: 100 }, (__, key) => [`k${key}`, { value: group * key + add }]),
        ),
      ]),
    );
  return changedFrom(state(0), state(1), nowMs);
}

/** Values ten levels deep, keys of 120 letters, texts of a thousand. */
export function deepParts(nowMs: number): KeptStates {
  const deep = (value: Tree) =>
    ["j", "i", "h", "g", "f", "e", "d", "c", "b", "a"].reduce<Tree>(
      (inner, key) => ({ [key]: inner, [`${key}2`]: { twin: value } }),
      value,
    );
  const long = "theStateOfTheKnowledgeGraphRightBeforeEverybodyCameBackFromTheHolidays".padEnd(
    120,
    "X",
  );
  const state = (value: number) => ({
    ml: deep(value),
    [long]: { [long]: value, text: `${"word ".repeat(200)}${value}` },
    files: Array.from({ length: 300 }, (_, id) => ({
      id: `file-${id}-${long}`,
      lines: id === 7 ? value : id,
    })).filter(({ id }) => value === 1 || !id.startsWith("file-9")),
  });
  return changedFrom(state(1), state(2), nowMs);
}

/** Restores of every status, the last one open. */
export function restored(nowMs: number): KeptStates {
  const states = fewParts(nowMs);
  const ask = (minutesAgo: number, only: string[] = [], except: string[] = []) =>
    states.restoreElsewhere(
      { snapshot: 1, only, except, withFlags: false },
      nowMs - minutesAgo * MINUTE_MS,
    ).id;
  states.confirm(ask(9, ["ml.limits.memMB"]));
  states.confirm(ask(8, ["ml.limits.memMB", "ml.limits.cpu"]), lists.now);
  states.cancel(ask(7, ["ml.list[id=gamma]"]));
  ask(6, [], ["ml.list"]);
  ask(5, ["ml.limits.memMB", "ml.list[id=gamma]", "ml.mode"]);
  return states;
}
