/** When the backend is asked what applications report. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Failure } from "../src/bindings/wire";
import { PulseFeed } from "../src/state/pulse.svelte";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { pulses } from "./support/pulse";

const refused: Failure = { code: "failed", message: "The store did not answer.", problems: [] };

let host: MemoryHost;
let feed: PulseFeed;
let isHidden = false;
let leave: () => void = () => undefined;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(document, "hidden", "get").mockImplementation(() => isHidden);
  isHidden = false;
  host = new MemoryHost(typical());
  feed = new PulseFeed(host, () => false);
});

afterEach(() => {
  leave();
  vi.useRealTimers();
});

/** Something differs from now on, once. */
function report() {
  host.pulseNow = { ...pulses.typical(Date.now()), version: host.pulseNow.version + 1 };
}

function show(isShown: boolean) {
  isHidden = !isShown;
  document.dispatchEvent(new Event("visibilitychange"));
}

/** How often it asks in a span. */
async function asksWithin(spanMs: number): Promise<number> {
  const before = host.pulsesAsked;
  await vi.advanceTimersByTimeAsync(spanMs);
  return host.pulsesAsked - before;
}

describe("the pulse", () => {
  it("is asked for while somebody follows, and not before or after", async () => {
    expect(await asksWithin(5000)).toBe(0);
    leave = feed.follow();
    await vi.advanceTimersByTimeAsync(0);
    expect(host.pulsesAsked).toBe(1);
    expect(feed.latest).toBe(host.pulseNow);
    leave();
    expect(await asksWithin(5000)).toBe(0);
  });

  it("is dropped where it comes when nobody looks any more, and asked for anew", async () => {
    leave = feed.follow();
    await vi.advanceTimersByTimeAsync(0);
    const before = feed.latest;
    report();
    const open = host.hold();
    await vi.advanceTimersByTimeAsync(250);
    show(false);
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect(feed.latest).toBe(before);
    show(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(feed.latest).toBe(host.pulseNow);
  });

  it("is asked for as long as one of two follows", async () => {
    leave = feed.follow();
    const leaveToo = feed.follow();
    leave();
    expect(await asksWithin(3000)).toBeGreaterThan(1);
    leave = leaveToo;
    leave();
    expect(await asksWithin(3000)).toBe(0);
  });

  it("is asked for once a second while nothing differs", async () => {
    leave = feed.follow();
    await vi.advanceTimersByTimeAsync(250);
    expect(host.pulsesAsked).toBe(2);
    expect(await asksWithin(10_000)).toBe(10);
    expect(feed.asOfMs).toBe(Date.now());
  });

  it("is asked for four times a second while something does", async () => {
    leave = feed.follow();
    const reports = setInterval(report, 10);
    await vi.advanceTimersByTimeAsync(250);
    expect(await asksWithin(10_000)).toBe(40);
    clearInterval(reports);
  });

  it("is never asked for twice at a time", async () => {
    const answer = host.hold();
    leave = feed.follow();
    show(false);
    show(true);
    leave();
    leave = feed.follow();
    expect(await asksWithin(60_000)).toBe(0);
    expect(host.pulsesAsked).toBe(1);
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(feed.latest).toBe(host.pulseNow);
    expect(await asksWithin(250)).toBe(1);
  });

  it("is left alone while the window is out of sight, and asked for at once when it is back", async () => {
    leave = feed.follow();
    await vi.advanceTimersByTimeAsync(100);
    show(false);
    report();
    expect(await asksWithin(60_000)).toBe(0);
    const before = host.pulsesAsked;
    show(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(host.pulsesAsked).toBe(before + 1);
    expect(feed.latest).toBe(host.pulseNow);
    expect(await asksWithin(250)).toBe(1);
  });

  it("waits for the window where that is out of sight from the start", async () => {
    isHidden = true;
    leave = feed.follow();
    expect(await asksWithin(5000)).toBe(0);
    show(true);
    expect(host.pulsesAsked).toBe(1);
  });

  it("keeps why it could not be read and what it was before, and goes on trying", async () => {
    leave = feed.follow();
    await vi.advanceTimersByTimeAsync(0);
    const { latest, asOfMs } = feed;
    host.refusals.pulse = refused;
    expect(await asksWithin(9250)).toBe(4);
    expect(feed).toMatchObject({ failure: refused, latest, asOfMs });
    delete host.refusals.pulse;
    await vi.advanceTimersByTimeAsync(3000);
    expect(feed.failure).toBeNull();
    expect(feed.asOfMs).toBeGreaterThan(asOfMs);
  });
});
