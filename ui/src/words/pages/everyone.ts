/** Pages of help for people who decide who sees what. */

import type { HelpPage } from "../help";
import { follow } from "./following";
import { ramps } from "./ramps";
import { rosters } from "./rosters";

const what: HelpPage = {
  id: "what",
  title: "What Flagdeck is",
  blocks: [
    {
      kind: "text",
      text: "Flagdeck decides which parts of an application are on, and for whom. You switch components on and off in this window; applications on this machine read the result a moment later.",
    },
    {
      kind: "text",
      text: "Flagdeck needs no account, no server and no internet. Everything is in one folder on this machine, and nothing leaves it unless you set an address to push metrics to, or publish to a document that you follow.",
    },
    { kind: "heading", text: "Words" },
    {
      kind: "terms",
      items: [
        ["Component", "A part of an application that is on or off, such as `ui.badges`."],
        [
          "Group",
          "Components that belong together, such as `ui`. Its switch turns them all on or off.",
        ],
        [
          "Master switch",
          "Off means off for everyone, whatever else is set. It is the first row of Flags.",
        ],
        ["Rollout", "Who sees what is on: a percentage, groups of people and a strategy."],
        [
          "Revision",
          "One saved version of the flags, with its number, time and author. Revisions are never edited or deleted.",
        ],
      ],
    },
    { kind: "heading", text: "The eight views" },
    {
      kind: "terms",
      items: [
        ["Dashboard", "Whether anything is wrong, and what changed last."],
        ["Flags", "The components, their switches and their rollouts."],
        ["Rollouts", "How each rollout is doing, ramps that widen it, and what was decided."],
        ["Rosters", "Lists of your users, to count who gains and loses by a change."],
        ["Metrics", "What applications report, over time, with flag changes marked."],
        [
          "Snapshots",
          "Earlier states of applications: what changed and when, and how to restore it.",
        ],
        ["Activity", "Every revision: who, when, why and what."],
        ["Settings", "Configuration, access for applications, backups."],
      ],
    },
    {
      kind: "text",
      text: "`Ctrl+K` finds every command, component and revision by name. `Ctrl+?` lists all keys.",
    },
  ],
};

const rollout: HelpPage = {
  id: "rollout",
  title: "Switching and rolling out",
  blocks: [
    {
      kind: "text",
      text: "A component is on for a person when all of this is true: the master switch is on, the component is on, its rollout lets the person in, and everything it requires is on for that person.",
    },
    { kind: "heading", text: "Percentages" },
    {
      kind: "text",
      text: "A percentage is a fixed share of all users. At 0 % nobody sees the component, not even members of the groups. At 100 % everyone does, unless the strategy is Groups only. In between you can set steps of 0.001 %.",
    },
    {
      kind: "text",
      text: "Flagdeck hashes every user id into one of 100,000 buckets. At 12.5 %, users in the buckets below 12,500 see the component. A user's bucket never changes, so a person sees the same every day and on every machine, and raising a percentage takes the component away from nobody.",
    },
    { kind: "heading", text: "Strategies" },
    {
      kind: "terms",
      items: [
        ["Canary", "People in the groups first, then a fixed share of everyone."],
        ["Blue-green", "Everyone together: 0 % or 100 %, nothing in between. Groups are ignored."],
        [
          "Groups only",
          "Only a fixed share of the people in the groups. It takes effect once you add a group: without one it would restrict nothing.",
        ],
      ],
    },
    { kind: "heading", text: "Default and custom rollout" },
    {
      kind: "text",
      text: "A component follows the default rollout until you give it a custom one. With a custom rollout, its users are drawn independently: 25 % here and 25 % there are not the same people.",
    },
    { kind: "heading", text: "Saving" },
    {
      kind: "text",
      text: "Releasing the slider saves, and so does Enter in the field next to it. While you drag, a mark shows the value in force, and Escape puts it back. Leaving a field saves nothing: what you typed stays as a draft, marked with a dot in the list, until you save or discard it. Arrow keys move by 1 %, with Shift by 0.1 and with Alt by 0.001.",
    },
    { kind: "heading", text: "What a component requires" },
    {
      kind: "text",
      text: "A component can require others. It is on for a user only if each of them is on for the same user, and so on for what those require. The tree and the details show the resulting share: a component at 50 % that requires one at 25 % is seen by 12.5 % of everyone. Components cannot require each other in a circle.",
    },
    { kind: "heading", text: "All flags off" },
    {
      kind: "text",
      text: "`Ctrl+Shift+0`, or the button at the top right, turns the master switch off. It works even if the store cannot save. Until you turn flags back on, a banner in every view says since when they are off and who turned them off, and each row says whom its component would reach.",
    },
  ],
};

