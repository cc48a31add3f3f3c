/** Who sees a component, said truthfully; and no click shows it to more users without a word. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Document, Rollout } from "../src/bindings/wire";
import { typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openComponent, openWindow } from "./support/open";

const user = userEvent.setup({ delay: null });

const rollout = (percentage: number, userGroups: string[] = [], strategy = "canary"): Rollout => ({
  percentage,
  userGroups,
  strategy: strategy as Rollout["strategy"],
});

/** `badges` requires `tracker`; `badges` has a custom rollout. */
function pair(badges: Rollout, tracker = rollout(25)): Document {
  return {
    enabled: true,
    components: { badges: true, tracker: true },
    rollout: rollout(100),
    rollouts: { badges, tracker },
    requires: { badges: ["tracker"] },
  };
}

const edits = (host: MemoryHost) => host.edits.map(({ edit }) => edit);
const dialog = () => screen.getByTestId("widening-dialog");

describe("whom a component reaches", () => {
  it("is told in its row with all that it requires", async () => {
    await openWindow(pair(rollout(50)));
    expect((await screen.findByTestId("row-badges")).textContent).toContain("12.5 % of everyone");
    expect(screen.getByTestId("row-tracker").textContent).toContain("25 % of everyone");
    expect(screen.getByTestId("row-*").textContent).toContain("Everyone");
  });

  it("is told in its details, and for whom its requirements are met", async () => {
    await openComponent(pair(rollout(50)), "badges");
    expect(screen.getByTestId("reach").textContent).toContain("Seen by 12.5 % of everyone.");
    const met = screen.getByTestId("requires-met");
    expect(met.textContent).toContain("Met for 25 % of everyone.");
    expect(met.querySelector("svg")).toBeNull();
  });

  it("is nobody where what is required is on at 0 %, which is a warning", async () => {
    await openComponent(pair(rollout(50), rollout(0)), "badges");
    const met = screen.getByTestId("requires-met");
    expect(met.textContent).toContain("Met for nobody: tracker is at 0 %.");
    expect(met.querySelector("svg")).not.toBeNull();
    expect(screen.getByTestId("row-badges").textContent).toContain("Nobody: tracker is at 0 %");
  });

  it("is on the dashboard, a rollout each", async () => {
    await openWindow(pair(rollout(50)), "dashboard");
    const card = document.getElementById("feature-flags-status");
    expect(card?.textContent).toMatch(/Default rollout\s*Everyone/);
    expect(card?.textContent).toMatch(/badges\s*12.5 % of everyone/);
  });
});

describe("groups only", () => {
  it("without a group waits for one, and then is one change", async () => {
    const host = await openComponent(pair(rollout(50)), "badges");
    await user.click(screen.getByTestId("strategy-feature"));
    expect(screen.getByTestId("group-needed").textContent).toBe(
      "Add a group: until then nothing changes.",
    );
    await waitFor(() => expect(host.isUnsaved).toBe(true));
    expect(host.edits).toEqual([]);
    await user.click(screen.getByTestId("group-input"));
    await user.keyboard("beta{Enter}");
    await waitFor(() =>
      expect(edits(host)).toEqual([
        { kind: "set_rollout", component: "badges", strategy: "feature", userGroups: ["beta"] },
      ]),
    );
    expect(host.isUnsaved).toBe(false);
    expect(screen.queryByTestId("group-needed")).toBeNull();
  });

  it("is forgotten when another strategy is chosen before a group is", async () => {
    const host = await openComponent(pair(rollout(50)), "badges");
    await user.click(screen.getByTestId("strategy-feature"));
    await user.click(screen.getByTestId("strategy-canary"));
    expect(screen.queryByTestId("group-needed")).toBeNull();
    await waitFor(() => expect(host.isUnsaved).toBe(false));
    expect(host.edits).toEqual([]);
  });

  it("keeps its last group until a person has read what removing it does", async () => {
    const host = await openComponent(pair(rollout(25, ["beta"], "feature")), "badges");
    await user.click(screen.getByRole("button", { name: "Remove beta" }));
    await screen.findByTestId("widening-dialog");
    expect(dialog().textContent).toContain("Then 25 % of everyone sees it.");
    expect(dialog().textContent).toContain("6.25 % of beta only → 6.25 % of everyone");
    await user.click(screen.getByTestId("widening-cancel"));
    expect(host.edits).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Remove beta" }));
    await user.click(await screen.findByTestId("widening-confirm"));
    await waitFor(() => expect(host.document.rollouts?.badges?.userGroups).toEqual([]));
  });

  it("says when that takes effect while all flags are off", async () => {
    const document = { ...pair(rollout(25, ["beta"], "feature")), enabled: false };
    await openComponent(document, "badges");
    await user.click(screen.getByRole("button", { name: "Remove beta" }));
    expect((await screen.findByTestId("widening-dialog")).textContent).toContain(
      "Once flags are on, shows 1 component to more or other users:",
    );
  });

  it("gives up one of several groups at once: nobody gains anything", async () => {
    const host = await openComponent(pair(rollout(25, ["beta", "staff"], "feature")), "badges");
    await user.click(screen.getByRole("button", { name: "Remove beta" }));
    await waitFor(() => expect(host.edits).toHaveLength(1));
    expect(screen.queryByTestId("widening-dialog")).toBeNull();
  });

  it("for several asks for a group for those that have none", async () => {
    const host = await openWindow(typical());
    for (const path of ["tracker", "ui.badges"]) {
      await user.keyboard("{Control>}");
      await user.click(await screen.findByTestId(`row-${path}`));
      await user.keyboard("{/Control}");
    }
    await user.click(screen.getByTestId("bulk-rollout"));
    await user.click(screen.getByTestId("bulk-strategy-feature"));
    expect(screen.getByTestId("bulk-group-needed").textContent).toContain("no group");
    const save = within(screen.getByTestId("rollout-dialog")).getByRole("button", { name: "Save" });
    await user.click(save);
    expect(host.edits).toEqual([]);
    await user.click(screen.getByTestId("bulk-group-input"));
    await user.keyboard("staff{Enter}");
    await user.click(save);
    await waitFor(() => expect(host.document.rollouts?.tracker?.userGroups).toEqual(["staff"]));
    const groups = host.document.rollouts?.["ui.badges"]?.userGroups;
    expect(groups).toContain("beta");
  });
});

