/**
 * The window over a backend in memory, for looking at it in a browser:
 * `?follow=stale&overrides=few&targeted=few&conflict=1&document=typical&theme=dark&view=flags&history=100000&pulse=typical&states=typical&damaged&off&hostile&clients=typical&unserved=node&rosters=typical&rollouts=typical&news&reading&tables&refused&damaged_rosters`. Not part of
 * what is shipped.
 */

import { mount } from "svelte";

import type { Theme, View } from "../../src/bindings/wire";
import App from "../../src/App.svelte";
import {
  comparedCharts,
  extremeCharts,
  gappyCharts,
  overCharts,
  quietCharts,
  typicalCharts,
} from "../support/charts";
import { extremeClients, typicalClients } from "../support/clients";
import { extreme, huge, safeDefault, typical } from "../support/documents";
import { followed } from "../support/followed_samples";
import { hostile } from "../support/hostile";
import { extremeQuarantine, noticeOf, typicalQuarantine } from "../support/quarantine";
import { MemoryHost } from "../support/memory";
import { extremeStates, noStates, typicalStates, unkeptStates } from "../support/snapshot_samples";
import { deepParts, fewParts, manyParts, restored } from "../support/restore_samples";
import { fewTargeted, manyTargeted } from "../support/targeted_samples";
import { rolledOut, type RolloutsName, withRollouts } from "../support/rollout_samples";
import { type RostersName, withRosters } from "../support/roster_samples";
import { harmful, marksAt, pulses, type PulseName } from "../support/pulse";