const who: HelpPage = {
  id: "who",
  title: "Who sees it",
  blocks: [
    {
      kind: "text",
      text: "Select a component in Flags and press `E`, or go to Explain a user. Type a user id, and the groups of the user if there are any. Flagdeck lists the rules it checked, in order. The last one decided.",
    },
    {
      kind: "text",
      text: "To see what a user got last Tuesday, and why, go to that moment first: `Ctrl+T`, then `tue 16:00`. The answer then comes from the flags of that moment.",
    },
    { kind: "heading", text: "The order of the rules" },
    {
      kind: "steps",
      items: [
        "The master switch is off, or the component is: off.",
        "Something it requires is switched off: off.",
        "The percentage is 0: off.",
        "The strategy is Groups only, there are groups, and the user is in none: off.",
        "The strategy is Canary and the user is in a group: on.",
        "The percentage is 100: on.",
        "There is no user id: off, because there is no bucket without one.",
        "The user's bucket is below the percentage: on. Otherwise: off.",
        "If it is on so far, everything it requires is checked the same way.",
      ],
    },
    { kind: "heading", text: "User ids" },
    {
      kind: "text",
      text: "Ids are taken exactly as they come: `Maria`, `maria` and `maria ` with a space are three different people. If an answer surprises you, compare the id letter by letter with the one your application sends.",
    },
    {
      kind: "text",
      text: "The command line gives the same answer: `flagctl explain ui.badges --user user42`.",
    },
  ],
};

const undo: HelpPage = {
  id: "undo",
  title: "Undo, history and restore",
  blocks: [
    {
      kind: "text",
      text: "Every change is kept as a revision. `Ctrl+Z` takes the last one back, and `Ctrl+Shift+Z` or `Ctrl+Y` brings it back; both say which change they act on. If the change was made on the command line, over HTTP or by another user, Flagdeck shows who made it and asks first. Undo still works after a restart.",
    },
    {
      kind: "text",
      text: "Undo deletes nothing. It saves a new revision, so the history shows that something was on for a while.",
    },
    { kind: "heading", text: "Going further back" },
    {
      kind: "steps",
      items: [
        "Open Activity and select a revision.",
        "Look at what would change.",
        "Choose Restore. The flags of that revision become the latest revision.",
      ],
    },
    {
      kind: "text",
      text: "A restore can be undone like any other change. Settings are not part of the history: in Settings, `Ctrl+Z` takes back the last setting you changed there, and Reset puts back the default. In Metrics and Snapshots it does nothing.",
    },
    { kind: "heading", text: "Looking at the past" },
    {
      kind: "text",
      text: "`Ctrl+T` in any view shows the flags as they were. Type a day and a time such as `2026-11-24 16:00`, `yesterday 16:00` or `tue 16:00`, or a revision such as `r128`; `[` and `]` go to the revision before and after. In Activity and in the history of a component, See flags as of this goes to that revision.",
    },
    {
      kind: "text",
      text: "The past is shown on a tinted background, under a banner that says which moment it is. You can look at it but not change it. “Restore this” makes those flags the latest revision, and `Escape` goes back to now. All flags off and the other views always show now.",
    },
    { kind: "heading", text: "If two people change the same" },
    {
      kind: "text",
      text: "A change made elsewhere appears by itself and does not disturb what you are typing. If it is about the value that you are changing, Flagdeck shows both values and lets you choose.",
    },
  ],
};

