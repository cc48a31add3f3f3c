/** Importing a roster: what is understood before it is taken in, and what is refused. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import type { Failure, View } from "../src/bindings/wire";
import { Rosters } from "../src/state/rosters.svelte";
import { Choices } from "../src/state/choices.svelte";
import { Toasts } from "../src/state/toasts.svelte";
import { words } from "../src/words";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";
import { type RostersName, withRosters } from "./support/roster_samples";

const texts = words.rosters.import;
const refusal: Failure = { code: "invalid", message: "The file has no column id.", problems: [] };

let user: ReturnType<typeof userEvent.setup>;
let host: MemoryHost;

beforeEach(() => {
  user = userEvent.setup();
  host = new MemoryHost(typical());
});

async function open(name: RostersName = "typical", view: View = "rosters") {
  withRosters(host, name);
  host.chosen = { ...host.chosen, view };
  await openOver(host);
}

async function choose() {
  await user.click(await screen.findByTestId("import-roster"));
  await screen.findByTestId("import-roster-dialog");
}

const get = (testid: string) => screen.getByTestId(testid);
const dialog = () => screen.queryByTestId("import-roster-dialog");
const name = () => screen.getByTestId<HTMLInputElement>("roster-name");
const note = () => get("roster-name-note").textContent.trim();
const go = () => get("import-roster-go");
const isReady = () => go().ariaDisabled !== "true";

async function call(text: string) {
  await user.clear(name());
  if (text !== "") await user.type(name(), text);
}

describe("a file that is chosen", () => {
  it("is shown as it was understood, and nothing is imported", async () => {
    await open("none");
    await choose();
    const understood = await screen.findByTestId("understood");
    const text = understood.textContent.replaceAll(/\s+/g, " ");
    expect(text).toContain("4,120 people in 4,132 rows");
    expect(text).toContain("CSV, separated by semicolons, UTF-8");
    expect(text).toContain("Some people count more than others");
    expect(text).toContain("12 rows replaced an earlier one with the same id");
    expect(text).toContain("2 ids begin or end with blanks, which count");
    expect(within(understood).getByText("eu")).toBeTruthy();
    const cells = within(get("first-rows"))
      .getAllByRole("row")
      .map((row) => [...row.children].map((cell) => cell.textContent));
    expect(cells.slice(0, 2)).toEqual([
      ["Id", "Groups", "Weight", "country", "plan"],
      ["ada@example.com", "beta, eu", "2.5", "FR", "premium"],
    ]);
    expect(host.imports).toEqual([]);
    expect(document.activeElement).toBe(name());
    expect(note()).toBe("A roster called Customers-EU is added.");
  });

  it("says which rows are left out, with line and reason, and how many more", async () => {
    await open("extreme");
    await choose();
    const bad = within(await screen.findByTestId("bad-rows"));
    expect(bad.getByText("Left out: 123,456 rows")).toBeTruthy();
    expect(bad.getAllByRole("listitem")).toHaveLength(5);
    expect(bad.getByText("line 612,346")).toBeTruthy();
    expect(bad.getByText("… and 123,451 more")).toBeTruthy();
    await user.click(get("all-bad"));
    expect(bad.getAllByRole("listitem")).toHaveLength(20);
    expect(bad.getByText("… and 123,436 more")).toBeTruthy();
  });

  it("has room for no more columns than three, and says so", async () => {
    await open("extreme");
    await choose();
    await screen.findByTestId("first-rows");
    expect(within(get("first-rows")).getAllByRole("columnheader")).toHaveLength(6);
    expect(screen.getByText("and 199 further columns")).toBeTruthy();
  });

  it("may be none: then nothing is asked", async () => {
    await open("none");
    host.nextRoster = null;
    await user.click(await screen.findByTestId("import-roster"));
    expect(dialog()).toBeNull();
    expect(host.looks).toEqual([]);
  });
});

describe("an import", () => {
  it("shows the roster and says what it is called", async () => {
    await open();
    await choose();
    await call("Customers-US");
    await waitFor(() => expect(isReady()).toBe(true));
    await user.click(go());
    await waitFor(() => expect(dialog()).toBeNull());
    expect(screen.getByText("Imported as Customers-US: 4,120 people")).toBeTruthy();
    expect(get("roster-Customers-US").ariaSelected).toBe("true");
    expect(host.imports).toEqual([{ name: "Customers-US", table: null }]);
    // It was shown before that it is new: there was nothing to look at again.
    expect(host.looks).toHaveLength(1);
  });

  it("in place of a roster says what that adds, removes and changes", async () => {
    await open();
    await choose();
    await waitFor(() =>
      expect(note()).toContain(
        "Replaces Customers-EU: 120 added, 0 removed, 80 changed, 3,920 unchanged",
      ),
    );
    expect(go().textContent.trim()).toBe(texts.goReplacing);
    await user.click(go());
    await waitFor(() => expect(dialog()).toBeNull());
    expect(host.rosterList).toHaveLength(2);
    expect(host.rosterList[0]?.people).toBe(4_120);
  });

  it("is compared again when the name becomes that of another roster", async () => {
    await open();
    await choose();
    await waitFor(() => expect(note()).toContain("Replaces Customers-EU"));
    await call("everyone");
    // Until then it cannot be imported, by any key.
    expect(isReady()).toBe(false);
    await user.keyboard("{Enter}");
    expect(host.imports).toEqual([]);
    await waitFor(() => expect(note()).toContain("Replaces everyone: 0 added, 995,880 removed"));
    expect(host.looks.map((look) => look.name)).toEqual(["Customers-EU", "everyone"]);
    expect(isReady()).toBe(true);
    await call("everyone-else");
    await waitFor(() => expect(note()).toBe("A roster called everyone-else is added."));
    expect(go().textContent.trim()).toBe(texts.go);
  });

  it("is confirmed by Enter in the name once the file was looked at, not before", async () => {
    host.holdsReading = true;
    await open("none");
    await choose();
    await user.keyboard("{Enter}");
    expect(host.imports).toEqual([]);
    host.holdsReading = false;
    await user.click(get("import-roster-cancel"));
    await choose();
    await screen.findByTestId("understood");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(dialog()).toBeNull());
    expect(host.imports).toHaveLength(1);
  });

  it("that fails keeps what was understood, and can be tried again", async () => {
    await open();
    await choose();
    await screen.findByTestId("understood");
    host.rosterRefusal = { code: "disk_full", message: "The disk is full.", problems: [] };
    await user.click(go());
    const alert = await screen.findByTestId("roster-refused");
    expect(alert.textContent).toContain("The disk is full.");
    expect(alert.textContent).toContain(texts.failed);
    expect(get("understood")).toBeTruthy();
    host.rosterRefusal = null;
    await user.click(go());
    await waitFor(() => expect(dialog()).toBeNull());
  });

  it("that is cancelled changes nothing, and says so", async () => {
    await open();
    await choose();
    await screen.findByTestId("understood");
    await waitFor(() => expect(isReady()).toBe(true));
    host.holdsReading = true;
    await user.click(go());
    const bar = await within(get("reading")).findByRole("progressbar");
    await waitFor(() => expect(bar.getAttribute("value")).toBe("2400000"));
    expect(get("reading").textContent).toContain("30 %");
    expect(name().readOnly).toBe(true);
    await user.click(get("import-roster-cancel"));
    await screen.findByText(texts.cancelled);
    expect(dialog()).not.toBeNull();
    expect(host.rosterList[0]?.people).toBe(4_000);
    expect(isReady()).toBe(true);
  });

  it("is cancelled when the dialog is closed", async () => {
    await open();
    await choose();
    await screen.findByTestId("understood");
    await waitFor(() => expect(isReady()).toBe(true));
    host.holdsReading = true;
    await user.click(go());
    await screen.findByTestId("reading");
    const before = host.cancels;
    await press(get("import-roster-dialog"), "Escape");
    await waitFor(() => expect(dialog()).toBeNull());
    await waitFor(() => expect(host.cancels).toBeGreaterThan(before));
    expect(host.rosterList[0]?.people).toBe(4_000);
  });
});

describe("a look at a file", () => {
  it("shows how far it is, and ends with the dialog", async () => {
    host.holdsReading = true;
    await open();
    await choose();
    const bar = await within(await screen.findByTestId("reading")).findByRole("progressbar");
    await waitFor(() => expect(bar.getAttribute("max")).toBe("8000000"));
    expect(isReady()).toBe(false);
    await user.click(get("import-roster-cancel"));
    await waitFor(() => expect(dialog()).toBeNull());
    await waitFor(() => expect(host.cancels).toBe(1));
    expect(host.imports).toEqual([]);
    await waitFor(() => expect(document.activeElement).toBe(get("import-roster")));
  });

  it("says in a sentence why the file is refused, and looks again on request", async () => {
    host.rosterRefusal = refusal;
    await open();
    await choose();
    const alert = await screen.findByTestId("roster-refused");
    expect(alert.getAttribute("role")).toBe("alert");
    expect(alert.textContent).toContain(refusal.message);
    expect(isReady()).toBe(false);
    host.rosterRefusal = null;
    await user.click(get("look-again"));
    await screen.findByTestId("understood");
    expect(screen.queryByTestId("roster-refused")).toBeNull();
  });

  it("is taken under any name if the file gives none", async () => {
    await open("none");
    if (!host.nextRoster) throw new Error("there is one");
    host.nextRoster = { ...host.nextRoster, file: { file: "çç.csv", name: "" } };
    await choose();
    await screen.findByTestId("understood");
    expect(isReady()).toBe(false);
    expect(note()).toBe("");
    await user.type(name(), "customers");
    expect(isReady()).toBe(true);
  });
});

describe("a name", () => {
  it.each([
    ["a/b", texts.nameProblems.slash],
    [" ", texts.nameProblems.empty],
    ["..", texts.nameProblems.dots],
    ["x".repeat(129), texts.nameProblems.too_long],
  ])("%j is refused at the field", async (text, sentence) => {
    await open("none");
    await choose();
    await screen.findByTestId("understood");
    await user.clear(name());
    await user.click(name());
    await user.paste(text);
    expect(note()).toBe(sentence);
    expect(name().getAttribute("aria-invalid")).toBe("true");
    expect(name().getAttribute("aria-describedby")).toBe(get("roster-name-note").id);
    await user.keyboard("{Enter}");
    await user.click(go());
    expect(host.imports).toEqual([]);
  });

  it("counts without blanks around it", async () => {
    await open("none");
    await choose();
    await screen.findByTestId("understood");
    await call(" customers ");
    await user.click(go());
    await waitFor(() => expect(dialog()).toBeNull());
    expect(host.imports).toEqual([{ name: "customers", table: null }]);
  });
});

describe("a database with several tables", () => {
  it("is looked at once one was chosen", async () => {
    host.rosterTables = ["people", "staff"];
    await open("none");
    await choose();
    expect((await screen.findByTestId("ask-table")).textContent).toBe(texts.askTable);
    expect(isReady()).toBe(false);
    expect(screen.queryByTestId("roster-refused")).toBeNull();
    const options = within(get("roster-table")).getAllByRole("option");
    expect(options.map((each) => each.textContent)).toEqual([texts.noTable, "people", "staff"]);
    await user.selectOptions(get("roster-table"), "staff");
    const understood = await screen.findByTestId("understood");
    expect(understood.textContent).toContain("table staff");
    await user.click(go());
    await waitFor(() => expect(dialog()).toBeNull());
    expect(host.imports).toEqual([{ name: "Customers-EU", table: "staff" }]);
  });
});

describe("a newer file", () => {
  it("has the name of the roster that it replaces", async () => {
    await open();
    await user.click(await screen.findByTestId("roster-everyone"));
    await user.click(get("replace-roster"));
    await screen.findByTestId("import-roster-dialog");
    expect(name().value).toBe("everyone");
    await waitFor(() => expect(note()).toContain("Replaces everyone"));
  });
});

describe("a dropped file", () => {
  it("on the rosters is one of users, whatever it is called", async () => {
    await open("none");
    await screen.findByTestId("no-rosters");
    host.announce({ kind: "dropped", name: "customers" });
    await screen.findByTestId("understood");
  });

  it("elsewhere is one if its name says so, and the way to the roster is offered", async () => {
    await open("none", "flags");
    await screen.findByTestId("row-*");
    host.announce({ kind: "dropped", name: "customers.csv" });
    await screen.findByTestId("understood");
    await user.click(go());
    await waitFor(() => expect(dialog()).toBeNull());
    expect(host.chosen.view).toBe("flags");
    await user.click(screen.getByRole("button", { name: words.rosters.show }));
    await screen.findByTestId("roster-details");
  });

  it("elsewhere is a document otherwise", async () => {
    await open("none", "flags");
    await screen.findByTestId("row-*");
    host.nextFile = { name: "flags.json", text: JSON.stringify(typical()), leftOut: [] };
    host.announce({ kind: "dropped", name: "flags.json" });
    await screen.findByTestId("import");
    expect(dialog()).toBeNull();
  });

  it("waits while a dialog is open", async () => {
    await open();
    await user.click(await screen.findByTestId("remove-roster"));
    await screen.findByTestId("remove-roster-dialog");
    host.announce({ kind: "dropped", name: "customers.csv" });
    await screen.findByText(words.commands.dropLater);
    expect(dialog()).toBeNull();
  });
});

describe("readings of files", () => {
  const rosters = () => new Rosters(host, new Choices(host, new Toasts()));

  it("come one after the other, and a cancel ends those that wait, too", async () => {
    withRosters(host, "none");
    host.holdsReading = true;
    const state = rosters();
    const first = state.read("look", "a", null);
    const second = state.read("look", "b", null);
    await waitFor(() => expect(host.looks).toHaveLength(1));
    await state.cancel();
    expect(await Promise.all([first, second])).toEqual([null, null]);
    expect(host.looks).toEqual([{ name: "a", table: null }]);
    expect(state.progress).toBeNull();
  });

  it("are cancelled again if the backend had not begun when it was told", async () => {
    withRosters(host, "none");
    host.holdsReading = true;
    const state = rosters();
    const reading = state.read("look", "a", null);
    await waitFor(() => expect(host.looks).toHaveLength(1));
    const cancel = host.cancelReading.bind(host);
    host.cancelReading = () => Promise.resolve();
    await state.cancel();
    host.cancelReading = cancel;
    state.note({ done: 1, total: 2 });
    expect(await reading).toBeNull();
  });

  it("have no progress that arrives after their end", () => {
    const state = rosters();
    state.note({ done: 1, total: 2 });
    expect(state.progress).toBeNull();
  });
});
