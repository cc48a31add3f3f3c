/** The last changes of what is selected. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { HistoryPage } from "../src/bindings/wire";
import { safeDefault, typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openComponent, openOver } from "./support/open";

const user = userEvent.setup();

const card = () => within(screen.getByTestId("component-history"));
const sentences = () =>
  card()
    .queryAllByTestId(/^history-\d/)
    .map((item) => item.querySelector("p")?.textContent.trim());

async function openWithPast(path: string, revisions: number): Promise<MemoryHost> {
  const host = new MemoryHost(safeDefault());
  for (let index = 0; index < revisions; index += 1) {
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: index % 2 === 0 });
  }
  host.chosen = { ...host.chosen, view: "flags" };
  await openOver(host);
  await user.click(await screen.findByTestId(`row-${path}`));
  return host;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("the history of a component", () => {
  it("says what was changed last, by whom, through which door and when", async () => {
    await openWithPast("tracker", 2);
    await waitFor(() => expect(sentences()).toEqual(["tracker: off", "tracker: on"]));
    const latest = card().getByTestId("history-2");
    expect(latest.textContent).toContain("1 minute ago · ci with flagctl");
    const time = latest.querySelector("time");
    expect(time?.title).toMatch(/\d:\d\d:\d\d/);
    expect(Number.isNaN(Date.parse(time?.dateTime ?? ""))).toBe(false);
  });

  it("is the last five, and leads to all of them", async () => {
    const host = await openWithPast("tracker", 8);
    await card().findByText("Show all 8");
    expect(sentences()).toHaveLength(5);
    await user.click(card().getByText("Show all 8"));
    await waitFor(() => expect(host.chosen.view).toBe("activity"));
  });

  it("is of it alone, and of everything beneath a group", async () => {
    const host = await openComponent(typical(), "tracker");
    await card().findByText("Nobody has changed it since it was added.");
    host.changeElsewhere({ kind: "set_components", paths: ["ui.badges"], on: false });
    await screen.findByText("Revision 1");
    expect(sentences()).toEqual([]);
    await user.click(screen.getByTestId("row-ui"));
    await waitFor(() => expect(sentences()).toEqual(["ui.badges: off"]));
  });

  it("grows with every change of it", async () => {
    await openComponent(typical(), "tracker");
    await card().findByText("Nobody has changed it since it was added.");
    await user.click(screen.getByTestId("switch-tracker"));
    await waitFor(() => expect(sentences()).toEqual(["tracker: off"]));
    await user.keyboard("{Control>}z{/Control}");
    await waitFor(() => expect(sentences()).toHaveLength(2));
    expect(card().getByTestId("history-2").textContent).toContain("undo of 1");
  });

  it("names of many changes the one that is about it", async () => {
    const host = await openComponent(typical(), "tracker");
    const page: HistoryPage = {
      total: 1,
      revisions: [
        {
          revision: 1,
          atMs: Date.now(),
          actor: { via: "http", name: "ci" },
          cause: { kind: "edit" },
          note: null,
          summary: "40 components on: tracking, calculator and 38 more",
          changes: ["tracking on", "calculator on", "tracker on"],
          changesTotal: 40,
        },
      ],
    };
    vi.spyOn(host, "history").mockResolvedValue(page);
    host.changeElsewhere({ kind: "set_master", on: false });
    await waitFor(() => expect(sentences()).toEqual(["tracker on and 39 more"]));
  });

  it("of everything is what was changed last anywhere", async () => {
    const host = await openComponent(typical(), "*");
    await card().findByText("Nothing has changed since the beginning.");
    host.changeElsewhere({ kind: "set_components", paths: ["ui.badges"], on: false });
    await waitFor(() => expect(sentences()).toEqual(["ui.badges: off"]));
  });

  it("that is late has its place held, and not before that", async () => {
    const host = await openComponent(typical(), "ui.badges");
    vi.useFakeTimers();
    const answer = host.hold();
    screen.getByTestId("row-tracker").click();
    await vi.advanceTimersByTimeAsync(149);
    expect(card().queryByTestId("placeholder")).toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    card().getByTestId("placeholder");
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(card().queryByTestId("placeholder")).toBeNull();
    card().getByText("Nobody has changed it since it was added.");
  });

  it("that cannot be read says why", async () => {
    const host = await openComponent(typical(), "tracker");
    vi.spyOn(host, "history").mockRejectedValue("The store did not answer.");
    await user.click(screen.getByTestId("row-ui.badges"));
    await card().findByText("The store did not answer.");
  });
});