const wanted = new URLSearchParams(location.search);
const documents: Record<string, typeof typical> = {
  safeDefault,
  typical,
  extreme,
  huge,
  rolledOut,
};
const usual = wanted.has("rollouts") ? "rolledOut" : "typical";
const host = new MemoryHost((documents[wanted.get("document") ?? usual] ?? typical)());
host.chosen = {
  ...host.chosen,
  theme: (wanted.get("theme") ?? "system") as Theme,
  view: (wanted.get("view") ?? "dashboard") as View,
};
if (wanted.has("tour")) host.chosen.isToured = false;
if (wanted.has("held")) host.state.isHeldOff = true;
if (wanted.has("off")) host.changeElsewhere({ kind: "set_master", on: false });
if (wanted.has("history")) host.fillHistory(Number(wanted.get("history")));
/** The arms of what the dashboard is told. */
function compared(name: PulseName): typeof host.drawCharts {
  if (name === "trouble") return quietCharts;
  if (name === "extreme") {
    const draw = extremeCharts(Date.now());
    return (query) => draw({ ...query, component: "search" });
  }
  const [share, harm] = name === "failing" ? [0.011, 9] : [0.007, 1.1];
  return (query) => comparedCharts(share, harm, marksAt(query.toMs).reverse())(query);
}
if (wanted.has("pulse")) {
  const name = wanted.get("pulse") as PulseName;
  const pulse = pulses[name];
  host.fillHistory(2, 40 * 3_600_000);
  host.fillHistory(3);
  host.drawCharts = compared(name);
  const isHarmful = name === "failing";
  const beat = () => {
    const now = pulse(Date.now());
    host.pulseNow = isHarmful ? harmful(now, host.revision) : now;
  };
  beat();
  setInterval(beat, 250);
}
if (wanted.has("importing")) {
  const total = Number(wanted.get("importing"));
  setInterval(() => host.announce({ kind: "importing", done: Math.ceil(total / 3), total }), 250);
}
if (wanted.has("secrets")) {
  const gateway = host.configuration.find(({ name }) => name === "metrics.pushGateway");
  if (gateway) gateway.value = gateway.inFile = "https://***@push.example.com:9091/team?***";
}
if (wanted.has("trouble")) {
  host.state.readOnly = "Another program holds the data folder; close it and start again.";
  host.state.notices = [
    { level: "error", message: "The store was damaged; the backup of 13:59 was opened." },
    { level: "info", message: "Port 4680 is taken, flags are served on 4681." },
  ];
}
if (wanted.has("quarantine")) {
  const isExtreme = wanted.get("quarantine") === "extreme";
  host.quarantined = (isExtreme ? extremeQuarantine : typicalQuarantine)(Date.now());
  const unseen = host.quarantined.filter(({ entry }) => entry.label?.seen === false);
  host.state.notices = unseen.map(noticeOf);
}
if (wanted.has("gone")) {
  const latest = {
    revisions: 3002,
    atMs: Date.now() - 5 * 60_000,
    actor: { via: "window" as const, name: "maria" },
    summary: "2 changes: ui.badges: 25 % → 50 %, tracker on",
  };
  const how = wanted.get("gone");
  host.state.storeGone = {
    dataDir:
      how === "extreme" ? `/home/maria/${"a-very-long-name/".repeat(12)}` : host.state.dataDir,
    file: how === "file" ? "state.db" : null,
    open: latest,
    isReplaced: how !== "removed" && how !== "file" && how !== "unreachable",
    instead:
      how === "replaced" || how === "extreme"
        ? {
            ...latest,
            revisions: 3,
            atMs: Date.now() - 60_000,
            summary: "calculator on, ".repeat(how === "extreme" ? 30 : 1),
          }
        : null,
    unreadable: how === "unreadable" ? "it is not a database" : null,
    unreachable: how === "unreachable" ? "Permission denied (os error 13)" : null,
  };
}
if (wanted.has("unreadable")) {
  host.readFailure = { code: "failed", message: "The store did not answer.", problems: [] };
}
if (wanted.has("refuse")) {
  host.refusal = {
    code: "invalid",
    message: "The change was refused and nothing was saved.",
    problems: [
      {
        severity: "error",
        code: "wrong_type",
        pointer: "/rollout",
        message: "A rollout has to be whole.",
      },
    ],
  };
}
if (wanted.has("follow")) followed(host, wanted);
if (wanted.has("workspace")) {
  const held = { file: "team.flagdeck", revisions: 214, snapshots: 36, leftOut: [] };
  host.nextWorkspace = { ...held, document: { ...typical(), enabled: false } };
}
if (wanted.has("rollouts")) withRollouts(host, wanted.get("rollouts") as RolloutsName);
if (wanted.has("news")) {
  const sentence = "failures 8.1 % with it on against 1.2 % with it off, evidence 314×";
  const news = { kind: "rolled_back", id: 7, component: "ui.dashboard", sentence } as const;
  setTimeout(() => host.announce(news), 800);
}
if (wanted.has("rosters")) withRosters(host, wanted.get("rosters") as RostersName);
host.holdsReading = wanted.has("reading");
if (wanted.has("tables")) host.rosterTables = ["customers", "staff", "users"];
if (wanted.has("refused")) {
  const message = "The file /home/maria/customers-eu-2026-11.csv has no column id.";
  host.rosterRefusal = { code: "invalid", message, problems: [] };
}
if (wanted.has("damaged_rosters")) {
  host.forgets = { overrides: ["ui.badges"], quarantined: ["rosters-20261124-160412"] };
}
if (wanted.has("targeted")) {
  const sample = wanted.get("targeted") === "many" ? manyTargeted : fewTargeted;
  host.target(sample(Date.now()));
}
const clients = { typical: typicalClients, extreme: extremeClients };
const chosenClients = wanted.get("clients") as keyof typeof clients | null;
if (chosenClients) host.clientsNow = clients[chosenClients](Date.now());
if (wanted.has("unserved")) {
  const owner = wanted.get("unserved") ?? "";
  const reason = "cannot listen on port 4680; choose another with http.port";
  host.portTrouble = { port: 4680, owner: owner === "" ? null : owner, reason };
  host.state = { ...host.state, serving: null, notServing: host.portTrouble };
}
const metrics = {
  typical: typicalCharts,
  gaps: gappyCharts,
  over: overCharts,
  extreme: extremeCharts,
};
const chosenMetrics = wanted.get("metrics") as keyof typeof metrics | null;
if (chosenMetrics) host.drawCharts = metrics[chosenMetrics](Date.now());
if (wanted.has("unread")) {
  host.refusals.charts = { code: "failed", message: "Prometheus did not answer.", problems: [] };
}
const states = {
  none: () => noStates(),
  unkept: unkeptStates,
  typical: typicalStates,
  extreme: extremeStates,
  few: fewParts,
  many: manyParts,
  deep: deepParts,
  restored,
};
const chosenStates = wanted.get("states") as keyof typeof states | null;
if (chosenStates) {
  host.states = states[chosenStates](Date.now());
  host.states.nextImport = { source: "from another machine", snapshots: 3 };
}
if (wanted.has("damaged")) {
  const [name] = host.states.names;
  if (name !== undefined) host.states.damage(name);
  host.states.damageLatest();
  const ended = host.states.restores.find(({ status }) => status !== "open");
  if (ended) host.states.damageRestore(ended.id);
}
if (wanted.has("ticking")) {
  let ticks = 0;
  setInterval(() => {
    ticks += 1;
    const name = host.states.names[0];
    if (name !== undefined) host.states.tick(name, Date.now(), ticks % 5 === 0);
  }, 1000);
}
Object.assign(window, { host });

mount(App, {
  target: document.body,
  props: { host: wanted.has("hostile") ? hostile(host) : host },
});

/** Clicks on parts of the window one after the other, by their test ids: `&click=row-ui,menu-ui`. */
for (const [index, id] of (wanted.get("click")?.split(",") ?? []).entries()) {
  const press = () => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)?.click();
  setTimeout(press, 700 * (index + 1));
}
