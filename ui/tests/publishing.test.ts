/** Publishing overrides to the followed document: the choice, the questions, and what may go wrong. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import type { OverrideSelection, Rollout } from "../src/bindings/wire";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";

const user = userEvent.setup();
const dialog = () => screen.getByTestId("publish");
const choice = (place: string) =>
  within(screen.getByTestId(`choice-${place}`)).getByRole("checkbox");
const go = () => screen.getByTestId("publish-go");
const isOff = (element: HTMLElement) => element.getAttribute("aria-disabled") === "true";

/** Overrides most components away, and opens the dialog over all of that. */
async function openLoss() {
  const host = await openPublish();
  await user.click(screen.getByTestId("publish-cancel"));
  const paths = ["calculator", "tracker", "orchestrator", "ui", "search.suggestions"];
  await host.change({ kind: "remove", paths, release: true });
  await user.click(screen.getByTestId("row-*"));
  await user.click(await screen.findByTestId("publish-here"));
  await screen.findByTestId("loss");
  return host;
}

/** Opens the dialog over three overrides. */
async function openPublish(prepare: (host: MemoryHost) => void = () => undefined) {
  const host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "flags" };
  host.follow(typical());
  await host.change({ kind: "set_components", paths: ["ui.badges"], on: false });
  await host.change({ kind: "set_rollout", component: null, percentage: 75 });
  await host.change({ kind: "set_components", paths: ["orchestrator"], on: true });
  prepare(host);
  await openOver(host);
  await screen.findByTestId("following");
  await press(document.body, "k", { ctrlKey: true });
  await user.type(await screen.findByTestId("palette-input"), "publish overrides");
  await user.keyboard("{Enter}");
  await screen.findByTestId("publish");
  return host;
}

const placesOf = async (host: MemoryHost) =>
  (await host.flags()).followed?.overrides.map(({ place }) => place);

describe("publishing", () => {
  it("says what changes at the remote and for whom, and publishes what is selected", async () => {
    const host = await openPublish();
    expect(document.activeElement).toBe(screen.getByTestId("publish-cancel"));
    expect(dialog().textContent).toContain("ui.badges off");
    const widening = await screen.findByTestId("widening");
    expect(widening.textContent).toContain("orchestrator");
    await user.click(choice("/rollout"));
    await user.click(choice("/components/orchestrator"));
    await waitFor(() => expect(screen.queryByTestId("widening")).toBeNull());
    expect(go().textContent.trim()).toBe("Publish 1 override");
    await user.click(go());
    await waitFor(() => expect(screen.queryByTestId("publish")).toBeNull());
    expect(host.published).toEqual([{ places: ["/components/ui/badges"] }]);
    expect(await placesOf(host)).toEqual(["/rollout", "/components/orchestrator"]);
    await screen.findByText("Published ui.badges");
  });

  it("needs something to publish", async () => {
    const host = await openPublish();
    await user.click(screen.getByTestId("choose-all"));
    expect(isOff(go())).toBe(true);
    expect(dialog().textContent).toContain("Select at least one override.");
    await user.click(go());
    expect(host.published).toEqual([]);
  });

  it("is confirmed if it removes most components", async () => {
    await openLoss();
    expect(isOff(go())).toBe(true);
    await user.click(screen.getByTestId("confirm-loss"));
    await user.click(go());
    await waitFor(() => expect(screen.queryByTestId("publish")).toBeNull());
  });

  it("asks once more about another choice, and waits until it is known what that would do", async () => {
    const host = await openLoss();
    await user.click(screen.getByTestId("confirm-loss"));
    expect(isOff(go())).toBe(false);
    const answer = host.hold();
    await user.click(choice("/rollout"));
    expect(isOff(go())).toBe(true);
    answer();
    await waitFor(() =>
      expect(screen.getByTestId<HTMLInputElement>("confirm-loss").checked).toBe(false),
    );
    expect(isOff(go())).toBe(true);
    expect(host.published).toEqual([]);
  });

  it("that fails says why in the dialog, keeps the choice, and can be tried again", async () => {
    const host = await openPublish((host) => {
      host.remoteRefusal = {
        code: "remote",
        message: "flags.example: it refuses this credential (403).",
        problems: [],
      };
    });
    await user.click(choice("/rollout"));
    await user.click(go());
    const failure = await screen.findByTestId("publish-failure");
    expect(failure.textContent).toContain("it refuses this credential (403)");
    expect(choice("/rollout")).toHaveProperty("checked", false);
    host.remoteRefusal = null;
    await user.click(go());
    await waitFor(() => expect(screen.queryByTestId("publish")).toBeNull());
    expect(await placesOf(host)).toEqual(["/rollout"]);
  });

  it("that the remote wants confirmed is confirmed by publishing all the same", async () => {
    const host = await openPublish((host) => {
      host.remoteRefusal = { code: "large_loss", message: "It asks.", problems: [] };
    });
    await user.click(go());
    await waitFor(() => expect(go().textContent.trim()).toBe("Publish anyway"));
    // What the remote asked about is that choice, and no other.
    await user.click(choice("/rollout"));
    expect(go().textContent.trim()).toBe("Publish 2 overrides");
    await user.click(go());
    await waitFor(() => expect(go().textContent.trim()).toBe("Publish anyway"));
    host.remoteRefusal = null;
    await user.click(go());
    await waitFor(() => expect(screen.queryByTestId("publish")).toBeNull());
  });
});

