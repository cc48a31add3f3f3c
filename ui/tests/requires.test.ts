/** What may require what, without ever requiring itself. */

import { describe, expect, it } from "vitest";

import type { Document } from "../src/bindings/wire";
import { dependantsOf, findCandidates, whoNeeds } from "../src/model/requires";
import { growTree } from "../src/model/tree";
import { safeDefault, typical } from "./support/documents";

function candidates(document: Document, path: string, query = "") {
  const tree = growTree(document.components);
  return findCandidates(document, tree, dependantsOf(document.requires), path, query);
}

/** `c0` requires `c1` requires `c2`, and so on. */
function chain(length: number): Document {
  const paths = Array.from({ length }, (_, index) => `c${index}`);
  return {
    ...safeDefault(),
    components: Object.fromEntries(paths.map((path) => [path, true])),
    requires: Object.fromEntries(paths.slice(1).map((path, index) => [`c${index}`, [path]])),
  };
}

describe("what needs a component", () => {
  it("is found to any depth, each with the one through which it does", () => {
    const needing = whoNeeds("d", dependantsOf({ a: ["b"], b: ["d"], c: ["d", "b"], e: ["a"] }));
    expect([...needing]).toEqual([
      ["b", null],
      ["c", null],
      ["a", "b"],
      ["e", "a"],
    ]);
  });

  it("is found in a chain as long as a document has components", () => {
    expect(whoNeeds("c9999", dependantsOf(chain(10_000).requires)).size).toBe(9999);
  });

  it("is found at all where a document that was never checked goes in circles", () => {
    const needing = whoNeeds("a", dependantsOf({ a: ["b"], b: ["a", "b"] }));
    expect([...needing]).toEqual([["b", null]]);
  });
});

describe("what a component may require", () => {
  it("is every other component, no group, and nothing it requires already", () => {
    expect(candidates(typical(), "ui.dashboard").map(({ path }) => path)).toEqual([
      "calculator",
      "orchestrator",
      "ui.badges",
      "ui.curationPanel",
      "search.ranking.neural",
      "search.ranking.feedback",
      "search.suggestions",
    ]);
  });

  it("is found by words of its path and its title", () => {
    const found = (query: string) =>
      candidates(typical(), "tracker", query).map(({ path }) => path);
    expect(found("BADGES conf")).toEqual(["ui.badges"]);
    expect(found("search feedback")).toEqual(["search.ranking.feedback"]);
    expect(found("nothing like that")).toEqual([]);
  });

  it("is not what needs it itself, which comes last, with the way it does", () => {
    const barred = candidates(chain(4), "c3").map(({ path, obstacle }) => [path, obstacle]);
    expect(barred).toEqual([
      ["c0", { via: "c1" }],
      ["c1", { via: "c2" }],
      ["c2", { via: null }],
    ]);
    expect(candidates(chain(4), "c1").map(({ path }) => path)).toEqual(["c3", "c0"]);
  });

  it("never makes a cycle, and everything that would not is offered", () => {
    // Each requires some of those after it, so that there are no cycles, but many ways.
    const paths = Array.from({ length: 12 }, (_, index) => `c${index}`);
    const document: Document = {
      ...chain(12),
      requires: Object.fromEntries(
        paths.map((path, index) => [
          path,
          paths.filter((_, other) => other > index && (other * 7 + index * 3) % 5 === 0),
        ]),
      ),
    };
    for (const path of paths) {
      for (const candidate of candidates(document, path)) {
        const after = {
          ...document.requires,
          [path]: [...(document.requires?.[path] ?? []), candidate.path],
        };
        const isCycle = requiresItself(path, after);
        expect([path, candidate.path, candidate.obstacle !== null]).toEqual([
          path,
          candidate.path,
          isCycle,
        ]);
      }
    }
  });
});

/** The plain reading of the rule, to compare with. */
function requiresItself(path: string, requires: Record<string, string[]>): boolean {
  const reaches = (from: string): boolean =>
    (requires[from] ?? []).some((next) => next === path || reaches(next));
  return reaches(path);
}
