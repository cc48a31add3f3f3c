/** Metrics: the charts as they are chosen, read, zoomed and exported, by pointer and by keys. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Failure } from "../src/bindings/wire";
import { words } from "../src/words";
import { written } from "./support/canvas";
import { extremeCharts, gappyCharts, overCharts, typicalCharts } from "./support/charts";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";

const failure: Failure = { code: "failed", message: "Prometheus did not answer.", problems: [] };
/** From the left of a plot, as wide as everything is here, to where values are drawn. */
const WIDTH_PX = 200;

let host: MemoryHost;
let user: ReturnType<typeof userEvent.setup>;

/** What is drawn moves with the clock: here it stands, so that figures are the same on any day. */
const NOW = new Date("2026-11-24T14:02:00Z");

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });

  afterEach(() => {
    vi.useRealTimers();
  });
  host = new MemoryHost(typical());
  host.fillHistory(3);
  host.chosen = { ...host.chosen, view: "metrics" };
  host.drawCharts = typicalCharts(Date.now());
  user = userEvent.setup();
});

async function open() {
  await openOver(host);
  await screen.findByTestId("chart-rate");
}

const chart = (id: string) => screen.getByTestId(`chart-${id}`);
const card = (id: string) => within(screen.getByTestId(`card-${id}`));
const reading = () => screen.getByTestId("chart-reading").textContent;
const status = () => screen.getByTestId("metrics-status").textContent;
const lastQuery = () => host.chartQueries.at(-1);
const valueOf = (id: string, key: string) =>
  card(id).getByTestId(`legend-${key}`).querySelector(".value")?.textContent;

async function drag(id: string, from: number, to: number) {
  const pad = chart(id);
  const at = (share: number) => ({ clientX: share * WIDTH_PX, pointerId: 1, button: 0 });
  await fireEvent.pointerDown(pad, at(from));
  await fireEvent.pointerMove(pad, at(to));
  await fireEvent.pointerUp(pad, at(to));
}

describe("the charts", () => {
  it("are seven, each with what it says of the present and a legend", async () => {
    await open();
    for (const [id, title] of Object.entries(words.metrics.titles)) {
      card(id).getByRole("heading", { name: title });
      expect(chart(id).getAttribute("aria-label")).toContain(title);
      expect(screen.getByTestId(`told-${id}`).textContent).not.toContain("Nothing");
    }
    expect(screen.getByTestId("told-rate").textContent).toMatch(/^\d+ a second$/);
    expect(screen.getByTestId("told-errors").textContent).toMatch(/% errors$/);
    expect(valueOf("durations", "half")).toMatch(/ (ms|s)$/);
    expect(card("errors").getByTestId("legend-errorShare").textContent).toContain("Limit 5 %");
  });

  it("are drawn, and told of in one line", async () => {
    await open();
    await waitFor(() => expect(document.querySelectorAll("canvas")).toHaveLength(7));
    expect(status()).toMatch(/Live.*·.* to .*a point every.*2 flag changes/s);
    expect(screen.queryByText(words.metrics.notDrawn)).toBeNull();
  });

  it("go on in place while they are live", async () => {
    await open();
    const before = chart("rate");
    const [canvas] = await waitFor(() => {
      const found = document.querySelectorAll("canvas");
      expect(found).toHaveLength(7);
      return [...found];
    });
    host.drawCharts = overCharts(Date.now());
    host.changeElsewhere({ kind: "set_master", on: false });
    await waitFor(() =>
      expect(screen.getByTestId("told-durations").textContent).toBe("Median >5 s"),
    );
    expect(chart("rate")).toBe(before);
    expect(document.querySelector("canvas")).toBe(canvas);
  });

  it("say what cannot be drawn, and leave the table to read", async () => {
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
    await open();
    await screen.findByText(words.metrics.notDrawn);
    await user.click(screen.getByText(words.metrics.table));
    const rows = await screen.findAllByRole("row");
    expect(rows.length).toBeGreaterThan(20);
    expect(rows[0]?.textContent).toContain("p95");
  });

  it("say how many of too many changes are marked", async () => {
    host.drawCharts = extremeCharts(Date.now());
    await open();
    expect(status()).toContain("the latest 200 of 99,999 flag changes marked");
  });
});

