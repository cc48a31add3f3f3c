/** The page of help about lists of users. */

import type { HelpPage } from "../help";

export const rosters: HelpPage = {
  id: "rosters",
  title: "Rosters: who is affected",
  blocks: [
    {
      kind: "text",
      text: "A roster is a list of your users. With one, Flagdeck says before a change is saved how many people gain and lose something by it, in which groups, and who they are. Without one, it says shares.",
    },
    {
      kind: "text",
      text: "Import a file in Rosters, or drop it on the window. Flagdeck shows what it understood, and imports nothing until you confirm. The file stays as it is.",
    },
    { kind: "heading", text: "Files" },
    {
      kind: "terms",
      items: [
        [
          "CSV",
          "The first line names the columns: `id`, and if there are any `groups` and `weight`. Commas, semicolons or tabs separate them.",
        ],
        ["One id a line", "A file of one column without a name."],
        ["NDJSON", "One JSON object a line, with `id`, `groups` and `weight`."],
        ["SQLite", "The table with a column `id`. If there are several, you choose one."],
      ],
    },
    { kind: "code", text: "id,groups,weight\nada@example.com,beta;eu,2.5\nuser-000017,,1" },
    {
      kind: "text",
      text: "Semicolons separate groups. A weight says how much a person counts; without one it is 1. Further columns are kept as attributes. Of several rows with one id, the last one counts. Rows that cannot be read are left out and listed.",
    },
    { kind: "heading", text: "Which roster is counted" },
    {
      kind: "text",
      text: "There can be several rosters. The one marked “Counted over” is used for all counts in this window, until you choose another. Importing a file under the name of a roster replaces that roster, and says how many people are added, removed and changed.",
    },
    { kind: "heading", text: "Find a person" },
    {
      kind: "text",
      text: "Type an id in Rosters to see the groups of the person and every component, on or off, with the reason. Select a component to see all of its rules in Flags.",
    },
    { kind: "heading", text: "Personal data" },
    {
      kind: "text",
      text: "Ids stay on this machine, in `rosters.db` of the data folder. They are in no revision, backup, export or log. “Forget a person” removes one person from every roster and ends the overrides for that person; “Remove” deletes a whole roster. Neither can be undone.",
    },
    {
      kind: "text",
      text: "The command line does the same: `flagctl roster import`, `flagctl preview`, `flagctl roster forget`.",
    },
  ],
};
