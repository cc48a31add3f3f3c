/** Pages of help for whoever connects applications and looks after the machine. */

import type { HelpPage } from "../help";

const connect: HelpPage = {
  id: "connect",
  title: "Connecting an application",
  blocks: [
    {
      kind: "text",
      text: "While this window or `flagctl serve` is open, the flags are at one address on this machine. Settings, Access shows it; the usual one is:",
    },
    { kind: "code", text: "curl -s http://127.0.0.1:4680/api/ml/flags" },
    { kind: "text", text: "The answer is the flag document:" },
    {
      kind: "code",
      text: `{
  "enabled": true,
  "components": {
    "calculator": true,
    "tracker": false,
    "ui": { "badges": true, "dashboard": false }
  },
  "rollout": { "percentage": 25, "userGroups": ["beta"], "strategy": "canary" },
  "rollouts": {
    "ui.badges": { "percentage": 12.5, "userGroups": [], "strategy": "canary" }
  },
  "requires": { "ui.dashboard": ["tracker"] }
}`,
    },
    {
      kind: "text",
      text: "`enabled` is the master switch, `components` the tree of switches, `rollout` who sees what is on. The other keys are optional: `rollouts` of single components, what a component `requires`, what people should know `about` it, and the kind of `bucketing`.",
    },
    { kind: "heading", text: "Asking again" },
    {
      kind: "text",
      text: "Every answer has an `ETag`. Send it back as `If-None-Match`: `304` says that nothing changed, and costs next to nothing. Keep the last document you read, and use it while Flagdeck is closed.",
    },
    {
      kind: "code",
      text: `curl -i http://127.0.0.1:4680/api/ml/flags -H 'If-None-Match: "…"'`,
    },
    { kind: "heading", text: "Changing flags" },
    {
      kind: "text",
      text: "`PATCH` takes a JSON Merge Patch, `PUT` a whole document. Both need the token of Settings, Access, and the `ETag` you started from as `If-Match`, so that nobody's change is lost; `If-Match: *` takes any.",
    },
    {
      kind: "code",
      text: `curl -X PATCH http://127.0.0.1:4680/api/ml/flags \\
  -H "Authorization: Bearer $(flagctl token)" -H 'If-Match: "…"' \\
  -H 'Content-Type: application/merge-patch+json' \\
  -d '{"rollout":{"percentage":50}}'`,
    },
    {
      kind: "terms",
      items: [
        ["401", "The token is missing or wrong."],
        [
          "409",
          "`large_loss`: the document or patch would remove more than half of the components. Send `Flagdeck-Confirm: large-loss` to remove them.",
        ],
        ["412", "Somebody changed the flags since; read them again."],
        [
          "422",
          "The document is not valid, or is not a flag document at all. The answer says everything that is wrong with it.",
        ],
        ["428", "`If-Match` is missing."],
      ],
    },
    { kind: "heading", text: "From a web page" },
    {
      kind: "text",
      text: "A page in a browser may read the flags when its origin is listed in the setting `http.allowedOrigins`, such as `http://localhost:5173`. So may a packaged web application, such as `tauri://localhost` or `chrome-extension://<id>`. `null`, which every file and sandboxed page sends, cannot be listed.",
    },
    {
      kind: "text",
      text: "`/healthz` says whether Flagdeck is up and can save (`ok`, `read_only` or `store_gone`), and the revision in force. If a Pushgateway is set, `push` says whether pushes arrive, and since when they fail.",
    },
  ],
};

const report: HelpPage = {
  id: "report",
  title: "Reporting calculations",
  blocks: [
    {
      kind: "text",
      text: "An application reports what it does in batches, one event a line or as a JSON array, with the token of Settings, Access:",
    },
    {
      kind: "code",
      text: `curl http://127.0.0.1:4680/api/ml/events \\
  -H "Authorization: Bearer $(flagctl token)" \\
  -H 'Content-Type: application/x-ndjson' -d '
{"type":"ml:calculation:complete","source":"shop","duration":0.041,"confidence":0.83,"component":"ui.badges","user":"user42"}
{"type":"ml:calculation:error","source":"shop","component":"ui.badges","user":"user7"}
{"type":"ml:memory","source":"shop","bytes":96000000}'`,
    },
    {
      kind: "terms",
      items: [
        [
          "`ml:calculation:complete`",
          "A calculation ended well: `duration` in seconds, `confidence` from 0 to 1. Optional: `iterations`, and for whom it was, as below.",
        ],
        ["`ml:calculation:error`", "A calculation failed."],
        ["`ml:memory`", "How many `bytes` the application uses; about every 5 seconds."],
        ["`ml:usage`", "The application was used."],
      ],
    },
    {
      kind: "text",
      text: "`component` and `exposed` tell those who have a component from those who do not. Where `exposed` is missing, Flagdeck evaluates it for `user` and `groups` with the flags in force.",
    },
    { kind: "heading", text: "The answer" },
    {
      kind: "text",
      text: "It comes when the good events are on disk. Bad ones are told by their index, with the field and its range, and change nothing for the others.",
    },
    {
      kind: "terms",
      items: [
        ["`Idempotency-Key`", "A name for a batch: sent again within the hour, it counts once."],
        ["422", "Another batch was sent under that name before."],
        ["429", "Too much waits to be stored: send the batch again after `Retry-After` seconds."],
      ],
    },
    { kind: "heading", text: "Prometheus" },
    {
      kind: "text",
      text: "A Prometheus reads all of it at `/metrics`, in OpenMetrics or the classic text. `metrics.pushGateway` pushes it; if pushes fail, State Health, `flagctl metrics`, `flagctl doctor` and `/healthz` say since when and why. With `metrics.prometheus` the charts come from a Prometheus.",
    },
  ],
};

