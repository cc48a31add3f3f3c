/** Pages of help for people who connect applications and look after the machine. */

import type { HelpPage } from "../help";

const connect: HelpPage = {
  id: "connect",
  title: "Connecting an application",
  blocks: [
    {
      kind: "text",
      text: "While this window or `flagctl serve` is open, the flags are at one address on this machine. Settings, Connect shows it, with recipes for several languages and with who is connected; the usual one is:",
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
      text: "`enabled` is the master switch, `components` the tree of switches, `rollout` who sees what is on. The other keys are optional: `rollouts` of single components, what a component `requires`, its description in `about`, and the algorithm for `bucketing`.",
    },
    {
      kind: "text",
      text: "Any OpenFeature SDK works with its OFREP provider at the same address, without the `/api/ml/flags`. `/api/openapi.json` there describes every request for programs.",
    },
    { kind: "heading", text: "Polling" },
    {
      kind: "text",
      text: "Every answer has an `ETag`. Send it back as `If-None-Match`: `304` means that nothing changed, and costs next to nothing. Keep the last document, and use it while Flagdeck is closed.",
    },
    {
      kind: "code",
      text: `curl -i http://127.0.0.1:4680/api/ml/flags -H 'If-None-Match: "…"'`,
    },
    { kind: "heading", text: "Changing flags" },
    {
      kind: "text",
      text: "`PATCH` takes a JSON Merge Patch, `PUT` a whole document. Both need the token from Settings, Access, and the `ETag` you started from as `If-Match`, so that no other change is lost; `If-Match: *` replaces any revision.",
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
        ["412", "The flags have changed since; read them again."],
        [
          "422",
          "The document is not valid, or is not a flag document at all. The answer lists every problem.",
        ],
        ["428", "`If-Match` is missing."],
      ],
    },
    { kind: "heading", text: "For your app or browser only" },
    {
      kind: "text",
      text: "For one app or user… in the details of a component turns it on or off for one application, by its source name, or for one user id, for up to 7 days. Everyone else is unaffected. Requirements still apply, and so does all flags off.",
    },
    {
      kind: "text",
      text: "A mark in the tree shows such overrides, and Settings, Connect shows which applications have any. End ends one, `Ctrl+Shift+A` all of them. They are not revisions: Activity, backups and exports never name an application or user.",
    },
    { kind: "heading", text: "From a web page" },
    {
      kind: "text",
      text: "A page in a browser may read the flags if its origin is listed in the setting `http.allowedOrigins`, such as `http://localhost:5173`. So may a packaged web application, such as `tauri://localhost` or `chrome-extension://<id>`. `null`, which every file and sandboxed page sends, cannot be listed.",
    },
    {
      kind: "text",
      text: "`/healthz` says whether Flagdeck can save (`ok`, `read_only` or `store_gone`), and the revision in force. If a Pushgateway is set, `push` says whether pushes arrive or since when they fail.",
    },
  ],
};

const report: HelpPage = {
  id: "report",
  title: "Reporting calculations",
  blocks: [
    {
      kind: "text",
      text: "An application reports events in batches, one a line or as a JSON array, with the token from Settings, Access:",
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
          "A calculation succeeded: `duration` in seconds, `confidence` from 0 to 1. Optional: `iterations`, and `component` and `user`, as below.",
        ],
        ["`ml:calculation:error`", "A calculation failed."],
        ["`ml:memory`", "How many `bytes` the application uses; about every 5 seconds."],
        ["`ml:usage`", "The application was used."],
      ],
    },
    {
      kind: "text",
      text: "`component` and `exposed` separate users who see a component from those who do not. If `exposed` is missing, Flagdeck evaluates the component for `user` and `groups` with the flags in force.",
    },
    { kind: "heading", text: "The answer" },
    {
      kind: "text",
      text: "It comes once the valid events are on disk. Invalid ones are listed by index, with the field and its range; the others still count.",
    },
    {
      kind: "terms",
      items: [
        [
          "`Idempotency-Key`",
          "A name for a batch: if you send it again within an hour, it counts once.",
        ],
        ["422", "Another batch was sent with that key."],
        [
          "429",
          "Too many batches wait to be stored: send this one again after `Retry-After` seconds.",
        ],
      ],
    },
    { kind: "heading", text: "Prometheus" },
    {
      kind: "text",
      text: "Prometheus reads all of this at `/metrics`, in OpenMetrics or the classic text format. `metrics.pushGateway` sets a Pushgateway to push to; if pushes fail, State Health, `flagctl metrics`, `flagctl doctor` and `/healthz` say since when and why. With `metrics.prometheus`, a Prometheus server fills the charts. A dialog of the desktop confirms an address that is set in the window.",
    },
  ],
};

