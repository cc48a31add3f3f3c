/** Closing the window over something that is typed and not saved. */

import { screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import { asFailure } from "../src/host/host";
import { typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openWindow } from "./support/open";

// Two fields in place of a view: what is asked here is the same for all that hold something.
vi.mock("../src/views/Settings.svelte", () => import("./support/Fields.svelte"));

const user = userEvent.setup();

const open = () => openWindow(typical(), "settings");

const ask = (host: MemoryHost) => host.announce({ kind: "close_asked" });

describe("what is unsaved", () => {
  it("is told to the backend as it comes and goes", async () => {
    const host = await open();
    expect(host.isUnsaved).toBe(false);
    await user.type(screen.getByLabelText("Title"), "a");
    await user.type(screen.getByLabelText("Owner"), "b");
    expect(host.isUnsaved).toBe(true);
    await user.clear(screen.getByLabelText("Title"));
    expect(host.isUnsaved).toBe(true);
    await user.clear(screen.getByLabelText("Owner"));
    expect(host.isUnsaved).toBe(false);
  });

  it("goes with the field that held it", async () => {
    const host = await open();
    await user.type(screen.getByLabelText("Title"), "a");
    await user.click(screen.getByTestId("nav-dashboard"));
    expect(host.isUnsaved).toBe(false);
  });
});

describe("the question before closing", () => {
  it("names what would be lost, and keeps it", async () => {
    const host = await open();
    await user.type(screen.getByLabelText("Title"), "abc");
    ask(host);
    const dialog = await screen.findByTestId("closing");
    expect([...dialog.querySelectorAll("li")].map((each) => each.textContent)).toEqual(["Title"]);
    expect(document.activeElement).toBe(screen.getByTestId("keep-editing"));
    await user.keyboard("{Enter}");
    expect(screen.queryByTestId("closing")).toBeNull();
    expect(screen.getByLabelText<HTMLInputElement>("Title").value).toBe("abc");
    expect(host.isClosed).toBe(false);
  });

  it("closes on request", async () => {
    const host = await open();
    await user.type(screen.getByLabelText("Title"), "abc");
    ask(host);
    await user.click(await screen.findByTestId("close-anyway"));
    expect(host.isClosed).toBe(true);
  });

  it("is not asked where nothing would be lost", async () => {
    const host = await open();
    ask(host);
    await waitFor(() => expect(host.isClosed).toBe(true));
    expect(screen.queryByTestId("closing")).toBeNull();
  });

  it("leaves what is over the window where it is", async () => {
    const host = await open();
    await user.type(screen.getByLabelText("Title"), "abc");
    await user.keyboard("{Control>}?{/Control}");
    ask(host);
    await screen.findByTestId("closing");
    await user.click(screen.getByTestId("keep-editing"));
    screen.getByTestId("shortcuts");
  });

  it("is asked by the command too, and only where something would be lost", async () => {
    const host = await open();
    await user.type(screen.getByLabelText("Title"), "abc");
    await user.keyboard("{Control>}q{/Control}");
    await user.click(await screen.findByTestId("keep-editing"));
    await user.clear(screen.getByLabelText("Title"));
    await user.keyboard("{Control>}q{/Control}");
    await waitFor(() => expect(host.isClosed).toBe(true));
  });

  it("says so where the window cannot be closed", async () => {
    const host = await open();
    await user.type(screen.getByLabelText("Title"), "abc");
    host.close = () => Promise.reject(asFailure("The window is busy."));
    ask(host);
    await user.click(await screen.findByTestId("close-anyway"));
    await screen.findByText("The window is busy.");
    expect(screen.queryByTestId("closing")).toBeNull();
  });
});
