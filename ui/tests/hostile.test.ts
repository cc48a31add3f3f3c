/** No text of others moves, hides or forges what the window says: looked at in every view. */

import { configure, fireEvent, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Failure, View } from "../src/bindings/wire";
import {
  directionOf,
  isolated,
  isolatedJson,
  isolatedLines,
  isolatedWithin,
} from "../src/model/isolated";
import { comparedCharts, typicalCharts } from "./support/charts";
import { typical } from "./support/documents";
import { HOSTILE, hostile, hostileTexts, spoofed } from "./support/hostile";
import { MemoryHost } from "./support/memory";
import { typicalQuarantine } from "./support/quarantine";
import { openOver, press } from "./support/open";
import { harmful, pulses } from "./support/pulse";
import { restored } from "./support/restore_samples";
import { typicalStates } from "./support/snapshot_samples";
import { ada, withRosters } from "./support/roster_samples";
import { fewTargeted } from "./support/targeted_samples";

// Every view is opened and walked through as a whole.
vi.setConfig({ testTimeout: 30_000 });
configure({ asyncUtilTimeout: 5000 });

const NOW_MS = new Date(2026, 10, 24, 14, 7).getTime();

describe("a text of others", () => {
  it.each([
    ["Zoë Müller, 3 % of “beta”", "Zoë Müller, 3 % of “beta”"],
    ["検索 · поиск · e\u0301", "検索 · поиск · e\u0301"],
    ["👩‍💻 ❤️‍🔥 1️⃣", "👩‍💻 ❤️‍🔥 1️⃣"],
    ["שלום 12", "\u2068שלום 12\u2069"],
    ["می‌خواهم", "\u2068می‌خواهم\u2069"],
    ["\u202etxt.exe", "\\u{202e}txt.exe"],
    ["a\u2068b", "a\\u{2068}b"],
    ["a\nb", "a\\nb"],
  ])("%j is isolated as a whole", (text, shown) => {
    expect(isolated(text)).toBe(shown);
  });

  it.each([
    ["متجر shop", "rtl"],
    ["12 שלום", "rtl"],
    ["shop متجر", undefined],
    ["検索", undefined],
    ["42", undefined],
  ])("%j is cut at its own end", (name, direction) => {
    expect(directionOf(name)).toBe(direction);
  });

  it("keeps its lines in a block of its own, each isolated by itself", () => {
    expect(isolatedLines("a\r\nשלום\n\u001b")).toBe("a\n\u2068שלום\u2069\n\\u{1b}");
  });

  it("moves nothing beside it in a sentence or a path", () => {
    expect(isolatedWithin("Groups: “שלום עולם”, “אב” 50 %")).toBe(
      "Groups: “\u2068שלום עולם\u2069”, “\u2068אב\u2069” 50 %",
    );
    expect(isolatedWithin("/אב/12/גד")).toBe("/\u2068אב\u2069/12/\u2068גד\u2069");
    expect(isolatedWithin("میخواهم‌ها 5")).toBe("\u2068میخواهم‌ها\u2069 5");
  });

  it("stays JSON in JSON", () => {
    const json = '{\n  "\u202e": ["שלום", 5]\n}';
    const shown = isolatedJson(json);
    expect(shown).toBe('{\n  "\\u202e": ["\u2068שלום\u2069", 5]\n}');
  });
});

