import { describe, expect, it } from "vitest";

import type { Flags } from "../src/bindings/wire";
import { applyEdit } from "../src/model/edit";
import { filterNodes } from "../src/model/filter";
import { rolloutOf } from "../src/model/rollout";
import { growTree, missingRequirements, positionOf, visibleNodes } from "../src/model/tree";
import { judgeFlags } from "../src/model/verdict";
import { safeDefault, typical } from "./support/documents";
import { reachesOf } from "./support/reach";

const nothing: ReadonlySet<string> = new Set();

describe("the tree", () => {
  const tree = growTree(typical().components);

  it("counts the components beneath a group, at any depth", () => {
    expect([tree.components, tree.componentsOn]).toEqual([9, 6]);
    const search = tree.byPath.get("search");
    expect([search?.components, search?.componentsOn]).toEqual([3, 2]);
  });

  it("gives a group the position of all of its components, or mixed", () => {
    const positions = ["ui", "search.ranking.neural", "orchestrator"].map((path) => {
      const node = tree.byPath.get(path);
      return node && positionOf(node);
    });
    expect(positions).toEqual(["mixed", "on", "off"]);
  });

  it("keeps the order of the document and hides what is in a collapsed group", () => {
    const shown = visibleNodes(tree.roots, new Set(["ui", "search.ranking"]));
    expect(shown.map((node) => node.path)).toEqual([
      "calculator",
      "tracker",
      "orchestrator",
      "ui",
      "search",
      "search.ranking",
      "search.suggestions",
    ]);
  });

  it("finds by name, title, tag and owner, every word of the query, with the groups around", () => {
    const find = (text: string) => {
      const filter = { text, tags: nothing, owners: nothing, standing: "any" as const };
      const found = filterNodes(typical(), tree, filter, {
        nowMs: Date.now,
        isOverridden: () => false,
      });
      return visibleNodes(found, nothing).map((node) => node.path);
    };
    expect(find("BADGES")).toEqual(["ui", "ui.badges"]);
    expect(find("confidence badges")).toEqual(["ui", "ui.badges"]);
    expect(find("neural")).toEqual(["search", "search.ranking", "search.ranking.neural"]);
    expect(find("search team")).toEqual(["calculator", "ui", "ui.badges"]);
    expect(find("no such thing")).toEqual([]);
  });

  it("names what a component needs and does not have", () => {
    const document = typical();
    expect(missingRequirements(document, tree, "search.suggestions")).toEqual([
      "search.ranking.feedback",
    ]);
    expect(missingRequirements(document, tree, "ui.dashboard")).toEqual([]);
  });
});

describe("an edit shown early", () => {
  it("switches everything beneath a group and nothing else", () => {
    const after = applyEdit(safeDefault(), { kind: "set_components", paths: ["ui"], on: true });
    expect(after.components).toEqual({
      ...safeDefault().components,
      ui: { badges: true, dashboard: true, curationPanel: true },
    });
  });

  it("leaves the document alone where the path leads nowhere", () => {
    const after = applyEdit(safeDefault(), { kind: "set_components", paths: ["ui.x"], on: true });
    expect(after).toEqual(safeDefault());
  });

  it("gives a component a copy of the document's rollout before changing it", () => {
    const document = typical();
    const after = applyEdit(document, {
      kind: "set_rollout",
      component: "tracker",
      userGroups: ["beta"],
    });
    expect(rolloutOf(after, "tracker")).toEqual({ ...document.rollout, userGroups: ["beta"] });
    expect(after.rollout).toEqual(document.rollout);
    const back = applyEdit(after, { kind: "clear_rollout", component: "tracker" });
    expect(back.rollouts).toEqual(document.rollouts);
  });
});

describe("the verdict", () => {
  function check(document: Flags["document"], tone: string, text: string) {
    const never = { sinceMs: null, by: null, isStored: true };
    const allOff = document.enabled ? null : never;
    const flags = { document, allOff, reach: reachesOf(document) } as Flags;
    expect(judgeFlags(flags, growTree(document.components), 0)).toEqual({ tone, text });
  }

  it("says off before anything else, then what is switched on in vain", () => {
    check({ ...typical(), enabled: false }, "quiet", "All flags are off: never turned on");
    check(
      typical(),
      "warning",
      "search.suggestions is blocked: it requires search.ranking.feedback, which is off",
    );
  });

  it("is a warning if what a component requires is on for nobody", () => {
    const zero = { percentage: 0, userGroups: [], strategy: "canary" as const };
    const requiring: Flags["document"] = {
      enabled: true,
      components: { ranking: true, semantic: true },
      rollout: { ...zero, percentage: 40 },
      rollouts: { semantic: zero },
      requires: { ranking: ["semantic"] },
    };
    check(requiring, "warning", "ranking is on for nobody: semantic is at 0 %");
    // A component that is itself at 0 % is on for nobody on purpose.
    const both = { semantic: zero, ranking: zero };
    const text = "On for 40 % of everyone; 2 components differ";
    check({ ...requiring, rollouts: both }, "good", text);
  });

  it("says for whom it is on", () => {
    const plain = { ...typical(), rollouts: {}, requires: {} };
    const { rollout } = plain;
    check(plain, "good", "On for 50 % of everyone");
    check({ ...plain, rollout: { ...rollout, percentage: 100 } }, "good", "On for everyone");
    check(
      { ...plain, rollout: { ...rollout, percentage: 0 } },
      "quiet",
      "On, but for nobody: the default rollout is at 0 %",
    );
    const grouped = { ...rollout, strategy: "feature" as const, userGroups: ["beta", "staff"] };
    check({ ...plain, rollout: grouped }, "good", "On for 50 % of beta or staff only");
    check(
      { ...plain, rollouts: typical().rollouts ?? {} },
      "good",
      "On for 50 % of everyone; 3 components differ",
    );
  });
});
