/** Access, backups and about: what they show, and what they do only when asked. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Failure } from "../src/bindings/wire";
import type { SettingsPart } from "../src/state/browsing.svelte";
import { writeExample } from "../src/views/settings/examples";
import { words } from "../src/words";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";

const copied: string[] = [];

beforeEach(() => {
  copied.length = 0;
  const writeText = (text: string) => Promise.resolve(void copied.push(text));
  Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
});

afterEach(() => {
  vi.useRealTimers();
});

function settingsHost(): MemoryHost {
  const host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "settings" };
  return host;
}

async function openPart(part: SettingsPart, host = settingsHost()): Promise<MemoryHost> {
  await openOver(host);
  await fireEvent.click(screen.getByTestId(`part-${part}`));
  return host;
}

const failure: Failure = { code: "failed", message: "The disk is full.", problems: [] };

describe("the address", () => {
  it("is shown in full and copied", async () => {
    await openPart("access");
    const card = await screen.findByTestId("access-address");
    expect(card.textContent).toContain("http://127.0.0.1:4680/api/ml/flags");
    await fireEvent.click(screen.getByTestId("copy-address"));
    await waitFor(() => expect(copied).toEqual(["http://127.0.0.1:4680/api/ml/flags"]));
    await within(card).findByText("Copied", { selector: "[role=status]" });
  });

  it("leads to the setting of the port", async () => {
    await openPart("access");
    await fireEvent.click(await screen.findByTestId("change-port"));
    const port = await screen.findByTestId("field-http.port");
    await waitFor(() => expect(document.activeElement).toBe(port));
    expect(screen.getByTestId("part-configuration").getAttribute("aria-selected")).toBe("true");
  });

  it("that there is none is said with a way on, and no command is shown", async () => {
    const host = settingsHost();
    host.state.serving = null;
    await openPart("access", host);
    await screen.findByText(words.settings.noAddress);
    expect(screen.queryByTestId("example-read")).toBeNull();
  });

  it("stays to be selected by hand where the clipboard refuses", async () => {
    const writeText = () => Promise.reject(new Error("not allowed"));
    Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
    await openPart("access");
    await fireEvent.click(await screen.findByTestId("copy-address"));
    await screen.findByText(words.settings.notCopied);
  });
});

describe("the data folder", () => {
  it("is shown, copied, and opened in the file manager", async () => {
    const host = settingsHost();
    const show = vi.spyOn(host, "showDataFolder");
    await openPart("access", host);
    expect((await screen.findByTestId("access-folder")).textContent).toContain(host.state.dataDir);
    await fireEvent.click(screen.getByTestId("copy-folder"));
    await waitFor(() => expect(copied).toEqual([host.state.dataDir]));
    await fireEvent.click(screen.getByTestId("show-folder"));
    expect(show).toHaveBeenCalledOnce();
  });

  it("that cannot be opened says why", async () => {
    const host = settingsHost();
    host.showDataFolder = () => Promise.reject(failure);
    await openPart("access", host);
    await fireEvent.click(await screen.findByTestId("show-folder"));
    await screen.findByText(failure.message);
  });
});

describe("the token", () => {
  it("is hidden until it is asked for, and hides itself again", async () => {
    const host = await openPart("access");
    await screen.findByTestId("token");
    expect(document.body.textContent).not.toContain(host.secret);
    vi.useFakeTimers();
    await fireEvent.click(screen.getByTestId("show-token"));
    await vi.advanceTimersByTimeAsync(0);
    expect(screen.getByTestId("token").textContent).toContain(host.secret);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(document.body.textContent).not.toContain(host.secret);
  });

  it("is hidden on request, and copied without being shown", async () => {
    const host = await openPart("access");
    await fireEvent.click(await screen.findByTestId("show-token"));
    await screen.findByText(host.secret);
    await fireEvent.click(screen.getByTestId("show-token"));
    expect(screen.queryByText(host.secret)).toBeNull();
    await fireEvent.click(screen.getByTestId("copy-token"));
    await waitFor(() => expect(copied).toEqual([host.secret]));
    expect(screen.queryByText(host.secret)).toBeNull();
  });

  it("is rotated only after a question that says who is refused from then on", async () => {
    const host = await openPart("access");
    const before = host.secret;
    await fireEvent.click(await screen.findByTestId("rotate-token"));
    const dialog = screen.getByTestId("rotate-dialog");
    expect(dialog.textContent).toContain("are refused from then on");
    await fireEvent.click(within(dialog).getByText("Cancel"));
    expect(host.secret).toBe(before);

    await fireEvent.click(screen.getByTestId("rotate-token"));
    await fireEvent.click(screen.getByTestId("rotate-now"));
    await waitFor(() => expect(host.secret).not.toBe(before));
    await waitFor(() => expect(screen.queryByTestId("rotate-dialog")).toBeNull());
    await screen.findByText(words.settings.rotated);
  });

  it("that cannot be rotated stays, and the question says why", async () => {
    const host = settingsHost();
    host.rotateToken = () => Promise.reject(failure);
    await openPart("access", host);
    await fireEvent.click(await screen.findByTestId("rotate-token"));
    await fireEvent.click(screen.getByTestId("rotate-now"));
    expect((await screen.findByText(failure.message)).getAttribute("role")).toBe("alert");
    screen.getByTestId("rotate-dialog");
  });
});

describe("the commands to try", () => {
  it("are those of the address and the folder, and copied whole", async () => {
    const host = await openPart("access");
    const text = (await screen.findByTestId("example-write")).textContent;
    expect(text).toContain("curl -X PATCH http://127.0.0.1:4680/api/ml/flags");
    expect(text).toContain(`cat ${host.state.dataDir}/token`);
    expect(text).not.toContain(host.secret);
    await fireEvent.click(screen.getByTestId("copy-example-write"));
    await waitFor(() => expect(copied).toEqual([text]));
  });

  it("take a folder of any name as one word", () => {
    expect(writeExample("http://a", "/home/ana's flags")).toContain(
      String.raw`cat '/home/ana'\''s flags/token'`,
    );
  });
});

describe("backups", () => {
  const change = (host: MemoryHost) =>
    host.changeElsewhere({ kind: "set_components", paths: ["ui"], on: false });

  it("are listed with age, revision and size", async () => {
    await openPart("backups");
    const rows = await screen.findAllByTestId("backup");
    expect(rows).toHaveLength(2);
    expect(rows[0]?.textContent).toMatch(/1 hour ago.*41.*178 KiB/s);
    expect(rows[1]?.textContent).toMatch(/3 days ago.*12.*96 KiB/s);
  });

  it("are made on request; one that is there already is said to be", async () => {
    const host = settingsHost();
    change(host);
    await openPart("backups", host);
    await screen.findAllByTestId("backup");
    await fireEvent.click(screen.getByTestId("back-up"));
    await waitFor(() => expect(screen.getAllByTestId("backup")).toHaveLength(3));
    await screen.findByText("Backed up revision 1");
    await fireEvent.click(screen.getByTestId("back-up"));
    await screen.findByText(words.settings.backedUpAlready);
    expect(host.kept).toHaveLength(3);
  });

  it("cannot be made of nothing", async () => {
    const host = await openPart("backups");
    const button = await screen.findByTestId("back-up");
    expect(button.getAttribute("aria-disabled")).toBe("true");
    expect(button.title).toBe(words.settings.backUpNothing);
    await fireEvent.click(button);
    expect(host.kept).toHaveLength(2);
  });

  it("that are not there yet are explained", async () => {
    const host = settingsHost();
    host.kept = [];
    await openPart("backups", host);
    await screen.findByText(words.settings.noBackups);
  });

  it("that one is made elsewhere is seen with the next revision", async () => {
    const host = await openPart("backups");
    await screen.findAllByTestId("backup");
    host.kept = host.kept.slice(1);
    change(host);
    await waitFor(() => expect(screen.getAllByTestId("backup")).toHaveLength(1));
  });

  it("that cannot be listed or made say why", async () => {
    const host = settingsHost();
    change(host);
    const list = host.backups.bind(host);
    host.backups = () => Promise.reject(failure);
    host.backUp = () => Promise.reject({ ...failure, message: "No room for a backup." });
    await openPart("backups", host);
    expect((await screen.findByTestId("not-read")).textContent).toContain(failure.message);
    host.backups = list;
    await fireEvent.click(screen.getByTestId("read-again"));
    await screen.findAllByTestId("backup");
    await fireEvent.click(screen.getByTestId("back-up"));
    await screen.findByText("No room for a backup.");
  });

  it("are restored after a look at what changes, and undone", async () => {
    const host = settingsHost();
    change(host);
    await openPart("backups", host);
    await fireEvent.click(await screen.findByTestId("restore-41"));
    const dialog = screen.getByTestId("restore-backup-dialog");
    expect(dialog.textContent).toContain("can be undone");
    await within(dialog).findByText("ui.badges: false → true");
    expect(host.revision).toBe(1);

    await fireEvent.click(screen.getByTestId("restore-now"));
    await waitFor(() => expect(host.revision).toBe(2));
    await waitFor(() => expect(screen.queryByTestId("restore-backup-dialog")).toBeNull());
    const ui = () => host.document.components.ui;
    expect(ui()).toMatchObject({ badges: true });
    await fireEvent.click(await screen.findByText("Undo"));
    await waitFor(() => expect(ui()).toMatchObject({ badges: false }));
  });

  it("that hold what is in force have nothing to restore", async () => {
    const host = await openPart("backups");
    await fireEvent.click(await screen.findByTestId("restore-12"));
    await screen.findByText(words.settings.restoreSame);
    expect(screen.getByTestId("restore-now").getAttribute("aria-disabled")).toBe("true");
    await fireEvent.click(screen.getByTestId("restore-now"));
    expect(host.revision).toBe(0);
  });

  it("that cannot be restored leave the flags, and the dialog says why", async () => {
    const host = settingsHost();
    change(host);
    host.restoreBackup = () => Promise.reject(failure);
    await openPart("backups", host);
    await fireEvent.click(await screen.findByTestId("restore-41"));
    await screen.findByRole("list", { name: "What would change" });
    await fireEvent.click(screen.getByTestId("restore-now"));
    await screen.findByText(failure.message);
    expect(host.revision).toBe(1);
  });
});

describe("about", () => {
  it("is where the command leads, and tells versions and the licence", async () => {
    const host = settingsHost();
    host.chosen = { ...host.chosen, view: "flags" };
    await openOver(host);
    host.announce({ kind: "command", id: "about" });
    const about = await screen.findByTestId("about");
    for (const text of ["Version 0.1.0", "MIT OR Apache-2.0", "WebKitGTK", "2.48.0", "SQLite"]) {
      expect(about.textContent).toContain(text);
    }
    await fireEvent.click(screen.getByTestId("copy-versions"));
    await waitFor(() =>
      expect(copied).toEqual(["Flagdeck 0.1.0\nTauri 2.9.0\nWebKitGTK 2.48.0\nSQLite 3.50.4"]),
    );
  });

  it("finds packages by name and licence, and renders only those near the view", async () => {
    await openPart("about");
    await screen.findAllByTestId("package");
    expect(screen.getAllByTestId("package").length).toBeLessThan(60);
    const search = screen.getByTestId("find-package");
    await fireEvent.input(search, { target: { value: "PACKAGE-399" } });
    expect(screen.getAllByTestId("package").map((row) => row.textContent)).toEqual([
      "package-399 1.399.0 MIT",
    ]);
    await fireEvent.input(search, { target: { value: "apache" } });
    expect(screen.getByTestId("packages").textContent).toContain("266 of 400 packages");
    await fireEvent.input(search, { target: { value: "gpl" } });
    screen.getByText(words.settings.noPackage("gpl"));
  });

  it("that cannot be read says why", async () => {
    const host = settingsHost();
    host.buildInfo = () => Promise.reject(failure);
    await openPart("about", host);
    expect((await screen.findByTestId("not-read")).textContent).toContain(failure.message);
  });
});
