import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Document } from "../src/bindings/wire";
import { growTree } from "../src/model/tree";
import { safeDefault, typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openWindow, press } from "./support/open";

const user = userEvent.setup();

const componentPaths = ({ components }: Document) =>
  [...growTree(components).byPath.values()]
    .filter(({ children }) => children === null)
    .map(({ path }) => path);

const field = () => screen.getByTestId<HTMLTextAreaElement>("json-text");
const status = () => screen.getByTestId("json-status").textContent.trim();

async function openEditor(document = typical()) {
  const host = await openWindow(document);
  await screen.findByTestId("row-*");
  await press(globalThis.document.body, "j", { ctrlKey: true });
  // It is loaded when it is first opened, which takes long on a busy machine.
  await screen.findByTestId("json-editor");
  await waitFor(() => expect(field().value).toContain('"components"'));
  return host;
}

function type(change: (text: string) => string) {
  return fireEvent.input(field(), { target: { value: change(field().value) } });
}

const raise = (text: string) => text.replace('"percentage": 50', '"percentage": 55');

describe("the document as JSON", () => {
  it("shows what is stored and cannot save it again", async () => {
    await openEditor();
    expect(JSON.parse(field().value)).toEqual(typical());
    expect(status()).toBe("As it is stored");
    expect(screen.getByTestId("json-save").getAttribute("aria-disabled")).toBe("true");
  });

  it("says what would change and makes one revision of it", async () => {
    const host = await openEditor();
    await type(raise);
    await waitFor(() => expect(status()).toBe("1 change not saved yet"));
    await user.click(screen.getByTestId("json-save"));
    await waitFor(() => expect(screen.queryByTestId("json-editor")).toBeNull());
    expect(host.document.rollout.percentage).toBe(55);
    expect(host.revision).toBe(1);
  });

  it("is saved by Ctrl+Enter too", async () => {
    const host = await openEditor();
    await type(raise);
    await waitFor(() => expect(status()).toContain("1 change"));
    await press(field(), "Enter", { ctrlKey: true });
    await waitFor(() => expect(host.document.rollout.percentage).toBe(55));
  });

  it("marks where it is wrong, leads there, and does not save", async () => {
    const host = await openEditor();
    await type((text) => text.replace('"percentage": 50', '"percentage": ,50'));
    await waitFor(() => expect(status()).toBe("1 error: cannot be saved"));
    expect(screen.getByTestId("json-save").getAttribute("aria-disabled")).toBe("true");
    await user.click(screen.getByRole("button", { name: /^line \d+$/ }));
    expect(document.activeElement).toBe(field());
    expect(field().value.slice(field().selectionStart, field().selectionEnd)).toBe(",");
    await press(field(), "Enter", { ctrlKey: true });
    expect(host.edits).toEqual([]);
  });

  it("keeps what was typed when it is closed, and starts again when asked to", async () => {
    const host = await openEditor();
    await type(raise);
    await user.click(screen.getByRole("button", { name: "Close" }));
    expect(screen.queryByTestId("json-editor")).toBeNull();
    await waitFor(() => expect(host.isUnsaved).toBe(true));
    await press(document.body, "j", { ctrlKey: true });
    await screen.findByTestId("json-text");
    expect(field().value).toContain('"percentage": 55');
    await user.click(await screen.findByTestId("json-start-again"));
    await waitFor(() => expect(field().value).not.toContain('"percentage": 55'));
    await waitFor(() => expect(host.isUnsaved).toBe(false));
  });

  it("follows what is stored until something is typed, and says so if it is overtaken", async () => {
    const host = await openEditor();
    host.changeElsewhere({ kind: "set_components", paths: ["orchestrator"], on: true });
    await waitFor(() => expect(field().value).toContain('"orchestrator": true'));
    await type(raise);
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: false });
    const warning = await screen.findByTestId("json-overtaken");
    expect(warning.textContent).toContain("Revision 2 was saved while you were editing");
    await waitFor(() => expect(status()).toBe("2 changes not saved yet"));
    expect(field().value).toContain('"tracker": true');
  });

  it("finds a text, round and round, and says where there is none", async () => {
    await openEditor();
    await user.type(screen.getByTestId("json-find"), "BADGES");
    await user.click(screen.getByRole("button", { name: "Find next" }));
    const found = () => field().value.slice(field().selectionStart, field().selectionEnd);
    expect(found()).toBe("badges");
    const first = field().selectionStart;
    await user.click(screen.getByRole("button", { name: "Find next" }));
    expect(field().selectionStart).toBeGreaterThan(first);
    await user.clear(screen.getByTestId("json-find"));
    await user.type(screen.getByTestId("json-find"), "zebra{Enter}");
    expect(status()).toBe("Not found");
  });
});

