/** A followed document in the window: how following goes, what is overridden, and the way back. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { tick } from "svelte";
import { describe, expect, it } from "vitest";

import type { FollowState } from "../src/bindings/wire";
import { hostOf } from "../src/model/address";
import {
  isOffByOverride,
  overridesChange,
  overridesWithin,
  rowOverrides,
} from "../src/model/overrides";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, openWindow, press } from "./support/open";

const user = userEvent.setup();
const ADDRESS = "https://flags.example/api/ml/flags";
const row = (path: string) => screen.getByTestId(`row-${path}`);
const line = () => screen.getByTestId("following");
const text = (testid: string) => screen.getByTestId(testid).textContent.replaceAll(/\s+/g, " ");
const toast = () => document.querySelector('[data-testid="toast"]')?.textContent ?? "";
const switchOf = (path: string) =>
  screen.getByTestId(`switch-${path}`).getAttribute("aria-checked");

/** Opens the window over a backend that follows the typical document. */
async function openFollowing(
  prepare: (host: MemoryHost) => unknown = () => undefined,
  view: "flags" | "dashboard" | "activity" = "flags",
): Promise<MemoryHost> {
  const host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view };
  host.follow(typical());
  await prepare(host);
  await openOver(host);
  await screen.findByTestId("following");
  return host;
}

const overrideBadges = (host: MemoryHost) =>
  host.change({ kind: "set_components", paths: ["ui.badges"], on: false });

async function runCommand(query: string) {
  await press(document.body, "k", { ctrlKey: true });
  await user.type(await screen.findByTestId("palette-input"), query);
  await user.keyboard("{Enter}");
}

describe("what overrides are about", () => {
  it("is counted for each row, and for the groups around it", async () => {
    const host = new MemoryHost(typical());
    host.follow(typical());
    await host.change({ kind: "set_components", paths: ["search.ranking.neural"], on: false });
    await host.change({ kind: "set_rollout", component: null, percentage: 75 });
    const rows = rowOverrides((await host.flags()).followed);
    expect(rows.get("search.ranking.neural")?.own).toHaveLength(1);
    expect(rows.get("*")?.own.map(({ place }) => place)).toEqual(["/rollout"]);
    expect([rows.get("search")?.inside, rows.get("search.ranking")?.inside]).toEqual([1, 1]);
    expect(rows.has("ui")).toBe(false);
  });

  it("is compared before and after a step", async () => {
    const host = new MemoryHost(typical());
    host.follow(typical());
    const followed = async () => (await host.flags()).followed ?? { from: "", overrides: [] };
    const before = await followed();
    await overrideBadges(host);
    const after = await followed();
    expect(overridesChange(before, after)).toEqual({ made: 1, ended: 0 });
    expect(overridesChange(after, before)).toEqual({ made: 0, ended: 1 });
    expect(overridesChange(after, after)).toEqual({ made: 0, ended: 0 });
  });

  it("turns all flags off only if the master switch is overridden", async () => {
    const host = new MemoryHost(typical());
    host.follow(typical());
    expect(isOffByOverride(await host.flags())).toBe(false);
    await host.change({ kind: "set_master", on: false });
    expect(isOffByOverride(await host.flags())).toBe(true);
  });

  it("turns no flags off that are off in the followed document, too", async () => {
    const host = new MemoryHost(typical());
    host.follow(typical());
    await host.change({ kind: "set_master", on: false });
    host.adopt({ ...typical(), enabled: false });
    const flags = await host.flags();
    expect(flags.followed?.overrides.map(({ place }) => place)).toEqual(["/enabled"]);
    expect(isOffByOverride(flags)).toBe(false);
  });

  it("is found once for several rows, however these contain each other", async () => {
    const host = new MemoryHost(typical());
    host.follow(typical());
    await host.change({ kind: "set_components", paths: ["ui.badges", "tracker"], on: false });
    await host.change({ kind: "set_rollout", component: null, percentage: 75 });
    const { followed } = await host.flags();
    const found = (...paths: string[]) =>
      overridesWithin(followed, paths).map(({ component }) => component);
    expect(found("ui.badges", "ui")).toEqual(["ui.badges"]);
    expect(found("ui", "tracker")).toEqual(["tracker", "ui.badges"]);
    expect(found("u", "search")).toEqual([]);
    expect(found("*")).toHaveLength(3);
  });

  it.each([
    ["https://flags.example:8443/a/b?c", "flags.example:8443"],
    ["nothing that is an address", "nothing that is an address"],
  ])("comes from %j, which is called %j", (address, host) => {
    expect(hostOf(address)).toBe(host);
  });
});

