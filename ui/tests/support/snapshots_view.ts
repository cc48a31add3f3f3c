/** The Snapshots view over the backend in memory. */

import { screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, vi } from "vitest";

import type { Snapshot, StateAt } from "../../src/bindings/wire";
import { typical } from "./documents";
import { MemoryHost } from "./memory";
import { openOver } from "./open";
import { KeptStates } from "./snapshots";

export const NOW_MS = new Date(2026, 10, 24, 14, 7).getTime();
export const MINUTE_MS = 60_000;
export const ROW_PX = 36;
/** The width of everything in this test, of which the timeline takes what it has. */
export const WIDTH_PX = 200;

export let host: MemoryHost;
export let user: ReturnType<typeof userEvent.setup>;
/** What was compared last. */
export let compared: [StateAt, StateAt] | null;

/** Gives each test of a file a backend of its own, with the Snapshots view in front. */
export function useSnapshotsView(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
    host = new MemoryHost(typical());
    host.chosen = { ...host.chosen, view: "snapshots" };
    compared = null;
    const compare = host.stateDifference.bind(host);
    host.stateDifference = (from, to, options) => {
      compared = [from, to];
      return compare(from, to, options);
    };
    user = userEvent.setup();
    return () => vi.useRealTimers();
  });
}

export const taken = (count: number) =>
  Array.from({ length: count }, (_, step) => ({
    atMs: NOW_MS - (count - step) * 5 * MINUTE_MS,
    step,
  }));

export async function open(states: KeptStates): Promise<void> {
  host.states = states;
  await openOver(host);
  await screen.findByTestId("snapshots");
}

/** Twelve snapshots of one application, the latest of them compared. */
export async function openTwelve(): Promise<void> {
  await open(new KeptStates().add("app", taken(12), { nowMs: NOW_MS - 4000 }));
  await isPair(11, 12);
  await screen.findByTestId("timeline");
}

export const list = () => screen.getByTestId("snapshot-list");
export const row = (id: number) => screen.getByTestId(`snapshot-${id}`);
export const text = (element: HTMLElement) => element.textContent.replace(/\s+/g, " ").trim();
export const focused = () => (document.activeElement as HTMLElement | null)?.dataset.testid;
export const sideOf = (id: number) => row(id).querySelector(".side")?.textContent.trim() ?? "";
export const timeline = () => screen.getByTestId("timeline");

export const isPair = (a: number, b: number) =>
  waitFor(() => {
    expect([sideOf(a), sideOf(b)]).toEqual(["A", "B"]);
    expect(compared).toEqual([
      { kind: "snapshot", id: a },
      { kind: "snapshot", id: b },
    ]);
  });

export async function focus(id: number): Promise<void> {
  row(id).focus();
  await waitFor(() => expect(row(id).tabIndex).toBe(0));
}

export async function kept(id: number): Promise<Snapshot | undefined> {
  const { snapshots } = await host.states.snapshots({}, 0, 1000);
  return snapshots.find((snapshot) => snapshot.id === id);
}