const commands: HelpPage = {
  id: "commands",
  title: "Command line",
  blocks: [
    {
      kind: "text",
      text: "`flagctl` shares the data folder with this window; both can run at once, and each sees what the other saves.",
    },
    {
      kind: "terms",
      items: [
        [
          "`flagctl get`, `flagctl get ui.badges`",
          "Shows the flags, or one component with where its value comes from.",
        ],
        ["`flagctl set ui.badges on`", "Switches a component or a whole group on or off."],
        ["`flagctl master off`", "Turns the master switch on or off."],
        [
          "`flagctl rollout ui.badges --percentage 12.5 --groups beta`",
          "Changes who sees a component; without a name, the default rollout.",
        ],
        ["`flagctl explain ui.badges --user user42`", "Says what a user gets, and why."],
        [
          "`flagctl eval ui.badges --users roster.txt --count`",
          "Counts for how many users of a list it is on. Each line is one user id; blanks in it count.",
        ],
        ["`flagctl history`", "Lists revisions, latest first."],
        ["`flagctl restore 12`", "Restores revision 12, as a new revision."],
        ["`flagctl undo`, `flagctl redo`", "Undo the last change, and redo it."],
        [
          "`flagctl export`, `flagctl import flags.json`",
          "Write the flags to a file, and replace them from one. If that removes more than half of the components, it asks first; in a script, add `--yes`.",
        ],
        [
          "`flagctl export --format flagd`",
          "Writes flag definitions of OpenFeature's flagd that decide the same for every user, and lists what they cannot express. `flagctl import` reads such definitions, too.",
        ],
        [
          "`flagctl export --workspace all.flagdeck`",
          "Writes flags with their whole history and the settings to one file. `flagctl import --workspace all.flagdeck` starts a new data folder with it.",
        ],
        [
          "`flagctl follow`",
          "Fetches the followed document and says how following goes; `accept` follows one that is held.",
        ],
        [
          "`flagctl overrides`",
          "Lists what you changed of the followed document; `clear` ends overrides, `publish` publishes them.",
        ],
        [
          "`flagctl overrides set`",
          "Switches a component on or off for one application (`--source`) or one user (`--user`), for a while.",
        ],
        ["`flagctl metrics`", "Summarises what applications reported."],
        ["`flagctl demo`", "Runs a made-up application that reports, to see the charts move."],
        [
          "`flagctl demo --page`",
          "Opens a sample app in the browser; `--remove` deletes what it left.",
        ],
        ["`flagctl clients`", "Lists the applications that are connected, and what they use."],
        [
          "`flagctl doctor`",
          "Checks the data folder and the settings; `--remove-damaged` removes single damaged records.",
        ],
        ["`flagctl serve`", "Serves the flags over HTTP without this window."],
      ],
    },
    {
      kind: "text",
      text: "`--note` gives a reason, which the history shows. `--json` makes the output of any command JSON, and says why a command failed as JSON on standard error. `flagctl --help` lists every command and exit code; `flagctl completions bash` prints shell completions.",
    },
  ],
};