describe("the window over a hostile backend", () => {
  let host: MemoryHost;

  beforeEach(() => {
    vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
    host = new MemoryHost(typical());
    host.fillHistory(12);
    host.target(fewTargeted(NOW_MS));
    host.states = typicalStates(NOW_MS);
    return () => vi.useRealTimers();
  });

  async function open(view: View) {
    host.chosen = { ...host.chosen, view };
    await openOver(hostile(host));
  }

  const click = async (testid: string) => {
    const [found] = await screen.findAllByTestId(testid);
    if (!found) throw new Error(`nothing is called ${testid}`);
    await fireEvent.click(found);
  };

  /** Waits until at least so many hostile texts are there, and none of them does any harm. */
  async function isSafe(least: number) {
    await waitFor(() => expect(hostileTexts(document.body)).toBeGreaterThanOrEqual(least));
    expect(spoofed(document.body)).toEqual([]);
  }

  it("says on the dashboard what it is told, and no more", async () => {
    host.pulseNow = harmful(pulses.failing(NOW_MS), host.revision);
    host.drawCharts = (query) => comparedCharts(0.01, 9, [])(query);
    await open("dashboard");
    await screen.findByTestId("performance-metrics-verdict");
    await isSafe(8);
  });

  it("does in notices, banners and messages", async () => {
    host.state.readOnly = "Another program holds the data folder.";
    host.state.notices = [{ level: "error", message: "The store was damaged." }];
    await open("dashboard");
    await isSafe(3);
  });

  it("says what is followed, overridden, held and in conflict", async () => {
    host.follow(typical());
    await host.change({ kind: "set_rollout", component: "ui.badges", userGroups: ["beta"] });
    await host.change({ kind: "describe", path: "ui.badges", owner: "search" });
    host.say({ kind: "stale", sinceMs: NOW_MS, reason: "it is away" });
    await open("flags");
    await screen.findByTestId("following");
    await click("row-ui.badges");
    await isSafe(6);
    host.remoteChanges = new Map([["/about/ui.badges", { owner: "another team" }]]);
    await click("publish-here");
    await screen.findByTestId("publish");
    await isSafe(8);
    await click("publish-go");
    await screen.findByTestId("conflict-/about/ui.badges");
    await isSafe(8);
    await click("publish-cancel");
    host.remote = { ...typical(), components: { calculator: true } };
    host.say({ kind: "held", sinceMs: NOW_MS, lost: "8 of 9 components", document: "c0ffee" });
    await click("review-held");
    await screen.findByTestId("held-loss");
    await isSafe(6);
  });

  it("lists what is in quarantine, and asks before it takes back and removes", async () => {
    host.quarantined = typicalQuarantine(NOW_MS);
    await open("settings");
    await click("part-backups");
    await screen.findAllByTestId("readable");
    await isSafe(10);
    await click("take-back");
    await screen.findByTestId("take-back-dialog");
    await isSafe(12);
    await click("take-back-now");
    await waitFor(() => expect(screen.queryByTestId("take-back-dialog")).toBeNull());
    await click("remove-quarantined");
    await screen.findByTestId("remove-quarantined-dialog");
    await isSafe(10);
  });

  it("shows rows, details and reasons of flags", async () => {
    await open("flags");
    await click("row-ui.badges");
    await screen.findByTestId("about");
    await fireEvent.input(screen.getByTestId("explain-user"), { target: { value: HOSTILE } });
    await screen.findByTestId("decision");
    await isSafe(20);
    await click("nav-flags");
    await press(screen.getByTestId("row-tracker"), "F10", { shiftKey: true });
    await isSafe(10);
  });

  it("shows flags of the past", async () => {
    await open("flags");
    await screen.findByTestId("row-ui.badges");
    await press(document.body, "t", { ctrlKey: true });
    await isSafe(5);
  });

  it("lists revisions and their details", async () => {
    host.changeElsewhere({ kind: "set_master", on: false });
    await open("activity");
    await click("revision-12");
    await screen.findByTestId("details");
    await isSafe(20);
    await click("revision-11");
    await screen.findByTestId("note");
    await isSafe(20);
    await waitFor(() => expect(screen.getByTestId("restore").ariaDisabled).not.toBe("true"));
    await click("restore");
    await screen.findByTestId("restore-dialog");
    await isSafe(20);
  });

  it("lists restores and their details", async () => {
    host.states = restored(NOW_MS);
    await open("activity");
    await click("restore-row-1");
    await screen.findByTestId("restore-details");
    await isSafe(10);
  });

  it("compares states, shows one in full, and what set a value", async () => {
    await open("snapshots");
    await screen.findByTestId("changes");
    await isSafe(20);
    const change = screen
      .getAllByTestId("state-change")
      .find((row) => row.getAttribute("aria-expanded") !== null);
    if (!change) throw new Error("nothing is to be opened");
    change.focus();
    await press(change, "Enter");
    await screen.findByTestId("change-detail");
    await isSafe(20);
    await press(change, "b");
    await screen.findByTestId("blame-setting");
    await isSafe(20);
  });

  it("shows a state in full", async () => {
    await open("snapshots");
    await screen.findByTestId("changes");
    await click("compare-full");
    await screen.findByTestId("state-tree");
    await isSafe(20);
    expect(document.querySelector("[data-testid=state-tree]")?.textContent).toContain("FORGED");
  });

  it("asks before it restores, takes and names", async () => {
    await open("snapshots");
    await screen.findByTestId("changes");
    await click("compare-restore");
    await screen.findByTestId("restore-count");
    await isSafe(20);
  });

  it("lists what was restored", async () => {
    host.states = restored(NOW_MS);
    await open("snapshots");
    await click("show-restores");
    await screen.findByTestId("restores");
    await isSafe(20);
  });

  it("draws charts", async () => {
    host.drawCharts = typicalCharts(NOW_MS);
    await open("metrics");
    await screen.findByTestId("chart-rate");
    await isSafe(1);
  });

  it("shows settings, access and backups", async () => {
    await open("settings");
    await click("part-access");
    await screen.findByTestId("copy-folder");
    await isSafe(1);
    await click("part-backups");
    await screen.findByTestId("backups");
    await isSafe(0);
  });

  it("reviews a document from a file", async () => {
    await open("flags");
    await screen.findByTestId("row-ui.badges");
    const text = JSON.stringify({ ...typical(), enabled: false, rollouts: {} });
    host.nextFile = { name: "flags.json", text, leftOut: [] };
    host.announce({ kind: "dropped", name: "flags.json" });
    await screen.findByTestId("import");
    await isSafe(3);
  });

  it("shows rosters, people and what they get", async () => {
    withRosters(host, "typical", NOW_MS);
    await open("rosters");
    await screen.findByTestId("roster-details");
    await isSafe(10);
    const field = screen.getByTestId("person-id");
    await fireEvent.input(field, { target: { value: ada.id } });
    await press(field, "Enter");
    await screen.findByTestId("person-facts");
    await isSafe(40);
    await fireEvent.input(field, { target: { value: `nobody${HOSTILE}` } });
    await press(field, "Enter");
    await waitFor(() => expect(screen.queryByTestId("person-facts")).toBeNull());
    await isSafe(30);
  });

  it("shows a file of users before it is imported, and what is lost with it", async () => {
    withRosters(host, "typical", NOW_MS);
    await open("rosters");
    await click("import-roster");
    await screen.findByTestId("understood");
    await isSafe(25);
    await click("import-roster-cancel");
    host.rosterRefusal = { code: "invalid", message: "The file is refused.", problems: [] };
    await click("import-roster");
    await screen.findByTestId("roster-refused");
    await isSafe(10);
    await click("import-roster-cancel");
    await click("remove-roster");
    await screen.findByTestId("remove-roster-dialog");
    await isSafe(10);
  });

  it("says where a person was who is forgotten", async () => {
    withRosters(host, "typical", NOW_MS);
    host.forgets = { overrides: ["ui.badges"], quarantined: ["rosters-1"] };
    await open("rosters");
    await screen.findByTestId("roster-details");
    await click("forget-person");
    const id = await screen.findByTestId("forget-id");
    await fireEvent.input(id, { target: { value: ada.id } });
    await click("forget-go");
    await screen.findByTestId("forget-quarantined");
    await isSafe(14);
  });

  it("finds by titles, and names what is undone", async () => {
    host.fillHistory(1);
    await host.change({ kind: "set_master", on: false });
    await open("dashboard");
    await press(document.body, "k", { ctrlKey: true });
    await screen.findByTestId("palette");
    const field = screen.getByRole("combobox");
    await fireEvent.input(field, { target: { value: "badges" } });
    await isSafe(1);
    await fireEvent.input(field, { target: { value: "undo" } });
    await screen.findByTestId("found-command:undo");
    await isSafe(1);
  });

  it("says why something was refused", async () => {
    const failure: Failure = {
      code: "invalid",
      message: "Refused.",
      problems: [
        { severity: "error", code: "wrong_type", pointer: "/a", message: "A group is wrong." },
      ],
    };
    host.refusal = failure;
    await open("flags");
    await click("row-ui.badges");
    await click("switch-ui.badges");
    await screen.findByTestId("toast");
    await isSafe(20);
    await click("add-component");
    await fireEvent.input(screen.getByTestId("name"), { target: { value: "other" } });
    await click("go-on");
    await screen.findByTestId("refusal");
    await isSafe(20);
  });

  it("says why something could not be read", async () => {
    const refusal: Failure = { code: "failed", message: "The store did not answer.", problems: [] };
    host.readFailure = refusal;
    await open("dashboard");
    await screen.findByTestId("load-error");
    await isSafe(1);
  });

  it("says what was taken, and of which source", async () => {
    await open("snapshots");
    await screen.findByTestId("changes");
    await click("take-snapshot");
    await click("take-dialog-go");
    await screen.findByTestId("toast");
    await isSafe(20);
  });
});
