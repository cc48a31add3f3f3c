/** The quarantine in the settings: what it shows, and what is done only when it is confirmed. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import type { Failure } from "../src/bindings/wire";
import { words } from "../src/words";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";
import { noticeOf, typicalQuarantine, type SetAside } from "./support/quarantine";

const texts = words.quarantine;
const failure: Failure = { code: "disk_full", message: "The disk is full.", problems: [] };

let user: ReturnType<typeof userEvent.setup>;
let host: MemoryHost;
let flags: SetAside;

beforeEach(() => {
  user = userEvent.setup();
  host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "settings" };
  host.quarantined = typicalQuarantine(Date.now());
  const found = host.quarantined.find(({ entry }) => entry.database === "flags");
  if (!found) throw new Error("there is one");
  flags = found;
});

async function openBackups() {
  await openOver(host);
  await user.click(screen.getByTestId("part-backups"));
}

/** The entry of a database, once what can be read of it is shown. */
async function entryOf(name: string) {
  const entry = await screen.findByRole("article", { name: new RegExp(`^${name}`) });
  await within(entry).findByTestId("readable");
  return within(entry);
}

describe("the quarantine", () => {
  it("is not shown while nothing is in it", async () => {
    host.quarantined = [];
    await openBackups();
    await screen.findAllByTestId("backup");
    expect(screen.queryByTestId("quarantine")).toBeNull();
  });

  it("shows each entry, the latest first, with why and what can be read", async () => {
    await openBackups();
    const entries = await screen.findAllByTestId("quarantined");
    const names = entries.map((entry) => within(entry).getByRole("heading").textContent);
    expect(names.map((name) => name.trim().replaceAll(/\s+/g, " "))).toEqual([
      `Flags ${texts.unseen}`,
      "States and snapshots",
      "Metrics",
    ]);

    const revisions = await entryOf("Flags");
    revisions.getByText(
      "Why: flagdeck.db: it ends at revision 26, but revision 31 had been saved.",
    );
    revisions.getByText(/^31 revisions \(1 to 31\) can be read\. From .+ to /);
    revisions.getByText("Missing here: revisions 27 to 31.");
    const file = await entryOf("Metrics");
    file.getByText("Nothing in it can be read: the file is not a database.");
    file.getByText(texts.why(null));
    expect(file.queryByTestId("take-back")).toBeNull();
    expect(file.getByTestId("export").ariaDisabled).toBe("true");
  });

  it("that cannot be listed says so, and is listed again on request", async () => {
    const quarantine = host.quarantine.bind(host);
    host.quarantine = () => Promise.reject(failure);
    await openBackups();
    await screen.findByText(texts.notRead);
    host.quarantine = quarantine;
    await user.click(screen.getByTestId("read-again"));
    await entryOf("Flags");
  });
});

describe("taking back", () => {
  it("shows what would change, adds it when confirmed, and says what was added", async () => {
    await openBackups();
    await user.click((await entryOf("Flags")).getByTestId("take-back"));
    const dialog = within(screen.getByTestId("take-back-dialog"));
    dialog.getByText("revisions 27 to 31");
    const changes = within(dialog.getByTestId("would-change")).getAllByRole("listitem");
    expect(changes.map((each) => each.textContent)).toEqual(flags.survey.changes);
    expect(flags.survey.takes).toHaveLength(1);

    await user.click(dialog.getByTestId("take-back-now"));
    await screen.findByText("Taken back: revisions 27 to 31");
    expect(screen.queryByTestId("take-back-dialog")).toBeNull();
    const entry = await entryOf("Flags");
    await entry.findByText("Nothing in it is missing here.");
    expect(entry.queryByTestId("take-back")).toBeNull();
    await waitFor(() => expect(entry.queryByText(texts.unseen), "it was looked at").toBeNull());
    expect(entry.queryByTestId("mark-seen")).toBeNull();
  });

  it("is left when it is cancelled, and stays open with the reason when it fails", async () => {
    await openBackups();
    const entry = await entryOf("States and snapshots");
    await user.click(entry.getByTestId("take-back"));
    await user.click(
      within(screen.getByTestId("take-back-dialog")).getByText(words.actions.cancel),
    );
    entry.getByText("Missing here: 37 snapshots of web, 4 snapshots of shop.");

    host.refusal = failure;
    await user.click(entry.getByTestId("take-back"));
    await user.click(screen.getByTestId("take-back-now"));
    const alert = within(screen.getByTestId("take-back-dialog")).getByRole("alert");
    await waitFor(() => expect(alert.textContent).toBe("The disk is full."));
  });

  it("cannot be done while nothing can be saved", async () => {
    host.state.readOnly = "Another program holds the data folder.";
    await openBackups();
    const button = (await entryOf("Flags")).getByTestId("take-back");
    expect(button.ariaDisabled).toBe("true");
  });
});

describe("an entry", () => {
  it("is exported to a file for the owner alone", async () => {
    await openBackups();
    await user.click((await entryOf("Flags")).getByTestId("export"));
    await screen.findByText(texts.exported(`/home/maria/${flags.entry.name}.json`));
    expect(host.saved).toMatchObject([{ name: flags.entry.name, isPrivate: true }]);
  });

  it("that is marked as seen is not told of any more", async () => {
    host.state.notices = [noticeOf(flags)];
    await openBackups();
    const entry = await entryOf("Flags");
    await user.click(entry.getByTestId("mark-seen"));
    await waitFor(() => expect(screen.queryByText(texts.unseen)).toBeNull());
    await waitFor(() => expect(screen.queryByTestId("banner")).toBeNull());
    expect(entry.queryByTestId("mark-seen")).toBeNull();
  });

  it("is removed only when that is confirmed", async () => {
    await openBackups();
    await user.click((await entryOf("Flags")).getByTestId("remove-quarantined"));
    await user.keyboard("{Escape}");
    await entryOf("Flags");

    await user.click((await entryOf("Flags")).getByTestId("remove-quarantined"));
    await user.click(screen.getByTestId("remove-quarantined-now"));
    await screen.findByText(texts.removed);
    await waitFor(() => expect(screen.getAllByTestId("quarantined")).toHaveLength(2));
  });
});

it("the banner of what was set aside leads to it", async () => {
  host.chosen = { ...host.chosen, view: "flags" };
  host.state.notices = [noticeOf(flags), { level: "info", message: "Port 4680 is taken." }];
  await openOver(host);
  // The other notice has none.
  await user.click(await screen.findByTestId("banner-way"));
  await entryOf("Flags");
  expect(screen.getByTestId("part-backups").getAttribute("aria-selected")).toBe("true");
});
