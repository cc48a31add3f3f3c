/** The frame and the dashboard: what they tell, and how they take what the backend says. */

import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import App from "../src/App.svelte";
import type { Failure, Preferences } from "../src/bindings/wire";
import { words } from "../src/words";
import { safeDefault, typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openComponent, openOver, openWindow } from "./support/open";

const checked = (testid: string) => screen.getByTestId(testid).getAttribute("aria-checked");

const isOff = (testid: string) => screen.getByTestId(testid).getAttribute("aria-disabled");

const refusal: Failure = {
  code: "invalid",
  message: "The change was refused; nothing was saved.",
  problems: [
    {
      severity: "error",
      code: "out_of_range",
      pointer: "/rollout",
      message: "percentage is too high",
    },
  ],
};

afterEach(() => {
  vi.useRealTimers();
});

describe("the dashboard", () => {
  it("says how much is on, for whom, and who changed it last", async () => {
    const host = await openWindow(typical(), "dashboard");
    const card = document.querySelector<HTMLElement>(".metric-card") ?? document.body;
    expect(card.querySelector(".metric-value")?.textContent).toBe("6");
    expect(card.textContent).toContain("of 9 components on");
    expect(card.textContent).toMatch(/ui\.badges\s*beta, and 12\.5 % of everyone else/);
    expect(card.querySelector(".status-warning")?.textContent).toContain("search.suggestions");

    host.changeElsewhere({ kind: "set_components", paths: ["orchestrator"], on: true });
    await waitFor(() => expect(card.querySelector(".metric-value")?.textContent).toBe("7"));
    expect(within(card).getByText("orchestrator: on")).toBeTruthy();
    expect(card.textContent).toContain("ci with flagctl");
  });

  it("lists a few of many rollouts and counts the rest", async () => {
    const document_ = typical();
    const own = { percentage: 5, userGroups: [], strategy: "canary" as const };
    document_.rollouts = Object.fromEntries(
      [
        "calculator",
        "tracker",
        "ui.badges",
        "ui.dashboard",
        "orchestrator",
        "search.suggestions",
      ].map((path) => [path, own]),
    );
    await openWindow(document_, "dashboard");
    screen.getByText("and 2 more");
  });

  it("invents no figure where nothing reports", async () => {
    await openWindow(typical(), "dashboard");
    expect(await screen.findAllByText("Nothing reports yet")).toHaveLength(2);
    for (const id of ["performance-metrics", "state-health"]) {
      const state = document.getElementById(id);
      // Flagdeck's own memory is known all the same.
      expect(state?.textContent.replace(/p\d\d|46 MiB/g, "")).not.toMatch(/\d/);
    }
  });

  it("of the safe default says that all is off", async () => {
    await openWindow(safeDefault(), "dashboard");
    screen.getByText("All flags are off: never turned on");
    screen.getByText(words.dashboard.nothingSaved);
  });
});

describe("a switch", () => {
  it("shows the wish at once and stays when it is stored", async () => {
    const host = await openWindow(safeDefault(), "dashboard");
    const answer = host.hold();
    await fireEvent.click(screen.getByTestId("master-switch"));
    expect(checked("master-switch")).toBe("true");
    expect(host.revision).toBe(0);
    answer();
    await waitFor(() => expect(host.revision).toBe(1));
    expect(checked("master-switch")).toBe("true");
  });

  it("goes back when it is refused, and the message stays until it is dismissed", async () => {
    const host = await openWindow(safeDefault(), "flags");
    host.refusal = refusal;
    vi.useFakeTimers();
    const answer = host.hold();
    await fireEvent.click(screen.getByTestId("switch-ui.badges"));
    expect(checked("switch-ui.badges")).toBe("true");
    answer();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(checked("switch-ui.badges")).toBe("false");
    const toast = screen.getByTestId("toast");
    expect(toast.textContent).toContain(refusal.message);
    expect(toast.textContent).toContain("percentage is too high");
    await fireEvent.click(within(toast).getByLabelText("Dismiss"));
    expect(screen.queryByTestId("toast")).toBeNull();
  });

  it("turned twice while the first is on its way ends as last wished", async () => {
    const host = await openWindow(safeDefault(), "flags");
    const answer = host.hold();
    await fireEvent.click(screen.getByTestId("switch-tracker"));
    await fireEvent.click(screen.getByTestId("switch-tracker"));
    expect(checked("switch-tracker")).toBe("false");
    answer();
    await waitFor(() => expect(host.edits).toHaveLength(2));
    await waitFor(() => expect(host.document.components.tracker).toBe(false));
  });
});

