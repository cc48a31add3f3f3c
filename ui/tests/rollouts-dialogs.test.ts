/** Starting a ramp, keeping plans, and what a rollout is held to. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { beforeEach, describe, expect, it } from "vitest";

import type { Failure, Tally } from "../src/bindings/wire";
import { words } from "../src/words";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";
import { withRosters } from "./support/roster_samples";
import { rolledOut, withRollouts } from "./support/rollout_samples";

const NOW_MS = Date.now();
const failure: Failure = { code: "disk_full", message: "The disk is full.", problems: [] };

let user: ReturnType<typeof userEvent.setup>;
let host: MemoryHost;

beforeEach(() => {
  user = userEvent.setup();
  host = new MemoryHost(rolledOut());
});

const get = (testid: string) => screen.getByTestId(testid);
const textOf = (testid: string) => get(testid).textContent.replaceAll(/\s+/g, " ").trim();
const isDisabled = (testid: string) => get(testid).ariaDisabled === "true";

async function openView() {
  withRollouts(host, "typical", NOW_MS);
  host.chosen = { ...host.chosen, view: "rollouts" };
  await openOver(host);
  await screen.findByTestId("rollout-details");
  await user.click(get("rollout-others"));
}

/** Opens the dialog for one that is off, or for another one. */
async function openStart(key = "search.synonyms") {
  await openView();
  await user.click(get(`rollout-${key}`));
  await user.click(get("start-ramp"));
  await screen.findByTestId("ramp-dialog");
  await waitFor(() => expect(get("ramp-plan")).toHaveProperty("value", "standard"));
}

async function type(testid: string, text: string) {
  await fireEvent.input(get(testid), { target: { value: text } });
}

