/** The rosters: the list, which one is counted over, what is in one, removing and forgetting. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { words } from "../src/words";
import type { Failure } from "../src/bindings/wire";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";
import { ada, type RostersName, withRosters } from "./support/roster_samples";

const NOW_MS = Date.now();
const failure: Failure = { code: "disk_full", message: "The disk is full.", problems: [] };

let user: ReturnType<typeof userEvent.setup>;
let host: MemoryHost;

beforeEach(() => {
  user = userEvent.setup();
  host = new MemoryHost(typical());
});

async function open(name: RostersName) {
  withRosters(host, name, NOW_MS);
  host.chosen = { ...host.chosen, view: "rosters" };
  await openOver(host);
  await screen.findByTestId(name === "none" ? "no-rosters" : "roster-details");
}

const get = (testid: string) => screen.getByTestId(testid);
const row = (name: string) => get(`roster-${name}`);
const textOf = (testid: string) => get(testid).textContent.replaceAll(/\s+/g, " ").trim();
const heading = () => within(get("roster-details")).getAllByRole("heading")[0]?.textContent;
const countOver = () => screen.getByTestId<HTMLInputElement>("count-over");
const focused = () => (document.activeElement as HTMLElement | null)?.dataset.testid;

describe("without a roster", () => {
  it("the view says what one is for, what a file looks like, and where ids stay", async () => {
    await open("none");
    const { none } = words.rosters;
    for (const text of [none.title, none.meaning, none.formats, none.private, none.drop]) {
      expect(screen.getByText(text)).toBeTruthy();
    }
    const terms = screen.getAllByRole("term").map((each) => each.textContent);
    expect(terms).toEqual(["id", "groups", "weight"]);
    expect(screen.queryByTestId("roster-list")).toBeNull();
  });

  it("the button imports one, after which it is shown and counted over", async () => {
    await open("none");
    await user.click(get("import-roster"));
    await screen.findByTestId("understood");
    await user.click(get("import-roster-go"));
    await screen.findByTestId("roster-details");
    expect(heading()).toBe("Customers-EU");
    expect(countOver().checked).toBe(true);
    expect(host.chosen.roster).toBe("Customers-EU");
  });

  it("a person cannot be found, which says why", async () => {
    await open("none");
    host.announce({ kind: "command", id: "find_person" });
    await screen.findByText(words.rosters.person.noRoster);
  });

  it("leads to the help about rosters", async () => {
    await open("none");
    await user.click(get("rosters-help"));
    await waitFor(() => expect(textOf("help-page")).toContain("Rosters: who is affected"));
  });
});

describe("the list", () => {
  it("has each roster with its people, its groups, and the one that is counted over", async () => {
    await open("typical");
    expect(textOf("roster-count")).toBe("2 rosters");
    expect(row("Customers-EU").textContent).toMatch(
      /Customers-EU\s+4,000 people\s+Counted over\s*3 groups\s+yesterday/,
    );
    expect(row("everyone").textContent).toMatch(/everyone\s+1,000,000 people\s+2 groups/);
    expect(screen.getAllByTestId("counted-mark")).toHaveLength(1);
    expect(row("Customers-EU").ariaSelected).toBe("true");
  });

  it("shows the one that is chosen, and stays there when the view is left", async () => {
    await open("typical");
    await user.click(row("everyone"));
    expect(heading()).toBe("everyone");
    await user.click(get("nav-flags"));
    await user.click(get("nav-rosters"));
    await screen.findByTestId("roster-details");
    expect(heading()).toBe("everyone");
  });

  it("is walked by arrow keys, and the details follow", async () => {
    await open("typical");
    row("Customers-EU").focus();
    await user.keyboard("{ArrowDown}");
    await waitFor(() => expect(document.activeElement).toBe(row("everyone")));
    expect(heading()).toBe("everyone");
    await user.keyboard("{Home}");
    await waitFor(() => expect(heading()).toBe("Customers-EU"));
    // One row is in the tab order.
    const stops = screen.getAllByRole("option").filter(({ tabIndex }) => tabIndex === 0);
    expect(stops).toEqual([row("Customers-EU")]);
  });

  it("says why it cannot be read, and reads again on request", async () => {
    host.rosters = () => Promise.reject(failure);
    host.chosen = { ...host.chosen, view: "rosters" };
    await openOver(host);
    expect((await screen.findByTestId("rosters-unread")).textContent).toContain(failure.message);
    withRosters(host, "typical", NOW_MS);
    host.rosters = () => Promise.resolve(host.rosterList);
    await user.click(get("rosters-again"));
    await screen.findByTestId("roster-list");
    expect(screen.queryByTestId("rosters-unread")).toBeNull();
  });

  it("follows what another program does once the window is used again", async () => {
    await open("typical");
    host.rosterList = host.rosterList.filter(({ name }) => name === "everyone");
    window.dispatchEvent(new Event("focus"));
    await waitFor(() => expect(screen.queryByTestId("roster-Customers-EU")).toBeNull());
    expect(heading()).toBe("everyone");
  });
});

describe("what is counted over", () => {
  it("changes only by the choice, which is marked and kept", async () => {
    await open("typical");
    expect(textOf("count-meaning")).toBe(words.rosters.details.counted);
    await user.click(row("everyone"));
    expect(countOver().checked).toBe(false);
    expect(textOf("count-meaning")).toBe(
      "At present changes are counted over the roster Customers-EU.",
    );
    await user.click(countOver());
    expect(countOver().checked).toBe(true);
    expect(host.chosen.roster).toBe("everyone");
    expect(within(row("everyone")).getByTestId("counted-mark")).toBeTruthy();
    expect(screen.getAllByTestId("counted-mark")).toHaveLength(1);
    await user.click(row("Customers-EU"));
    expect(countOver().checked).toBe(false);
  });

  it("stays when another roster is imported", async () => {
    await open("typical");
    await user.click(get("import-roster"));
    await user.clear(await screen.findByTestId("roster-name"));
    await user.type(get("roster-name"), "newer");
    await waitFor(() => expect(get("import-roster-go").ariaDisabled).not.toBe("true"));
    await user.click(get("import-roster-go"));
    await screen.findByTestId("roster-newer");
    expect(heading()).toBe("newer");
    expect(within(row("Customers-EU")).getByTestId("counted-mark")).toBeTruthy();
  });
});

describe("the details", () => {
  it("say how many, from which file, and what was taken for what", async () => {
    await open("typical");
    expect(textOf("roster-figures")).toMatch(/people 4,000 groups 3 in no group 820/);
    expect(
      within(get("roster-details")).getByText(/^Imported .+ from customers-eu\.csv$/),
    ).toBeTruthy();
    const facts = textOf("file-facts");
    expect(facts).toMatch(/^Format CSV, separated by semicolons, UTF-8 Columns/);
    expect(facts).toMatch(/Weights Some people count more than others Duplicates 12 rows/);
    expect(facts).toMatch(/Left out 3 rows that could not be read$/);
    const namesIn = (testid: string) =>
      within(get(testid))
        .getAllByRole("listitem")
        .map((each) => each.textContent);
    expect(namesIn("columns")).toEqual(["id", "groups", "weight"]);
    expect(namesIn("attributes")).toEqual(["country", "plan"]);
    await user.click(row("everyone"));
    expect(textOf("file-facts")).toContain("SQLite, table users");
    expect(textOf("file-facts")).toContain("Everyone counts the same");
    expect(textOf("file-facts")).not.toContain("Left out");
  });

  it("list groups, the largest first, and people in none", async () => {
    await open("typical");
    const groups = screen.getAllByTestId("group").map((each) => each.textContent);
    expect(groups.map((text) => text.trim().split(/\s+/))).toEqual([
      ["eu", "2,910", "73", "%"],
      ["beta", "420", "11", "%"],
      ["staff", "38", "0.9", "%"],
    ]);
    expect(textOf("ungrouped")).toMatch(/^In no group 820/);
  });

  it("shorten long lists until all of them are wanted", async () => {
    await open("extreme");
    expect(screen.getAllByRole("option")).toHaveLength(62);
    expect(screen.getAllByTestId("group")).toHaveLength(10);
    await user.click(get("all-groups"));
    expect(screen.getAllByTestId("group")).toHaveLength(400);
    expect(document.activeElement?.tagName).toBe("UL");
    expect(within(get("attributes")).getAllByRole("listitem")).toHaveLength(9);
    await user.click(get("attributes-more"));
    expect(within(get("attributes")).getAllByRole("listitem")).toHaveLength(203);
    await user.click(get("attributes-more"));
    expect(within(get("attributes")).getAllByRole("listitem")).toHaveLength(9);
  });

  it("of a roster without anyone have no shares of nothing", async () => {
    await open("extreme");
    await user.click(row("none"));
    expect(textOf("roster-figures")).toMatch(/people 0 groups 0/);
    expect(get("roster-details").textContent).not.toMatch(/NaN|Infinity/);
    expect(textOf("roster-groups")).toContain(words.rosters.groups.hint(0));
  });
});

describe("users seen in events", () => {
  it("are a roster that is not of a file, with about how many more there were", async () => {
    await open("seen");
    await user.click(row("Seen in events"));
    expect(textOf("roster-details")).toContain(
      "Users in events that applications report, the last one 3 minutes ago",
    );
    expect(textOf("roster-figures")).toContain("≥ 42,000");
    expect(screen.queryByTestId("replace-roster")).toBeNull();
    expect(screen.queryByTestId("roster-file")).toBeNull();
    // They come later than what was imported, and are not what is counted over.
    expect(within(row("Customers-EU")).getByTestId("counted-mark")).toBeTruthy();
    await user.click(get("remove-roster"));
    await screen.findByTestId("remove-roster-dialog");
    expect(textOf("remove-roster-dialog")).toContain("kept again as they come");
    expect(screen.queryByTestId("counted-next")).toBeNull();
  });
});

describe("removing a roster", () => {
  const confirm = () => user.click(get("remove-roster-dialog-go"));

  it("says what is lost and what stays, and does it only when confirmed", async () => {
    await open("typical");
    await user.click(get("remove-roster"));
    const dialog = await screen.findByTestId("remove-roster-dialog");
    expect(dialog.textContent).toContain("4,000 people");
    expect(dialog.textContent).toContain("cannot be undone");
    expect(dialog.textContent).toContain("The file customers-eu.csv itself stays");
    expect(textOf("counted-next")).toBe("Changes are then counted over the roster everyone.");
    expect(host.rosterList).toHaveLength(2);
    await confirm();
    await waitFor(() => expect(screen.queryByTestId("roster-Customers-EU")).toBeNull());
    expect(heading()).toBe("everyone");
    expect(countOver().checked).toBe(true);
    expect(screen.getByText("Removed Customers-EU: 4,000 people")).toBeTruthy();
  });

  it("of the last one leads back to the beginning", async () => {
    await open("typical");
    host.rosterList = host.rosterList.slice(0, 1);
    window.dispatchEvent(new Event("focus"));
    await waitFor(() => expect(screen.getAllByRole("option")).toHaveLength(1));
    await user.click(get("remove-roster"));
    await screen.findByTestId("remove-roster-dialog");
    expect(textOf("counted-next")).toBe(words.rosters.remove.countedNone);
    await confirm();
    await screen.findByTestId("no-rosters");
  });

  it("says why it was refused, and keeps it", async () => {
    await open("typical");
    host.refusal = failure;
    await user.click(get("remove-roster"));
    await screen.findByTestId("remove-roster-dialog");
    await confirm();
    await screen.findByText(failure.message);
    expect(host.rosterList).toHaveLength(2);
    expect(row("Customers-EU")).toBeTruthy();
  });

  it("is put away by Escape, and the keyboard goes back", async () => {
    await open("typical");
    get("remove-roster").focus();
    await user.click(get("remove-roster"));
    const dialog = await screen.findByTestId("remove-roster-dialog");
    await press(dialog, "Escape");
    await waitFor(() => expect(focused()).toBe("remove-roster"));
    expect(host.rosterList).toHaveLength(2);
  });
});

describe("forgetting a person", () => {
  async function ask() {
    await open("typical");
    host.announce({ kind: "command", id: "forget_person" });
    await screen.findByTestId("forget-dialog");
  }

  it("says exactly where the person was, and what may be left", async () => {
    host.forgets = { overrides: ["ui.badges"], quarantined: ["rosters-1"] };
    await ask();
    await user.type(get("forget-id"), ada.id);
    // Enter does nothing that cannot be undone.
    await user.keyboard("{Enter}");
    expect(host.forgotten).toEqual([]);
    await user.click(get("forget-go"));
    await screen.findByTestId("forget-close");
    expect(host.forgotten).toEqual([ada.id]);
    const said = within(get("forgotten"))
      .getAllByText(/./)
      .map((each) => each.textContent);
    expect(said.slice(0, 3)).toEqual([
      "ada@example.com was removed from the roster Customers-EU.",
      "ada@example.com was removed from the roster everyone.",
      "ada@example.com has no override of ui.badges any more.",
    ]);
    expect(textOf("forget-quarantined")).toContain("rosters-1");
    expect(focused()).toBe("forget-close");
    await user.click(get("forget-show"));
    await waitFor(() => expect(get("part-backups").ariaSelected ?? "true").toBe("true"));
    expect(host.chosen.view).toBe("settings");
  });

  it("says if the person was nowhere", async () => {
    await ask();
    await user.type(get("forget-id"), "eve");
    await user.click(get("forget-go"));
    await screen.findByText("eve is in no roster, and has no override.");
    expect(screen.queryByTestId("forget-show")).toBeNull();
  });

  it("needs an id, and says why it was refused", async () => {
    await ask();
    expect(focused()).toBe("forget-id");
    await user.click(get("forget-go"));
    expect(host.forgotten).toEqual([]);
    host.refusal = failure;
    await user.type(get("forget-id"), "ada");
    await user.click(get("forget-go"));
    await screen.findByText(failure.message);
    expect(screen.getByTestId<HTMLInputElement>("forget-id").value).toBe("ada");
  });

  it("is forgotten by the window, too", async () => {
    await open("typical");
    await user.type(get("person-id"), `${ada.id}{Enter}`);
    await screen.findByTestId("person-facts");
    await user.click(get("person-forget"));
    expect((await screen.findByTestId<HTMLInputElement>("forget-id")).value).toBe(ada.id);
    await user.click(get("forget-go"));
    await user.click(await screen.findByTestId("forget-close"));
    await waitFor(() => expect(screen.getByTestId<HTMLInputElement>("person-id").value).toBe(""));
    expect(document.body.textContent).not.toContain(ada.id);
  });
});