describe("undo and redo", () => {
  it("name their step, and do it", async () => {
    const host = await openWindow(safeDefault(), "flags");
    expect(isOff("undo")).toBe("true");
    await fireEvent.click(screen.getByTestId("switch-tracker"));
    await waitFor(() => expect(isOff("undo")).toBeNull());
    expect(screen.getByTestId("undo").title).toContain("tracker: on");
    await fireEvent.click(screen.getByTestId("undo"));
    await waitFor(() => expect(checked("switch-tracker")).toBe("false"));
    expect(screen.getByTestId("redo").title).toContain("tracker: on");
    await fireEvent.click(screen.getByTestId("redo"));
    await waitFor(() => expect(checked("switch-tracker")).toBe("true"));
    expect(host.revision).toBe(3);
  });

  it("give the keyboard back once their message is gone", async () => {
    const user = userEvent.setup();
    const host = await openWindow(safeDefault(), "flags");
    await user.click(await screen.findByTestId("row-tracker"));
    await user.keyboard(" ");
    const undo = await within(await screen.findByTestId("toast")).findByText("Undo");
    // By way of the details.
    await user.keyboard("{F6}{F6}");
    expect(document.activeElement).toBe(undo);
    await user.keyboard("{Enter}");
    await waitFor(() => expect(host.document.components.tracker).toBe(false));
    expect(document.activeElement).not.toBe(document.body);
  });

  it("are offered by the message of a change, which goes by itself", async () => {
    const host = await openWindow(safeDefault(), "flags");
    vi.useFakeTimers();
    await fireEvent.click(screen.getByTestId("switch-tracker"));
    await vi.advanceTimersByTimeAsync(0);
    const toast = screen.getByTestId("toast");
    expect(toast.closest("[role=status]")).not.toBeNull();

    await fireEvent.pointerEnter(toast);
    await vi.advanceTimersByTimeAsync(60_000);
    await fireEvent.click(within(toast).getByText("Undo"));
    await vi.advanceTimersByTimeAsync(0);
    expect(host.document.components.tracker).toBe(false);
    expect(screen.getByTestId("toast").textContent).toContain("Undid “tracker: on”");
    await vi.advanceTimersByTimeAsync(6000);
    expect(screen.queryByTestId("toast")).toBeNull();
  });
});

describe("the backend", () => {
  it("that is slow is told of only after a while", async () => {
    const host = new MemoryHost(typical());
    const answer = host.hold();
    await openOver(host);
    expect(screen.queryByText(words.frame.loading)).toBeNull();
    await screen.findByText(words.frame.loading);
    answer();
    await waitFor(() => expect(document.querySelector("#dashboard")).not.toBeNull());
  });

  it("has notices that can be dismissed", async () => {
    const host = new MemoryHost(typical());
    host.state.notices = [{ level: "error", message: "The store was damaged." }];
    await openOver(host);
    await fireEvent.click(within(await screen.findByTestId("banner")).getByText("Dismiss"));
    expect(screen.queryByTestId("banner")).toBeNull();
  });

  it("says where it serves, or that it does not", async () => {
    const host = await openWindow(typical(), "dashboard");
    await waitFor(() =>
      expect(screen.getByTestId("serving").textContent).toContain("127.0.0.1:4680"),
    );
    host.state = { ...host.state, serving: null };
    host.announce({ kind: "status" });
    await waitFor(() => expect(screen.getByTestId("serving").textContent).toContain("Not serving"));
  });
});