const components: HelpPage = {
  id: "components",
  title: "Adding and organising components",
  blocks: [
    {
      kind: "terms",
      items: [
        ["Add a component", "`Ctrl+N`. It goes into the group that is selected."],
        ["Add a group", "`Ctrl+Shift+N`."],
        ["Rename", "`F2`. Its rollout, description, requirements and history follow it."],
        ["Move", "`Ctrl+Shift+M`, to another group."],
        ["Remove", "`Delete`. Asks first if it is on or required. Undo brings it back."],
      ],
    },
    { kind: "heading", text: "Names" },
    {
      kind: "text",
      text: "A name is one letter from A to Z, in either case, followed by up to 63 letters, digits, `-` or `_`. A full name has the names of its groups before its own, with dots between them: at most eight in all. There can be up to 10,000 components.",
    },
    {
      kind: "text",
      text: "Applications ask for components by their full names: after renaming or moving one, change the applications that use it.",
    },
    { kind: "heading", text: "What people should know" },
    {
      kind: "text",
      text: "A component can have a title, a description, an owner, tags and an expiry date. `/` filters by name, title, tag and owner. The date is a reminder: Flagdeck removes nothing by itself.",
    },
    { kind: "heading", text: "Characters that cannot be seen" },
    {
      kind: "text",
      text: "A text from elsewhere may have characters that cannot be seen or that turn the text around. The window shows each as an escape, such as `\\u{202e}` or `\\n` for a line break, so that two names that differ look different. In fields where you edit the text, it stays as it is.",
    },
    { kind: "heading", text: "All at once" },
    {
      kind: "text",
      text: "`Ctrl+J` opens the flags as JSON to edit. `Ctrl+O` imports a document from a file and shows what would change before anything is saved; if it removes more than half of the components, you confirm that first. `Ctrl+Shift+E` exports the document to a file.",
    },
  ],
};

const metrics: HelpPage = {
  id: "metrics",
  title: "Reading the charts",
  blocks: [
    {
      kind: "text",
      text: "Metrics shows what applications report about their calculations: how many there are, how many fail and how long they take. Each dot with a dashed line is a flag change. Point at it to read what changed; click it to open the change in Activity.",
    },
    { kind: "heading", text: "What is drawn" },
    {
      kind: "terms",
      items: [
        [
          "Line and band",
          "In a long span, a point covers minutes or hours. The line is their mean and the band their range, so that a short peak stays visible.",
        ],
        [
          "95 % interval",
          "The measured share of failures is an estimate. In 95 of 100 cases the band contains the true share; after few calculations it is wide. On, off and their difference each have a band.",
        ],
        [
          "p50, p95, p99",
          "50, 95 or 99 of 100 calculations took no longer than this. Durations are counted in steps; one beyond the last step is shown as >5 s.",
        ],
        [
          "Spread of durations",
          "Each column is a moment, each row a range of durations. The stronger the colour, the more calculations took that long.",
        ],
        [
          "On, off",
          "Users who see the component, and users who do not: for all components together unless you choose one.",
        ],
        [
          "Dashed red, dotted amber",
          "The limits in Settings: above red is an error, above amber a warning.",
        ],
        ["Gaps", "Nothing was reported. A gap is not a zero."],
      ],
    },
    { kind: "heading", text: "Verdicts" },
    {
      kind: "text",
      text: "The dashboard has a verdict on each component: for the users who see it, and for those who do not. “ui.badges: 9.2 % errors on, 0.6 % off since revision 47” counts from the revision that last changed who sees it, at most 15 minutes back. Below 100 calculations there is not enough data, and a component is within limits only if there is enough from users who see it. A value that was over a limit is within it again once it falls to 90 % of the limit.",
    },
    {
      kind: "text",
      text: "Roll back shows the component to fewer people, as before, or switches it off. It shows nothing to more people, and you can undo it. Nothing is rolled back automatically yet.",
    },
    { kind: "heading", text: "Looking closer" },
    {
      kind: "steps",
      items: [
        "Drag over a part of a chart to see it in more detail. The charts pause while you look.",
        "Double-click, or choose Back to live, to continue.",
        "With the keyboard in a chart, the arrows read it point by point, plus and minus zoom, Shift with the arrows moves along, and Escape goes back to live.",
      ],
    },
    {
      kind: "text",
      text: "CSV writes every point as a table, with times in UTC and no cell that a spreadsheet would run as a formula; PNG makes a picture of all charts as shown.",
    },
    { kind: "heading", text: "How charts are filled" },
    {
      kind: "text",
      text: "Applications post their events to `/api/ml/events`, at the address that Settings, Access shows. To see the charts move without an application, choose Start demo on the dashboard or run `flagctl demo`: it reports made-up data, marked as synthetic. Open sample app opens a small page in the browser that uses the flags. Remove demo deletes what both reported.",
    },
  ],
};