describe("a conflict with the remote", () => {
  const sorted = (which: OverrideSelection) =>
    typeof which === "object" && "places" in which ? [...which.places].sort() : [];
  const remote: Rollout = { percentage: 60, userGroups: [], strategy: "canary" };
  const conflicting = () =>
    openPublish((host) => {
      host.remoteChanges = new Map<string, unknown>([
        ["/rollout", remote],
        ["/components/orchestrator", undefined],
      ]);
    });

  it("shows both changes, and publishes what is chosen for each", async () => {
    const host = await conflicting();
    await user.click(go());
    const rollout = await screen.findByTestId("conflict-/rollout");
    expect(rollout.textContent).toContain("percentage: 50 → 60");
    expect(rollout.textContent).toContain("percentage: 60 → 75");
    expect(document.activeElement).toBe(screen.getByTestId("publish-cancel"));
    expect(screen.getByTestId<HTMLInputElement>("theirs-/rollout").checked).toBe(true);
    // What it does here, and where the document is followed.
    const asked = () => host.asked.map(({ planned }) => planned);
    const theirs = { places: ["/rollout", "/components/orchestrator"] };
    const badges = "/components/ui/badges";
    await waitFor(() => {
      expect(asked()).toContainEqual({ kind: "return_overrides", which: theirs });
      expect(asked()).toContainEqual({ kind: "publish", which: { places: [badges] } });
    });
    await user.click(screen.getByTestId("mine-/components/orchestrator"));
    const mine = { places: ["/components/orchestrator", badges] };
    await waitFor(() => {
      const published = asked().flatMap((each) => (each.kind === "publish" ? [each.which] : []));
      expect(published.map(sorted)).toContainEqual(sorted(mine));
    });
    await user.click(screen.getByTestId("publish-resolve"));
    await waitFor(() => expect(screen.queryByTestId("publish")).toBeNull());
    expect(host.document.rollout).toEqual(remote);
    expect(host.document.components.orchestrator).toBe(true);
    expect(host.document.components.ui).toHaveProperty("badges", false);
    expect(await placesOf(host)).toEqual([]);
  });

  it("is resolved once, however often that is asked for", async () => {
    const host = await conflicting();
    await user.click(go());
    await screen.findByTestId("conflict-/rollout");
    const clearing = vi.spyOn(host, "clearOverrides");
    const end = host.hold();
    await user.click(screen.getByTestId("publish-resolve"));
    expect(isOff(screen.getByTestId("publish-resolve"))).toBe(true);
    await user.click(screen.getByTestId("publish-resolve"));
    end();
    await waitFor(() => expect(screen.queryByTestId("publish")).toBeNull());
    expect(clearing).toHaveBeenCalledTimes(1);
    expect(await placesOf(host)).toEqual([]);
  });

  it("does not end as if published when what was chosen has no place there any more", async () => {
    const host = await openPublish();
    await host.change({ kind: "set_rollout", component: "calculator", percentage: 40 });
    host.remoteChanges = new Map<string, unknown>([
      ["/rollouts/calculator", undefined],
      ["/components/calculator", undefined],
    ]);
    for (const testid of ["choose-all", "choose-all"]) await user.click(screen.getByTestId(testid));
    await user.click(choice("/rollouts/calculator"));
    await user.click(go());
    await user.click(await screen.findByTestId("mine-/rollouts/calculator"));
    await user.click(screen.getByTestId("publish-resolve"));
    await waitFor(() => expect(dialog().textContent).toContain("Not published: it does not act"));
    expect(await placesOf(host)).toContain("/rollouts/calculator");
  });

  it("that is cancelled leaves the overrides over what was adopted", async () => {
    const host = await conflicting();
    await user.click(go());
    await screen.findByTestId("conflict-/rollout");
    await user.click(screen.getByTestId("publish-cancel"));
    expect(await placesOf(host)).toHaveLength(3);
    expect(host.document.rollout.percentage).toBe(75);
  });
});