describe("where the flags come from", () => {
  const source = () => screen.getByTestId("source").textContent.trim();

  it("is said at the top", async () => {
    const host = await openWindow(typical(), "dashboard");
    await waitFor(() => expect(source()).toBe("Local store"));
    host.state = { ...host.state, readOnly: "The disk is full." };
    host.announce({ kind: "status" });
    await waitFor(() => expect(source()).toBe("Read only"));
  });

  it("is said to be unknown while they cannot be read", async () => {
    const host = new MemoryHost(typical());
    host.readFailure = refusal;
    await openOver(host);
    await waitFor(() => expect(source()).toBe("Not read"));
  });
});

describe("emergency off", () => {
  it("works where nothing can be saved, and says that it holds before it is stored", async () => {
    const host = new MemoryHost(typical());
    host.state.readOnly = "The disk is full.";
    await openOver(host);
    await fireEvent.click(screen.getByTestId("all-off"));
    await waitFor(() =>
      expect(screen.getByTestId("source").textContent).toContain("All flags off"),
    );
    const banner = await screen.findByTestId("all-off-banner");
    expect(banner.textContent).toMatch(/by maria.*Not stored yet: The disk is full/);
    expect(screen.queryByTestId("banner")).toBeNull();
    await screen.findByText(words.frame.heldOffDone);
    expect(screen.getAllByTestId("toast")).toHaveLength(1);
    expect(screen.queryByText("Master switch off")).toBeNull();
  });

  it("works where the flags could not be read", async () => {
    const host = new MemoryHost(typical());
    host.readFailure = refusal;
    await openOver(host);
    await screen.findByTestId("load-error");
    await fireEvent.click(screen.getByTestId("all-off"));
    await waitFor(() => expect(host.document.enabled).toBe(false));
  });

  it("says so when everything is off already", async () => {
    const host = await openWindow(safeDefault(), "dashboard");
    await fireEvent.click(screen.getByTestId("all-off"));
    await screen.findByText(words.frame.allOffAlready);
    expect(host.revision).toBe(0);
  });
});

describe("getting around", () => {
  const user = userEvent.setup();

  it("by number takes the keyboard to the view, not past a dialog", async () => {
    await openWindow(typical(), "dashboard");
    (await screen.findByTestId("master-switch")).focus();
    await user.keyboard("2");
    await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("main")));
    expect(screen.getByRole("main").getAttribute("aria-label")).toBe("Flags");
    await user.keyboard("{Control>}?{/Control}");
    await user.keyboard("1");
    screen.getByTestId("row-*");
  });

  it("by a click leaves the keyboard on what was clicked", async () => {
    await openWindow(typical(), "dashboard");
    await user.click(screen.getByTestId("nav-flags"));
    await screen.findByTestId("row-*");
    expect(document.activeElement).toBe(screen.getByTestId("nav-flags"));
  });

  it("by F6 goes from part to part and back", async () => {
    await openWindow(typical(), "dashboard");
    await screen.findByTestId("master-switch");
    const part = () => document.activeElement?.closest("[data-region]")?.tagName;
    const parts: (string | undefined)[] = [];
    for (let press = 0; press < 4; press += 1) {
      await user.keyboard("{F6}");
      parts.push(part());
    }
    expect(parts).toEqual(["NAV", "HEADER", "MAIN", "NAV"]);
    await user.keyboard("{Shift>}{F6}{/Shift}");
    expect(part()).toBe("MAIN");
  });

  it("by F6 goes to the list and to the details of a view too", async () => {
    const host = await openWindow(typical());
    (await screen.findByTestId("row-*")).focus();
    await user.keyboard("{F6}");
    expect(document.activeElement).toBe(screen.getByRole("complementary"));
    await user.keyboard("{Shift>}{F6}{/Shift}");
    expect(document.activeElement).toBe(screen.getByRole("main"));
    host.fillHistory(3);
    await user.click(screen.getByTestId("nav-activity"));
    await screen.findByTestId("revision-3");
    screen.getByTestId("activity-text").focus();
    await user.keyboard("{F6}");
    expect(document.activeElement).toBe(screen.getByTestId("revision-3"));
  });

  it("skips to the content by the first link", async () => {
    await openWindow(typical(), "dashboard");
    await user.tab();
    expect(document.activeElement?.textContent.trim()).toBe(words.frame.skip);
    await user.keyboard("{Enter}");
    expect(document.activeElement).toBe(screen.getByRole("main"));
  });

  it("has the landmarks and one first heading in each view", async () => {
    await openWindow(typical(), "dashboard");
    for (const view of ["dashboard", "flags", "metrics", "activity", "settings"]) {
      await user.click(screen.getByTestId(`nav-${view}`));
      await waitFor(() => expect(screen.getAllByRole("heading", { level: 1 })).toHaveLength(1));
    }
    screen.getByRole("banner", { name: "Top bar" });
    for (const role of ["navigation", "main"]) screen.getByRole(role);
  });
});

