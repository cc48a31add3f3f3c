/** When the charts are asked for, and what becomes of the answers. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { Failure } from "../src/bindings/wire";
import { Metrics } from "../src/state/metrics.svelte";
import { typicalCharts } from "./support/charts";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";

const failure: Failure = { code: "failed", message: "Prometheus did not answer.", problems: [] };

let host: MemoryHost;
let metrics: Metrics;
let stop: () => void;

const asked = () => host.chartQueries.length;
const last = () => host.chartQueries.at(-1);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function hide(isHidden: boolean) {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 25, 12) });
  host = new MemoryHost(typical());
  host.drawCharts = typicalCharts(Date.now());
  metrics = new Metrics(host);
  // Every second of a quarter of an hour is a point.
  metrics.fit(900);
  stop = metrics.start();
  await pass(0);
});

afterEach(() => {
  stop();
  hide(false);
  vi.useRealTimers();
});

it("asks at once for the last quarter of an hour, and then as often as there is a point more", async () => {
  expect(host.chartQueries).toEqual([
    {
      fromMs: Date.now() - 900_000,
      toMs: Date.now(),
      pointsMax: 900,
      component: null,
      own: false,
    },
  ]);
  await pass(10_000);
  expect(asked()).toBe(11);
  expect(metrics.range.toMs).toBe(Date.now());
});

it("asks more seldom for what changes more slowly", async () => {
  metrics.showSpan(86_400);
  await pass(0);
  const before = asked();
  await pass(600_000);
  expect(asked() - before).toBe(600_000 / 120_000);
});

it("has one reading under way, however slow it is and whatever is wished meanwhile", async () => {
  const answer = host.hold();
  await pass(1000);
  const before = asked();
  metrics.showSpan(300);
  metrics.showComponent("ui.badges");
  await pass(60_000);
  expect(asked()).toBe(before);
  answer();
  await pass(0);
  expect(asked()).toBe(before + 1);
  expect(last()).toMatchObject({ component: "ui.badges" });
  expect((last()?.toMs ?? 0) - (last()?.fromMs ?? 0)).toBe(300_000);
});

it("drops an answer to what is no longer asked", async () => {
  const answer = host.hold();
  await pass(1000);
  metrics.showComponent("ui.badges");
  const before = metrics.charts;
  host.drawCharts = (query) => ({
    ...typicalCharts(0)(query),
    components: [query.component ?? ""],
  });
  answer();
  await pass(0);
  expect(metrics.charts).toBe(before);
  await pass(250);
  expect(metrics.charts?.components).toEqual(["ui.badges"]);
});

it("asks at most four times a second, however quickly somebody zooms", async () => {
  const before = asked();
  for (let press = 0; press < 40; press += 1) {
    metrics.panBy(-0.1);
    await pass(25);
  }
  expect(asked() - before).toBeLessThanOrEqual(5);
  await pass(250);
  expect(last()).toMatchObject(metrics.range);
});

it("asks nothing while nobody can see it, and once as soon as somebody can", async () => {
  hide(true);
  await pass(600_000);
  expect(asked()).toBe(1);
  hide(false);
  await pass(0);
  expect(asked()).toBe(2);
  await pass(1000);
  expect(asked()).toBe(3);
});

it("asks nothing once the view is left, and keeps what it had for coming back", async () => {
  stop();
  await pass(600_000);
  expect(asked()).toBe(1);
  expect(metrics.charts).not.toBeNull();
  stop = metrics.start();
  await pass(0);
  expect(asked()).toBe(2);
});

it("stands still while it is paused, and goes on from the present", async () => {
  const { range } = metrics;
  const answer = host.hold();
  await pass(1000);
  metrics.pause();
  answer();
  await pass(60_000);
  expect(asked()).toBe(2);
  expect(metrics.range).toEqual(range);
  expect(metrics.motion).toBe("paused");
  metrics.goLive();
  await pass(0);
  expect(metrics.range.toMs).toBe(Date.now());
});

it("stands still while somebody looks closer, at that part and as finely as it can", async () => {
  const { toMs } = metrics.range;
  metrics.zoomTo(toMs - 120_000, toMs - 60_000);
  expect(metrics.motion).toBe("zoomed");
  await pass(60_000);
  expect(asked()).toBe(2);
  expect(last()).toMatchObject({ fromMs: toMs - 120_000, toMs: toMs - 60_000 });
  metrics.goLive();
  await pass(250);
  expect(asked()).toBe(3);
  expect(metrics.range.toMs - metrics.range.fromMs).toBe(900_000);
});

it("zooms around the cursor", () => {
  const { toMs } = metrics.range;
  metrics.cursorMs = toMs - 225_000;
  metrics.zoomBy(0.5);
  expect(metrics.range).toEqual({ fromMs: toMs - 562_500, toMs: toMs - 112_500 });
});

it("reads at once when the flags change, so that the mark appears", async () => {
  metrics.showSpan(86_400);
  await pass(1000);
  const before = asked();
  metrics.noticeChange();
  await pass(0);
  expect(asked()).toBe(before + 1);
});

it("keeps old charts when they cannot be read anew, tries again, and takes the failure back", async () => {
  const before = metrics.charts;
  host.refusals.charts = failure;
  await pass(1000);
  expect(metrics.failure).toEqual(failure);
  expect(metrics.charts).toBe(before);
  const tried = asked();
  await pass(4999);
  expect(asked()).toBe(tried);
  delete host.refusals.charts;
  await pass(1);
  expect(metrics.failure).toBeNull();
  expect(metrics.charts).not.toBe(before);
});

it("keeps no charts of something else when what is wished cannot be read", async () => {
  host.refusals.charts = failure;
  metrics.showComponent("ui.badges");
  await pass(250);
  expect(metrics.charts).toBeNull();
  expect(metrics.failure).toEqual(failure);
});

it("remembers the Prometheus while Flagdeck's own series are shown", async () => {
  host.drawCharts = (query) => ({
    ...typicalCharts(0)(query),
    prometheus: query.own ? null : "http://prometheus:9090",
  });
  await pass(1000);
  expect(metrics.prometheus).toBe("http://prometheus:9090");
  metrics.showOwn(true);
  await pass(250);
  expect(metrics.charts?.prometheus).toBeNull();
  expect(metrics.prometheus).toBe("http://prometheus:9090");
});