describe("what is shown", () => {
  it("is as long a span as one chooses", async () => {
    await open();
    for (const spanS of [300, 900, 3600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000]) {
      await user.click(screen.getByTestId(`span-${spanS}`));
      await waitFor(() => {
        const { fromMs = 0, toMs = 0 } = lastQuery() ?? {};
        expect(toMs - fromMs).toBe(spanS * 1000);
      });
      expect(screen.getByTestId(`span-${spanS}`).ariaChecked).toBe("true");
    }
  });

  it("is of one component, with its two arms as lines, or of everything", async () => {
    await open();
    const field = screen.getByTestId("metrics-component");
    expect(within(field).getAllByRole("option")[0]?.textContent).toBe("All components");
    await user.selectOptions(field, "ui.badges");
    await screen.findByTestId("legend-exposed");
    expect(lastQuery()?.component).toBe("ui.badges");
    screen.getByTestId("legend-control");
    await user.selectOptions(field, "");
    await screen.findByTestId("legend-share");
    expect(lastQuery()?.component).toBeNull();
  });

  it("comes from a Prometheus, or from Flagdeck itself where one asks for that", async () => {
    host.drawCharts = extremeCharts(Date.now());
    await open();
    expect(screen.getByTestId("metrics-source").textContent).toContain(
      "From prometheus.monitoring.svc.cluster.example.internal:9090",
    );
    await user.click(screen.getByTestId("use-own"));
    await screen.findByTestId("use-prometheus");
    await waitFor(() => expect(lastQuery()?.own).toBe(true));
    await user.click(screen.getByTestId("use-prometheus"));
    await screen.findByTestId("use-own");
    await waitFor(() => expect(lastQuery()?.own).toBe(false));
  });

  it("is as it was after another view", async () => {
    await open();
    await user.click(screen.getByTestId("span-3600"));
    await user.click(screen.getByTestId("nav-flags"));
    const before = host.chartQueries.length;
    await user.click(screen.getByTestId("nav-metrics"));
    await screen.findByTestId("chart-rate");
    expect(screen.getByTestId("span-3600").ariaChecked).toBe("true");
    await waitFor(() => expect(host.chartQueries.length).toBeGreaterThan(before));
  });

  it("is reached by its key", async () => {
    host.chosen = { ...host.chosen, view: "flags" };
    await openOver(host);
    await screen.findByTestId("row-*");
    await user.keyboard("4");
    await screen.findByTestId("chart-rate");
  });
});

describe("with the pointer", () => {
  it("one moment is read off every chart", async () => {
    host.drawCharts = gappyCharts(Date.now());
    await open();
    await fireEvent.pointerEnter(chart("errors"));
    await fireEvent.pointerMove(chart("errors"), { clientX: 0.3 * WIDTH_PX });
    // That is within a gap.
    await waitFor(() => expect(valueOf("rate", "mean")).toBe(words.metrics.none));
    expect(valueOf("durations", "half")).toBe(words.metrics.none);
    expect(reading()).toBe("");
    await fireEvent.pointerLeave(chart("errors"));
    await waitFor(() => expect(valueOf("rate", "mean")).toMatch(/\d/));
  });

  it("a part is zoomed into by dragging, and a double click goes back to live", async () => {
    await open();
    const before = lastQuery();
    await drag("rate", 0.75, 0.25);
    await waitFor(() => expect(status()).toContain("Zoomed in"));
    await waitFor(() => expect(lastQuery()).not.toEqual(before));
    const { fromMs = 0, toMs = 0 } = lastQuery() ?? {};
    expect(toMs - fromMs).toBeCloseTo(450_000, -4);
    screen.getByTestId("metrics-live");
    await fireEvent.dblClick(chart("rate"));
    await waitFor(() => expect(status()).toContain("Live"));
  });

  it("a slip of the hand zooms into nothing", async () => {
    await open();
    await drag("rate", 0.5, 0.51);
    expect(status()).toContain("Live");
  });

  it("the charts are stopped and go on", async () => {
    await open();
    await user.click(screen.getByTestId("metrics-pause"));
    expect(status()).toContain("Paused");
    const button = screen.getByTestId("metrics-resume");
    expect(document.activeElement).toBe(button);
    await user.click(button);
    expect(status()).toContain("Live");
  });
});

