import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import App from "../src/App.svelte";
import type { Document, Failure, View } from "../src/bindings/wire";
import { safeDefault, typical } from "./support/documents";
import { MemoryHost } from "./support/memory";

const refusal: Failure = { code: "failed", message: "The disk is full.", problems: [] };
const user = userEvent.setup();

async function open(document: Document = typical(), view: View = "flags") {
  const host = new MemoryHost(document);
  host.chosen = { ...host.chosen, theme: "dark", view };
  render(App, { host });
  await screen.findByTestId(view === "flags" ? "row-*" : "master-switch");
  return host;
}

async function select(path: string) {
  await user.click(screen.getByTestId(`row-${path}`));
  return screen.findByTestId("rollout-editor");
}

const slider = () => screen.getByTestId("percent-slider");
const field = () => screen.getByTestId<HTMLInputElement>("percent-input");
const value = () => Number(slider().getAttribute("aria-valuenow"));
const edits = (host: MemoryHost) => host.edits.map(({ edit }) => edit);

/** Moves the pointer to a percentage; the slider is 200 px wide here. */
const at = (percentage: number) => ({ clientX: percentage * 2, button: 0, pointerId: 1 });

function badges(change: object) {
  return { kind: "set_rollout", component: "ui.badges", ...change };
}

describe("the dashboard", () => {
  it("keeps the ids, classes and headings of the founding specification", async () => {
    await open(typical(), "dashboard");
    const dashboard = document.querySelector("#dashboard");
    expect(dashboard?.querySelector("h1")?.textContent).toBe("ML Infrastructure Status");
    const cards = [...document.querySelectorAll("#dashboard .metrics-grid > .metric-card")];
    expect(cards.map((card) => card.querySelector("h3")?.textContent)).toEqual([
      "Feature Flags",
      "Performance",
      "State Health",
    ]);
    for (const id of ["feature-flags-status", "performance-metrics", "state-health"]) {
      expect(document.querySelector(`.metric-card #${id} .metric-value`)).not.toBeNull();
    }
    expect(document.querySelector("#feature-flags-status .metric-value")?.textContent).toBe("6");
  });

  it("turns everything off with one press, and back with another", async () => {
    const host = await open(typical(), "dashboard");
    await user.click(screen.getByTestId("all-off"));
    await waitFor(() => expect(host.document.enabled).toBe(false));
    expect(screen.getByTestId("master-switch").getAttribute("aria-checked")).toBe("false");
    expect(screen.getByTestId("all-off").title).toBe("All flags are off already");
    await user.click(await within(screen.getByTestId("toast")).findByText("Undo"));
    await waitFor(() => expect(host.document.enabled).toBe(true));
  });
});

describe("dragging the rollout", () => {
  let host: MemoryHost;

  beforeEach(async () => {
    host = await open();
    await select("ui.badges");
  });

  it("saves one revision, on letting go", async () => {
    await fireEvent.pointerDown(slider(), at(12.5));
    for (const percentage of [20, 30, 40, 60]) {
      await fireEvent.pointerMove(slider(), at(percentage));
    }
    expect(value()).toBe(60);
    expect(field().value).toBe("60");
    expect(screen.getByTestId("percent-note").textContent).toContain("Unsaved");
    expect(host.edits).toEqual([]);
    await fireEvent.pointerUp(slider(), at(60));
    expect(value()).toBe(60);
    await screen.findByText("ui.badges: 12.5 % → 60 %");
    expect(edits(host)).toEqual([badges({ percentage: 60 })]);
  });

  it("comes to rest at a stop that is near", async () => {
    await fireEvent.pointerDown(slider(), at(24));
    expect(value()).toBe(25);
    await fireEvent.pointerMove(slider(), at(30.4));
    expect(value()).toBe(30);
    await fireEvent.pointerCancel(slider());
  });

  it("is put back by Escape, whatever the pointer does after", async () => {
    await fireEvent.pointerDown(slider(), at(80));
    await fireEvent.keyDown(slider(), { key: "Escape" });
    expect(value()).toBe(12.5);
    await fireEvent.pointerMove(slider(), at(90));
    await fireEvent.pointerUp(slider(), at(90));
    expect(value()).toBe(12.5);
    expect(host.edits).toEqual([]);
  });

  it("is not disturbed by a change from elsewhere", async () => {
    await fireEvent.pointerDown(slider(), at(80));
    host.changeElsewhere({ kind: "set_rollout", component: "ui.badges", percentage: 33 });
    await screen.findByText(/33 % in force/);
    expect(value()).toBe(80);
    await fireEvent.pointerUp(slider(), at(80));
    expect((await screen.findByTestId("conflict-theirs")).textContent).toBe("33 %");
    expect(screen.getByTestId("conflict-mine").textContent).toBe("80 %");
    expect(host.edits).toEqual([]);
    await user.click(screen.getByTestId("use-mine"));
    await waitFor(() => expect(edits(host)).toEqual([badges({ percentage: 80 })]));
  });

  it("gives way to a change from elsewhere where the person says so", async () => {
    await fireEvent.pointerDown(slider(), at(80));
    host.changeElsewhere({ kind: "set_rollout", component: "ui.badges", percentage: 33 });
    await screen.findByText(/33 % in force/);
    await fireEvent.pointerUp(slider(), at(80));
    await user.click(await screen.findByTestId("keep-theirs"));
    expect(host.edits).toEqual([]);
    expect(value()).toBe(33);
  });

  it("goes back to what is stored when it is refused", async () => {
    host.refusal = refusal;
    await fireEvent.pointerDown(slider(), at(80));
    await fireEvent.pointerUp(slider(), at(80));
    expect((await screen.findByTestId("toast")).textContent).toContain("The disk is full.");
    expect(value()).toBe(12.5);
  });

  it("saves nothing when it ends where it began", async () => {
    await user.click(screen.getByTestId("row-calculator"));
    await user.click(screen.getByTestId("row-search.ranking.neural"));
    await fireEvent.pointerDown(slider(), at(25));
    await fireEvent.pointerUp(slider(), at(25));
    expect(host.edits).toEqual([]);
  });
});

