/** A revision as a report for people elsewhere: plain Markdown. */

import type { Change, Difference, Revision } from "../bindings/wire";
import { formatMoment } from "../format";
import { words } from "../words";
import { visible, visibleJson } from "./visible";

export function reportOf(revision: Revision, difference: Difference): string {
  const { report, why, actor } = words.activity;
  const { revision: number, atMs, note } = revision;
  const facts = [
    [report.when, `${new Date(atMs).toISOString()} (${formatMoment(atMs)})`],
    [report.who, escape(actor(revision.actor))],
    [report.why, why(revision.cause)],
    // On one line, so that it stays one point of the list.
    ...(note === null ? [] : [[report.note, escape(visible(note.replaceAll(/\s+/g, " ")))]]),
  ];
  const unseen = difference.total - difference.changes.length;
  return [
    `# ${report.title(number)}`,
    "",
    ...facts.map(([name, value]) => `- **${name}:** ${value}`),
    "",
    `## ${report.changes}`,
    "",
    ...difference.changes.flatMap(linesOf),
    ...(unseen > 0 ? [`- ${report.more(unseen)}`] : []),
    "",
  ].join("\n");
}

function linesOf(change: Change): string[] {
  const value = (json: string | null) =>
    json === null ? words.activity.report.nothing : code(visibleJson(json));
  return [
    `- ${escape(visible(change.sentence))}`,
    `  ${code(visible(change.pointer) || "/")}: ${value(change.before)} → ${value(change.after)}`,
  ];
}

/** Takes its meaning from what Markdown would read as more than text. */
function escape(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>#|~]/g, (sign) => `\\${sign}`);
}

/** Fences code with more ticks than it has in a row. */
function code(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? fence + text + fence : `${fence} ${text} ${fence}`;
}
