/** Why a user sees a component: asked as they are typed, told as a chain, kept up to date. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { Explanation, Layer, Override } from "../src/bindings/wire";
import { typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openComponent, openWindow } from "./support/open";

const user = userEvent.setup();

const card = () => within(screen.getByTestId("explain"));
const field = () => screen.getByTestId<HTMLInputElement>("explain-user");

/** Each step with what a screen reader says of its sign. */
const steps = () =>
  card()
    .getAllByRole("listitem")
    .map((step) => step.textContent.trim().replace(/\s+/g, " "))
    .filter((step) => /^(Yes|No):/.test(step));

function askedOf(host: MemoryHost) {
  return vi.spyOn(host, "explain").mock.calls;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("why a user sees it", () => {
  it("is told of someone without an id before any is typed", async () => {
    await openComponent(typical(), "ui.badges");
    await card().findByText("Off for someone without an id");
    expect(steps()).toEqual([
      "Yes: The master switch is on",
      "Yes: ui.badges is switched on",
      "No: Its custom rollout is at 12.5 %, and without a user id nobody can be placed",
    ]);
    card().getByText("Without an id there is no bucket.");
  });

  it("is told step by step, with the bucket against the share", async () => {
    await openComponent(typical(), "ui.dashboard");
    await user.type(field(), "maria@example.org");
    await card().findByText("On for maria@example.org");
    expect(steps().at(-1)).toBe(
      "Yes: Bucket 18204 is below 50000, the 50 % of the default rollout",
    );
    card().getByText("The share is the buckets below 50,000.");
    card().getByText("This user’s bucket is 18,204.");
    card().getByText(/^ui\.dashboard is on for "maria@example\.org": bucket/);
  });

  it("is asked once a person pauses, with everything typed by then", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await card().findByText("Off for someone without an id");
    const asked = askedOf(host);
    vi.useFakeTimers({ shouldAdvanceTime: false });
    const typing = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    await typing.type(field(), "maria");
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(149);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toEqual([["ui.badges", "maria", []]]);
  });

  it("follows the document", async () => {
    const host = await openComponent(typical(), "ui.dashboard");
    await user.type(field(), "maria");
    await card().findByText("On for maria");
    host.changeElsewhere({ kind: "set_components", paths: ["ui.dashboard"], on: false });
    await card().findByText("Off for maria");
    expect(steps().at(-1)).toBe("No: ui.dashboard is switched off");
    expect(document.activeElement).toBe(field());
  });

  it("takes the groups a user is in into account", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await user.type(field(), "maria");
    await card().findByText("Off for maria");
    const asked = askedOf(host);
    await user.type(screen.getByTestId("explain-group-input"), "be{ArrowDown}{Enter}");
    await card().findByText("On for maria");
    expect(asked.at(-1)).toEqual(["ui.badges", "maria", ["beta"]]);
    await user.click(card().getByLabelText("Remove beta"));
    await card().findByText("Off for maria");
    expect([host.edits, host.isUnsaved]).toEqual([[], false]);
  });

  it("remembers the user from one component to the next", async () => {
    await openComponent(typical(), "ui.badges");
    await user.type(field(), "maria");
    await user.click(screen.getByTestId("row-ui.dashboard"));
    await card().findByText("On for maria");
    expect(field().value).toBe("maria");
  });

  it("never shows an answer to what was asked before", async () => {
    const host = await openComponent(typical(), "ui.dashboard");
    await card().findByText("Off for someone without an id");
    const answers: ((explanation: Explanation) => void)[] = [];
    const explained = await host.explain("ui.dashboard", "maria", []);
    vi.spyOn(host, "explain").mockImplementation(
      () => new Promise((resolve) => answers.push(resolve)),
    );
    await user.type(field(), "first");
    await waitFor(() => expect(answers).toHaveLength(1));
    await user.clear(field());
    await user.type(field(), "second");
    await waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.({ ...explained, sentence: "The second." });
    await card().findByText("The second.");
    answers[0]?.({ ...explained, sentence: "The first." });
    await Promise.resolve();
    card().getByText("On for second");
    expect(card().queryByText("The first.")).toBeNull();
  });

  it("names the layers that make the value, the one that decides first", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await card().findByText("Off for someone without an id");
    expect(screen.queryByTestId("explain-layers")).toBeNull();
    const explained = await host.explain("ui.badges", "maria", []);
    const by = { via: "window", name: "ada" } as const;
    const target = { for: { user: "maria" }, component: "ui.badges", on: true, by };
    const own: Override = {
      place: "/components/ui/badges",
      component: "ui.badges",
      what: "switch",
      changes: ["ui.badges off"],
      value: false,
      followed: true,
      sinceMs: Date.now(),
      by,
      suspended: null,
    };
    const layers: Layer[] = [
      { kind: "off", sinceMs: null, by: null, isEmergency: false },
      { kind: "targeted", ...target, sinceMs: 0, untilMs: Date.now() },
      { kind: "override", overrides: [own] },
      { kind: "followed", from: "https://flags.example/x", revision: null, atMs: null },
    ];
    vi.spyOn(host, "explain").mockResolvedValue({ ...explained, layers });
    await user.type(field(), "maria");
    const told = await screen.findByTestId("explain-layers");
    const lines = within(told).getAllByRole("listitem");
    expect(lines.map(({ textContent }) => textContent.replace(/[\u2068\u2069]/g, ""))).toEqual([
      "All flags off",
      expect.stringMatching(/^User maria: On until /),
      expect.stringMatching(/^Overridden .*: Switch Off, followed On$/),
      "Followed from flags.example",
    ]);
  });

  it("says why it cannot be told, and tells it once it can", async () => {
    const host = await openComponent(typical(), "ui.badges");
    const broken = vi.spyOn(host, "explain").mockRejectedValue({
      code: "failed",
      message: "The store did not answer.",
      problems: [],
    });
    await user.type(field(), "maria");
    await card().findByText("The store did not answer.");
    broken.mockRestore();
    await user.type(field(), "!");
    await card().findByText("Off for maria!");
  });
});

describe("the command to explain a user", () => {
  it("brings the keyboard to the user, with what stands there selected", async () => {
    await openComponent(typical(), "ui.badges");
    await user.type(field(), "maria");
    screen.getByTestId("row-ui.badges").focus();
    await user.keyboard("e");
    await waitFor(() => expect(document.activeElement).toBe(field()));
    expect([field().selectionStart, field().selectionEnd]).toEqual([0, 5]);
    await user.keyboard("e");
    expect(field().value).toBe("e");
  });

  it("comes from another view by the palette, where its key means nothing", async () => {
    await openWindow(typical());
    await user.click(await screen.findByTestId("row-ui.badges"));
    await user.keyboard("1");
    expect(screen.queryByTestId("explain-user")).toBeNull();
    await user.keyboard("e");
    expect(screen.queryByTestId("explain-user")).toBeNull();
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByTestId("palette-input"), "explain{Enter}");
    await waitFor(() => expect(document.activeElement).toBe(field()));
  });

  it("leads to what to do where more than one component is selected", async () => {
    await openComponent(typical(), "search");
    await user.keyboard("e");
    await waitFor(() =>
      expect(document.activeElement?.textContent).toMatch(/^This is decided for/),
    );
  });
});