describe("a ramp is started", () => {
  it("by the first plan, unless another one is chosen", async () => {
    await openStart();
    expect(get("ramp-steps")).toHaveProperty("value", "1-5-10-25-50-100");
    await user.click(get("ramp-dialog-go"));
    const [standard] = host.planList;
    await waitFor(() =>
      expect(host.steered).toEqual([
        ["startRamp", "search.synonyms", standard?.plan, "standard", null],
      ]),
    );
    await waitFor(() => expect(screen.queryByTestId("ramp-dialog")).toBeNull());
    await screen.findByTestId("pause-ramp");
  });

  it("by own steps, times and numbers, which are of no plan", async () => {
    await openStart();
    await user.selectOptions(get("ramp-plan"), "quick");
    await type("ramp-steps", "2, 20, 100 %");
    await type("ramp-dwell", "1 d 12 h");
    await type("ramp-exposed", "1,500");
    await user.click(get("ramp-dialog-go"));
    const plan = { steps: [2, 20, 100], dwellS: 129_600, leastExposed: 1500, hours: null };
    await waitFor(() =>
      expect(host.steered).toEqual([["startRamp", "search.synonyms", plan, null, null]]),
    );
  });

  it("at a time to come, and in working hours of a zone", async () => {
    await openStart();
    await user.click(get("ramp-later"));
    expect(isDisabled("ramp-dialog-go")).toBe(true);
    const start = new Date(NOW_MS + 3 * 86_400_000);
    start.setHours(9, 30, 0, 0);
    const two = (part: number) => String(part).padStart(2, "0");
    const day = `${start.getFullYear()}-${two(start.getMonth() + 1)}-${two(start.getDate())}`;
    await type("ramp-start", `${day}T09:30`);
    await user.click(get("ramp-hours"));
    await user.click(get("ramp-day-fri"));
    await type("ramp-from", "10:00");
    await type("ramp-to", "16:30");
    await user.selectOptions(get("ramp-zone"), "Europe/Berlin");
    await user.click(get("ramp-dialog-go"));
    await waitFor(() => expect(host.steered).toHaveLength(1));
    const [call] = host.steered;
    expect(call?.[4]).toBe(start.getTime());
    expect(call?.[2]).toMatchObject({
      hours: {
        days: ["mon", "tue", "wed", "thu"],
        from: "10:00",
        to: "16:30",
        zone: "Europe/Berlin",
      },
    });
  });

  it.each([
    ["ramp-steps", "", "Steps: enter one at least"],
    ["ramp-steps", "5-3", "Steps: each is larger than the one before, and 3 % comes after 5 %."],
    ["ramp-steps", "0-5", "Steps: 0 is no percentage above 0 and up to 100"],
    ["ramp-steps", "5-101", "Steps: 101 is no percentage above 0 and up to 100"],
    ["ramp-steps", "5-x", "Steps: x is no percentage"],
    ["ramp-dwell", "long", "Time a step: enter a time such as"],
    ["ramp-dwell", "367 d", "Time a step: enter 0 min to 366 d."],
    ["ramp-exposed", "-1", "Calculations a step: enter a whole number."],
    ["ramp-exposed", "1000000001", "Calculations a step: enter 0 to 1,000,000,000."],
  ])("not if %s is “%s”", async (field, text, sentence) => {
    await openStart();
    await type(field, text);
    expect(get(field).getAttribute("aria-invalid")).toBe("true");
    expect(get("ramp-dialog").textContent).toContain(sentence);
    expect(isDisabled("ramp-dialog-go")).toBe(true);
    await user.click(get("ramp-dialog-go"));
    expect(host.steered).toEqual([]);
  });

  it("not without a working day", async () => {
    await openStart();
    await user.click(get("ramp-hours"));
    for (const day of ["mon", "tue", "wed", "thu", "fri"]) {
      await user.click(get(`ramp-day-${day}`));
    }
    expect(get("ramp-dialog").textContent).toContain("Working hours: choose one day at least.");
    expect(isDisabled("ramp-dialog-go")).toBe(true);
  });

  it("says why it was refused, and keeps what was typed", async () => {
    await openStart();
    await type("ramp-steps", "10-100");
    host.rolloutRefusal = failure;
    await user.click(get("ramp-dialog-go"));
    await screen.findByText(failure.message);
    expect(get("ramp-steps")).toHaveProperty("value", "10-100");
  });

  it("says what it skips, and what else it does", async () => {
    await openStart();
    expect(textOf("ramp-notes")).toBe("search.synonyms is off. The first step switches it on.");
  });

  it("skips steps at or below the present percentage", async () => {
    withRollouts(host, "typical", NOW_MS);
    const badges = host.rolloutList.find(({ component }) => component === "ui.badges");
    if (badges) badges.ramp = null;
    host.chosen = { ...host.chosen, view: "rollouts" };
    await openOver(host);
    await user.click(await screen.findByTestId("rollout-ui.badges"));
    await user.click(get("start-ramp"));
    await screen.findByTestId("ramp-notes");
    await waitFor(() =>
      expect(textOf("ramp-notes")).toBe("Skips 1 %, 5 %, 10 %: it is on for 10 % already."),
    );
    expect(screen.queryByTestId("step-preview-10")).toBeNull();
    await type("ramp-steps", "1-10");
    expect(get("ramp-dialog").textContent).toContain("Steps: none is above the 10 %");
  });

  it("from Flags, beside the rollout", async () => {
    withRollouts(host, "typical", NOW_MS);
    host.chosen = { ...host.chosen, view: "flags" };
    await openOver(host);
    await user.click(await screen.findByTestId("row-search.synonyms"));
    await user.click(await screen.findByTestId("ramp-start-here"));
    await screen.findByTestId("ramp-dialog");
  });
});

