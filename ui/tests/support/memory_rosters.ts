/** Rosters in memory, and previews over them as plainly as the tests need: shares, not people. */

import type {
  AsOf,
  Document,
  Edit,
  Failure,
  ForgottenUser,
  Given,
  ListedUsers,
  OnFor,
  Look,
  Person,
  Planned,
  Previewed,
  RosterFile,
  RosterInfo,
  Tally,
  Wanted,
} from "../../src/bindings/wire";
import { formatCount } from "../../src/format";
import { applyEdit } from "../../src/model/edit";
import { reachOf } from "../../src/model/reach";
import { growTree } from "../../src/model/tree";
import { explainIn } from "./explain";
import { MemoryFollowing } from "./memory_following";
import { reachesOf } from "./reach";

export class MemoryRosters extends MemoryFollowing {
  rosterList: RosterInfo[] = [];
  /** What is in the file that the person is going to choose or drop, and the file. */
  nextRoster: { file: RosterFile; look: Look } | null = null;
  /** Refuses to look at files and to import them while set. */
  rosterRefusal: Failure | null = null;
  /** Leaves the reading of a file unanswered until it is cancelled. */
  holdsReading = false;
  /** Tables of the file of which one has to be named. */
  rosterTables: readonly string[] = [];
  /** How files were read. */
  readonly looks: { name: string; table: string | null }[] = [];
  readonly imports: { name: string; table: string | null }[] = [];
  cancels = 0;
  /** Where a person who is forgotten was besides rosters. */
  forgets: Pick<ForgottenUser, "overrides" | "quarantined"> = { overrides: [], quarantined: [] };
  /** Who is found, by id. */
  persons = new Map<string, Person>();
  readonly forgotten: string[] = [];
  readonly asked: { planned: Planned; roster: string | null }[] = [];
  readonly slides: { edit: Edit; roster: string | null }[] = [];
  readonly listed: { planned: Planned; roster: string | null; wanted: Wanted }[] = [];
  readonly exported: { name: string; wanted: Wanted }[] = [];
  #cancel: (() => void) | null = null;

  async rosters(): Promise<RosterInfo[]> {
    await this.gate;
    return structuredClone(this.rosterList);
  }

  chooseRoster(): Promise<RosterFile | null> {
    return Promise.resolve(this.nextRoster?.file ?? null);
  }

  droppedRoster(): Promise<RosterFile | null> {
    return this.chooseRoster();
  }

  lookAtRoster(name: string, table: string | null = null): Promise<Look | null> {
    this.looks.push({ name, table });
    return this.#readFile(name, table);
  }

