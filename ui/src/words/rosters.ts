/** Lists of users: what is in them, who a person is, what an import brings and takes away. */

import type {
  Encoding,
  FileForm,
  FileFormat,
  ForgottenUser,
  Look,
  Replaced,
  RosterInfo,
} from "../bindings/wire";
import { formatAgo, formatAgoBriefly, formatCount, formatMoment, formatShare } from "../format";
import { isolated, isolatedWithin } from "../model/isolated";
import { ROSTER_NAME_CHARS_MAX, type RosterNameProblem } from "../model/roster_name";
import type { GivenFilter } from "../model/roster_facts";
import { capital, plural } from "./shared";

const people = (count: number): string => plural(count, "person", "people");
const rows = (count: number): string => plural(count, "row");

const formats: Record<FileFormat, string> = {
  csv: "CSV",
  lines: "one id a line",
  ndjson: "NDJSON",
  sqlite: "SQLite",
  events: "events",
};

const encodings: Record<Encoding, string> = {
  utf8: "UTF-8",
  utf16_le: "UTF-16",
  utf16_be: "UTF-16",
};

const separators: Record<string, string> = { ";": "semicolons", "\t": "tabs" };

const nameProblems: Record<RosterNameProblem, string> = {
  empty: `Name is empty: give it 1 to ${ROSTER_NAME_CHARS_MAX} characters.`,
  too_long: `Name has more than ${ROSTER_NAME_CHARS_MAX} characters.`,
  control: "Name has a character that cannot be seen, such as a line break or a tab.",
  slash: "Name has a slash: use any other character, such as a hyphen.",
  dots: "Name cannot be dots alone.",
};

const givenFilters: Record<GivenFilter, string> = { all: "All", on: "On", off: "Off" };

const duplicates = (count: number): string =>
  `${rows(count)} replaced an earlier one with the same id`;

/** A number of a person, in as many digits as it has. */
const weight = (value: number): string => String(value);