describe("an edit that takes something away", () => {
  it("asks before a custom rollout gives way to a wider default", async () => {
    const host = await openComponent(pair(rollout(50)), "tracker");
    await user.click(screen.getByTestId("scope-all"));
    await screen.findByTestId("widening-dialog");
    expect(dialog().textContent).toContain("tracker 25 % of everyone → Everyone");
    expect(dialog().textContent).toContain("badges 12.5 % of everyone → 50 % of everyone");
    await user.click(screen.getByTestId("widening-confirm"));
    await waitFor(() => expect(host.document.rollouts?.tracker).toBeUndefined());
  });

  it("asks before a custom rollout exchanges users for others, in either direction", async () => {
    const document = pair(rollout(50));
    document.rollout = rollout(25);
    const host = await openComponent(document, "tracker");
    await user.click(screen.getByTestId("scope-all"));
    await screen.findByTestId("widening-dialog");
    expect(dialog().textContent).toContain("to users who do not see");
    expect(dialog().textContent).toContain("25 % of everyone → 25 % of everyone, other users");
    await user.click(screen.getByTestId("widening-confirm"));
    await waitFor(() => expect(host.document.rollouts?.tracker).toBeUndefined());
    await user.click(screen.getByTestId("scope-own"));
    await screen.findByTestId("widening-dialog");
    await user.click(screen.getByTestId("widening-confirm"));
    await waitFor(() => expect(host.document.rollouts?.tracker?.percentage).toBe(25));
  });

  it("asks before a requirement is removed that kept users out", async () => {
    const host = await openComponent(pair(rollout(50)), "badges");
    await user.click(screen.getByRole("button", { name: "Stop requiring tracker" }));
    await screen.findByTestId("widening-dialog");
    await user.click(screen.getByTestId("widening-cancel"));
    expect(host.edits).toEqual([]);
  });

  it("asks before groups only gives way to another strategy", async () => {
    const host = await openComponent(pair(rollout(25, ["beta"], "feature")), "badges");
    await user.click(screen.getByTestId("strategy-canary"));
    await user.click(await screen.findByTestId("widening-confirm"));
    await waitFor(() => expect(host.document.rollouts?.badges?.strategy).toBe("canary"));
  });

  it("says what removing a component shows to whom", async () => {
    await openComponent(pair(rollout(50)), "tracker");
    await user.click(screen.getByTestId("menu-tracker"));
    await user.click(await screen.findByRole("menuitem", { name: /Remove/ }));
    await waitFor(() =>
      expect(screen.getByTestId("remove-dialog").textContent).toContain(
        "12.5 % of everyone → 50 % of everyone",
      ),
    );
  });
});
