/**
 * Every sentence of the window, a file for each part of it. Plain words; the exact term belongs
 * into a tooltip. What commands are called is in `commands/catalogue.json`, which the native menu
 * reads too.
 */

import { actions } from "./actions";
import { activity } from "./activity";
import { affected } from "./affected";
import { asOf } from "./as_of";
import { commands } from "./commands";
import { compare } from "./compare";
import { structure } from "./structure";
import { conflict } from "./conflict";
import { connect } from "./connect";
import { dashboard } from "./dashboard";
import { demo } from "./demo";
import { difference } from "./difference";
import { flags } from "./flags";
import { following } from "./following";
import { frame } from "./frame";
import { help } from "./help";
import { inspector } from "./inspector";
import { json } from "./json";
import { layers } from "./layers";
import { metrics } from "./metrics";
import { pulse } from "./pulse";
import { quarantine } from "./quarantine";
import { ramps } from "./ramps";
import { reach } from "./reach";
import { restores } from "./restores";
import { rollouts } from "./rollouts";
import { rosters } from "./rosters";
import { settings } from "./settings";
import { snapshots } from "./snapshots";
import { store } from "./store";
import { targeted } from "./targeted";
import { tree } from "./tree";
import { workspace } from "./workspace";

export const words = {
  actions,
  frame,
  dashboard,
  demo,
  pulse,
  flags,
  following,
  inspector,
  reach,
  activity,
  affected,
  asOf,
  commands,
  compare,
  structure,
  conflict,
  connect,
  difference,
  help,
  json,
  layers,
  metrics,
  quarantine,
  ramps,
  restores,
  rollouts,
  rosters,
  settings,
  snapshots,
  store,
  targeted,
  tree,
  workspace,
} as const;
