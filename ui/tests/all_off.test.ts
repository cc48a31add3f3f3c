/** All flags off: in every view, since when and by whom, with the way back. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import { safeDefault, typical } from "./support/documents";
import { openWindow } from "./support/open";

const user = userEvent.setup({ delay: null });
const views = ["dashboard", "flags", "metrics", "snapshots", "activity", "settings"];
const toasts = () => screen.queryAllByTestId("toast").map(({ textContent }) => textContent);

it("is a banner in every view, until flags are turned back on", async () => {
  const host = await openWindow(typical(), "dashboard");
  expect(screen.queryByTestId("all-off-banner")).toBeNull();
  host.changeElsewhere({ kind: "set_master", on: false });
  for (const view of views) {
    await fireEvent.click(screen.getByTestId(`nav-${view}`));
    const banner = await screen.findByTestId("all-off-banner");
    expect(banner.textContent).toMatch(/All flags are off since \d+:\d\d.* by ci with flagctl\./);
  }
  screen.getByTestId("banner-action-all_off").focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(screen.queryByTestId("all-off-banner")).toBeNull());
  expect(host.document.enabled).toBe(true);
  expect(screen.getByTestId("undo")).toHaveProperty("disabled", false);
  // Six views take their time on a busy machine.
}, 20_000);

it("comes first on the card of the flags, and rows show that nothing is in effect", async () => {
  const host = await openWindow(typical());
  host.changeElsewhere({ kind: "set_master", on: false });
  await waitFor(() => expect(document.querySelector(".tree.dimmed")).not.toBeNull());
  await fireEvent.click(screen.getByTestId("nav-dashboard"));
  const verdict = await screen.findByTestId("feature-flags-status-verdict");
  expect(verdict.textContent).toContain("All flags are off since");
  expect(verdict.className).toContain("status-error");
});

it("is what rows, details and the dashboard say of whom components reach, with what was set", async () => {
  const document = typical();
  document.rollouts = { tracker: { percentage: 0, userGroups: [], strategy: "canary" } };
  document.requires = { "ui.dashboard": ["calculator"] };
  const host = await openWindow(document);
  const row = (path: string) => screen.getByTestId(`row-${path}`).textContent;
  const wouldReach = "Nobody (would reach 50 % of everyone)";
  await screen.findByTestId("row-*");
  expect(row("*") + row("calculator")).not.toContain("would reach");
  host.changeElsewhere({ kind: "set_master", on: false });
  await waitFor(() => expect(row("*")).toContain(wouldReach));
  expect(row("calculator")).toContain(wouldReach);
  expect(row("tracker")).toContain("Nobody: its rollout is at 0 %");
  await fireEvent.click(screen.getByTestId("row-ui.dashboard"));
  expect((await screen.findByRole("list", { name: /requires/i })).textContent).toContain(
    wouldReach,
  );
  await fireEvent.click(screen.getByTestId("nav-dashboard"));
  await screen.findByTestId("feature-flags-status-verdict");
  const card = globalThis.document.getElementById("feature-flags-status");
  expect(card?.textContent).toContain(`Default rollout ${wouldReach}`);
});

it("says of a new store that it was never turned on, without alarm", async () => {
  await openWindow(safeDefault(), "dashboard");
  const banner = await screen.findByTestId("all-off-banner");
  expect(banner.textContent).toContain("never turned on");
  expect(banner.className).toContain("info");
  expect(screen.getByTestId("banner-action-all_off").textContent).toContain("Turn on");
});

it("undone says that flags are live again, and redone that they are off", async () => {
  await openWindow(typical());
  await user.click(await screen.findByTestId("switch-*"));
  await user.click(await screen.findByTestId("undo"));
  await waitFor(() =>
    expect(toasts().join()).toContain("Undid “Master switch: off”: flags are live again"),
  );
  await user.click(screen.getByTestId("redo"));
  await waitFor(() =>
    expect(toasts().join()).toContain("Redid “Master switch: off”: all flags are off"),
  );
});
