/** The lower row of the dashboard: what is on against what is off, and what changed last. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Failure, Mark } from "../src/bindings/wire";
import { subjectOf } from "../src/model/subject";
import { armsOf, comparedCharts } from "./support/charts";
import { extreme, typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";
import { pulses } from "./support/pulse";

const refused: Failure = { code: "failed", message: "The store did not answer.", problems: [] };

let host: MemoryHost;

// What is a while ago depends on the time, and so would the words for it.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(2026, 10, 24, 12, 0, 7) });
  host = new MemoryHost(typical());
});
afterEach(() => {
  vi.useRealTimers();
});

async function open() {
  await openOver(host);
  await screen.findByTestId("open-activity");
}

const text = (testid: string) =>
  screen.getByTestId(testid).textContent.replace(/\s+/g, " ").replace(" ,", ",").trim();
const card = (id: string) => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`there is no card ${id}`);
  return found;
};
const changes = () =>
  within(card("recent"))
    .queryAllByTestId(/^recent-\d+$/)
    .map((each) => each.textContent.replace(/\s+/g, " ").trim());

/** Shares that are the same all the time. */
function compare(exposed: number | null, control: number | null, marks: Mark[] = []) {
  const draw = comparedCharts(0.01, 1, marks);
  host.drawCharts = (query) => {
    const charts = draw(query);
    return {
      ...charts,
      ...armsOf(
        charts.timesS.map(() => exposed),
        charts.timesS.map(() => control),
      ),
    };
  };
}

describe("exposed against control", () => {
  it("tells the latest shares in words, the limit, and draws a line for each", async () => {
    compare(0.0624, 0.011);
    await open();
    await screen.findByTestId("exposed-control-latest");
    expect(text("exposed-control-latest")).toBe("On 6.2 %, Off 1.1 %");
    expect(card("exposed-control").textContent).toContain("limit 5 %");
    const paths = [...card("exposed-control").querySelectorAll("path")];
    // A line and its interval for each.
    expect(paths.map((path) => path.getAttribute("d")?.startsWith("M0 "))).toEqual(
      Array(4).fill(true),
    );
    expect(screen.queryByTestId("exposed-control-synthetic")).toBeNull();
    expect(document.querySelector("#dashboard canvas")).toBeNull();
  });

  it("tells nothing of an arm that nobody reported", async () => {
    compare(0.0004, null);
    await open();
    await screen.findByTestId("exposed-control-latest");
    expect(text("exposed-control-latest")).toBe("On <0.1 %, Off –");
  });

  it("of the component that does harm tells what that is judged by", async () => {
    host.pulseNow = pulses.failing(Date.now());
    compare(0.2, 0.1);
    await open();
    await screen.findByTestId("exposed-control-latest");
    expect(text("exposed-control-latest")).toBe("On 9.2 %, Off 0.6 %");
    expect(text("performance-metrics-verdict")).toContain("9.2 % errors on, 0.6 % off");
  });

  it("says that there is not enough data while few have been reported", async () => {
    host.pulseNow = pulses.typical(Date.now());
    await open();
    await screen.findByTestId("arms-tracker");
    await waitFor(() => expect(text("exposed-control-none")).toBe("Not enough data yet"));
  });

  it("says what would fill it", async () => {
    await open();
    await screen.findByText("Appears when an app reports user IDs.");
    expect(screen.queryByTestId("exposed-control-latest")).toBeNull();
  });

  it("leads from a change of the flags to its revision", async () => {
    host.fillHistory(3);
    const atMs = Date.now() - 120_000;
    compare(0.02, 0.01, [{ revision: 2, atMs, sentence: "ui.badges: 12.5 % → 25 %" }]);
    await open();
    const mark = await screen.findByTestId("exposed-control-mark-2");
    expect(mark.getAttribute("aria-label")).toMatch(/^ui\.badges: 12\.5 % → 25 %\. .*revision 2/);
    await fireEvent.pointerEnter(mark);
    expect(card("exposed-control").querySelector(".tip")?.textContent).toContain("ui.badges");
    await fireEvent.click(mark);
    await screen.findByRole("heading", { name: "Revision 2" });
  });

  it("never lets what is made up pass for real", async () => {
    host.pulseNow = pulses.synthetic(Date.now());
    compare(0.02, 0.01);
    await open();
    await screen.findByTestId("exposed-control-synthetic");
  });

  it("says why it could not be read, in place of what would fill it", async () => {
    host.refusals.charts = refused;
    await open();
    await screen.findByText("Not read: The store did not answer.");
  });

  it("keeps what was read last, and says of when that is", async () => {
    vi.useFakeTimers();
    compare(0.02, 0.01);
    await openOver(host);
    await vi.advanceTimersByTimeAsync(10);
    expect(text("exposed-control-latest")).toBe("On 2.0 %, Off 1.0 %");
    host.refusals.charts = refused;
    await vi.advanceTimersByTimeAsync(5000);
    expect(text("exposed-control-latest")).toMatch(/^On 2\.0 %, .* as of \d+:\d\d/);
  });

  it("is not read while another view is shown", async () => {
    compare(0.02, 0.01);
    vi.useFakeTimers();
    await openOver(host);
    await vi.advanceTimersByTimeAsync(10);
    await fireEvent.click(screen.getByTestId("nav-flags"));
    const asked = host.chartQueries.length;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(host.chartQueries).toHaveLength(asked);
  });
});