describe("stepping the rollout by keys", () => {
  it("saves a run of presses as one revision once they pause", async () => {
    const host = await open();
    await select("ui.badges");
    vi.useFakeTimers();
    try {
      await fireEvent.keyDown(slider(), { key: "ArrowRight" });
      await fireEvent.keyDown(slider(), { key: "ArrowRight", shiftKey: true });
      await fireEvent.keyDown(slider(), { key: "ArrowLeft", altKey: true });
      await fireEvent.keyDown(slider(), { key: "PageUp" });
      expect(value()).toBe(23.599);
      expect(host.edits).toEqual([]);
      await vi.advanceTimersByTimeAsync(1000);
    } finally {
      vi.useRealTimers();
    }
    expect(edits(host)).toEqual([badges({ percentage: 23.599 })]);
  });

  it("becomes a draft on leaving, and nothing after Escape", async () => {
    const host = await open();
    await select("ui.badges");
    await fireEvent.keyDown(slider(), { key: "End" });
    await fireEvent.keyDown(slider(), { key: "Escape" });
    await fireEvent.blur(slider());
    expect(host.edits).toEqual([]);
    await fireEvent.keyDown(slider(), { key: "Home" });
    await fireEvent.blur(slider());
    expect([field().value, value()]).toEqual(["0", 12.5]);
    expect(host.edits).toEqual([]);
    await user.click(screen.getByTestId("percent-save"));
    await waitFor(() => expect(edits(host)).toEqual([badges({ percentage: 0 })]));
  });
});

describe("typing the rollout", () => {
  let host: MemoryHost;

  beforeEach(async () => {
    host = await open();
    await select("ui.badges");
  });

  async function type(text: string) {
    await user.clear(field());
    await user.type(field(), text);
  }

  it("saves an exact number on Enter", async () => {
    await type("33,333{Enter}");
    await waitFor(() => expect(edits(host)).toEqual([badges({ percentage: 33.333 })]));
    await waitFor(() => expect(field().value).toBe("33.333"));
  });

  it.each(["101", "-1", "12.3456", "lots"])(
    "refuses %s with one sentence, sending nothing",
    async (text) => {
      await type(`${text}{Enter}`);
      const problem = screen.getByTestId("percent-error");
      expect(problem.textContent).toMatch(/^Percentage .*0 to 100.*\.$/);
      expect(field().getAttribute("aria-invalid")).toBe("true");
      expect(field().value).toBe(text);
      expect(value()).toBe(12.5);
      expect(host.edits).toEqual([]);

      await user.keyboard("{Escape}");
      expect(field().value).toBe("12.5");
      expect(screen.queryByTestId("percent-error")).toBeNull();
    },
  );

  it("is not disturbed by a change from elsewhere, and is marked as not saved", async () => {
    await type("77");
    host.changeElsewhere({ kind: "set_rollout", component: "ui.badges", percentage: 33 });
    await waitFor(() => expect(value()).toBe(33));
    expect(field().value).toBe("77");
    expect(screen.getByTestId("percent-note").textContent).toContain("Unsaved");
  });

  it("keeps its own undo while there is text to take back", async () => {
    await user.click(screen.getByTestId("switch-tracker"));
    await waitFor(() => expect(host.revision).toBe(1));
    await screen.findByText("Revision 1");
    await select("ui.badges");
    await type("77");
    // Once too often takes no flag back.
    await user.keyboard("{Control>}zz{/Control}");
    expect(host.revision).toBe(1);
    await user.keyboard("{Escape}{Control>}z{/Control}");
    await waitFor(() => expect(host.revision).toBe(2));
  });
});