describe("the line about the followed document", () => {
  it("is not there for a local document", async () => {
    await openWindow(typical());
    expect(screen.queryByTestId("following")).toBeNull();
    expect(text("source")).toContain("Local store");
  });

  const now = Date.now();
  it.each<[FollowState, string, string]>([
    [{ kind: "fresh" }, "Up to date", "quiet"],
    [{ kind: "retrying", sinceMs: now, reason: "it timed out" }, "it timed out", "quiet"],
    [
      { kind: "stale", sinceMs: now, reason: "it timed out" },
      "The last good document stays",
      "warning",
    ],
    [
      { kind: "held", sinceMs: now, lost: "5 of 6 components: a, b", document: "x" },
      "it would lose 5 of 6 components",
      "info",
    ],
    [{ kind: "elsewhere" }, "another program on this data folder", "quiet"],
  ])("says of %j what matters", async (state, said, tone) => {
    await openFollowing((host) => host.say(state, ADDRESS));
    expect(line().textContent).toContain("Follows flags.example");
    expect(text("follow-state")).toContain(said);
    expect(line().classList.contains(tone)).toBe(true);
    expect(screen.queryByTestId("fetch-now") === null).toBe(state.kind === "elsewhere");
    expect(screen.queryByTestId("review-held") === null).toBe(state.kind !== "held");
    const isOld = state.kind === "stale" || state.kind === "held";
    expect(screen.getByTestId("source").classList.contains("stale")).toBe(isOld);
  });

  it("says that the local flags serve while nothing was fetched yet", async () => {
    const host = new MemoryHost(typical());
    host.say({ kind: "stale", sinceMs: now, reason: "it timed out" }, ADDRESS);
    await openOver(host);
    await screen.findByTestId("following");
    expect(text("follow-state")).toContain("The flags on this machine stay in force.");
  });

  it.each<[FollowState | null, string]>([
    [{ kind: "fresh" }, "up to date"],
    [{ kind: "waiting" }, "not fetched yet"],
    [{ kind: "elsewhere" }, "fetched by another program"],
    [null, ""],
  ])("says of %j on the dashboard only what is known", async (state, said) => {
    const host = new MemoryHost(typical());
    host.follow(typical());
    if (state) host.say(state, ADDRESS);
    else host.state = { ...host.state, following: null };
    await openOver(host);
    await screen.findByTestId("card-followed");
    expect(text("card-followed").trim()).toBe(`Follows flags.example ${said}`.trim());
  });

  it("fetches now, and says why that failed", async () => {
    const host = await openFollowing((host) =>
      host.say({ kind: "stale", sinceMs: now, reason: "it timed out" }, ADDRESS),
    );
    host.remoteRefusal = { code: "remote", message: "It is away.", problems: [] };
    await user.click(screen.getByTestId("fetch-now"));
    await screen.findByText("It is away.");
    host.remoteRefusal = null;
    await user.click(screen.getByTestId("fetch-now"));
    await waitFor(() => expect(text("follow-state")).toBe("Up to date"));
    expect(host.fetches).toBe(2);
  });

  it("asks again once the next fetch is past, which is not announced if nothing changed", async () => {
    const host = new MemoryHost(typical());
    host.follow(typical());
    const { following } = host.state;
    if (following === null) throw new Error("it follows");
    host.state = { ...host.state, following: { ...following, nextMs: now - 1000 } };
    let asked = 0;
    const status = host.status.bind(host);
    host.status = () => {
      asked += 1;
      // A new object each time, as from the backend.
      return status().then((known) => structuredClone(known));
    };
    await openOver(host);
    await waitFor(() => expect(asked).toBe(2));
    // The answer is the same: a fetch that is under way is not asked about again and again.
    for (let turn = 0; turn < 50; turn += 1) await tick();
    expect(asked).toBe(2);
  });
});

