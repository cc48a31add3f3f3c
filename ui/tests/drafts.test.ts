/** What is typed and not saved: it stays with its component, is marked, and is asked about. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openComponent, openWindow, press } from "./support/open";
import { Overlay } from "../src/state/overlay.svelte";
import { words } from "../src/words";
import { Aim } from "../src/widgets/aim";

const user = userEvent.setup();
const row = (path: string) => screen.getByTestId(`row-${path}`);
const percent = () => screen.getByTestId<HTMLInputElement>("percent-input");
const mark = (path: string) => within(row(path)).queryByTestId("draft-mark")?.title ?? "";

async function typePercent(text: string) {
  await user.clear(percent());
  await user.type(percent(), text);
}

async function openWithDraft(): Promise<MemoryHost> {
  const host = await openComponent(typical(), "ui.badges");
  await typePercent("7");
  return host;
}

describe("a draft", () => {
  it.each([
    ["Tab", () => user.tab()],
    ["the window losing the keyboard", () => fireEvent.blur(window)],
    ["another view", () => user.click(screen.getByTestId("nav-dashboard"))],
    ["another component", () => user.click(row("tracker"))],
    ["a hidden page", () => fireEvent(document, new Event("visibilitychange"))],
    ["closing", () => user.keyboard("{Control>}q{/Control}")],
  ])("is kept and nothing is sent on %s", async (_, leave) => {
    const host = await openWithDraft();
    percent().blur();
    await leave();
    expect(host.edits).toEqual([]);
    expect(host.isUnsaved).toBe(true);
    expect(host.isClosed).toBe(false);
  });

  it("stays with its component, which is marked, and is never another's", async () => {
    const host = await openWithDraft();
    expect(mark("ui.badges")).toBe("Unsaved: percentage");
    await user.click(row("*"));
    expect(percent().value).not.toBe("7");
    await user.click(row("ui.badges"));
    expect(percent().value).toBe("7");
    await user.click(screen.getByTestId("percent-discard"));
    expect([percent().value, mark("ui.badges")]).toEqual(["12.5", ""]);
    expect(host.edits).toEqual([]);
  });

  it("is marked at the group that is closed over it", async () => {
    await openWithDraft();
    row("ui").focus();
    await press(row("ui"), "ArrowLeft");
    expect(mark("ui")).toBe("Unsaved changes inside");
  });

  it("can be discarded while the rollout does not show its field", async () => {
    const host = await openWithDraft();
    await user.click(screen.getByTestId("scope-all"));
    await user.click(await screen.findByTestId("widening-confirm"));
    await waitFor(() => expect(host.edits).toHaveLength(1));
    expect(screen.queryByTestId("percent-input")).toBeNull();
    expect(mark("ui.badges")).toBe("Unsaved: percentage");
    await user.click(await screen.findByTestId("discard-hidden"));
    expect(mark("ui.badges")).toBe("");
    expect(host.isUnsaved).toBe(false);
  });

  it("follows its component to another name", async () => {
    const host = await openWithDraft();
    row("ui").focus();
    await user.keyboard("{F2}");
    await user.clear(await screen.findByTestId("name"));
    await user.type(screen.getByTestId("name"), "face{Enter}");
    await waitFor(() => expect(mark("face.badges")).toBe("Unsaved: percentage"));
    await user.click(row("face.badges"));
    expect(percent().value).toBe("7");
    expect(host.edits).toHaveLength(1);
  });

  it("goes with a component that is removed, and comes back with it", async () => {
    const host = await openWithDraft();
    row("ui.badges").focus();
    await user.keyboard("{Delete}");
    await user.click(await screen.findByTestId("go-on"));
    await waitFor(() => expect(host.isUnsaved).toBe(false));
    await user.keyboard("{Control>}z{/Control}");
    await waitFor(() => expect(mark("ui.badges")).toBe("Unsaved: percentage"));
    expect(host.isUnsaved).toBe(true);
  });

  it("is not saved by the Enter of an input method", async () => {
    const host = await openWithDraft();
    await press(percent(), "Enter", { isComposing: true });
    // As WebKit reports it: after the end of the composition.
    await press(percent(), "Enter", { keyCode: 229 });
    expect(host.edits).toEqual([]);
    await press(percent(), "Enter");
    await waitFor(() => expect(host.edits).toHaveLength(1));
  });
});

describe("the question before closing", () => {
  const names = () => within(screen.getByTestId("closing")).getAllByRole("listitem");

  it("lists drafts, settings and the dialog that is open, and closes at once after it", async () => {
    const host = await openWithDraft();
    await user.click(screen.getByTestId("nav-settings"));
    const port = await screen.findByTestId<HTMLInputElement>("field-featureFlags.cache.ttl");
    await user.clear(port);
    await user.type(port, "9");
    await user.click(screen.getByTestId("nav-flags"));
    await user.keyboard("{Control>}n{/Control}");
    await user.type(await screen.findByTestId("name"), "sonar");
    host.announce({ kind: "close_asked" });
    await screen.findByTestId("closing");
    expect(names().map((each) => each.textContent)).toEqual([
      "Percentage of ui.badges",
      `Setting ${words.settings.label("featureFlags.cache.ttl")}`,
      "Add a component: ui.sonar",
    ]);
    expect(document.activeElement).toBe(screen.getByTestId("keep-editing"));
    await user.click(screen.getByTestId("close-anyway"));
    await waitFor(() => expect(host.isClosed).toBe(true));
    expect(host.edits).toEqual([]);
  });

  it.each([
    ["F2", "name", "x", /^Rename tracker: x/],
    ["Control>}{Shift>}M{/Shift}{/Control", "group", "x", /^Move tracker: x/],
  ])("knows what is typed after %s", async (keys, field, text, said) => {
    const host = await openComponent(typical(), "tracker");
    row("tracker").focus();
    await user.keyboard(`{${keys}}`);
    await user.clear(await screen.findByTestId(field));
    await user.type(screen.getByTestId(field), text);
    host.announce({ kind: "close_asked" });
    await screen.findByTestId("closing");
    expect(names()[0]?.textContent).toMatch(said);
    expect(host.isClosed).toBe(false);
  });

  it("is not asked about a dialog in which nothing was typed", async () => {
    const host = await openWindow(typical());
    await user.keyboard("{Control>}n{/Control}");
    await screen.findByTestId("name");
    host.announce({ kind: "close_asked" });
    await waitFor(() => expect(host.isClosed).toBe(true));
  });
});

describe("a question that comes while something is open", () => {
  it("waits until that is closed", () => {
    const overlay = new Overlay();
    overlay.show({ kind: "add", what: "component", group: "" });
    overlay.ask({ kind: "shortcuts" });
    expect(overlay.over?.kind).toBe("add");
    overlay.close();
    expect(overlay.over?.kind).toBe("shortcuts");
    overlay.close();
    expect(overlay.over).toBeNull();
  });
});

describe("a press of the pointer", () => {
  const [one, other] = [document.createElement("button"), document.createElement("button")];

  it("is aimed at what was under the pointer as it moved there", () => {
    const aim = new Aim();
    aim.note({ x: 5, y: 5, target: one }, 0);
    expect([aim.isAt(one, 10), aim.isAt(other, 10)]).toEqual([true, false]);
  });

  it("is not aimed at what has only just come under it, until that was seen", () => {
    const aim = new Aim();
    aim.note({ x: 5, y: 5, target: one }, 0);
    aim.note({ x: 5, y: 5, target: other }, 1000);
    expect([aim.isAt(other, 1200), aim.isAt(other, 1500)]).toEqual([false, true]);
  });

  it("is anywhere after scrolling, and after a press", () => {
    const aim = new Aim();
    aim.note({ x: 5, y: 5, target: one }, 0);
    aim.forget();
    expect(aim.isAt(other, 1)).toBe(true);
  });
});