const commands: HelpPage = {
  id: "commands",
  title: "Command line",
  blocks: [
    {
      kind: "text",
      text: "`flagctl` shares the data folder with this window; both may run at once, and each sees what the other saves.",
    },
    {
      kind: "terms",
      items: [
        ["`flagctl get`", "Shows the flags."],
        ["`flagctl set ui.badges on`", "Switches a component, or every component of a group."],
        ["`flagctl master off`", "Turns the master switch."],
        [
          "`flagctl rollout ui.badges --percentage 12.5 --groups beta`",
          "Changes who sees a component; without a name, the rollout of all.",
        ],
        ["`flagctl explain ui.badges --user user42`", "Says what a user gets, and why."],
        [
          "`flagctl eval ui.badges --users roster.txt --count`",
          "Counts for how many of a list of users it is on: one id a line, blanks included.",
        ],
        ["`flagctl history`", "Lists revisions, latest first."],
        ["`flagctl restore 12`", "Puts revision 12 in force again, as a revision of its own."],
        ["`flagctl undo`, `flagctl redo`", "Take the last change back, and bring it back."],
        [
          "`flagctl export`, `flagctl import flags.json`",
          "Write a whole document, and replace the flags by one. If that removes more than half of the components, it asks first; a script adds `--yes`.",
        ],
        ["`flagctl metrics`", "Summarises what applications reported."],
        ["`flagctl demo`", "Makes an application up that reports, to see the charts move."],
        ["`flagctl doctor`", "Looks for anything wrong with the data folder and the settings."],
        ["`flagctl serve`", "Serves the flags over HTTP without this window."],
      ],
    },
    {
      kind: "text",
      text: "`--note` says why, for those who read the history. `--json` makes any command talk to programs. `flagctl --help` lists every command and exit code; `flagctl completions bash` prints what the shell wants.",
    },
  ],
};

const data: HelpPage = {
  id: "data",
  title: "Where data is, and backups",
  blocks: [
    {
      kind: "text",
      text: "Everything is in one folder: `~/.local/share/flagdeck`, unless `--data-dir` or `FLAGDECK_DATA_DIR` says otherwise. Settings, Access shows it. It has to be on a disk of this machine; a network drive is refused, because a store is not safe there.",
    },
    {
      kind: "terms",
      items: [
        ["`flagdeck.db`", "The store: every revision of the flags."],
        ["`backups`", "The last ten copies of the store, each checked when it was made."],
        ["`quarantine`", "What was damaged and set aside. Flagdeck never deletes it."],
        ["`config.toml`", "The settings that were changed."],
        ["`token`", "What clients need to change flags over HTTP. Only you can read it."],
      ],
    },
    { kind: "heading", text: "Backups" },
    {
      kind: "text",
      text: "While something changes, Flagdeck makes a backup every ten minutes and keeps the last ten. Settings, Backups makes one at once, and restores one: you see what would change first, and the flags in it become a revision of their own, which undo takes back.",
    },
    { kind: "heading", text: "Settings" },
    {
      kind: "text",
      text: "A setting has its default, unless `config.toml`, the environment (`FLAGDECK_HTTP_PORT`) or the command line (`--config http.port=4700`) says otherwise. The last of these wins. A setting that the environment or the command line decides is locked in this window, because writing the file would change nothing. `flagctl doctor` names a variable that looks like one of Flagdeck's and is not.",
    },
  ],
};

const trouble: HelpPage = {
  id: "trouble",
  title: "When something goes wrong",
  blocks: [
    { kind: "heading", text: "The port is used by another program" },
    {
      kind: "text",
      text: "Flagdeck says which program it is, where it may know, and goes on without serving flags over HTTP. Close that program, or choose another port in Settings, and start Flagdeck again. Port 0 picks a free one.",
    },
    { kind: "heading", text: "Nothing can be saved" },
    {
      kind: "text",
      text: "The line at the top says why: the disk is full or write-protected, or the folder belongs to somebody else. The flags in force stay in force and are still served. Remove the reason and start Flagdeck again.",
    },
    { kind: "heading", text: "The data folder was removed or replaced" },
    {
      kind: "text",
      text: "Nothing is saved until you choose; keep Flagdeck open, it still holds everything. “Write back” puts all of it back, with its history; what is in its place is set aside in `quarantine`. A folder that was only moved can be moved back instead. “Use the new store” continues with what is there and keeps a copy of what was open. For `flagctl serve`, run `flagctl doctor --write-back`, or restart it to use the new store.",
    },
    { kind: "heading", text: "The store was damaged" },
    {
      kind: "text",
      text: "Flagdeck sets the damaged files aside in `quarantine` and opens the newest good backup. Changes made after that backup are not in force: look through the flags. Without a good backup all flags start afresh, switched off. `flagctl doctor` says what state the folder is in.",
    },
    { kind: "heading", text: "Something must go off now" },
    {
      kind: "text",
      text: "`Ctrl+Shift+0` turns everything off for everyone, even where something else hangs. Where it cannot be saved at once, Flagdeck holds everything off and saves it as soon as it can. Undo takes it back.",
    },
    { kind: "heading", text: "An application does not see a change" },
    {
      kind: "steps",
      items: [
        "Compare the address it reads with the one in Settings, Access.",
        "Look at the flags there: `curl -s http://127.0.0.1:4680/api/ml/flags`.",
        "Explain the user in Flags, with the id that the application sends.",
        "Ask how often the application reads the flags.",
      ],
    },
    { kind: "heading", text: "Telling others about a fault" },
    {
      kind: "text",
      text: "Settings, About copies the versions of Flagdeck and what it stands on, as text for a bug report.",
    },
  ],
};

export const forDevelopers: readonly HelpPage[] = [connect, report, commands, data, trouble];
