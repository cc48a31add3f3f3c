/** The backend in memory answers what Flagdeck answers: the examples are from `tests/answers.rs`. */

import { describe, expect, it } from "vitest";

import examples from "../../tests/fixtures/answers.json";
import type {
  Document,
  Edit,
  Explanation,
  Flags,
  Review,
  StateDifferenceOptions,
  Widenings,
} from "../src/bindings/wire";
import { reachOf } from "../src/model/reach";
import { growTree } from "../src/model/tree";
import { safeDefault, written } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { compareStates } from "./support/state_compare";
import type { Tree } from "./support/state_trees";

interface Step {
  change?: Edit;
  undo?: number;
  redo?: number;
  restore?: number;
}

interface Ask {
  flags?: object;
  explain?: { component: string; user: string; groups: string[] };
  review?: string;
  widenings?: Edit;
  states?: { from: Tree; to: Tree; options: StateDifferenceOptions };
}

interface Example {
  name: string;
  steps?: Step[];
  ask: Ask;
  answer: unknown;
}

async function hostAfter(steps: readonly Step[] = []): Promise<MemoryHost> {
  const host = new MemoryHost(safeDefault());
  await host.change({ kind: "replace", text: JSON.stringify(examples.document) });
  for (const { change, undo, redo, restore } of steps) {
    if (change) await host.change(change);
    if (undo !== undefined) await host.undo(undo);
    if (redo !== undefined) await host.redo(redo);
    if (restore !== undefined) await host.restore(restore);
  }
  return host;
}

interface Told extends Pick<Flags, "revision" | "components" | "componentsOn" | "reach"> {
  document: Document;
  undo: number | null;
  redo: number | null;
}

/** With the reach of each component by itself, in whatever order the kinds of reach are. */
function spreadOut({ document, reach, ...flags }: Told) {
  const { byPath } = growTree(document.components);
  const leaves = [...byPath.values()].filter(({ children }) => !children);
  const reaches = leaves.map(({ path }) => [path, reachOf(reach, path)]);
  return { ...flags, document: written(document), reaches };
}

/** Without sentences, which are put more plainly in memory. */
function withoutSentences({ revision, problems, difference, loss }: Review) {
  const changes = difference.changes.map(({ pointer, before, after }) => ({
    pointer,
    before: JSON.parse(before ?? "null") as unknown,
    after: JSON.parse(after ?? "null") as unknown,
  }));
  const kinds = problems.map(({ severity, code, pointer }) => ({ severity, code, pointer }));
  return { revision, problems: kinds, changes, total: difference.total, loss };
}

const all = examples.examples as unknown as Example[];
const of = <Kind extends keyof Ask>(kind: Kind) =>
  all.flatMap((example) => {
    const asked = example.ask[kind];
    return asked === undefined ? [] : [{ ...example, asked: asked }];
  });

describe("the backend in memory", () => {
  it.each(of("flags"))("tells of $name", async ({ steps, answer }) => {
    const flags = await (await hostAfter(steps)).flags();
    const { revision, document, components, componentsOn, reach } = flags;
    const [undo, redo] = [flags.undo?.revision ?? null, flags.redo?.revision ?? null];
    const told: Told = { revision, document, components, componentsOn, reach, undo, redo };
    expect(spreadOut(told)).toEqual(spreadOut(answer as Told));
  });

  it.each(of("explain"))("explains $name", async ({ steps, asked, answer }) => {
    const host = await hostAfter(steps);
    const told = answer as Explanation;
    host.bucket = told.bucket ?? host.bucket;
    const explained = await host.explain(asked.component, asked.user, asked.groups);
    // Of the layers, the examples say nothing: they say when.
    expect({ ...explained, layers: undefined }).toEqual(told);
  });

  it.each(of("review"))("reviews $name", async ({ steps, asked, answer }) => {
    const review = await (await hostAfter(steps)).review(asked);
    expect(withoutSentences(review)).toEqual(withoutSentences(answer as Review));
  });

  it.each(of("widenings"))("foresees $name", async ({ steps, asked, answer }) => {
    expect(await (await hostAfter(steps)).widenings(asked)).toEqual(answer as Widenings);
  });

  it.each(of("states"))("compares $name", ({ asked, answer }) => {
    const { from, to, options } = asked;
    const { changes, total, noise, tolerated, unchanged } = compareStates(from, to, options);
    const told = changes.map((change) => ({ ...change, record: null }));
    expect({ changes: told, total, noise, tolerated, unchanged }).toEqual(answer);
  });
});