describe("whom each step affects", () => {
  it("is counted over the roster, step by step", async () => {
    withRosters(host, "typical", NOW_MS);
    await openStart();
    await waitFor(() =>
      expect(textOf("step-preview-100")).toBe("100 %after 5 h4,000 gain it, 0 lose it"),
    );
    expect(textOf("step-preview-1")).toBe("1 %at once40 gain it, 0 lose it");
    // It is off: switching it on belongs to the step.
    expect(host.asked.at(-1)?.planned).toEqual({
      kind: "edit",
      edit: {
        kind: "batch",
        edits: [
          { kind: "set_components", paths: ["search.synonyms"], on: true },
          { kind: "set_rollout", component: "search.synonyms", percentage: 100 },
        ],
      },
    });
  });

  it("is said in shares without a roster", async () => {
    await openStart();
    await waitFor(() => expect(textOf("step-preview-25")).toContain("25 % of users see it"));
    expect(get("step-previews").textContent).toContain("Expected shares: there is no roster");
  });

  it("is never the answer to earlier steps", async () => {
    withRosters(host, "typical", NOW_MS);
    await openStart();
    await waitFor(() => expect(textOf("step-preview-100")).toContain("4,000 gain"));
    const late: ((tally: Tally) => void)[] = [];
    const preview = host.preview.bind(host);
    host.preview = async (planned, roster) => {
      const answer = await preview(planned, roster);
      await new Promise<Tally>((resolve) => late.push(resolve));
      return answer;
    };
    await type("ramp-steps", "20-60");
    await waitFor(() => expect(late).toHaveLength(1));
    host.preview = preview;
    await type("ramp-steps", "60-80");
    await waitFor(() => expect(textOf("step-preview-80")).toContain("3,200 gain it"));
    late[0]?.({} as Tally);
    await waitFor(() => expect(textOf("step-preview-60")).toContain("2,400 gain it"));
    expect(screen.queryByTestId("step-preview-20")).toBeNull();
  });
});

describe("a plan", () => {
  it("is kept under a name, and removed again", async () => {
    await openStart();
    expect(screen.queryByTestId("save-plan")).toBeNull();
    await type("ramp-steps", "3-30-100");
    await user.click(get("save-plan"));
    await user.type(get("plan-name"), "standard");
    expect(get("ramp-dialog").textContent).toContain("comes with Flagdeck");
    expect(isDisabled("plan-name-go")).toBe(true);
    await user.clear(get("plan-name"));
    await user.type(get("plan-name"), "ours{Enter}");
    const plan = { steps: [3, 30, 100], dwellS: 3600, leastExposed: 200, hours: null };
    await waitFor(() => expect(host.steered).toEqual([["saveRampPlan", "ours", plan]]));
    await waitFor(() => expect(get("ramp-plan")).toHaveProperty("value", "ours"));
    await user.click(get("remove-plan"));
    await waitFor(() => expect(host.steered.at(-1)).toEqual(["removeRampPlan", "ours"]));
    get("ramp-dialog");
  });
});

describe("what a rollout is held to", () => {
  async function openRules(key = "ui.badges") {
    await openView();
    await user.click(get(`rollout-${key}`));
    await user.click(get("edit-rules"));
    await screen.findByTestId("rules-dialog");
  }

  it("is shown with whose value it is", async () => {
    await openView();
    await user.click(get("rollout-ui.badges"));
    expect(textOf("rule-errorRate")).toBe("Failures 3 % own");
    expect(textOf("rule-responseTimeMs")).toBe("Response time 5 s Settings");
    expect(textOf("rule-toleratedRatio")).toBe("Tolerated ratio 1.1 default");
  });

  it("is set for each rule alone, and taken from the settings again", async () => {
    await openRules();
    await waitFor(() =>
      expect(textOf("rules-errorRate-common")).toMatch(/^As in Settings \(\d+ %\)$/),
    );
    await user.click(get("rules-errorRate-common"));
    await user.click(get("rules-responseTimeMs-own"));
    await type("rules-responseTimeMs-value", "2 s");
    await user.click(get("rules-memoryBytes-own"));
    await type("rules-memoryBytes-value", "200 MiB");
    await user.click(get("rules-strict-own"));
    await user.click(get("rules-strict-on"));
    await user.click(get("rules-dialog-go"));
    await waitFor(() =>
      expect(host.steered).toEqual([
        [
          "setGuardRules",
          "ui.badges",
          {
            enabled: null,
            errorRate: null,
            responseTimeMs: 2000,
            memoryBytes: 209_715_200,
            toleratedRatio: null,
            alpha: null,
            strict: true,
          },
        ],
      ]),
    );
    await waitFor(() => expect(screen.queryByTestId("rules-dialog")).toBeNull());
  });

  it.each([
    ["errorRate", "70 %", "Failures: enter a share above 0 % and up to 65 %."],
    ["toleratedRatio", "0.5", "Tolerated ratio: enter a number from 1 to 10."],
    ["alpha", "50 %", "False alarms: enter a share from 0.01 % to 20 %."],
    ["responseTimeMs", "soon", "Response time: enter a time from 1 ms to 1 h."],
    ["memoryBytes", "much", "Memory: enter a size from 1 B to 1 TiB"],
  ])("is not %s of “%s”", async (rule, text, sentence) => {
    await openRules();
    await user.click(get(`rules-${rule}-own`));
    await type(`rules-${rule}-value`, text);
    expect(get("rules-dialog").textContent).toContain(sentence);
    expect(isDisabled("rules-dialog-go")).toBe(true);
  });

  it("warns of strict thresholds", async () => {
    await openRules();
    expect(textOf("rules-strict")).toContain("this stops many healthy rollouts");
  });
});