  async #readFile(name: string, table: string | null): Promise<Look | null> {
    await this.gate;
    if (this.rosterTables.length > 0 && table === null) throw asksForTable(this.rosterTables);
    if (this.rosterRefusal) throw this.rosterRefusal;
    if (this.holdsReading) {
      this.announce({ kind: "reading_roster", done: 2_400_000, total: 8_000_000 });
      return new Promise((resolve) => (this.#cancel = () => resolve(null)));
    }
    const look = this.nextRoster?.look ?? null;
    const before = this.rosterList.find((roster) => roster.name === name);
    const replaces = before ? replaced(before, look?.people ?? 0) : null;
    const form = table === null ? {} : { format: "sqlite" as const, separator: null, table };
    return look && structuredClone({ ...look, ...form, name, replaces });
  }

  async importRoster(name: string, table: string | null = null): Promise<Look | null> {
    this.imports.push({ name, table });
    const look = await this.#readFile(name, table);
    if (look === null) return null;
    const info = { ...look, atMs: Date.now(), file: this.nextRoster?.file.file ?? "", rest: 0 };
    this.rosterList = [...this.rosterList.filter((each) => each.name !== name), info];
    this.rosterList.sort((a, b) => a.name.localeCompare(b.name));
    return look;
  }

  cancelReading(): Promise<void> {
    this.cancels += 1;
    this.#cancel?.();
    this.#cancel = null;
    return Promise.resolve();
  }

  removeRoster(name: string): Promise<RosterInfo> {
    if (this.refusal) return Promise.reject(this.refusal);
    const removed = this.rosterList.find((each) => each.name === name);
    if (!removed) throw new Error(`There is no roster ${name}.`);
    this.rosterList = this.rosterList.filter((each) => each !== removed);
    return Promise.resolve(removed);
  }

  async findPerson(roster: string, id: string): Promise<Person | null> {
    await this.gate;
    const isThere = this.rosterList.some(({ name }) => name === roster);
    return isThere ? (this.persons.get(id) ?? null) : null;
  }

  given(user: string, groups: readonly string[]): Promise<Given[]> {
    const components = pathsOf(this.document);
    const given = components.map((component) => {
      const { value, sentence } = explainIn(this.document, component, {
        ...{ id: user, groups },
        bucket: 30_000,
      });
      return { component, on: value, sentence };
    });
    return Promise.resolve(given);
  }

  forgetPerson(id: string): Promise<ForgottenUser> {
    if (this.refusal) return Promise.reject(this.refusal);
    this.forgotten.push(id);
    const known = this.persons.delete(id);
    const rosters = known ? this.rosterList.map(({ name }) => ({ roster: name, rows: 1 })) : [];
    return Promise.resolve({ rosters, ...this.forgets });
  }

  async preview(planned: Planned, roster: string | null = null): Promise<Previewed> {
    this.asked.push({ planned, roster });
    await this.gate;
    const [before, after] = [this.document, this.#after(planned)];
    const changed = changing(before, after);
    const all = this.#tally(before, after, roster);
    const part = (component: string) => {
      const [was, is] = [shareOf(before, component), shareOf(after, component)];
      return {
        gain: Math.max(0, is - was),
        lose: Math.max(0, was - is),
        on: Math.min(was, is),
        off: 1 - Math.max(was, is),
      };
    };
    const people = all.roster?.people;
    const components = changed.map((component) => {
      const { gain, lose, on, off } = part(component);
      const count = (share: number) => Math.round(share * (people ?? 0));
      const counted = { gain: count(gain), lose: count(lose), on: count(on), off: count(off) };
      return people === undefined
        ? { component, people: null, expected: [{ group: null, gain, lose, on, off }] }
        : { component, people: counted, expected: [] };
    });
    const losing = components.filter(({ component }) => part(component).lose > 0);
    const named = losing.slice(0, 5).map(({ component }) => component);
    const more = losing.length - named.length;
    const names = named.join(", ") + (more > 0 ? ` and ${formatCount(more)} more` : "");
    const warning = all.warning && `${all.warning}: ${names}`;
    return { ...all, warning, components };
  }

  async slide(edit: Edit, roster: string | null = null): Promise<Tally> {
    this.slides.push({ edit, roster });
    await this.gate;
    const before = this.document;
    return this.#tally(before, applyEdit(before, edit), roster);
  }

  async onFor(
    component: string,
    roster: string | null = null,
    at: AsOf | null = null,
  ): Promise<OnFor | null> {
    await this.gate;
    const counted = this.#counted(roster);
    if (counted === null) return null;
    const document = at !== null && "revision" in at ? this.documentAt(at.revision) : this.document;
    const { name, people, atMs } = counted;
    const on = Math.round(shareOf(document, component) * people);
    return { on, roster: { name, people, atMs } };
  }

  previewUsers(planned: Planned, roster: string | null, wanted: Wanted): Promise<ListedUsers> {
    this.listed.push({ planned, roster, wanted });
    const { who, component, offset, limit } = wanted;
    const name = this.#counted(roster)?.name ?? "";
    const total = 2_450;
    const length = Math.max(0, Math.min(limit, total - offset));
    const users = Array.from({ length }, (_, index) => ({
      id: `user-${String(1000 + (offset + index) * 7).padStart(6, "0")}`,
      groups: index % 3 === 0 ? ["beta"] : index % 7 === 0 ? ["staff", "eu"] : [],
      weight: 1,
    }));
    return Promise.resolve({
      ...{ roster: name, who, component, offset, users },
      more: offset + length < total,
    });
  }

  exportUsers(_: Planned, __: string | null, wanted: Wanted, name: string): Promise<string | null> {
    this.exported.push({ name, wanted });
    return Promise.resolve(`/home/maria/${name}`);
  }

  #after(planned: Planned): Document {
    switch (planned.kind) {
      case "edit":
        return planned.edit.kind === "replace"
          ? (JSON.parse(planned.edit.text) as Document)
          : applyEdit(this.document, planned.edit);
      case "undo":
        return this.beside("undo");
      case "redo":
        return this.beside("redo");
      case "restore":
        return this.documentAt(planned.revision);
      case "backup":
        return this.documentAt(0);
      default:
        return this.document;
    }
  }

  #counted(name: string | null): RosterInfo | null {
    const named = this.rosterList.find((each) => each.name === name);
    return named ?? this.rosterList.at(-1) ?? null;
  }

