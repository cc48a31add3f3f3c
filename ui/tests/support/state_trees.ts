/** States as an application may have had them: the same for the same step, however often asked. */

export type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };

/** Numbers in a sliding list. */
const WINDOW = 60;
const NEW_NUMBERS = 5;
const RING_MAX = 40;
const RING_FROM_MS = Date.UTC(2026, 10, 24);
const FLAGS_CHANGED_AT = 110;

/** From a step to the state of that step. */
export type Course = (step: number) => Tree;

/** A course on which some steps change nothing, most a little, and a few a lot. */
export function course(seed: number, bulk?: Tree): Course {
  const ticks = [0];
  return (step) => {
    for (let known = ticks.length; known <= step; known += 1) {
      ticks.push((ticks[known - 1] ?? 0) + ticksIn(seed, known));
    }
    const state = stateOf(seed, step, ticks[step] ?? 0);
    return bulk === undefined ? state : { ...state, files: bulk };
  };
}

/** So much that comparing and showing it has to be done with care: about 5 MB as JSON text. */
export function bulkOf(files: number): Tree {
  return Array.from({ length: files }, (_, id) => ({
    id,
    path: `src/module-${id % 400}/file-${id}.ts`,
    lines: 20 + Math.floor(chance(id, 3) * 900),
    confidence: rounded(0.5 + chance(id, 4) / 2),
    links: [id % 97, id % 89, id % 83],
  }));
}

/** The same number between 0 and 1 for the same two. */
function chance(seed: number, place: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(place + 0x7f4a7c15, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

function ticksIn(seed: number, step: number): number {
  const roll = chance(seed, step);
  if (roll < 0.12) return 0;
  if (roll > 0.97) return 18;
  return roll > 0.82 ? 4 : 1;
}

function stateOf(seed: number, step: number, tick: number): Record<string, Tree> {
  const isAfter = step >= FLAGS_CHANGED_AT;
  return {
    flags: {
      enabled: true,
      components: { calculator: true, tracker: step >= 40, ui: { badges: true, panel: false } },
      rollouts: {
        "ui.badges": {
          percentage: isAfter ? 25 : 12.5,
          userGroups: isAfter ? ["internal", "beta"] : ["internal"],
          strategy: "canary",
        },
      },
    },
    metrics: {
      performance: {
        calculationTime: slide(tick, (at) => (at > 640 ? 0.158 : 0.121) + chance(seed, at) / 30),
        convergenceIterations: slide(tick, (at) => Math.round(14 + 5 * Math.sin(at / 9))),
        memoryUsage: slide(tick, (at) => Math.round(41e6 + (at % 900) * 9000)),
      },
      quality: {
        avgConfidence: rounded(0.82 + 0.03 * Math.sin(tick / 7)),
        userAgreement: rounded(0.7 + 0.05 * chance(seed, Math.floor(tick / 3))),
      },
    },
    usage: {
      filesAnalyzed: 1204 + 7 * tick,
      calculations: 88_000 + 531 * tick,
      lastUser: `user-${Math.floor(chance(seed, Math.floor(tick / 2)) * 4000)}`,
    },
    history: ring(seed, tick),
    cache: cacheOf(seed, tick),
  };
}

function slide(tick: number, at: (place: number) => number): Tree {
  return Array.from({ length: WINDOW }, (_, place) => rounded(at(tick * NEW_NUMBERS + place)));
}

function ring(seed: number, tick: number): Tree {
  const last = 12 + tick;
  const first = Math.max(0, last - RING_MAX);
  return Array.from({ length: last - first }, (_, place) => {
    const id = first + place;
    return {
      id,
      key: `ml.usage.${id % 3 === 0 ? "filesAnalyzed" : "calculations"}`,
      value: Math.floor(chance(seed, id) * 10_000),
      timestamp: RING_FROM_MS + id * 60_000,
      source: "store.set (src/state/store.ts:41)",
    };
  });
}

function cacheOf(seed: number, tick: number): Tree {
  const entries = Array.from({ length: 32 }, (_, key) => {
    const period = 6 + Math.floor(chance(seed, key) * 70);
    const age = Math.floor((tick + key) / period);
    return [`file-${key}`, `v${Math.floor(chance(key, age) * 1e6).toString(36)}`] as const;
  });
  return { size: entries.length, entries: Object.fromEntries(entries) };
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