describe("with the keyboard", () => {
  async function enter(id: string) {
    await open();
    chart(id).focus();
  }

  it("a chart is read point by point, and from end to end", async () => {
    await enter("rate");
    await press(chart("rate"), "ArrowLeft");
    const latest = reading();
    expect(latest).toMatch(/^\d.*: Mean \d+, Range \d+ – \d+$/);
    await press(chart("rate"), "ArrowLeft");
    expect(reading()).not.toBe(latest);
    await press(chart("rate"), "ArrowRight");
    expect(reading()).toBe(latest);
    await press(chart("rate"), "Home");
    const first = reading();
    await press(chart("rate"), "ArrowLeft");
    expect(reading()).toBe(first);
    await press(chart("rate"), "End");
    expect(reading()).toBe(latest);
  });

  it("what is over the edge is read as that", async () => {
    host.drawCharts = overCharts(Date.now());
    await enter("durations");
    await press(chart("durations"), "End");
    expect(reading()).toMatch(/: p99 >5 s, p95 >5 s, p50 >5 s$/);
  });

  it("a gap is read as one", async () => {
    host.drawCharts = gappyCharts(Date.now());
    await enter("confidence");
    await press(chart("confidence"), "Home");
    for (let step = 0; step < 8; step += 1) await press(chart("confidence"), "ArrowRight");
    expect(reading()).toMatch(/: nothing reported$/);
  });

  it("it is zoomed, moved along and let go on", async () => {
    await enter("rate");
    await press(chart("rate"), "ArrowLeft");
    await press(chart("rate"), "+");
    expect(status()).toContain("Zoomed in");
    expect(reading()).toMatch(/^Showing .* to /);
    const zoomed = status();
    await press(chart("rate"), "ArrowLeft", { shiftKey: true });
    expect(status()).not.toBe(zoomed);
    await press(chart("rate"), "Escape");
    expect(status()).toContain("Live");
    expect(reading()).toBe("Live: the last 15 minutes");
    await press(chart("rate"), "-");
    await waitFor(() => {
      const { fromMs = 0, toMs = 0 } = lastQuery() ?? {};
      expect(toMs - fromMs).toBe(1_800_000);
    });
  });

  it("leaves keys of the window to the window", async () => {
    await enter("rate");
    await user.keyboard("2");
    await screen.findByTestId("row-*");
  });
});

describe("a mark", () => {
  it("says what changed and when, and opens it in Activity", async () => {
    await open();
    const mark = screen.getByTestId("mark-errors-2");
    expect(mark.getAttribute("aria-label")).toMatch(
      /^ui\.badges: 12\.5 % → 25 %, .*\d:\d\d:\d\d.*, revision 2\. Open in Activity$/,
    );
    await fireEvent.pointerEnter(mark);
    expect(screen.getByTestId("mark-tip").textContent).toContain("ui.badges: 12.5 % → 25 %");
    await user.click(mark);
    await screen.findByTestId("details");
    expect(
      within(screen.getByTestId("details")).getByRole("heading", { level: 2 }).textContent,
    ).toBe("Revision 2");
  });

  it("is one stop of the Tab key after its chart, and arrows go to the others", async () => {
    await open();
    chart("errors").focus();
    await user.tab();
    expect(document.activeElement).toBe(screen.getByTestId("mark-errors-2"));
    screen.getByTestId("mark-tip");
    await user.keyboard("{ArrowLeft}");
    expect(document.activeElement).toBe(screen.getByTestId("mark-errors-1"));
    await user.keyboard("{Escape}");
    expect(screen.queryByTestId("mark-tip")).toBeNull();
    await user.tab();
    expect(document.activeElement).toBe(chart("durations"));
    screen.getByTestId("mark-errors-1").focus();
    await user.keyboard("{Enter}");
    await screen.findByTestId("details");
  });

  it("has its text also where that is long", async () => {
    host.drawCharts = extremeCharts(Date.now());
    await open();
    const [mark] = card("heat").getAllByRole("button");
    mark?.focus();
    expect((await screen.findByTestId("mark-tip")).textContent).toContain("search.ranking.neural");
  });
});