const snapshots: HelpPage = {
  id: "snapshots",
  title: "Snapshots of states",
  blocks: [
    {
      kind: "text",
      text: "An application can report its state as one JSON tree under `ml`. Flagdeck keeps snapshots of it, so that you can compare any two moments, find out what set a value, and restore an earlier state.",
    },
    { kind: "heading", text: "Words" },
    {
      kind: "terms",
      items: [
        ["Source", "An application that reports a state, by the name it gives itself."],
        ["Snapshot", "The state of one source at one moment, with the revision of the flags."],
        [
          "A and B",
          "The two states you compare: what changed from A to B. Either may be Now, the current state.",
        ],
        [
          "Pinned",
          "Kept until you unpin it. Of the others, every snapshot is kept for 15 days, one an hour for 90 days and one a day for two years.",
        ],
      ],
    },
    { kind: "heading", text: "Finding the moment" },
    {
      kind: "steps",
      items: [
        "The timeline shows when much changed: the higher a column, the more values. The dots below it are revisions of the flags; click one to open it in Activity.",
        "Drag over a part of the timeline to look closer. Escape goes back; Show all shows the whole time.",
        "Click a column or a row to see what changed in that snapshot. To compare any two, Shift-click another one or press A on it: it becomes A, and stays A until you press A on it again.",
        "The end of a row shows what set the value: the line of code or the person, and when. Press B for its whole history.",
        "Type in the field above the list to find snapshots in which a path or value changed, or whose name or note contains the text.",
        "Space plays back: B goes from snapshot to snapshot, from the earliest one listed.",
      ],
    },
    { kind: "heading", text: "Keeping and going back" },
    {
      kind: "terms",
      items: [
        [
          "Take a snapshot",
          "If something changed, Flagdeck takes one by itself at the interval in Settings. Before something risky, take one and name it.",
        ],
        [
          "Restore",
          "Asks the application to restore an earlier state: all of it, or the parts you check, down to one value or one record. `R` on a row asks for that row alone. The current state is saved first. The state you see does not change until the application reports it.",
        ],
        [
          "Open, confirmed",
          "A restore stays open until the application confirms it. The application is notified again whenever it connects, and you can cancel the restore. Green means confirmed exactly as asked; otherwise the parts that differ are named. A newer restore of the same source supersedes an open one.",
        ],
        [
          "Undo",
          "Asks for the same parts as they were before the restore. If any of them changed since, you see that first. Every restore is listed under Restores and in Activity, a damaged one marked as such.",
        ],
        [
          "Recover",
          "If what is stored of a state is damaged, Flagdeck says so instead of showing it. Recover puts a snapshot in its place; what the application reported after that is lost.",
        ],
        [
          "Export and import",
          "Export writes the snapshots you choose to a file, for another machine or a bug report. What is damaged is left out, and you are told how much. Imported snapshots are marked as such, and you can remove them.",
        ],
      ],
    },
    { kind: "heading", text: "How applications report states" },
    {
      kind: "text",
      text: "Use the token from Settings, Access. The address ends with the name of the source:",
    },
    {
      kind: "code",
      text: `curl -X PUT http://127.0.0.1:4680/api/ml/state/my-app \\
  -H "Authorization: Bearer $(flagctl token)" \\
  -H 'Content-Type: application/json' -d '{"usage":{"filesAnalyzed":1204}}'`,
    },
    {
      kind: "text",
      text: "`POST …/my-app/changes` records single changes, each with the line of code that made it, which Blame shows. If a value came with a whole report, Blame says between which two moments it was set. `flagctl demo` runs a made-up application that does all of this.",
    },
  ],
};

export const forEveryone: readonly HelpPage[] = [
  what,
  rollout,
  ramps,
  who,
  rosters,
  undo,
  components,
  follow,
  metrics,
  snapshots,
];