  #tally(before: Document, after: Document, roster: string | null): Tally {
    const counted = this.#counted(roster);
    const shares = changing(before, after).map(
      (path) => shareOf(after, path) - shareOf(before, path),
    );
    const [gain, lose] = [Math.max(0, ...shares), Math.max(0, ...shares.map((share) => -share))];
    if (counted === null) return expected(this.revision, shares.length, gain, lose);
    const what = shares.length > 1 ? "something" : "it";
    const people = counted.people;
    const [gains, loses] = [gain, lose].map((share) => Math.round(share * people)) as [
      number,
      number,
    ];
    const both = Math.max(0, gains + loses - people);
    const unchanged = people - gains - loses + both;
    const plus = gains > 0 ? "+" : "";
    const sentence =
      `${plus}${formatCount(gains)} gain ${what}, ${formatCount(loses)} lose ${what}, ` +
      `${formatCount(unchanged)} unchanged (${counted.name}, ` +
      `${formatCount(people)} people)`;
    const of = (group: string | null, all: number) => {
      const [gained, lost] = [Math.round(gain * all), Math.round(lose * all)];
      const both = Math.max(0, gained + lost - all);
      return { group, gain: gained, lose: lost, both, unchanged: all - gained - lost + both };
    };
    return {
      revision: this.revision,
      roster: { name: counted.name, people, atMs: counted.atMs },
      sentence,
      warning: loses > 0 ? `${formatCount(loses)} people lose what they have` : null,
      people: { gain: gains, lose: loses, both, unchanged },
      weighted: counted.hasWeights
        ? { gain: gain * 0.8, lose: lose * 0.8, both: 0, unchanged: 1 - (gain + lose) * 0.8 }
        : null,
      groups: [
        ...counted.groups.map((group) => of(group.name, group.people)),
        of(null, counted.ungrouped),
      ],
    };
  }
}

function asksForTable(tables: readonly string[]): Failure {
  const message =
    "The file /home/maria/users.db has several tables with a column id; say with --table which " +
    `is meant: ${tables.join(", ")}.`;
  return { code: "invalid", message, problems: [] };
}

function expected(revision: number, changed: number, gain: number, lose: number): Tally {
  const percent = (share: number) => `${Math.round(share * 100_000) / 1000} %`;
  const about =
    changed === 0
      ? "no user gains or loses anything"
      : changed > 1
        ? `${changed} components change for some users`
        : `about ${percent(gain)} gain it, ${percent(lose)} lose it, ` +
          `${percent(1 - gain - lose)} unchanged`;
  return {
    revision,
    roster: null,
    sentence: `${about} (expected: there is no roster)`,
    warning: lose > 0 ? "some lose what they have" : null,
    people: null,
    weighted: null,
    groups: [],
  };
}

function replaced(before: RosterInfo, people: number) {
  const common = Math.min(before.people, people);
  const changed = Math.round(common / 50);
  return {
    atMs: before.atMs,
    added: people - common,
    removed: before.people - common,
    changed,
    unchanged: common - changed,
  };
}

function pathsOf(document: Document): string[] {
  const { byPath } = growTree(document.components);
  return [...byPath.values()].filter(({ children }) => children === null).map(({ path }) => path);
}

function changing(before: Document, after: Document): string[] {
  const [was, is] = [sharesOf(before), sharesOf(after)];
  const paths = new Set([...is.keys(), ...was.keys()]);
  return [...paths].filter((path) => (was.get(path) ?? 0) !== (is.get(path) ?? 0));
}

const known = new WeakMap<Document, ReadonlyMap<string, number>>();

/** The share of users that see a component, for each. */
function sharesOf(document: Document): ReadonlyMap<string, number> {
  const found = known.get(document);
  if (found) return found;
  const reaches = reachesOf(document);
  const share = (path: string) => {
    const reach = document.enabled ? reachOf(reaches, path) : undefined;
    return reach === undefined || reach.isNobody ? 0 : reach.percentage / 100;
  };
  const shares = new Map(pathsOf(document).map((path) => [path, share(path)]));
  known.set(document, shares);
  return shares;
}

function shareOf(document: Document, path: string): number {
  return sharesOf(document).get(path) ?? 0;
}
