/** The ways out of the rollout editor: what is saved, what is not, and never twice. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, it, vi } from "vitest";

import { safeDefault, typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openComponent, press } from "./support/open";

const slider = () => screen.getByTestId("percent-slider");
const input = () => screen.getByTestId<HTMLInputElement>("percent-input");
const shown = () => Number(slider().getAttribute("aria-valuenow"));
const edits = (host: MemoryHost) => host.edits.map(({ edit }) => edit);
const groupsOf = (host: MemoryHost) => host.document.rollouts?.["ui.badges"]?.userGroups;

async function type(text: string) {
  input().focus();
  await fireEvent.input(input(), { target: { value: text } });
}

afterEach(() => {
  vi.useRealTimers();
});

describe("the keys of the slider", () => {
  it.each([
    ["ArrowRight", {}, 13.5],
    ["ArrowLeft", {}, 11.5],
    ["ArrowUp", { shiftKey: true }, 12.6],
    ["ArrowDown", { altKey: true }, 12.499],
    ["PageUp", {}, 22.5],
    ["PageDown", {}, 2.5],
    ["Home", {}, 0],
    ["End", {}, 100],
  ])("step: %s %j leads to %d", async (key, more, percentage) => {
    await openComponent(typical(), "ui.badges");
    await press(slider(), key, more);
    expect(shown()).toBe(percentage);
  });

  it.each([["on Enter", () => press(slider(), "Enter")]])(
    "save at once %s, and not again after the pause",
    async (_, leave) => {
      const host = await openComponent(typical(), "ui.badges");
      vi.useFakeTimers();
      await press(slider(), "ArrowRight");
      await leave();
      await vi.advanceTimersByTimeAsync(1000);
      expect(edits(host)).toEqual([
        { kind: "set_rollout", component: "ui.badges", percentage: 13.5 },
      ]);
    },
  );

  it.each([
    ["on leaving it", () => fireEvent.blur(slider())],
    ["as the window loses the keyboard", () => fireEvent.blur(window)],
    ["on selecting another component", () => fireEvent.click(screen.getByTestId("row-tracker"))],
  ])("leave a draft %s, and save nothing after the pause either", async (_, leave) => {
    const host = await openComponent(typical(), "ui.badges");
    vi.useFakeTimers();
    await press(slider(), "ArrowRight");
    await leave();
    await vi.advanceTimersByTimeAsync(1000);
    expect(host.edits).toEqual([]);
    await fireEvent.click(screen.getByTestId("row-ui.badges"));
    expect(input().value).toBe("13.5");
  });

  it("do nothing in the midst of a drag", async () => {
    const host = await openComponent(safeDefault(), "*");
    await fireEvent.pointerDown(slider(), { button: 0, clientX: 100 });
    await press(slider(), "ArrowRight");
    expect(shown()).toBe(50);
    await fireEvent.pointerUp(slider());
    expect(edits(host)).toEqual([{ kind: "set_rollout", component: null, percentage: 50 }]);
  });
});

describe("a drag", () => {
  it("that the system takes away is put back", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await fireEvent.pointerDown(slider(), { button: 0, clientX: 100 });
    await fireEvent(slider(), new Event("lostpointercapture"));
    expect(shown()).toBe(12.5);
    expect(host.edits).toEqual([]);
  });

  it.each([
    ["the window loses the keyboard", () => fireEvent.blur(window)],
    ["the page is hidden", () => fireEvent(document, new Event("visibilitychange"))],
    ["the pointer is lost", () => fireEvent.pointerCancel(slider())],
  ])("is abandoned if %s, whatever comes after", async (_, lose) => {
    const host = await openComponent(typical(), "ui.badges");
    await fireEvent.pointerDown(slider(), { button: 0, clientX: 100 });
    await lose();
    expect(shown()).toBe(12.5);
    await fireEvent.pointerMove(slider(), { clientX: 200 });
    await fireEvent.pointerUp(slider());
    expect([shown(), input().value]).toEqual([12.5, "12.5"]);
    expect(host.edits).toEqual([]);
    expect(host.isUnsaved).toBe(false);
  });

  it("begins with the main button only", async () => {
    await openComponent(typical(), "ui.badges");
    await fireEvent.pointerDown(slider(), { button: 2, clientX: 100 });
    expect(shown()).toBe(12.5);
  });
});

describe("a typed percentage", () => {
  it("is kept as a draft on leaving the field, until it is saved", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await type("33,25");
    await fireEvent.blur(input());
    expect(input().value).toBe("33,25");
    expect(screen.getByTestId("percent-note").textContent).toContain("Unsaved");
    expect(host.edits).toEqual([]);
    await fireEvent.click(screen.getByTestId("percent-save"));
    await waitFor(() =>
      expect(edits(host)).toEqual([
        { kind: "set_rollout", component: "ui.badges", percentage: 33.25 },
      ]),
    );
  });

  it("is saved once by Enter and leaving", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await type("7");
    await press(input(), "Enter");
    await fireEvent.blur(input());
    await screen.findByText("ui.badges: 12.5 % → 7 %");
    expect(host.edits).toHaveLength(1);
  });

  it("that is refused on leaving stays to be mended, and nothing is sent", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await type("101");
    await fireEvent.blur(input());
    expect(screen.getByTestId("percent-error").textContent).toContain("0 to 100");
    await type("10");
    expect(screen.queryByTestId("percent-error")).toBeNull();
    expect(host.edits).toEqual([]);
    await press(input(), "Enter");
    await screen.findByText("ui.badges: 12.5 % → 10 %");
  });

  it("that Escape took back is not saved on leaving", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await type("50");
    await press(input(), "Escape");
    await fireEvent.blur(input());
    expect(input().value).toBe("12.5");
    expect(host.edits).toEqual([]);
  });
});

describe("blue-green", () => {
  it("from a share in between can be left as it was", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await fireEvent.click(screen.getByTestId("strategy-blue-green"));
    await fireEvent.click(screen.getByText("Keep canary"));
    expect(shown()).toBe(12.5);
    expect(host.edits).toEqual([]);
  });

  it("from nobody is saved at once, and knows no slider", async () => {
    const host = await openComponent(safeDefault(), "*");
    await fireEvent.click(screen.getByTestId("strategy-blue-green"));
    expect(edits(host)).toEqual([{ kind: "set_rollout", component: null, strategy: "blue-green" }]);
    await screen.findByTestId("side-nobody");
    expect(screen.queryByTestId("percent-slider")).toBeNull();
    expect(screen.getByTestId("side-nobody").getAttribute("aria-checked")).toBe("true");
  });
});

describe("a group", () => {
  const field = () => screen.getByTestId<HTMLInputElement>("group-input");

  it("of too long a name is refused beside the field, and nothing is sent", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await fireEvent.input(field(), { target: { value: "x".repeat(129) } });
    await press(field(), "Enter");
    screen.getByText("A group name has 1 to 128 characters.");
    expect(field().getAttribute("aria-invalid")).toBe("true");
    expect(host.edits).toEqual([]);
  });

  it("is not added while an input method still composes it", async () => {
    const host = await openComponent(typical(), "ui.badges");
    await fireEvent.input(field(), { target: { value: "にほん" } });
    await press(field(), "Enter", { isComposing: true });
    expect(host.edits).toEqual([]);
    await press(field(), "Enter");
    await waitFor(() => expect(groupsOf(host)).toEqual(["beta", "にほん"]));
  });

  it("added elsewhere in the meantime is kept", async () => {
    const host = await openComponent(typical(), "ui.badges");
    const answer = host.hold();
    await fireEvent.input(field(), { target: { value: "staff" } });
    await press(field(), "Enter");
    host.changeElsewhere({
      kind: "set_rollout",
      component: "ui.badges",
      userGroups: ["beta", "press"],
    });
    answer();
    await waitFor(() => expect(groupsOf(host)).toEqual(["beta", "press", "staff"]));
  });
});