const data: HelpPage = {
  id: "data",
  title: "Where data is, and backups",
  blocks: [
    {
      kind: "text",
      text: "Everything is in one folder: `~/.local/share/flagdeck`, unless `--data-dir` or `FLAGDECK_DATA_DIR` says otherwise. Settings, Access shows it. It must be on a disk of this machine; a network drive is refused, because the store is not safe there. All files in it are for their owner alone. A folder that other users can write in or replace is refused too, unless Flagdeck is started with `--trust-folder`.",
    },
    {
      kind: "terms",
      items: [
        ["`flagdeck.db`", "The store: every revision of the flags."],
        ["`backups`", "The last ten backups of the store, each checked when it was made."],
        [
          "`quarantine`",
          "Damaged or replaced files that were set aside. They stay until you remove them.",
        ],
        ["`config.toml`", "The settings that were changed."],
        ["`token`", "The token that clients need to change flags over HTTP. Only you can read it."],
      ],
    },
    { kind: "heading", text: "Backups" },
    {
      kind: "text",
      text: "While flags change, Flagdeck makes a backup every ten minutes and keeps the last ten. In Settings, Backups you can make one now, or restore one: you see what would change first, and its flags become a new revision, which you can undo.",
    },
    { kind: "heading", text: "Settings" },
    {
      kind: "text",
      text: "A setting has its default value unless `config.toml`, the environment (`FLAGDECK_HTTP_PORT`) or the command line (`--config http.port=4700`) sets it. The last of these wins. A setting from the environment or the command line is locked in this window, because a change in the file would have no effect. The credential for a followed document is no setting: it comes from `ML_FLAGS_TOKEN` or the file `flags-token`. `flagctl doctor` lists misspelt `FLAGDECK_` variables.",
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
      text: "Flagdeck names that program if it can, and runs without serving flags over HTTP. Close that program and choose “Try again” in Settings, Connect; or choose another port in Settings, and start Flagdeck again. Port 0 picks a free one.",
    },
    { kind: "heading", text: "Nothing can be saved" },
    {
      kind: "text",
      text: "The banner at the top says why: the disk is full or write-protected, or the folder belongs to another user. The flags in force stay in force and are still served. Fix the cause and start Flagdeck again.",
    },
    { kind: "heading", text: "The data folder was removed or replaced" },
    {
      kind: "text",
      text: "Nothing is saved until you choose; keep Flagdeck open: it still has everything. “Write back” writes it all back, with its history; a store in its place is set aside in `quarantine`. A folder that was only moved can be moved back instead. “Use the new store” continues with the store that is there and keeps a copy of the one that was open. For `flagctl serve`, run `flagctl doctor --write-back`, or restart it to use the new store.",
    },
    { kind: "heading", text: "The store was damaged" },
    {
      kind: "text",
      text: "Flagdeck sets the damaged files aside in `quarantine` and opens the newest good backup. Changes made after that backup are not in force: review the flags. Without a good backup, all flags start switched off. In Settings, Backups shows what can be read of the damaged files, and takes back the changes after the backup if nothing was saved since; so does `flagctl doctor --salvage`. `flagctl doctor` checks every database and backup.",
    },
    { kind: "heading", text: "Turning everything off at once" },
    {
      kind: "text",
      text: "`Ctrl+Shift+0` turns everything off for everyone, even if the store cannot save. Flagdeck then keeps everything off and saves that as soon as it can. You can undo it.",
    },
    { kind: "heading", text: "An application does not see a change" },
    {
      kind: "steps",
      items: [
        "Look for it in Settings, Connect: it lists the clients that arrived.",
        "Compare the address it reads with the one there.",
        "Look at the flags there: `curl -s http://127.0.0.1:4680/api/ml/flags`.",
        "Explain the user in Flags, with the id that the application sends.",
        "Check how often the application reads the flags.",
      ],
    },
    { kind: "heading", text: "Reporting a bug" },
    {
      kind: "text",
      text: "Settings, About copies the versions of Flagdeck and its libraries as text for a bug report.",
    },
  ],
};

export const forDevelopers: readonly HelpPage[] = [connect, report, commands, data, trouble];