describe("whose rollout and how", () => {
  it("gives a component its own, as a copy, and takes it away again", async () => {
    const host = await open();
    await select("tracker");
    expect(screen.queryByTestId("percent-slider")).toBeNull();
    await user.click(screen.getByTestId("scope-own"));
    await user.click(await screen.findByTestId("widening-confirm"));
    await waitFor(() => expect(host.document.rollouts?.tracker?.percentage).toBe(50));
    await user.click(await screen.findByTestId("scope-all"));
    // What requires it followed another draw of users, and would have them all.
    const asked = await screen.findByTestId("widening-dialog");
    expect(asked.textContent).toContain("ui.dashboard 25 % of everyone → 50 % of everyone");
    await user.click(screen.getByTestId("widening-confirm"));
    await waitFor(() => expect(host.document.rollouts?.tracker).toBeUndefined());
  });

  it("saves a strategy at once where the share allows it", async () => {
    const host = await open();
    await select("ui.badges");
    await user.click(screen.getByTestId("strategy-feature"));
    await waitFor(() => expect(edits(host)).toEqual([badges({ strategy: "feature" })]));
  });

  it("asks for nobody or everyone before it saves blue-green, as one revision", async () => {
    const host = await open();
    await select("ui.badges");
    await user.click(screen.getByTestId("strategy-blue-green"));
    expect(screen.getByText(/^Not saved yet: blue-green/)).toBeTruthy();
    expect(screen.queryByTestId("percent-slider")).toBeNull();
    expect(host.edits).toEqual([]);
    await user.click(screen.getByTestId("side-everyone"));
    await waitFor(() =>
      expect(edits(host)).toEqual([badges({ strategy: "blue-green", percentage: 100 })]),
    );
  });
});

describe("groups", () => {
  it("are added by Enter or comma and removed by their cross or Backspace", async () => {
    const host = await open();
    await select("ui.badges");
    const groups = () => host.document.rollouts?.["ui.badges"]?.userGroups;
    await user.type(screen.getByTestId("group-input"), "staff,");
    await waitFor(() => expect(groups()).toEqual(["beta", "staff"]));
    await user.type(screen.getByTestId("group-input"), "pilot{Enter}");
    await waitFor(() => expect(groups()).toEqual(["beta", "staff", "pilot"]));
    await user.click(screen.getByLabelText("Remove beta"));
    await waitFor(() => expect(groups()).toEqual(["staff", "pilot"]));
    // Once too often in the empty field takes nothing away: it goes to the last one first.
    await user.keyboard("{Backspace}");
    expect(document.activeElement).toBe(screen.getByLabelText("Remove pilot"));
    expect(groups()).toEqual(["staff", "pilot"]);
    await user.keyboard("{Backspace}");
    await waitFor(() => expect(groups()).toEqual(["staff"]));
  });

  it("are refused with a sentence when there already, and the text is kept", async () => {
    const host = await open();
    await select("ui.badges");
    await user.type(screen.getByTestId("group-input"), "beta{Enter}");
    expect(screen.getByText("That group is in the list already.")).toBeTruthy();
    expect(screen.getByTestId<HTMLInputElement>("group-input").value).toBe("beta");
    expect(host.edits).toEqual([]);
  });
});

