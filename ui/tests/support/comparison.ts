/** Two states compared, with the backend in memory. */

import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, vi } from "vitest";

import type { StateDifference } from "../../src/bindings/wire";
import type { Deck } from "../../src/state/deck";
import Compared from "./Compared.svelte";
import { typical } from "./documents";
import { MemoryHost } from "./memory";
import { typicalStates } from "./snapshot_samples";
import { changed, differenceOf, excerptOf, listOf, seriesOf, stateChange } from "./state_changes";

export const NOW_MS = new Date(2026, 10, 24, 14, 7).getTime();
export const source = "kc-web on studio";

export let host: MemoryHost;
export let deck: Deck;
export let user: ReturnType<typeof userEvent.setup>;

/** Gives each test of a file a backend of its own. */
export function useComparison(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: NOW_MS });
    host = new MemoryHost(typical());
    host.states = typicalStates(NOW_MS);
    user = userEvent.setup();
    return () => vi.useRealTimers();
  });
}

export async function open() {
  render(Compared, { host, ondeck: (made: Deck) => (deck = made) });
  await screen.findByTestId("comparison");
}

/** Has the backend say that this differs. */
export function differs(difference: StateDifference) {
  return vi.spyOn(host, "stateDifference").mockResolvedValue(difference);
}

export const usual = () =>
  differenceOf(
    [
      changed("/flags/percentage", 12.5, 25),
      stateChange("/flags/userGroups", { kind: "added", after: excerptOf("beta") }),
      stateChange("/metrics/performance/calculationTime", {
        kind: "series",
        list: listOf({ dropped: 5, added: 5, isShifted: true }),
        series: seriesOf([1, 1, 1], [1, 1, 1.93]),
      }),
      stateChange("/history", {
        kind: "list",
        list: listOf({ dropped: 11, added: 11, key: "id" }),
        before: excerptOf([1]),
        after: excerptOf([2]),
      }),
    ],
    { unchanged: ["/cache"] },
  );

export const list = () => screen.findByTestId("changes");
export const rows = async () => within(await list()).getAllByRole("row");
export const texts = async () =>
  (await rows()).map((row) => row.textContent.replaceAll(/\s+/g, " ").trim());
export const row = async (pointer: string) => {
  const found = (await list()).querySelector<HTMLElement>(`[data-pointer="${pointer}"]`);
  if (!found) throw new Error(`no row of ${pointer}`);
  return found;
};
export const toasts = () => screen.queryAllByTestId("toast").map((toast) => toast.textContent);
