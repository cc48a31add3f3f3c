import { describe, expect, it } from "vitest";

import type { Document, Edit } from "../src/bindings/wire";
import { conflictBetween, type Conflict } from "../src/model/conflict";
import { applyEdit } from "../src/model/edit";
import { Live } from "../src/state/live.svelte";
import { Toasts } from "../src/state/toasts.svelte";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";

const share = (percentage: number): Edit => ({
  kind: "set_rollout",
  component: "ui.badges",
  percentage,
});

const after = (...edits: Edit[]): Document => edits.reduce(applyEdit, typical());

describe("what counts as a conflict", () => {
  it("is another value in the same place", () => {
    expect(conflictBetween(share(40), typical(), after(share(25)))).toMatchObject({
      path: "ui.badges",
      field: "percentage",
      before: "12.5 %",
      theirs: "25 %",
      mine: "40 %",
    });
  });

  it("is not the same value, nor a change elsewhere, nor a switch", () => {
    const groups: Edit = { kind: "set_rollout", component: "ui.badges", userGroups: ["staff"] };
    const off: Edit = { kind: "set_components", paths: ["ui.badges"], on: false };
    expect(conflictBetween(share(25), typical(), after(share(25)))).toBeNull();
    expect(conflictBetween(share(40), typical(), after(groups, off))).toBeNull();
    expect(conflictBetween(off, typical(), after(off))).toBeNull();
  });

  it.each<[string, Edit, Edit, string]>([
    [
      "a title",
      { kind: "describe", path: "ui.badges", title: "Mine" },
      { kind: "describe", path: "ui.badges", title: "Theirs" },
      "Theirs",
    ],
    [
      "requirements",
      { kind: "set_requires", component: "ui.dashboard", requires: ["calculator"] },
      { kind: "set_requires", component: "ui.dashboard", requires: [] },
      "nothing",
    ],
    [
      "a rollout that is taken away",
      { kind: "clear_rollout", component: "ui.badges" },
      share(99),
      "Canary, 99 %, beta",
    ],
  ])("knows %s", (_, mine, other, theirs) => {
    expect(conflictBetween(mine, typical(), after(other))?.theirs).toBe(theirs);
    expect(conflictBetween(mine, typical(), typical())).toBeNull();
  });
});

describe("an edit that meets another", () => {
  async function begun() {
    const host = new MemoryHost(typical());
    const live = new Live(host, new Toasts());
    await live.start(() => undefined);
    const met: Conflict[] = [];
    live.onconflict = (conflict) => met.push(conflict);
    return { host, live, met, seen: host.document };
  }

  it("stores nothing and asks", async () => {
    const { host, live, met, seen } = await begun();
    host.changeElsewhere(share(25));
    await live.change(share(40), seen);
    expect(met.map(({ mine, theirs }) => [mine, theirs])).toEqual([["40 %", "25 %"]]);
    expect(host.document.rollouts?.["ui.badges"]?.percentage).toBe(25);
    expect(live.flags?.document.rollouts?.["ui.badges"]?.percentage).toBe(25);
  });

  it("is asked about also where the window has not heard of the other one yet", async () => {
    const { host, live, met, seen } = await begun();
    const answer = host.hold();
    const stored = live.change(share(40), seen);
    host.changeElsewhere(share(25));
    answer();
    await stored;
    expect(met).toHaveLength(1);
  });

  it("is stored where the other one was about something else", async () => {
    const { host, live, met, seen } = await begun();
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: false });
    expect(await live.change(share(40), seen)).toBe(true);
    expect(met).toEqual([]);
    expect(host.document.rollouts?.["ui.badges"]?.percentage).toBe(40);
    expect(host.document.components.tracker).toBe(false);
  });
});