export const rosters = {
  people,
  rows,
  show: "Show roster",
  loading: "Reading the rosters…",
  notRead: (why: string) => `The rosters could not be read. ${isolatedWithin(why)}`,
  back: "Rosters",

  listLabel: "Rosters, by name",
  count: (count: number) => plural(count, "roster"),
  importMeaning: "Import a file of users: CSV, NDJSON, SQLite, or one id a line",
  forgetMeaning: "Remove one person from every roster, and end the overrides for that person",
  age: (atMs: number, nowMs: number) => formatAgoBriefly(atMs, nowMs),
  rowTitle: ({ name, atMs, format }: RosterInfo) =>
    `${isolated(name)}, ${format === "events" ? "as of" : "imported"} ${formatMoment(atMs)}`,
  groupsOf: (count: number) => (count === 0 ? "no groups" : plural(count, "group")),
  countedMark: "Counted over",

  none: {
    title: "See who gains and who loses before you let go of the slider",
    meaning:
      "A roster is a list of your users. With one, every change says how many people gain and lose something by it, in which groups, and who they are.",
    formTitle: "What a file looks like",
    columns: [
      ["id", "Who it is, exactly as your application sends it"],
      ["groups", "The groups of the person, separated by semicolons"],
      ["weight", "How much the person counts; 1 if there is none"],
    ] as const,
    example: "id,groups,weight\nada@example.com,beta;eu,2.5\nuser-000017,,1",
    exampleLabel: "Example of a file",
    formats:
      "CSV, NDJSON, SQLite, or one id a line. Only id has to be there; further columns are kept as attributes.",
    private: "Ids stay on this machine: they are in no backup, no export and no log.",
    events:
      "Or switch on “Keep users in events” in Settings, and users are kept as applications name them.",
    drop: "You can also drop a file on this window.",
    help: "How rosters work",
  },

  /** Below figures. */
  figures: {
    people: (count: number) => (count === 1 ? "person" : "people"),
    groups: (count: number) => (count === 1 ? "group" : "groups"),
    ungrouped: "in no group",
    /** Of users for whom there was no room. */
    rest: "more seen, not kept",
    atLeast: (count: number) => `≥ ${formatCount(count)}`,
    restMeaning: "Ids of 100,000 users are kept; the others are counted by an estimate",
  },

  details: {
    label: (name: string) => `Roster ${isolated(name)}`,
    imported: (roster: RosterInfo, nowMs: number) =>
      roster.format === "events"
        ? `Users in events that applications report, the last one ${formatAgo(roster.atMs, nowMs)}`
        : `Imported ${formatAgo(roster.atMs, nowMs)} from ${isolated(roster.file)}`,
    moment: (atMs: number) => formatMoment(atMs),
    replace: "Replace by a newer file…",
    remove: "Remove…",
    count: "Count over this roster",
    counted: "Sliders and dialogs say how many of these people gain and lose something.",
    notCounted: (counted: string) =>
      `At present changes are counted over the roster ${isolated(counted)}.`,
    countLabel: "What previews are counted over",
  },

  groups: {
    title: "Groups",
    hint: (count: number) =>
      count === 0
        ? "Nobody in this roster is in a group."
        : "Largest first. A person can be in several.",
    share: (part: number, whole: number) => (whole === 0 ? "" : formatShare(part / whole)),
    none: "In no group",
    list: "Groups and how many people are in them",
    showAll: (count: number) => `Show all ${formatCount(count)} groups`,
  },

  file: {
    title: "File",
    format: "Format",
    formatOf: ({ format, separator, encoding, table }: FileForm) =>
      capital(
        [
          formats[format],
          ...(separator === null ? [] : [`separated by ${separators[separator] ?? "commas"}`]),
          ...(encoding === null ? [] : [encodings[encoding]]),
          ...(table === null ? [] : [`table ${isolated(table)}`]),
        ].join(", "),
      ),
    columns: "Columns",
    attributes: "Kept as attributes",
    weights: "Weights",
    hasWeights: "Some people count more than others",
    noWeights: "Everyone counts the same",
    bad: "Left out",
    badRows: (count: number) => `${rows(count)} that could not be read`,
    duplicates: "Duplicates",
    duplicatesOf: duplicates,
    more: (count: number) => `and ${formatCount(count)} more`,
    fewer: "Show fewer",
  },

  person: {
    title: "Find a person",
    hint: "See everything a person gets, and why.",
    placeholder: "Find a person by id…",
    label: "Id of the person",
    find: "Find",
    exact: "Ids are taken exactly as they are: capital letters and blanks count.",
    loading: "Looking for the person…",
    notRead: (why: string) => `The person could not be looked for. ${isolatedWithin(why)}`,
    isThere: (id: string, roster: string) => `${isolated(id)} is in ${isolated(roster)}`,
    notThere: (id: string, roster: string) =>
      `${isolated(id)} is not in ${isolated(roster)}; as a user in no group:`,
    hasBlanks: "The id begins or ends with a blank, which belongs to it.",
    groups: "Groups",
    noGroups: "none",
    weight: "Weight",
    weightOf: weight,
    value: (text: string) => (text === "" ? "–" : isolated(text)),
    showAllAttributes: (count: number) => `Show all ${formatCount(count)} attributes`,
    forget: "Forget this person…",
    forgetOf: (id: string) => `Forget ${isolated(id)}`,
    done: "Clear",

    given: (on: number, all: number) => `On for ${formatCount(on)} of ${plural(all, "component")}`,
    filterLabel: "Which components are shown",
    filters: givenFilters,
    list: "Components, on or off for this person",
    nothing: {
      all: "There is no component yet.",
      on: "No component is on for this person.",
      off: "No component is off for this person.",
    } satisfies Record<GivenFilter, string>,
    on: "On",
    off: "Off",
    path: (path: string) => isolated(path),
    reason: (text: string) => isolatedWithin(text),
    open: (path: string) => `Show ${isolated(path)} in Flags, with this person checked`,
    showAll: (count: number) => `Show all ${plural(count, "component")}`,
    noRoster: "Import a roster first: then people can be found in it.",
  },

  import: {
    title: (file: string) => `Import ${isolated(file)}`,
    name: "Name",
    nameProblems,
    looking: "Reading the file…",
    importing: "Importing…",
    percent: (done: number, total: number) =>
      total === 0 ? "" : `${formatCount(Math.floor((Math.min(done, total) * 100) / total))} %`,
    refused: "This file cannot be imported",
    failed: "Nothing was imported",
    tableLabel: "Table",
    askTable: "The database has several tables with a column id. Choose the one with the users.",
    noTable: "Choose a table",
    table: (name: string) => isolated(name),

    counts: ({ good }: Look) => `in ${rows(good)}`,
    blanks: "Blanks",
    blanksOf: (count: number) =>
      `${plural(count, "id")} ${count === 1 ? "begins" : "begin"} or ${count === 1 ? "ends" : "end"} with blanks, which count`,
    bad: (count: number) => `Left out: ${rows(count)}`,
    badLine: (line: number) => `line ${formatCount(line)}`,
    badReason: (reason: string) => isolatedWithin(reason),
    badMore: (count: number) => `… and ${formatCount(count)} more`,
    badAll: (count: number) => `Show the first ${formatCount(count)}`,

    first: "First rows",
    columns: { id: "Id", groups: "Groups", weight: "Weight" },
    furtherColumns: (count: number) => `and ${plural(count, "further column")}`,
    cell: (text: string) => isolated(text),
    groupsCell: (groups: readonly string[]) => groups.map((each) => isolated(each)).join(", "),
    weightCell: weight,

    isNew: (name: string) => `A roster called ${isolated(name)} is added.`,
    seeing: (name: string) => `Comparing with ${isolated(name)}…`,
    replaces: (name: string, { added, removed, changed, unchanged }: Replaced) =>
      `Replaces ${isolated(name)}: ${formatCount(added)} added, ${formatCount(removed)} removed, ${formatCount(changed)} changed, ${formatCount(unchanged)} unchanged`,
    replacesMeaning: (atMs: number, nowMs: number) =>
      `Changed are people with other groups or another weight. The one before was imported ${formatAgo(atMs, nowMs)}.`,
    go: "Import",
    goReplacing: "Import and replace",
    cancelled: "Cancelled. Nothing was changed.",
    done: ({ name, people: count }: Look) => `Imported as ${isolated(name)}: ${people(count)}`,
  },

  remove: {
    title: (name: string) => `Remove ${isolated(name)}?`,
    lost: ({ people: count }: RosterInfo) =>
      `${people(count)} with groups, weights and attributes ${count === 1 ? "is" : "are"} deleted from this machine. This cannot be undone.`,
    stays: ({ file, format }: RosterInfo) =>
      format === "events"
        ? "No flag changes. Users in events are kept again as they come, unless “Keep users in events” is switched off in Settings."
        : `The file ${isolated(file)} itself stays, and no flag changes.`,
    countedNext: (next: string) => `Changes are then counted over the roster ${isolated(next)}.`,
    countedNone: "Without a roster, changes are told as shares instead of people.",
    go: "Remove roster",
    done: ({ name, people: count }: RosterInfo) => `Removed ${isolated(name)}: ${people(count)}`,
  },

  forgetting: {
    title: "Forget a person",
    meaning:
      "Removes one person from every roster, and ends the overrides for that person. This cannot be undone.",
    files: "Files that rosters were imported from stay as they are.",
    seenAgain:
      "While users in events are kept (see Settings), an event that names the person later adds the person again.",
    id: "Id of the person",
    go: "Forget",
    doneTitle: "What was forgotten",
    nowhere: (id: string) => `${isolated(id)} is in no roster, and has no override.`,
    removed: (id: string, roster: string) =>
      `${isolated(id)} was removed from the roster ${isolated(roster)}.`,
    ended: (id: string, component: string) =>
      `${isolated(id)} has no override of ${isolated(component)} any more.`,
    quarantined: ({ quarantined }: ForgottenUser) =>
      `Damaged rosters in quarantine may still name the person: ${quarantined.map((name) => isolated(name)).join(", ")}. Remove them there to delete the ids in them.`,
  },
} as const;