describe("where nothing can be shown", () => {
  it("of nothing reported says what to do, and shows what comes at once", async () => {
    host.drawCharts = new MemoryHost(typical()).drawCharts;
    await openOver(host);
    const nothing = await screen.findByTestId("nothing-reported");
    expect(nothing.textContent).toContain("Nothing was reported in the last 15 minutes");
    expect(nothing.textContent).toContain("/api/ml/events");
    const copy = vi.spyOn(navigator.clipboard, "writeText");
    await user.click(screen.getByTestId("copy-demo"));
    expect(copy).toHaveBeenCalledWith("flagctl demo");
    expect(screen.getByTestId("export-csv").getAttribute("aria-disabled")).toBe("true");

    await user.click(screen.getByTestId("show-longer"));
    await screen.findByText("Nothing was reported in the last hour");
    await user.click(screen.getByTestId("how-to-report"));
    await screen.findByText(/Applications post their events/);
    host.drawCharts = typicalCharts(Date.now());
    host.changeElsewhere({ kind: "set_master", on: false });
    await screen.findByTestId("chart-rate");
  });

  it("of a component that reported nothing offers everything", async () => {
    await open();
    const { drawCharts } = host;
    const quiet = new MemoryHost(typical()).drawCharts;
    host.drawCharts = (query) => (query.component ? quiet(query) : drawCharts(query));
    await user.selectOptions(screen.getByTestId("metrics-component"), "tracker");
    await screen.findByText("Nothing was reported of tracker here");
    await user.click(screen.getByTestId("show-everything"));
    await screen.findByTestId("chart-rate");
  });

  it("says why they could not be read, and tries again", async () => {
    host.refusals.charts = failure;
    await openOver(host);
    const alert = await within(await screen.findByTestId("charts-not-read")).findByRole("alert");
    expect(alert.textContent).toBe(`The charts could not be read. ${failure.message}`);
    delete host.refusals.charts;
    await user.click(screen.getByTestId("charts-retry"));
    await screen.findByTestId("chart-rate");
    expect(screen.queryByTestId("charts-not-read")).toBeNull();
  });

  it("offers Flagdeck's own where a Prometheus failed", async () => {
    host.drawCharts = extremeCharts(Date.now());
    await open();
    host.refusals.charts = failure;
    await user.click(screen.getByTestId("span-3600"));
    await screen.findByTestId("charts-not-read");
    delete host.refusals.charts;
    await user.click(screen.getByTestId("charts-own"));
    await screen.findByTestId("chart-rate");
    expect(lastQuery()?.own).toBe(true);
  });

  it("keeps the charts there were beneath a failure to read them anew", async () => {
    await open();
    host.refusals.charts = failure;
    host.changeElsewhere({ kind: "set_master", on: false });
    await screen.findByText(/could not be read again; what you see ends before now/);
    chart("rate");
    expect(status()).toContain("Not read");
  });
});

describe("an export", () => {
  it("as CSV has every point of what is shown", async () => {
    await open();
    await user.click(screen.getByTestId("export-csv"));
    await waitFor(() => expect(host.saved).toHaveLength(1));
    const [saved] = host.saved;
    expect(saved?.name).toMatch(/^metrics-\d{12}\.csv$/);
    expect(saved?.text.startsWith("time,calculations_per_second_mean,")).toBe(true);
    await screen.findByText(`Written to /home/maria/${saved?.name ?? ""}`);
  });

  it("as PNG has all charts, with their titles, values and span", async () => {
    await open();
    await waitFor(() => expect(document.querySelectorAll("canvas")).toHaveLength(7));
    written.length = 0;
    await user.click(screen.getByTestId("export-png"));
    await waitFor(() => expect(host.pictures).toHaveLength(1));
    expect(host.pictures[0]?.name).toMatch(/^metrics-\d{12}\.png$/);
    expect(host.pictures[0]?.base64).toBe("UE5H");
    const text = written.join("\n");
    for (const title of Object.values(words.metrics.titles)) expect(text).toContain(title);
    expect(text).toMatch(/All components · .*\d:\d\d:\d\d.* to .* · From Flagdeck/);
    expect(text).toContain("Limit 5 %");
    await screen.findByText(/^Written to .*\.png$/);
  });

  it("that fails says why", async () => {
    await open();
    host.saveFile = () => Promise.reject(failure);
    await user.click(screen.getByTestId("export-csv"));
    expect((await screen.findByTestId("toast")).textContent).toContain(failure.message);
  });
});
