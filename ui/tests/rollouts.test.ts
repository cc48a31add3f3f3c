/** The view of rollouts: how each stands, what can be done, what happened, and the keyboard. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { beforeEach, describe, expect, it } from "vitest";

import type { Failure, RolloutDetails } from "../src/bindings/wire";
import { words } from "../src/words";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";
import { rolledOut, type RolloutsName, withRollouts } from "./support/rollout_samples";

const NOW_MS = Date.now();
const failure: Failure = { code: "disk_full", message: "The disk is full.", problems: [] };
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];

let user: ReturnType<typeof userEvent.setup>;
let host: MemoryHost;

beforeEach(() => {
  user = userEvent.setup();
  host = new MemoryHost(rolledOut());
});

async function open(name: RolloutsName = "typical") {
  withRollouts(host, name, NOW_MS);
  host.chosen = { ...host.chosen, view: "rollouts" };
  await openOver(host);
  await screen.findByTestId(name === "none" ? "no-rollouts" : "rollout-details");
}

const get = (testid: string) => screen.getByTestId(testid);
const row = (key: string) => get(`rollout-${key}`);
const textOf = (testid: string) => get(testid).textContent.replaceAll(/\s+/g, " ").trim();
const rowText = (key: string) => textOf(`rollout-${key}`);
const standing = (key: string) =>
  row(key).querySelector<HTMLElement>("[data-standing]")?.dataset.standing;
const choose = async (key: string) => {
  await user.click(row(key));
  await waitFor(() => expect(get("rollout-name").textContent).toBe(key));
};

describe("the list", () => {
  it("says of each how it stands, where its ramp is, and what is missing", async () => {
    await open();
    expect(textOf("rollout-count")).toBe("9 watched, 7 ramps");
    expect(standing("ui.badges")).toBe("healthy");
    expect(rowText("ui.badges")).toContain("Next 25 %: 23 min more · 112 more calculations");
    expect(rowText("ui.badges")).toContain("3 of 6 steps made, at 10 %, next 25 %");
    expect(standing("search.suggestions")).toBe("holding");
    expect(rowText("search.suggestions")).toMatch(/held by the guard More users/);
    expect(rowText("search.ranking.feedback")).toContain("not watched: nothing is reported since");
    expect(rowText("search.ranking.neural")).toContain("changed by hand: resume or abort it");
    expect(rowText("export.archive")).toContain("Next 100 %: paused");
    expect(rowText("export.share")).toContain("working hours begin");
    expect(rowText("search.spelling")).toContain("162 more calculations");
    expect(standing("search.spelling")).toBe("collecting");
    expect(standing("ui.dashboard")).toBe("rolledBack");
    expect(rowText("ui.dashboard")).toContain("Failures 8.1 % with it on against 1.2 %");
    expect(standing("")).toBe("unwatched");
    expect(rowText("")).toContain("Default rollout");
  });

  it("has the order of the backend, with what has nothing to watch folded away", async () => {
    await open();
    const keys = () =>
      [...get("rollout-list").querySelectorAll<HTMLElement>("[data-row]")].map(
        ({ dataset }) => dataset.row,
      );
    expect(keys()).toEqual(host.rolloutList.slice(0, 9).map(({ component }) => component ?? ""));
    await user.click(get("rollout-others"));
    expect(keys()).toHaveLength(14);
    expect(get("rollout-others").ariaExpanded).toBe("true");
    expect(rowText("export.pdf")).toBe("export.pdf 100 %");
    expect(rowText("tracker")).toBe("tracker off");
  });

  it("is filtered by name, through what is folded away too", async () => {
    await open();
    await user.type(get("rollout-filter"), "pdf");
    expect(screen.queryByTestId("rollout-ui.badges")).toBeNull();
    expect(rowText("export.pdf")).toContain("100 %");
    await user.clear(get("rollout-filter"));
    await user.type(get("rollout-filter"), "default");
    expect(rowText("")).toContain("Default rollout");
    await user.type(get("rollout-filter"), " nothing");
    screen.getByText("No rollout matches “default nothing”.");
  });

  it("is walked by arrow keys, and the details follow", async () => {
    await open();
    row("ui.dashboard").focus();
    await user.keyboard("{ArrowDown}");
    await waitFor(() => expect(document.activeElement).toBe(row("search.suggestions")));
    expect(get("rollout-name").textContent).toBe("search.suggestions");
    await user.keyboard("{End}");
    await waitFor(() => expect(get("rollout-name").textContent).toBe("Default rollout"));
    const stops = [...get("rollout-list").querySelectorAll<HTMLElement>("[data-row]")].filter(
      ({ tabIndex }) => tabIndex === 0,
    );
    expect(stops).toEqual([row("")]);
  });

  it("pauses and resumes by its buttons and by P", async () => {
    await open();
    await user.click(get("pause-ui.badges"));
    await waitFor(() => expect(host.steered).toEqual([["pauseRamp", "ui.badges"]]));
    await user.click(await screen.findByTestId("resume-ui.badges"));
    await waitFor(() => expect(host.steered).toHaveLength(2));
    await screen.findByTestId("pause-ui.badges");
    row("ui.badges").focus();
    await press(row("ui.badges"), "p");
    await waitFor(() => expect(host.steered.at(-1)).toEqual(["pauseRamp", "ui.badges"]));
  });

  it("switches a component off, and sets the default rollout to 0 %", async () => {
    await open();
    await user.click(get("off-ui.badges"));
    await waitFor(() =>
      expect(host.edits.at(-1)?.edit).toEqual({
        kind: "set_components",
        paths: ["ui.badges"],
        on: false,
      }),
    );
    await user.click(get("off-"));
    await waitFor(() =>
      expect(host.edits.at(-1)?.edit).toEqual({
        kind: "set_rollout",
        component: null,
        percentage: 0,
      }),
    );
  });

  it("stays calm with three hundred components and eight ramps", async () => {
    await open("many");
    expect(textOf("rollout-count")).toBe("8 watched, 8 ramps");
    expect(get("rollout-list").querySelectorAll("[data-row]")).toHaveLength(8);
    await user.click(get("rollout-others"));
    expect(get("rollout-list").querySelectorAll("[data-row]")).toHaveLength(208);
    screen.getByText("and 92 more: type to find them");
  });
});

describe("the details", () => {
  it("begin with the verdict and its reason", async () => {
    await open();
    await choose("ui.badges");
    expect(textOf("rollout-verdict")).toBe(
      "Healthy No harm found: failures 1.2 % with it on, 1.1 % with it off.",
    );
    expect(get("rollout-verdict").className).toContain("good");
  });

  it("have both arms, their difference, and the evidence of each test", async () => {
    await open();
    await choose("ui.badges");
    const cells = within(get("rollout-counts")).getAllByRole("cell");
    expect(cells.slice(0, 3).map(({ textContent }) => textContent)).toEqual([
      "4,210",
      "1.2 % (51)",
      "0.4 % (17)",
    ]);
    expect(textOf("rollout-difference")).toBe("+0.1 points, −0.9 to +1.2");
    expect(textOf("test-relative")).toBe("Failures against users with it off 24× of 200×");
    expect(textOf("test-absolute")).toBe("Failures against 3 % none of 200×");
    expect(textOf("test-late")).toContain("Slower than 5 s against 5 %");
    within(get("test-relative")).getByRole("img", {
      name: "Failures against users with it off: evidence 24×, acts at 200×",
    });
  });

  it("draw both over time, with a table for reading", async () => {
    await open();
    await choose("ui.badges");
    const charts = await screen.findByTestId("rollout-charts");
    expect(within(charts).getAllByRole("img")).toHaveLength(2);
    await user.click(within(charts).getByText(words.rollouts.charts.table));
    expect(within(charts).getAllByRole("row").length).toBeGreaterThan(50);
  });

  it("have the steps with when each was made, and what comes next", async () => {
    await open();
    await choose("ui.badges");
    const steps = within(get("ramp-card")).getAllByRole("listitem");
    expect(steps.map(({ className }) => className.split(" ")[0])).toEqual([
      "made",
      "made",
      "present",
      "next",
      "later",
      "later",
    ]);
    await waitFor(() => expect(steps[0]?.textContent).toMatch(/1 %\s*\d+:\d\d/));
    expect(textOf("ramp-next")).toContain("Next 25 %: 23 min more · 112 more calculations");
  });

  it.each([
    ["pause-ramp", "ui.badges", ["pauseRamp", "ui.badges"]],
    ["skip-ramp", "ui.badges", ["skipRamp", "ui.badges"]],
    ["resume-ramp", "search.ranking.neural", ["resumeRamp", "search.ranking.neural"]],
  ])("%s asks the backend", async (button, key, call) => {
    await open();
    await choose(key);
    await user.click(get(button));
    await waitFor(() => expect(host.steered).toEqual([call]));
  });

  it("say why an action was refused", async () => {
    await open();
    await choose("ui.badges");
    host.pauseRamp = () => Promise.reject(failure);
    await user.click(get("pause-ramp"));
    await screen.findByText(failure.message);
  });

  it("skip no step of a ramp that is paused", async () => {
    await open();
    await choose("export.archive");
    expect(get("skip-ramp").ariaDisabled).toBe("true");
    await user.click(get("skip-ramp"));
    expect(host.steered).toEqual([]);
  });

  it("roll back by the call that the dashboard uses", async () => {
    await open();
    const asked: unknown[] = [];
    host.rollBack = (component, base) => {
      asked.push([component, base]);
      return Promise.reject(failure);
    };
    await choose("ui.badges");
    await user.click(get("roll-back-rollout"));
    await waitFor(() => expect(asked).toEqual([["ui.badges", 0]]));
  });

  it("abort a ramp where it is, or put the rollout back", async () => {
    await open();
    await choose("ui.badges");
    await user.click(get("abort-ramp"));
    await user.click(await screen.findByTestId("abort-put-back"));
    await user.click(get("abort-dialog-go"));
    await waitFor(() => expect(host.steered).toEqual([["abortRamp", "ui.badges", true]]));
    await waitFor(() => expect(screen.queryByTestId("abort-dialog")).toBeNull());
    expect(get("start-ramp").textContent).toContain("Start another ramp");
  });

  it("say beforehand that blue-green has no steps", async () => {
    await open();
    await user.click(get("rollout-others"));
    await choose("calculator");
    expect(get("start-ramp").ariaDisabled).toBe("true");
    expect(textOf("cannot-ramp")).toContain("Blue-green switches everyone together");
  });

  it("of another one are never shown under its name, however late they come", async () => {
    await open();
    const held = new Map<string, (details: RolloutDetails) => void>();
    const answers = host.rollout.bind(host);
    host.rollout = (component) => new Promise((resolve) => held.set(component ?? "", resolve));
    await choose("ui.badges");
    await choose("export.share");
    host.rollout = answers;
    held.get("ui.badges")?.(await answers("ui.badges"));
    expect(screen.queryByTestId("rollout-charts")).toBeNull();
    held.get("export.share")?.(await answers("export.share"));
    await screen.findByTestId("rollout-charts");
    expect(get("rollout-name").textContent).toBe("export.share");
  });

  it("are read again when something happened", async () => {
    await open();
    await choose("ui.badges");
    const badges = host.rolloutList.find(({ component }) => component === "ui.badges");
    if (!badges) throw new Error("there is no such rollout");
    Object.assign(badges, { standing: "holding", sentence: "Holding: something." });
    host.announce({ kind: "rollouts" });
    await waitFor(() => expect(textOf("rollout-verdict")).toBe("Holding Something."));
  });

  it("say why they cannot be read, and read again on request", async () => {
    await open();
    host.rolloutRefusal = failure;
    host.announce({ kind: "rollouts" });
    expect((await screen.findByTestId("rollouts-unread")).textContent).toContain(failure.message);
    host.rolloutRefusal = null;
    await user.click(get("rollouts-again"));
    await waitFor(() => expect(screen.queryByTestId("rollouts-unread")).toBeNull());
  });

  it("lead to Flags and to the revision of a step", async () => {
    await open();
    await choose("ui.badges");
    host.fillHistory(5);
    await user.click(await screen.findByTestId("entry-revision-9"));
    await screen.findByTestId("revision-4");
    await user.click(get("nav-rollouts"));
    await user.click(await screen.findByTestId("rollout-in-flags"));
    await waitFor(() => expect(row2("ui.badges").ariaSelected).toBe("true"));
  });

  const row2 = (path: string) => get(`row-${path}`);
});

describe("a decision", () => {
  const openDecision = async () => {
    await open();
    await user.click(await screen.findByTestId("decision-7"));
    await screen.findByTestId("decision-replay");
  };

  it("is judged again, with its rule, evidence, counts and outcome", async () => {
    await openDecision();
    const dialog = get("decision-dialog");
    expect(textOf("decision-replay")).toBe(words.rollouts.decision.same);
    expect(textOf("decision-sentence")).toMatch(/^Failures 8.1 % with it on/);
    expect(dialog.textContent).toContain("ui.dashboard was rolled back at 25 %");
    expect(dialog.textContent).toContain("Switched off with revision 5");
    expect(within(dialog).getByTestId("test-relative").textContent).toContain("314× of 200×");
    expect(within(dialog).getByTestId("rollout-counts").textContent).toContain("8.1 % (147)");
  });

  it.each([
    [false, words.rollouts.decision.differs],
    [null, words.rollouts.decision.notKept],
  ])("says if judging it again comes to something else: %s", async (isSame, text) => {
    withRollouts(host, "typical", NOW_MS);
    const kept = host.decisions.get(7);
    if (!kept) throw new Error("there is no such decision");
    host.chosen = { ...host.chosen, view: "rollouts" };
    await openOver(host);
    kept.isSame = isSame;
    await user.click(await screen.findByTestId("decision-7"));
    expect((await screen.findByTestId("decision-replay")).textContent).toContain(text);
  });

  it("leads to its revision in Activity", async () => {
    await openDecision();
    host.fillHistory(6);
    await user.click(get("decision-revision"));
    await screen.findByTestId("revision-5");
    expect(screen.queryByTestId("decision-dialog")).toBeNull();
  });
});

describe("a rollout that is rolled back", () => {
  const news = {
    kind: "rolled_back",
    id: 7,
    component: "ui.dashboard",
    sentence: "failures 8.1 % with it on against 1.2 % with it off",
  } as const;

  it("is told of in every view until it is seen, and leads to the decision", async () => {
    withRollouts(host, "typical", NOW_MS);
    await openOver(host);
    host.announce(news);
    const banner = await screen.findByTestId("banner");
    expect(banner.textContent).toContain("ui.dashboard was rolled back: failures 8.1 %");
    await user.click(get("nav-flags"));
    await user.click(get("banner-way"));
    await screen.findByTestId("decision-replay");
    expect(screen.queryByTestId("banner")).toBeNull();
    expect(get("nav-rollouts").getAttribute("aria-current")).toBe("page");
  });

  it("goes when it is dismissed", async () => {
    withRollouts(host, "typical", NOW_MS);
    await openOver(host);
    host.announce(news);
    host.announce(news);
    await user.click(await screen.findByTestId("banner-action-error"));
    await waitFor(() => expect(screen.queryByTestId("banner")).toBeNull());
  });
});

describe("the view", () => {
  it("is reached by its key, and says how many ramps are under way", async () => {
    withRollouts(host, "typical", NOW_MS);
    await openOver(host);
    await user.keyboard("3");
    await screen.findByTestId("rollout-details");
    expect(textOf("nav-rollouts")).toBe("Rollouts 7");
  });

  it("says what it is for while there is nothing to watch", async () => {
    await open("none");
    screen.getByText(words.rollouts.empty.title);
    await user.click(get("no-rollouts-ramp"));
    await screen.findByTestId("ramp-dialog");
  });

  it.each(["none", "typical", "many"] as const)("has no fault that axe finds: %s", async (name) => {
    await open(name);
    if (name === "typical") await choose("ui.badges");
    const { violations } = await axe.run(screen.getByRole("main"), { runOnly: rules });
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  });

  it("has no fault that axe finds in a decision", async () => {
    await open();
    await user.click(await screen.findByTestId("decision-7"));
    await screen.findByTestId("decision-replay");
    const { violations } = await axe.run(get("decision-dialog"), { runOnly: rules });
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  });

  it("changes nothing while nothing can be saved", async () => {
    host.state.readOnly = "Another program holds the data folder.";
    await open();
    await choose("ui.badges");
    for (const button of ["pause-ramp", "skip-ramp", "abort-ramp", "switch-off-rollout"]) {
      expect(get(button).ariaDisabled).toBe("true");
    }
  });
});