describe("the tour", () => {
  const user = userEvent.setup();

  async function openFirst() {
    const host = new MemoryHost(typical());
    host.chosen = { ...host.chosen, isToured: false };
    await openOver(host);
    return host;
  }

  it("of the first run takes three steps and is not shown again", async () => {
    const host = await openFirst();
    const titles = Object.values(words.commands.tour.steps).map(({ title }) => title);
    for (const title of titles) {
      within(await screen.findByTestId("tour")).getByRole("heading", { name: title });
      await user.click(screen.getByTestId("tour-next"));
    }
    expect(screen.queryByTestId("tour")).toBeNull();
    expect(host.chosen.isToured).toBe(true);
  });

  it.each([
    ["Escape", () => user.keyboard("{Escape}")],
    ["a click", () => user.click(screen.getByTestId("tour-skip"))],
  ])("is skipped by %s at any step", async (_, skip) => {
    const host = await openFirst();
    await user.click(await screen.findByTestId("tour-next"));
    await user.click(screen.getByTestId("tour-back"));
    await skip();
    expect(screen.queryByTestId("tour")).toBeNull();
    expect(host.chosen.isToured).toBe(true);
  });

  it("stands beside the work, which goes on by keyboard and pointer", async () => {
    const host = await openFirst();
    await screen.findByTestId("tour");
    await user.keyboard("2");
    await user.click(await screen.findByTestId("switch-tracker"));
    await waitFor(() => expect(host.document.components.tracker).toBe(false));
    screen.getByTestId("tour");
  });

  it("is recalled by its command", async () => {
    const host = await openWindow(typical(), "dashboard");
    expect(screen.queryByTestId("tour")).toBeNull();
    host.announce({ kind: "command", id: "tour" });
    await screen.findByTestId("tour");
  });
});

describe("colours", () => {
  it("are not touched before it is known which were chosen", async () => {
    document.documentElement.dataset.theme = "dark";
    const host = new MemoryHost(typical());
    let answer: (preferences: Preferences) => void = () => undefined;
    host.preferences = () => new Promise((resolve) => (answer = resolve));
    render(App, { host });
    await waitFor(() => expect(host.reads).toBe(1));
    expect(document.documentElement.dataset.theme).toBe("dark");
    answer({ ...host.chosen, theme: "light" });
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("light"));
  });
});

it("what a component requires leads to it", async () => {
  await openComponent(typical(), "ui.dashboard");
  await fireEvent.click(screen.getByRole("button", { name: "tracker" }));
  expect(screen.getByTestId("row-tracker").getAttribute("aria-selected")).toBe("true");
});

it("a component that is removed elsewhere gives way to the row after it", async () => {
  const host = await openComponent(typical(), "orchestrator");
  host.replaceElsewhere(safeDefaultWithout("orchestrator"));
  await waitFor(() => expect(screen.queryByTestId("row-orchestrator")).toBeNull());
  const next = screen.getByTestId("row-ui");
  await waitFor(() => expect(next.getAttribute("aria-current")).toBe("true"));
  expect(next.tabIndex).toBe(0);
});

function safeDefaultWithout(name: string) {
  const rest = safeDefault();
  return {
    ...rest,
    components: Object.fromEntries(Object.entries(rest.components).filter(([key]) => key !== name)),
  };
}
