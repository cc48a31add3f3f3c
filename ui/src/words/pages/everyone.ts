/** Pages of help for whoever decides who sees what. */

import type { HelpPage } from "../help";

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
      text: "There is no account, no server and no internet. Everything is in one folder on this machine, and nothing leaves it.",
    },
    { kind: "heading", text: "Words" },
    {
      kind: "terms",
      items: [
        ["Component", "Something that is on or off, such as `ui.badges`."],
        ["Group", "Components that belong together, such as `ui`. Its switch turns all of them."],
        [
          "Master switch",
          "Off means off for everyone, whatever else is set. It is the first row of Flags.",
        ],
        ["Rollout", "Who sees what is on: a percentage, groups of people and a strategy."],
        [
          "Revision",
          "One saved version of the flags, with a number, a time and who saved it. Revisions are never edited and never deleted.",
        ],
      ],
    },
    { kind: "heading", text: "The six views" },
    {
      kind: "terms",
      items: [
        ["Dashboard", "Is anything wrong, and what changed last."],
        ["Flags", "The components, their switches and their rollouts."],
        ["Metrics", "What applications report, over time, with every flag change marked."],
        [
          "Snapshots",
          "What applications know, as it was: what changed, since when, and the way back.",
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
      text: "A percentage is a fixed share of all users. At 0 % nobody sees the component, the groups included. At 100 % everyone does, with the exception of the strategy for groups only. In between you can set steps as fine as 0.001 %.",
    },
    {
      kind: "text",
      text: "Flagdeck places every user id in one of 100,000 buckets by hashing it. Who is in a bucket below the percentage is in: at 12.5 % those are the buckets below 12,500. A bucket never changes, so a person sees the same today and tomorrow, on every machine, and raising a percentage takes the component away from nobody.",
    },
    { kind: "heading", text: "Strategies" },
    {
      kind: "terms",
      items: [
        ["Canary", "People in the groups first, then a fixed share of everyone."],
        ["Blue-green", "Everyone together: 0 % or 100 %, nothing in between. Groups are ignored."],
        [
          "Groups only",
          "Only people in the groups, and of them a fixed share. Choosing it takes effect once a group is named: without a group it would restrict nothing.",
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
      text: "Releasing the slider saves, and so does Enter in the field next to it. While you drag, a mark shows the value in force, and Escape puts it back. Leaving saves nothing: what you typed stays as a draft, marked with a dot in the list, until you save or discard it. Arrow keys move by 1 %, with Shift by 0.1 and with Alt by 0.001.",
    },
    { kind: "heading", text: "What a component requires" },
    {
      kind: "text",
      text: "A component can require others. It is on for a user only if each of them is on for the same user, and so on for what those require. The tree and the details say who is left: at 50 %, requiring a component at 25 %, it is seen by 12.5 % of everyone. Components cannot require each other in a circle.",
    },
    { kind: "heading", text: "All flags off" },
    {
      kind: "text",
      text: "`Ctrl+Shift+0`, or the button at the top right, turns the master switch off. It works while anything else hangs. A banner in every view says since when and by whom, until you turn flags back on.",
    },
  ],
};

const who: HelpPage = {
  id: "who",
  title: "Who sees it",
  blocks: [
    {
      kind: "text",
      text: "Select a component in Flags and press `E`, or go to Explain a user. Type a user id, and the groups of the person if there are any. Flagdeck answers with every rule it looked at, in order. The last one decided.",
    },
    {
      kind: "text",
      text: "To learn what somebody got last Tuesday, and why, go to that moment first: `Ctrl+T`, then `tue 16:00`. The answer is then the one of the flags of that moment.",
    },
    { kind: "heading", text: "The order of the rules" },
    {
      kind: "steps",
      items: [
        "The master switch is off, or the component is: off.",
        "Something it requires is switched off: off.",
        "The percentage is 0: off.",
        "The strategy is Groups only, groups are named, and the person is in none: off.",
        "The strategy is Canary and the person is in a group: on.",
        "The percentage is 100: on.",
        "There is no user id: off, because nobody without an id can be placed.",
        "The bucket of the person is below the percentage: on. Else: off.",
        "Where it is on so far, the same is asked of everything it requires.",
      ],
    },
    { kind: "heading", text: "User ids" },
    {
      kind: "text",
      text: "Ids are taken exactly as they come: `Maria`, `maria` and `maria ` with a space are three different people. Where an answer surprises you, compare the id letter by letter with the one your application sends.",
    },
    {
      kind: "text",
      text: "The same answer comes from the command line: `flagctl explain ui.badges --user user42`.",
    },
  ],
};

const undo: HelpPage = {
  id: "undo",
  title: "Undo, history and restore",
  blocks: [
    {
      kind: "text",
      text: "Every change is kept as a revision. `Ctrl+Z` takes the last one back, and `Ctrl+Shift+Z` or `Ctrl+Y` brings it back; both say which change they act on. If it was made on the command line, over HTTP or by another user, Flagdeck shows whose it is and asks first. Undo still works after a restart.",
    },
    {
      kind: "text",
      text: "Undo deletes nothing. It saves a revision of its own, so that the history shows that something was on for a while and then taken back.",
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
      text: "A restore can be undone like any other change. Settings are not part of the history: in Settings, `Ctrl+Z` takes back the last setting you changed there, and Reset puts back the default. In Metrics and Snapshots there is nothing to undo with it.",
    },
    { kind: "heading", text: "Looking at the past" },
    {
      kind: "text",
      text: "`Ctrl+T` in any view shows the flags as they were. Type a day and a time such as `2026-11-24 16:00`, `yesterday 16:00` or `tue 16:00`, or a revision such as `r128`; `[` and `]` go to the revision before and after. In Activity and in the history of a component, See flags as of this goes to that revision.",
    },
    {
      kind: "text",
      text: "The past is shown on a tinted background, under a banner that says which moment it is. You can look at it but not change it. “Restore this” puts that moment in force again, and `Escape` goes back to now. All flags off and the other views always mean now.",
    },
    { kind: "heading", text: "When two change the same" },
    {
      kind: "text",
      text: "A change from elsewhere appears by itself and does not disturb what you are typing. Where your change and another one meet, Flagdeck shows both values and lets you choose.",
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
        [
          "Rename",
          "`F2`. Its rollout, its description and what requires it move along, and so does its history.",
        ],
        ["Move", "`Ctrl+Shift+M`, to another group."],
        ["Remove", "`Delete`. Flagdeck names what requires it first. Undo brings it back."],
      ],
    },
    { kind: "heading", text: "Names" },
    {
      kind: "text",
      text: "A name begins with a letter from A to Z and goes on with up to 63 letters, digits, `-` or `_`. A full name is the names of its groups and its own with dots between them, at most eight in all. There can be 10,000 components.",
    },
    {
      kind: "text",
      text: "Applications ask for components by their full names: after renaming or moving one, change the applications that use it.",
    },
    { kind: "heading", text: "What people should know" },
    {
      kind: "text",
      text: "A component can have a title, a description, an owner, tags, and a day when it should be gone. `/` filters by name, title, tag and owner. The day only reminds: Flagdeck removes nothing by itself.",
    },
    { kind: "heading", text: "Characters that cannot be seen" },
    {
      kind: "text",
      text: "A text from elsewhere may have characters that cannot be seen or that turn the text around. The window shows each as an escape, such as `\\u{202e}` or `\\n` for a line break, so that two names that differ look different. In fields where you edit the text, it stays as it is.",
    },
    { kind: "heading", text: "All at once" },
    {
      kind: "text",
      text: "`Ctrl+J` shows the flags as JSON to be edited. `Ctrl+O` takes in a document from a file and shows what it would change before anything is saved. `Ctrl+Shift+E` writes the document to a file.",
    },
  ],
};

const metrics: HelpPage = {
  id: "metrics",
  title: "Reading the charts",
  blocks: [
    {
      kind: "text",
      text: "Metrics shows what applications report about their calculations: how many, how many fail, how long they take. Each dot with a dashed line is a change of the flags. Point at it to read what changed; click it to see the change in Activity.",
    },
    { kind: "heading", text: "What is drawn" },
    {
      kind: "terms",
      items: [
        [
          "Line and band",
          "A point of a long span stands for minutes or hours. The line is their mean, the band reaches from the lowest to the highest, so that a short peak stays to be seen.",
        ],
        [
          "95 % interval",
          "The measured share of failures is an estimate. The band contains the true share 95 times in a hundred, and is wide after few calculations. On and off have one each, and so does their difference.",
        ],
        [
          "p50, p95, p99",
          "Half, 95 or 99 of a hundred calculations took no longer. Durations are counted by steps: beyond the last one all that is known is that it took longer, which is written as >5 s.",
        ],
        [
          "Spread of durations",
          "Each column is a moment, each row a step of durations. The stronger the colour, the more calculations took that long.",
        ],
        [
          "On, off",
          "Users who see the component, and users who do not. Of all components together unless you choose one.",
        ],
        [
          "Dashed red, dotted amber",
          "The limits in the settings. Beyond red is an error, beyond amber a warning.",
        ],
        ["Gaps", "Nothing was reported. A gap is not a zero."],
      ],
    },
    { kind: "heading", text: "Verdicts" },
    {
      kind: "text",
      text: "The dashboard judges each component twice: for the users who see it and for those who do not. “ui.badges: 9.2 % errors on, 0.6 % off since revision 47” counts from the revision that last changed who sees it, at most 15 minutes back. Under 100 calculations there is not enough data yet, and without enough of them from users who see a component nothing is called within limits. Once over a limit, a value is within it again at 90 % of the limit.",
    },
    {
      kind: "text",
      text: "Roll back shows the component to fewer people again, as it was before, or switches it off. Nobody sees more of anything, and you can undo it. Nothing is rolled back automatically yet.",
    },
    { kind: "heading", text: "Looking closer" },
    {
      kind: "steps",
      items: [
        "Drag over a part of a chart to see it in more detail. The charts stand still while you look.",
        "Double-click, or choose Back to live, to go on.",
        "With the keyboard in a chart, the arrows read it point by point, plus and minus zoom, Shift with the arrows moves along, and Escape goes back to live.",
      ],
    },
    {
      kind: "text",
      text: "CSV writes every point as a table, with times in UTC and no cell that a spreadsheet would run as a formula; PNG makes a picture of all charts as they stand.",
    },
    { kind: "heading", text: "How charts are filled" },
    {
      kind: "text",
      text: "Applications post their events to `/api/ml/events`, at the address that Settings, Access shows. To see the charts move without an application, run `flagctl demo` in a terminal: it makes reports up, and says so.",
    },
  ],
};

const snapshots: HelpPage = {
  id: "snapshots",
  title: "Snapshots of states",
  blocks: [
    {
      kind: "text",
      text: "An application may hand in its state: whatever it knows, as one JSON tree under `ml`. Flagdeck keeps snapshots of it, so that you can see what changed between any two moments, what set a value, and go back.",
    },
    { kind: "heading", text: "Words" },
    {
      kind: "terms",
      items: [
        ["Source", "An application that hands in a state, by the name it gives itself."],
        ["Snapshot", "The state of one source at one moment, with the revision of the flags."],
        [
          "A and B",
          "The two states that are compared: A is what it was, B what it became. Either may be Now, the state as it is.",
        ],
        [
          "Pinned",
          "Stays until it is let go. Others go with time: every snapshot is kept for 15 days, one an hour for 90 days, one a day for two years.",
        ],
      ],
    },
    { kind: "heading", text: "Finding the moment" },
    {
      kind: "steps",
      items: [
        "The timeline shows when much changed: the higher a column, the more values. The dots beneath are revisions of the flags; a click opens one in Activity.",
        "Drag over a part of the timeline to look closer. Escape goes back; Show all has everything there is.",
        "Click a column or a row to see what changed in that snapshot. Shift and a click, or the key A, makes another one A, which stays until you press A on it again, so that any two can be compared.",
        "At the end of a row stands what set the value: the line of code or the person, and when. The key B tells the rest of its past.",
        "Type into the field above the list to find the snapshots in which a path or value changed, or whose name or note has the text.",
        "Space plays back: B goes from snapshot to snapshot, from the earliest one listed.",
      ],
    },
    { kind: "heading", text: "Keeping and going back" },
    {
      kind: "terms",
      items: [
        [
          "Take a snapshot",
          "At the interval of the settings Flagdeck takes one by itself, if something changed. Before something risky, take one with a name.",
        ],
        [
          "Restore",
          "Asks the application for an earlier state: everything, or the parts you check, down to one value or one record. `R` on a row asks for that alone. The current state is saved first. The state you see does not change until the application reports it.",
        ],
        [
          "Open, confirmed",
          "A restore stays open until the application confirms it. The application is notified again whenever it connects, and you can cancel the restore. Green means confirmed exactly as asked; otherwise the parts that differ are named. A newer restore of the same source supersedes an open one.",
        ],
        [
          "Undo",
          "Asks for the same parts as they were before the restore. If anything in them changed since, you see that first. Every restore is listed under Restores and in Activity.",
        ],
        [
          "Export and import",
          "A file with the snapshots you choose, for another machine or a bug report. What came from a file is marked so, and can be removed again.",
        ],
      ],
    },
    { kind: "heading", text: "How states are handed in" },
    {
      kind: "text",
      text: "With the token of Settings, Access. The name of the source is the end of the address:",
    },
    {
      kind: "code",
      text: `curl -X PUT http://127.0.0.1:4680/api/ml/state/my-app \\
  -H "Authorization: Bearer $(flagctl token)" \\
  -H 'Content-Type: application/json' -d '{"usage":{"filesAnalyzed":1204}}'`,
    },
    {
      kind: "text",
      text: "`POST …/my-app/changes` records single changes, each with the line it came from, which Blame names. If a value came with a whole report, Blame says between which two moments it was set. `flagctl demo` makes up an application that does all of it.",
    },
  ],
};

export const forEveryone: readonly HelpPage[] = [
  what,
  rollout,
  who,
  undo,
  components,
  metrics,
  snapshots,
];
