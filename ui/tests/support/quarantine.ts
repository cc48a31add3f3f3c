/** What is in quarantine, for tests and for looking at it. */

import type { Notice, Quarantined, Survey } from "../../src/bindings/wire";

/** An entry with what can be read of it. */
export interface SetAside {
  entry: Quarantined;
  survey: Survey;
}

const HOUR_MS = 3_600_000;

function survey(name: string, found: Partial<Survey>): Survey {
  return {
    name,
    sound: 0,
    damaged: 0,
    fromMs: null,
    toMs: null,
    readable: "",
    takes: [],
    leaves: [],
    changes: [],
    ...found,
  };
}

const PLACE = "/home/maria/.local/share/flagdeck/quarantine";

/** Revisions and snapshots that are missing here, and a file that cannot be read. */
export function typicalQuarantine(nowMs: number): SetAside[] {
  const flags = "20261123T120312.102Z";
  const states = "state-1795442400102.db";
  return [
    {
      entry: {
        name: "metrics-1795000000000.db",
        path: `${PLACE}/metrics-1795000000000.db`,
        bytes: 9000,
        database: "metrics",
        label: null,
      },
      survey: survey("metrics-1795000000000.db", {
        readable: "Nothing in it can be read: the file is not a database.",
      }),
    },
    {
      entry: {
        name: states,
        path: `${PLACE}/${states}`,
        bytes: 2_415_616,
        database: "states",
        label: {
          database: "states",
          what: "state.db: the database is malformed",
          atMs: nowMs - 26 * HOUR_MS,
          seen: true,
          kept: null,
        },
      },
      survey: survey(states, {
        sound: 41,
        damaged: 3,
        fromMs: nowMs - 20 * 24 * HOUR_MS,
        toMs: nowMs - 26 * HOUR_MS,
        readable: "37 snapshots of web, 4 snapshots of shop can be read; 3 cannot.",
        takes: ["37 snapshots of web", "4 snapshots of shop"],
      }),
    },
    {
      entry: {
        name: flags,
        path: `${PLACE}/${flags}`,
        bytes: 182_272,
        database: "flags",
        label: {
          database: "flags",
          what: "flagdeck.db: it ends at revision 26, but revision 31 had been saved",
          atMs: nowMs - HOUR_MS,
          seen: false,
          kept: null,
        },
      },
      survey: survey(flags, {
        sound: 31,
        fromMs: nowMs - 9 * 24 * HOUR_MS,
        toMs: nowMs - 2 * HOUR_MS,
        readable: "31 revisions (1 to 31) can be read.",
        takes: ["revisions 27 to 31"],
        changes: ["Default rollout: 3 % → 5 %", "ui.badges on"],
      }),
    },
  ];
}

/** Long texts, and much of everything. */
export function extremeQuarantine(nowMs: number): SetAside[] {
  const [file, states, flags] = typicalQuarantine(nowMs);
  if (!file || !states || !flags) throw new Error("there are three");
  const long = "a-very-long-name-of-an-application/".repeat(8);
  states.survey.takes = Array.from(
    { length: 5 },
    (_, index) => `${index + 2} snapshots of ${index}-${long}`,
  );
  states.survey.readable = `${states.survey.takes.join(", ")} can be read; 1,024 cannot.`;
  flags.survey.changes = Array.from({ length: 100 }, (_, index) => `${long}${index}: 3 % → 5 %`);
  flags.survey.leaves = [
    "1 revision is not taken back: a revision before cannot be read. Export the latest document to see what it holds.",
  ];
  if (flags.entry.label)
    flags.entry.label.what = `flagdeck.db: ${"the database is malformed, ".repeat(20)}`;
  file.entry.name = file.entry.path = long;
  file.survey.name = long;
  return [file, states, flags];
}

/** The notice of an entry that was not looked at. */
export function noticeOf({ entry }: SetAside): Notice {
  return {
    level: "error",
    message: `The saved flags were damaged. The files were moved to ${entry.path}.`,
    entry: entry.name,
  };
}