describe("the status", () => {
  it("stays what was asked for last, in whatever order answers arrive", async () => {
    const host = await openFollowing();
    const answers: (() => void)[] = [];
    host.status = () => {
      const known = host.state;
      return new Promise((resolve) => answers.push(() => resolve(known)));
    };
    host.say({ kind: "stale", sinceMs: Date.now(), reason: "it timed out" });
    host.say({ kind: "fresh" });
    await waitFor(() => expect(answers).toHaveLength(2));
    for (const answer of answers.toReversed()) {
      answer();
      // Whatever follows from the answer has happened by then.
      await new Promise((done) => setTimeout(done));
    }
    expect(text("follow-state")).toBe("Up to date");
  });
});

describe("an override", () => {
  it("is made by a switch, marked, shown beside the followed value, and returned", async () => {
    const host = await openFollowing();
    await user.click(screen.getByTestId("switch-ui.badges"));
    const mark = await within(row("ui.badges")).findByTestId("override-mark");
    expect(mark.getAttribute("aria-label")).toBe("Overridden on this machine: ui.badges off");
    expect(toast()).toContain("now an override");
    expect(text("show-overrides")).toContain("1 override");

    const entry = screen.getByTestId("override-/components/ui/badges");
    expect(within(entry).getByText("Off")).toBeTruthy();
    expect(within(entry).getByText("On")).toBeTruthy();
    expect(entry.textContent).toContain("maria in the window");
    await user.click(screen.getByTestId("return-/components/ui/badges"));
    await waitFor(() => expect(switchOf("ui.badges")).toBe("true"));
    expect(screen.queryByTestId("override-mark")).toBeNull();
    expect(toast()).toContain("override ended");
    expect(host.revision).toBe(3);
    await press(document.body, "z", { ctrlKey: true });
    await waitFor(() => expect(switchOf("ui.badges")).toBe("false"));
    await waitFor(() => expect(toast()).toContain("now an override"));
  });

  it("is returned from the menu of its row or its group", async () => {
    await openFollowing(overrideBadges);
    await user.click(screen.getByTestId("menu-tracker"));
    await screen.findByTestId("menu-remove");
    expect(screen.queryByTestId("menu-return")).toBeNull();
    await user.keyboard("{Escape}");
    await user.click(screen.getByTestId("menu-ui"));
    await user.click(await screen.findByTestId("menu-return"));
    await waitFor(() => expect(switchOf("ui.badges")).toBe("true"));
  });

  it("ends with others of its group only after a question", async () => {
    const host = await openFollowing(async (host) => {
      await overrideBadges(host);
      await host.change({ kind: "set_rollout", component: "ui.badges", percentage: 40 });
    });
    await user.click(screen.getByTestId("menu-ui"));
    await user.click(await screen.findByTestId("menu-return"));
    await screen.findByTestId("return-overrides");
    expect(host.revision).toBe(3);
    expect(screen.getByTestId("return-go").textContent.trim()).toBe("Return 2 overrides");
    await user.click(screen.getByTestId("return-go"));
    await waitFor(() => expect(switchOf("ui.badges")).toBe("true"));
    expect(screen.queryByTestId("override-mark")).toBeNull();
  });

  it("that keeps all flags off ends only after a question", async () => {
    const host = await openFollowing((host) => host.change({ kind: "set_master", on: false }));
    await user.click(row("*"));
    await user.click(await screen.findByTestId("return-/enabled"));
    const dialog = await screen.findByTestId("return-overrides");
    expect(dialog.textContent).toContain("Flags are turned on again");
    expect(host.document.enabled).toBe(false);
    await user.click(screen.getByTestId("return-go"));
    await waitFor(() => expect(host.document.enabled).toBe(true));
  });

  it("is shown in the tree whatever else that was filtered for", async () => {
    await openFollowing(overrideBadges);
    await user.click(row("ui"));
    await user.type(screen.getByTestId("filter"), "tracker");
    await waitFor(() => expect(screen.queryByTestId("row-ui.badges")).toBeNull());
    await user.click(screen.getByTestId("show-overridden"));
    await screen.findByTestId("row-ui.badges");
    expect(screen.queryByTestId("row-tracker")).toBeNull();
  });

  it("in a closed group is told by the group", async () => {
    await openFollowing(overrideBadges);
    expect(within(row("ui")).queryByTestId("override-mark")).toBeNull();
    row("ui").focus();
    await user.keyboard("{ArrowLeft}");
    const mark = within(row("ui")).getByTestId("override-mark");
    expect(mark.getAttribute("aria-label")).toBe("1 override in this group");
  });

  it("is filtered for, from the line, with what no row can show in the details", async () => {
    await openFollowing(async (host) => {
      await overrideBadges(host);
      await host.change({ kind: "remove", paths: ["tracker"], release: true });
    }, "dashboard");
    expect(text("card-followed")).toContain("Follows flags.example up to date");
    await user.click(screen.getByTestId("card-overrides"));
    await screen.findByTestId("row-ui.badges");
    expect(screen.queryByTestId("row-calculator")).toBeNull();
    const removed = screen.getByTestId("override-/components/tracker");
    expect(removed.textContent).toContain("tracker");
    expect(removed.textContent).toContain("Not there");
    await user.click(screen.getByTestId("return-/components/tracker"));
    await user.selectOptions(screen.getByTestId("standing"), "any");
    await screen.findByTestId("row-tracker");
  });

  it("is among the first ones that are listed, and the others on request", async () => {
    const components = Object.fromEntries(
      Array.from({ length: 120 }, (_, index) => [`part${index}`, true]),
    );
    const followed = { ...typical(), components: { ...typical().components, many: components } };
    const host = new MemoryHost(followed);
    host.chosen = { ...host.chosen, view: "flags" };
    host.follow(followed);
    await host.change({ kind: "remove", paths: ["many"], release: true });
    await openOver(host);
    await user.click(await screen.findByTestId("row-*"));
    const listed = () => screen.queryAllByTestId(/^override-\/components/);
    expect(listed()).toHaveLength(20);
    await user.click(screen.getByTestId("all-overrides"));
    expect(listed()).toHaveLength(120);
    expect(document.activeElement).toBe(listed()[0]?.parentElement);
    await user.click(screen.getByTestId("publish-here"));
    const choices = () => screen.queryAllByTestId(/^choice-/);
    await waitFor(() => expect(choices()).toHaveLength(100));
    expect(screen.getByTestId("publish-go").textContent.trim()).toBe("Publish 120 overrides");
    await user.click(screen.getByTestId("all-choices"));
    expect(choices()).toHaveLength(120);
  });

  it("that has no place at present is kept and says why", async () => {
    await openFollowing(async (host) => {
      await host.change({ kind: "set_rollout", component: "ui.badges", percentage: 40 });
      const { ui, ...components } = typical().components;
      expect(ui).toBeDefined();
      host.adopt({ ...typical(), components, rollouts: {}, requires: {}, about: {} });
    });
    expect(within(row("*")).queryByTestId("override-mark")).toBeNull();
    const entry = screen.getByTestId("override-/rollouts/ui.badges");
    expect(entry.textContent).toContain(
      "Does not act at present: There is no component ui.badges.",
    );
  });

  it("of the past is shown and not returned", async () => {
    const host = await openFollowing(overrideBadges);
    await user.click(row("ui.badges"));
    await press(document.body, "t", { ctrlKey: true });
    await screen.findByTestId("as-of");
    const button = await screen.findByTestId("return-/components/ui/badges");
    expect(button.getAttribute("aria-disabled")).toBe("true");
    await user.click(button);
    expect(host.revision).toBe(2);
  });

  it("is returned from the palette by the name of its component", async () => {
    await openFollowing(overrideBadges);
    await runCommand("return ui.badges followed");
    await waitFor(() => expect(switchOf("ui.badges")).toBe("true"));
  });

  it("goes with all others after a question, with the keyboard on Cancel", async () => {
    const host = await openFollowing(async (host) => {
      await overrideBadges(host);
      await host.change({ kind: "set_master", on: false });
    });
    await runCommand("return all overrides");
    const dialog = await screen.findByTestId("return-overrides");
    expect(document.activeElement).toBe(screen.getByTestId("return-cancel"));
    expect(dialog.textContent).toContain("Flags are turned on again");
    await user.click(within(screen.getByTestId("choice-/enabled")).getByRole("checkbox"));
    expect(dialog.textContent).not.toContain("Flags are turned on again");
    await user.click(screen.getByTestId("return-go"));
    await waitFor(() => expect(host.revision).toBe(4));
    expect((await host.flags()).followed?.overrides.map(({ place }) => place)).toEqual([
      "/enabled",
    ]);
  });

  it("is what undo is said to be about", async () => {
    const host = await openFollowing(overrideBadges);
    await waitFor(() => expect(host.named.undo).toBe("ui.badges: off · override"));
  });
});

