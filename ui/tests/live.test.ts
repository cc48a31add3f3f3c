import { describe, expect, it } from "vitest";

import type { Failure } from "../src/bindings/wire";
import { Live } from "../src/state/live.svelte";
import { Toasts } from "../src/state/toasts.svelte";
import { words } from "../src/words";
import { safeDefault, typical } from "./support/documents";
import { MemoryHost } from "./support/memory";

const refusal: Failure = {
  code: "invalid",
  message: "Refused, nothing was saved.",
  problems: [
    { severity: "error", code: "wrong_type", pointer: "/enabled", message: "It has to be so." },
  ],
};

async function started(document = safeDefault()) {
  const host = new MemoryHost(document);
  const toasts = new Toasts();
  const live = new Live(host, toasts);
  await live.start(() => undefined);
  return { host, live, toasts };
}

describe("a change", () => {
  it("is shown before it is stored, and stays once it is", async () => {
    const { host, live, toasts } = await started();
    const answer = host.hold();
    const stored = live.change({ kind: "set_components", paths: ["ui"], on: true });
    expect(live.flags?.componentsOn).toBe(3);
    expect(live.stored?.componentsOn).toBe(0);
    expect(live.isSaving).toBe(true);
    answer();
    expect(await stored).toBe(true);
    expect(live.isSaving).toBe(false);
    expect(live.stored?.componentsOn).toBe(3);
    expect(toasts.list.map((toast) => toast.text)).toEqual(["ui: on"]);
  });

  it("falls back to what is stored when it is refused, and says why", async () => {
    const { host, live, toasts } = await started();
    host.refusal = refusal;
    const stored = live.change({ kind: "set_master", on: true });
    expect(live.flags?.document.enabled).toBe(true);
    expect(await stored).toBe(false);
    expect(live.flags?.document.enabled).toBe(false);
    expect(toasts.list).toMatchObject([
      { kind: "failed", text: refusal.message, details: ["It has to be so."] },
    ]);
  });

  it("tells of a rejection that is no failure of ours", async () => {
    const { host, live, toasts } = await started();
    host.refusal = "the pipe broke" as unknown as Failure;
    await live.change({ kind: "set_master", on: true });
    expect(toasts.list).toMatchObject([{ kind: "failed", text: "the pipe broke" }]);
  });

  it("is sent after the one before it, so that the last one made is the last one stored", async () => {
    const { host, live } = await started();
    const answer = host.hold();
    const changes = [true, false, true].map((on) => live.change({ kind: "set_master", on }));
    expect(live.flags?.document.enabled).toBe(true);
    await Promise.resolve();
    await Promise.resolve();
    expect(host.edits.length).toBe(1);
    answer();
    await Promise.all(changes);
    expect(host.edits.map(({ edit }) => edit)).toEqual(
      [true, false, true].map((on) => ({ kind: "set_master", on })),
    );
    expect(live.flags?.document.enabled).toBe(true);
  });

  it("that changes nothing is not announced as one", async () => {
    const { live, toasts } = await started();
    expect(await live.change({ kind: "set_master", on: false })).toBe(true);
    expect(toasts.list).toEqual([]);
  });
});

describe("an amendment", () => {
  const addGroup = (live: Live, group: string) =>
    live.amend((document) => ({
      kind: "set_rollout",
      component: null,
      userGroups: [...document.rollout.userGroups, group],
    }));

  it("keeps what somebody else saved between reading and saving", async () => {
    const { host, live } = await started();
    const answer = host.hold();
    const stored = addGroup(live, "mine");
    host.changeElsewhere({ kind: "set_rollout", component: null, userGroups: ["theirs"] });
    answer();
    expect(await stored).toBe(true);
    expect(host.document.rollout.userGroups).toEqual(["theirs", "mine"]);
  });

  it("follows on the one before it", async () => {
    const { host, live, toasts } = await started();
    await Promise.all([addGroup(live, "a"), addGroup(live, "b")]);
    expect(host.document.rollout.userGroups).toEqual(["a", "b"]);
    expect(toasts.list.filter((toast) => toast.kind === "failed")).toEqual([]);
  });
});

describe("undo", () => {
  it("takes the last change back and offers to bring it back", async () => {
    const { live, toasts } = await started();
    await live.change({ kind: "set_master", on: true });
    expect(await live.undo()).toBe(true);
    expect(live.flags?.document.enabled).toBe(false);
    const [toast] = toasts.list;
    expect(toast?.action?.isOffered()).toBe(true);
    toast?.action?.run();
    await expect.poll(() => live.flags?.document.enabled).toBe(true);
  });

  it("is offered again once a change was brought back", async () => {
    const { live, toasts } = await started();
    await live.change({ kind: "set_master", on: true });
    await live.undo();
    expect(await live.redo()).toBe(true);
    expect(toasts.list[0]?.action).toMatchObject({ label: "Undo" });
    expect(toasts.list[0]?.action?.isOffered()).toBe(true);
  });

  it("is not offered for a change that something else followed", async () => {
    const { host, live, toasts } = await started();
    await live.change({ kind: "set_master", on: true });
    const [toast] = toasts.list;
    expect(toast?.action?.isOffered()).toBe(true);
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: true });
    await live.refresh();
    expect(toast?.action?.isOffered()).toBe(false);
  });

  it("does nothing where there is nothing to undo", async () => {
    const { live, toasts } = await started();
    expect(await live.undo()).toBe(false);
    expect(toasts.list).toEqual([]);
  });
});

describe("following the backend", () => {
  it("shows what was changed elsewhere", async () => {
    const { host, live, toasts } = await started();
    host.changeElsewhere({ kind: "set_master", on: true });
    await expect.poll(() => live.flags?.document.enabled).toBe(true);
    expect(toasts.list).toEqual([]);
  });

  it("reads at most once more for any number of announcements during a reading", async () => {
    const { host, live } = await started();
    const before = host.reads;
    const answer = host.hold();
    for (let revision = 1; revision <= 50; revision += 1) {
      host.announce({ kind: "flags", revision });
    }
    answer();
    await live.refresh();
    await live.refresh();
    // The one under way, the one that waited, and those asked for here.
    expect(host.reads - before).toBeLessThanOrEqual(4);
  });

  it("keeps showing the last flags when they cannot be read anew, and says so", async () => {
    const { host, live } = await started(typical());
    host.readFailure = refusal;
    await live.refresh();
    expect(live.flags?.components).toBe(9);
    expect(live.failure).toEqual(refusal);
    host.readFailure = null;
    await live.refresh();
    expect(live.failure).toBeNull();
  });

  it("turns everything off even where nothing can be saved", async () => {
    const { host, live, toasts } = await started(typical());
    host.state = { ...host.state, readOnly: "The disk is full." };
    host.announce({ kind: "status" });
    await expect.poll(() => live.isWritable).toBe(false);
    await live.allOff();
    expect(live.status?.isHeldOff).toBe(true);
    expect(toasts.list.map(({ text }) => text)).toEqual([words.frame.heldOffDone]);
  });

  it("turns everything off while a change hangs, even one that shows it as off", async () => {
    const { host, live } = await started(typical());
    const answer = host.hold();
    void live.change({ kind: "set_master", on: false });
    expect(live.flags?.document.enabled).toBe(false);
    void live.allOff();
    await expect.poll(() => host.edits).toHaveLength(2);
    answer();
  });

  it("says so when everything is off already", async () => {
    const { host, live, toasts } = await started();
    await live.allOff();
    expect(host.revision).toBe(0);
    expect(toasts.list.map(({ text }) => text)).toEqual([words.frame.allOffAlready]);
  });
});
