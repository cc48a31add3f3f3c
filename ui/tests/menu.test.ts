/** What the native menu asks of the page. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { expect, it } from "vitest";

import { isAllowed } from "../src/commands/keys";
import { typical } from "./support/documents";
import { openWindow } from "./support/open";

const chosen = (id: string) => ({ kind: "command", id }) as const;

const isShown = (view: string) =>
  screen.getByTestId(`nav-${view}`).getAttribute("aria-current") === "page";

it("a view chosen in the menu is shown", async () => {
  const host = await openWindow(typical(), "dashboard");
  host.announce(chosen("view_flags"));
  await waitFor(() => expect(isShown("flags")).toBe(true));
});

it("what the page does not know is passed over", async () => {
  const host = await openWindow(typical(), "dashboard");
  host.announce(chosen("of_a_later_version"));
  expect(isShown("dashboard")).toBe(true);
});

it("what lies over the window keeps the menu away, but not the size of text nor what is typed", () => {
  expect(isAllowed("view_flags", false)).toBe(true);
  expect(isAllowed("view_flags", true)).toBe(false);
  expect(isAllowed("zoom_in", true)).toBe(true);
  expect(isAllowed("undo", true)).toBe(false);
  const field = document.body.appendChild(document.createElement("textarea"));
  field.focus();
  expect(isAllowed("undo", true)).toBe(true);
  field.remove();
});

it("everything turned off from the menu is told with a way back", async () => {
  const host = await openWindow(typical(), "dashboard");
  await host.emergencyOff();
  host.announce(chosen("all_off"));
  const toast = await screen.findByTestId("toast");
  await fireEvent.click(await screen.findByText("Undo", { selector: "[data-testid=toast] *" }));
  await waitFor(() => expect(host.document.enabled).toBe(true));
  expect(toast).toBeTruthy();
});

it("an emergency that is not stored can be taken back even if nothing can be stored", async () => {
  const host = await openWindow(typical(), "dashboard");
  await host.emergencyOff();
  host.state = { ...host.state, readOnly: "the disk is write-protected" };
  host.announce({ kind: "status" });
  const isDisabled = () => screen.getByTestId("undo").getAttribute("aria-disabled");
  await waitFor(() => expect(isDisabled()).toBe("true"));
  host.state = { ...host.state, isHeldOff: true };
  host.announce({ kind: "status" });
  await waitFor(() => expect(isDisabled()).not.toBe("true"));
});

it("a dropped file is shown before it is taken in", async () => {
  const host = await openWindow(typical(), "dashboard");
  host.nextFile = {
    name: "flags.json",
    text: JSON.stringify({ ...typical(), enabled: false }),
    leftOut: [],
  };
  host.announce({ kind: "dropped", name: "flags.json" });
  const dialog = await screen.findByRole("dialog");
  await waitFor(() => expect(dialog.textContent).toContain("flags.json"));
  expect(host.document.enabled).toBe(true);
});