describe("all flags off", () => {
  it("over a followed document says that it is an override and holds", async () => {
    await openFollowing((host) => host.change({ kind: "set_master", on: false }));
    const banner = await screen.findByTestId("all-off-banner");
    expect(banner.textContent).toContain("This overrides the followed document");
    await user.click(screen.getByTestId("banner-action-all_off"));
    await waitFor(() => expect(screen.queryByTestId("all-off-banner")).toBeNull());
    expect(screen.queryByTestId("show-overrides")).toBeNull();
  });

  it("in the followed document is none", async () => {
    await openFollowing((host) => host.adopt({ ...typical(), enabled: false }));
    const banner = await screen.findByTestId("all-off-banner");
    expect(banner.textContent).not.toContain("overrides");
    expect(banner.textContent).toContain("by flags.example (followed)");
  });
});

describe("the activity", () => {
  it("names what was followed, adopted and published, and who by", async () => {
    await openFollowing(async (host) => {
      host.adopt({ ...typical(), rollout: { ...typical().rollout, percentage: 60 } });
      await overrideBadges(host);
      await host.publishOverrides("all");
    }, "activity");
    const list = await screen.findByRole("listbox");
    await within(list).findByText("follows");
    within(list).getByText("adopted");
    within(list).getByText("published");
    expect(list.textContent).toContain("flags.example (followed)");
  });
});

