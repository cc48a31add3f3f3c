/**
 * Everything this page has to do with Flagdeck, by its four modules: the flags, what is reported,
 * the state and restores of it.
 */

import MLConfig from "/js/ml/MLConfig.js";
import { MLFeatureFlags } from "/js/ml/MLFeatureFlags.js";
import { MLStateExtension } from "/js/ml/MLStateExtension.js";
import { PrometheusExporter } from "/js/ml/PrometheusExporter.js";

/** What this page calls itself. Sources whose name begins so are labelled as synthetic. */
export const SOURCE = "synthetic-sample";

/** The components of the founding specification, and what each does on this page. */
export const COMPONENTS = [
  { path: "calculator", does: "Estimates the reading ease of each file" },
  { path: "tracker", does: "Draws how the confidence grew" },
  { path: "orchestrator", does: "Works on three files at a time" },
  { path: "ui.badges", does: "Shows the confidence beside the name" },
  { path: "ui.dashboard", does: "Sums all files up" },
  { path: "ui.curationPanel", does: "Asks whether a result is right" },
];

/** Where the token stays while the tab is open. */
const KEY = "flagdeck:token";

/** Connects the page; returns the flags. */
export function connect(state, bus) {
  Object.assign(MLConfig.flagdeck, { url: "", source: SOURCE, token: token() });
  const options = { eventBus: bus };
  MLStateExtension.extend(state, options);
  new PrometheusExporter(options);
  const flags = new MLFeatureFlags(options);
  flags.listen();
  return flags;
}

/** Returns whether what happens here is reported: that needs the token. */
export const isReporting = () => MLConfig.flagdeck.token !== null;

/**
 * Takes the token out of the address at once, so that no history, bookmark or picture has it, and
 * keeps it for as long as the tab is open.
 */
function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY);
}

/** Says how the connection is: `{ tone, text }`. */
export function connection({ isConnected, from, revision, checkedAt }) {
  const of = revision === null ? "" : `, revision ${revision}`;
  if (isConnected) {
    const text = isReporting() ? `Connected${of}` : `Connected, read-only${of}`;
    return { tone: "good", text };
  }
  if (from === "flagdeck" && checkedAt !== null && Date.now() - checkedAt < 2000) {
    return { tone: "quiet", text: "Connecting…" };
  }
  if (checkedAt === null) return { tone: "quiet", text: "Flagdeck is away; everything is off" };
  return { tone: "quiet", text: `Flagdeck is away; flags of ${clock(checkedAt)} stay in force` };
}

/** Why a component is on or off for the user, in a few words. */
export function why({ value, reason, bucket, failingPrerequisite }) {
  const at = bucket === null ? "" : `, at ${(bucket / 1000).toFixed(1)} %`;
  const reasons = {
    unknown_component: "Not among the flags",
    master_off: "All flags are off",
    component_off: "Switched off",
    prerequisite: `Needs ${failingPrerequisite}`,
    zero: "Rolled out to nobody",
    not_in_group: "For other groups",
    group: "On for your group",
    full: "On for everyone",
    no_user: "Needs a user",
    split: value ? `In the rollout${at}` : `Outside the rollout${at}`,
  };
  return reasons[reason] ?? (value ? "On" : "Off");
}

const clock = (atMs) =>
  new Date(atMs).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