describe("taking a document in", () => {
  function drop(host: MemoryHost, text: string) {
    host.nextFile = { name: "flags.json", text, leftOut: [] };
    host.announce({ kind: "dropped", name: "flags.json" });
  }

  it("shows what a dropped file would change, and imports it when asked to", async () => {
    const host = await openWindow(typical());
    await screen.findByTestId("row-*");
    drop(host, JSON.stringify({ ...typical(), enabled: false }));
    await screen.findByTestId("import");
    await waitFor(() => expect(screen.getByText("What would change")).toBeTruthy());
    expect(host.edits).toEqual([]);
    await user.click(screen.getByTestId("import-go"));
    await waitFor(() => expect(host.document.enabled).toBe(false));
    expect(screen.queryByTestId("import")).toBeNull();
  });

  it("takes a file that was chosen by command", async () => {
    const host = await openWindow(typical());
    await screen.findByTestId("row-*");
    host.nextFile = { name: "safe.json", text: JSON.stringify(safeDefault()), leftOut: [] };
    await press(document.body, "o", { ctrlKey: true });
    expect(await screen.findByRole("heading", { name: "Import safe.json" })).toBeTruthy();
  });

  const colour = {
    severity: "warning",
    code: "not_in_flag_document",
    pointer: "/flags/colour",
    message: "colour is left out: its variants are not true and false.",
  } as const;

  it("says what definitions have that is not imported, before it is imported", async () => {
    const host = await openWindow(typical());
    await screen.findByTestId("row-*");
    const text = JSON.stringify({ ...typical(), enabled: false });
    host.nextFile = { name: "flags.json", text, leftOut: [colour] };
    host.announce({ kind: "dropped", name: "flags.json" });
    const dialog = await screen.findByTestId("import");
    expect(within(dialog).getByText("Left out: 1 item")).toBeTruthy();
    expect(within(dialog).getByText(colour.message)).toBeTruthy();
    await waitFor(() => expect(screen.getByText("What would change")).toBeTruthy());
    await user.click(screen.getByTestId("import-go"));
    await waitFor(() => expect(host.document.enabled).toBe(false));
  });

  it("imports nothing of definitions of which nothing can be taken", async () => {
    const host = await openWindow(typical());
    await screen.findByTestId("row-*");
    const refusal = {
      ...colour,
      severity: "error",
      message: "None of these flags can be a component.",
    } as const;
    host.nextFile = { name: "flags.json", text: '{"flags": {}}', leftOut: [refusal] };
    host.announce({ kind: "dropped", name: "flags.json" });
    const dialog = await screen.findByTestId("import");
    expect(within(dialog).getByText(refusal.message)).toBeTruthy();
    expect(within(dialog).getByRole("alert").textContent).toContain("cannot be imported");
    expect(screen.getByTestId("import-go").getAttribute("aria-disabled")).toBe("true");
  });

  it("shows a hostile name as what it is", async () => {
    const host = await openWindow(typical());
    await screen.findByTestId("row-*");
    host.nextFile = { name: "flags\u202enosj.<b>", text: "{}", leftOut: [] };
    host.announce({ kind: "dropped", name: "flags.json" });
    const title = String.raw`Import flags\u{202e}nosj.<b>`;
    expect(await screen.findByRole("heading", { name: title })).toBeTruthy();
  });

  it("says what is wrong with a document and offers no import of it", async () => {
    const host = await openWindow(typical());
    await screen.findByTestId("row-*");
    drop(host, "{ nonsense");
    expect(await screen.findByText(/cannot be imported. Nothing was changed/)).toBeTruthy();
    await user.click(screen.getByTestId("import-go"));
    expect(host.edits).toEqual([]);
  });

  it("says if nothing would change", async () => {
    const host = await openWindow(typical());
    await screen.findByTestId("row-*");
    drop(host, JSON.stringify(typical()));
    expect(await screen.findByText(/Nothing would change/)).toBeTruthy();
  });

  it("shows the difference again if the flags moved on", async () => {
    const host = await openWindow(typical());
    await screen.findByTestId("row-*");
    drop(host, JSON.stringify({ ...typical(), enabled: false }));
    await screen.findByText("What would change");
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: false });
    expect(await screen.findByText(/Revision 1 was saved after this was shown/)).toBeTruthy();
  });
});