describe("the tree by keyboard", () => {
  const focused = () => (document.activeElement as HTMLElement).dataset.row;

  async function press(...keys: string[]) {
    for (const key of keys) await user.keyboard(`{${key}}`);
  }

  it("walks, opens and closes", async () => {
    await open();
    screen.getByTestId("row-*").focus();
    await press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown");
    expect(focused()).toBe("ui");
    await press("ArrowRight");
    expect(focused()).toBe("ui.badges");
    await press("ArrowLeft");
    expect(focused()).toBe("ui");
    await press("ArrowLeft");
    expect(screen.queryByTestId("row-ui.badges")).toBeNull();
    expect(screen.getByTestId("row-ui").getAttribute("aria-expanded")).toBe("false");
    await press("ArrowDown");
    expect(focused()).toBe("search");
    await press("End");
    expect(focused()).toBe("search.suggestions");
    await press("Home", "ArrowUp");
    expect(focused()).toBe("*");
  });

  it("switches with Space and selects with Enter, one row in the tab order", async () => {
    const host = await open();
    screen.getByTestId("row-orchestrator").focus();
    await fireEvent.click(screen.getByTestId("row-orchestrator"));
    await user.keyboard(" ");
    expect(screen.getByTestId("switch-orchestrator").getAttribute("aria-checked")).toBe("true");
    await waitFor(() =>
      expect(edits(host)).toEqual([{ kind: "set_components", paths: ["orchestrator"], on: true }]),
    );
    await press("ArrowUp", "Enter");
    expect(screen.getByTestId("row-tracker").getAttribute("aria-selected")).toBe("true");
    const reachable = [...document.querySelectorAll('[role="row"]')].filter(
      (row) => (row as HTMLElement).tabIndex === 0,
    );
    expect(reachable.map((row) => (row as HTMLElement).dataset.row)).toEqual(["tracker"]);
  });

  it("turns a group that is partly on wholly on", async () => {
    const host = await open();
    expect(screen.getByTestId("switch-ui").getAttribute("aria-checked")).toBe("mixed");
    await user.click(screen.getByTestId("switch-ui"));
    await waitFor(() =>
      expect(edits(host)).toEqual([{ kind: "set_components", paths: ["ui"], on: true }]),
    );
  });

  it("filters from a slash, goes into what was found, and is whole again on Escape", async () => {
    await open();
    await user.keyboard("/");
    await user.keyboard("neural");
    expect(screen.queryByTestId("row-tracker")).toBeNull();
    expect(screen.getByTestId("row-search.ranking.neural")).toBeTruthy();
    await press("Escape");
    expect(screen.getByTestId("row-tracker")).toBeTruthy();
    await user.keyboard("xyz");
    expect(screen.getByText("No component matches “xyz”.")).toBeTruthy();
  });
});

describe("the frame", () => {
  it("changes views by number, unless a number is being typed, and remembers the last", async () => {
    const host = await open();
    await user.keyboard("1");
    expect(document.querySelector("#dashboard")).not.toBeNull();
    await waitFor(() => expect(host.chosen.view).toBe("dashboard"));
    await user.keyboard("2");
    await user.type(screen.getByTestId("filter"), "1");
    expect(document.querySelector("#dashboard")).toBeNull();
  });

  it("applies the chosen colours and keeps them", async () => {
    const host = await open();
    expect(document.documentElement.dataset.theme).toBe("dark");
    await user.click(screen.getByTestId("theme-light"));
    expect(document.documentElement.dataset.theme).toBe("light");
    expect(host.chosen).toMatchObject({ theme: "light", view: "flags" });
  });

  it("undoes, redoes and turns all off from the keyboard", async () => {
    const host = await open();
    await user.keyboard("{Control>}{Shift>}[Digit0]{/Shift}{/Control}");
    await waitFor(() => expect(host.document.enabled).toBe(false));
    await screen.findByText("Revision 1");
    await user.keyboard("{Control>}z{/Control}");
    await waitFor(() => expect(host.document.enabled).toBe(true));
    await screen.findByText("Revision 2");
    await user.keyboard("{Control>}{Shift>}z{/Shift}{/Control}");
    await waitFor(() => expect(host.document.enabled).toBe(false));
  });

  it("says why the flags cannot be read, and tries again", async () => {
    const host = new MemoryHost(safeDefault());
    host.readFailure = refusal;
    render(App, { host });
    expect((await screen.findByTestId("load-error")).textContent).toContain("The disk is full.");
    host.readFailure = null;
    await user.click(screen.getByTestId("retry"));
    expect(await screen.findByTestId("master-switch")).toBeTruthy();
  });

  it("locks every control where nothing can be saved, and says why", async () => {
    const host = new MemoryHost(typical());
    host.state = { ...host.state, readOnly: "The disk is full." };
    host.chosen = { ...host.chosen, view: "flags" };
    render(App, { host });
    await screen.findByTestId("row-*");
    await select("ui.badges");
    expect(screen.getByTestId("banner").textContent).toContain("The disk is full.");
    expect(screen.getByTestId<HTMLButtonElement>("switch-ui.badges").disabled).toBe(true);
    await fireEvent.pointerDown(slider(), at(80));
    await fireEvent.pointerUp(slider(), at(80));
    screen.getByTestId("row-tracker").focus();
    await user.keyboard(" ");
    expect(host.edits).toEqual([]);
  });
});