describe("a document that is held", () => {
  async function openHeld(): Promise<MemoryHost> {
    const { calculator } = typical().components;
    const host = await openFollowing((host) => {
      host.remote = { ...typical(), components: { calculator: calculator ?? true } };
      host.remote = { ...host.remote, rollouts: {}, requires: {}, about: {} };
      const lost = "8 of 9 components: tracker and 7 more";
      host.say({ kind: "held", sinceMs: Date.now(), lost, document: "c0ffee" });
    });
    await user.click(screen.getByTestId("review-held"));
    await screen.findByTestId("held-loss");
    return host;
  }

  it("names what is lost before it is accepted, with the keyboard on Cancel", async () => {
    const host = await openHeld();
    expect(text("held-loss")).toContain("It removes 8 of 9 components");
    expect(text("held-loss")).toContain("tracker");
    expect(document.activeElement).toBe(screen.getByTestId("held-cancel"));
    await user.click(screen.getByTestId("held-cancel"));
    expect(host.revision).toBe(1);
    await user.click(screen.getByTestId("review-held"));
    await screen.findByTestId("held-loss");
    await user.click(screen.getByTestId("held-accept"));
    await waitFor(() => expect(screen.queryByTestId("held")).toBeNull());
    expect(screen.queryByTestId("row-tracker")).toBeNull();
    expect(text("follow-state")).toBe("Up to date");
  });

  it("stays held if accepting it is refused, which is said in the dialog", async () => {
    const host = await openHeld();
    host.remoteRefusal = { code: "remote", message: "It is away.", problems: [] };
    await user.click(screen.getByTestId("held-accept"));
    await waitFor(() => expect(text("held-failure")).toContain("It is away."));
    expect(host.revision).toBe(1);
    await fireEvent.click(screen.getByTestId("held-cancel"));
    expect(text("follow-state")).toContain("A change is held");
  });
});