describe("commands", () => {
  it("say in the palette which rollout they are about", async () => {
    await openView();
    await user.click(get("rollout-ui.badges"));
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByRole("combobox"), "pause ramp");
    const [first] = await screen.findAllByRole("option");
    expect(first?.textContent).toContain("Pause ramp of ui.badges");
  });

  it("are about the rollout that is shown", async () => {
    await openView();
    await user.click(get("rollout-ui.badges"));
    host.announce({ kind: "command", id: "pause_ramp" });
    await waitFor(() => expect(host.steered).toEqual([["pauseRamp", "ui.badges"]]));
    await screen.findByTestId("resume-ramp");
    host.announce({ kind: "command", id: "resume_ramp" });
    await waitFor(() => expect(host.steered).toHaveLength(2));
    await screen.findByTestId("pause-ramp");
    host.announce({ kind: "command", id: "skip_ramp" });
    await waitFor(() => expect(host.steered).toHaveLength(3));
    host.announce({ kind: "command", id: "abort_ramp" });
    await screen.findByTestId("abort-dialog");
  });

  it("start a ramp of the component that is selected in Flags", async () => {
    withRollouts(host, "typical", NOW_MS);
    host.chosen = { ...host.chosen, view: "flags" };
    await openOver(host);
    await user.click(await screen.findByTestId("row-search.synonyms"));
    host.announce({ kind: "command", id: "start_ramp" });
    const dialog = await screen.findByTestId("ramp-dialog");
    expect(dialog.textContent).toContain(words.ramps.title("search.synonyms"));
  });

  it("start one by R in the view", async () => {
    await openView();
    get("rollout-search.synonyms").focus();
    await user.click(get("rollout-search.synonyms"));
    await user.keyboard("r");
    await screen.findByTestId("ramp-dialog");
  });
});

describe("the dialogs", () => {
  it.each([
    ["start-ramp", "ramp-dialog", "search.synonyms"],
    ["edit-rules", "rules-dialog", "ui.badges"],
    ["abort-ramp", "abort-dialog", "ui.badges"],
  ])("have no fault that axe finds: %s", async (button, dialog, key) => {
    withRosters(host, "typical", NOW_MS);
    await openView();
    await user.click(get(`rollout-${key}`));
    await user.click(get(button));
    await screen.findByTestId(dialog);
    if (dialog === "ramp-dialog") {
      await user.click(get("ramp-later"));
      await user.click(get("ramp-hours"));
      await screen.findByText("40 gain it, 0 lose it");
    }
    const { violations } = await axe.run(get(dialog), { runOnly: ["wcag2a", "wcag2aa"] });
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  });
});