describe("what changed last", () => {
  it("is the latest five revisions, when and what", async () => {
    host.fillHistory(3, 26 * 3_600_000);
    host.fillHistory(4);
    host.changeElsewhere({ kind: "set_components", paths: ["ui.badges"], on: false });
    await open();
    await waitFor(() => expect(changes()).toHaveLength(5));
    expect(changes()[0]).toBe("11:58 AM ui.badges: off");
    expect(changes()[1]).toMatch(/^11:53 AM \S+: /);
    const [first] = within(card("recent")).getAllByRole("button", { name: /^11:58 AM/ });
    expect(first?.querySelector("strong")?.textContent).toBe("ui.badges");
  });

  it("is of a weekday where it is some days ago", async () => {
    host.fillHistory(2, 26 * 3_600_000);
    await open();
    await waitFor(() => expect(changes()).toHaveLength(2));
    expect(changes().map((each) => each.slice(0, 4))).toEqual(["Mon ", "Sun "]);
  });

  it("takes a later one in by itself, and is read no more often than that", async () => {
    host.fillHistory(2);
    await open();
    await waitFor(() => expect(changes()).toHaveLength(2));
    const read = vi.spyOn(host, "history");
    host.announce({ kind: "flags", revision: 2 });
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: false });
    await waitFor(() => expect(changes()[0]).toBe("11:58 AM tracker: off"));
    expect(changes()).toHaveLength(3);
    expect(read).toHaveBeenCalledTimes(1);
    expect(read).toHaveBeenCalledWith({}, 0, 5);
  });

  it("leads to each in Activity, and to all of them", async () => {
    host.fillHistory(9);
    await open();
    await fireEvent.click(await screen.findByTestId("recent-6"));
    await screen.findByRole("heading", { name: "Revision 6" });
    await fireEvent.click(screen.getByTestId("nav-dashboard"));
    await fireEvent.click(await screen.findByTestId("open-activity"));
    await waitFor(() => expect(host.chosen.view).toBe("activity"));
  });

  it("is nothing before anything was saved, and nobody is asked", async () => {
    const read = vi.spyOn(host, "history");
    await open();
    within(card("recent")).getByText("Nothing saved yet.");
    expect(read).not.toHaveBeenCalled();
  });

  it("says why it cannot be read, and is read again where one asks for that", async () => {
    host.fillHistory(2);
    host.refusals.history = refused;
    await open();
    await screen.findByText(/^The history could not be read; nothing is lost\./);
    delete host.refusals.history;
    await fireEvent.click(screen.getByTestId("recent-retry"));
    await waitFor(() => expect(changes()).toHaveLength(2));
  });

  it("keeps what it was where it cannot be read anew, and says so", async () => {
    host.fillHistory(2);
    await open();
    await waitFor(() => expect(changes()).toHaveLength(2));
    host.refusals.history = refused;
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: false });
    await within(card("recent")).findByText("not up to date");
    expect(changes()).toHaveLength(2);
  });
});

it.each([typical, extreme])("the lower row has names for ears", async (document_) => {
  host = new MemoryHost(document_());
  host.fillHistory(9);
  compare(0.02, 0.01, [{ revision: 2, atMs: Date.now() - 120_000, sentence: "tracker: on" }]);
  await open();
  await screen.findByTestId("exposed-control-latest");
  // Colours need an engine that paints.
  const rules = { "color-contrast": { enabled: false } };
  for (const id of ["exposed-control", "recent"]) {
    const { violations } = await axe.run(card(id), { rules });
    expect(violations.map((each) => each.id)).toEqual([]);
  }
});

it("a sentence begins with its component, where that is one", () => {
  const split = (sentence: string) =>
    subjectOf(sentence, (path) => ["ui.badges", "tracker"].includes(path));
  expect(split("ui.badges: 12.5 % → 25 %")).toEqual(["ui.badges", ": 12.5 % → 25 %"]);
  expect(split("tracker on; master switch on")).toEqual(["tracker", " on; master switch on"]);
  expect(split("tracker, ui.badges: off")).toEqual(["tracker", ", ui.badges: off"]);
  expect(split("Master switch off")).toEqual(["", "Master switch off"]);
  expect(split("")).toEqual(["", ""]);
});