describe("a document that removes most components", () => {
  const few = JSON.stringify({ ...safeDefault(), components: { kept: true } });

  /** The untouched safe default is replaced without asking, so something is saved first. */
  async function openSaved() {
    const host = await openWindow(typical());
    await screen.findByTestId("row-*");
    host.changeElsewhere({ kind: "set_components", paths: ["orchestrator"], on: true });
    return host;
  }

  const all = componentPaths(typical());

  it("is imported only once the person agrees to how many go", async () => {
    const host = await openSaved();
    host.nextFile = { name: "flags.json", text: few, leftOut: [] };
    host.announce({ kind: "dropped", name: "flags.json" });
    const question = await screen.findByTestId("loss");
    const title = document.getElementById(question.getAttribute("aria-labelledby") ?? "");
    expect(title?.textContent).toBe(`This removes all ${all.length} components`);
    const box = within(question).getByLabelText(`Remove ${all.length} components`);
    const named = within(question).getAllByRole("listitem");
    expect(named.map(({ textContent }) => textContent)).toEqual([
      ...all.slice(0, 5),
      `and ${all.length - 5} more`,
    ]);
    expect(screen.getByTestId("import-status").textContent).toBe("Confirm the removal first");
    const go = screen.getByTestId("import-go");
    expect(go.getAttribute("aria-disabled")).toBe("true");
    await user.click(go);
    expect(host.edits).toEqual([]);

    await user.click(box);
    expect(go.getAttribute("aria-disabled")).toBeNull();
    await user.click(go);
    await waitFor(() => expect(screen.queryByTestId("import")).toBeNull());
    expect(host.document.components).toEqual({ kept: true });
  });

  it("has the keyboard on Cancel, and Enter on the choice makes none", async () => {
    const host = await openSaved();
    const row = screen.getByTestId("row-*");
    row.focus();
    host.nextFile = { name: "flags.json", text: few, leftOut: [] };
    host.announce({ kind: "dropped", name: "flags.json" });
    const box = await screen.findByTestId<HTMLInputElement>("confirm-loss");
    expect(document.activeElement).toBe(screen.getByTestId("import-cancel"));
    await user.tab({ shift: true });
    expect(document.activeElement).toBe(box);
    await user.keyboard("{Enter}");
    expect(box.checked).toBe(false);
    await user.tab();
    await user.tab();
    expect(document.activeElement).toBe(screen.getByTestId("import-go"));
    await user.keyboard("{Enter}");
    expect(screen.getByTestId("import")).toBeTruthy();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByTestId("import")).toBeNull());
    expect(host.edits).toEqual([]);
    await waitFor(() => expect(document.activeElement).toBe(row));
  });

  it("is imported once, however often that is asked for, and the view has the keyboard", async () => {
    const host = await openSaved();
    screen.getByTestId("row-tracker").focus();
    host.nextFile = { name: "flags.json", text: few, leftOut: [] };
    host.announce({ kind: "dropped", name: "flags.json" });
    await user.click(await screen.findByTestId("confirm-loss"));
    const go = screen.getByTestId("import-go");
    go.click();
    go.click();
    await waitFor(() => expect(screen.queryByTestId("import")).toBeNull());
    expect(host.edits).toHaveLength(1);
    expect(screen.queryByTestId("row-tracker")).toBeNull();
    await waitFor(() => expect(document.activeElement?.closest("main")).toBeTruthy());
  });

  it("asks again once the flags moved on", async () => {
    const host = await openSaved();
    host.nextFile = { name: "flags.json", text: few, leftOut: [] };
    host.announce({ kind: "dropped", name: "flags.json" });
    const box = await screen.findByTestId<HTMLInputElement>("confirm-loss");
    await user.click(box);
    expect(box.checked).toBe(true);
    host.changeElsewhere({ kind: "set_components", paths: ["tracker"], on: false });
    await screen.findByText(/Revision 2 was saved after this was shown/);
    await waitFor(() =>
      expect(screen.getByTestId<HTMLInputElement>("confirm-loss").checked).toBe(false),
    );
    expect(screen.getByTestId("import-go").getAttribute("aria-disabled")).toBe("true");
  });

  it("is saved from the editor only once that is confirmed, by keyboard too", async () => {
    const host = await openSaved();
    await press(document.body, "j", { ctrlKey: true });
    await waitFor(() => expect(field().value).toContain('"components"'));
    await type(() => few);
    await waitFor(() => expect(status()).toBe("Confirm the removal first"));
    field().focus();
    await press(field(), "Enter", { ctrlKey: true });
    const box = screen.getByTestId<HTMLInputElement>("confirm-loss");
    expect(document.activeElement).toBe(box);
    // Pressed again, it is still a question.
    await press(box, "Enter", { ctrlKey: true });
    await user.click(screen.getByTestId("json-save"));
    expect(box.checked).toBe(false);
    expect(host.edits).toEqual([]);
    box.focus();
    await user.keyboard(" ");
    expect(status()).toContain("not saved yet");
    await press(box, "s", { ctrlKey: true });
    await press(box, "s", { ctrlKey: true });
    await waitFor(() => expect(host.document.components).toEqual({ kept: true }));
    expect(host.edits).toHaveLength(1);
  });

  it("is asked about again in the editor once the text is another, or opened again", async () => {
    await openSaved();
    await press(document.body, "j", { ctrlKey: true });
    await waitFor(() => expect(field().value).toContain('"components"'));
    await type(() => few);
    const box = () => screen.findByTestId<HTMLInputElement>("confirm-loss");
    await user.click(await box());
    await type((text) => text.replace("kept", "left"));
    await waitFor(() => expect(status()).toBe("Confirm the removal first"));
    expect((await box()).checked).toBe(false);
    await user.click(await box());
    await press(field(), "Escape");
    await press(document.body, "j", { ctrlKey: true });
    expect((await box()).checked).toBe(false);
  });

  it("needs no question if half of them stay, nor before anything was saved", async () => {
    const host = await openWindow(typical());
    await screen.findByTestId("row-*");
    host.nextFile = { name: "flags.json", text: few, leftOut: [] };
    host.announce({ kind: "dropped", name: "flags.json" });
    await screen.findByText("What would change");
    expect(screen.queryByTestId("confirm-loss")).toBeNull();
    await user.click(screen.getByTestId("import-go"));
    await waitFor(() => expect(host.document.components).toEqual({ kept: true }));
  });

  it("is not offered if it is no flag document at all", async () => {
    const host = await openSaved();
    host.nextFile = {
      name: "package.json",
      text: '{"name": "shop", "version": "1.0.0"}',
      leftOut: [],
    };
    host.announce({ kind: "dropped", name: "flags.json" });
    expect(await screen.findByText("This is not a flag document.")).toBeTruthy();
    expect(screen.queryByTestId("confirm-loss")).toBeNull();
    await user.click(screen.getByTestId("import-go"));
    expect(host.edits).toEqual([]);
  });
});

describe("definitions for flagd", () => {
  async function exportForFlagd(host: MemoryHost) {
    await screen.findByTestId("row-*");
    host.announce({ kind: "command", id: "export_flagd" });
  }

  it("are written at once if they say everything", async () => {
    const host = await openWindow(typical());
    await exportForFlagd(host);
    await waitFor(() => expect(host.saved).toHaveLength(1));
    expect(host.saved[0]).toEqual({ name: "flags.flagd.json", text: '{"flags": {}}' });
    expect(screen.queryByTestId("export-flagd")).toBeNull();
  });

  it("are written after it was shown what they do not say", async () => {
    const host = await openWindow(typical());
    const message = "Flag definitions have no place for \u201cseed\u201d.";
    host.leftOut = [{ severity: "warning", code: "not_in_flagd", pointer: "/seed", message }];
    await exportForFlagd(host);
    const dialog = await screen.findByTestId("export-flagd");
    expect(within(dialog).getByText(message)).toBeTruthy();
    expect(host.saved).toEqual([]);
    await user.click(screen.getByTestId("export-flagd-go"));
    await waitFor(() => expect(host.saved).toHaveLength(1));
    await waitFor(() => expect(screen.queryByTestId("export-flagd")).toBeNull());
  });
});
