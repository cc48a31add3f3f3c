/** Settings, backups, and what Flagdeck is made of. */

import type { Backup, Setting, SettingKind, SettingValue } from "../bindings/wire";
import { formatCount } from "../format";
import { isolated, isolatedWithin } from "../model/isolated";
import {
  alsoInWords,
  changeInWords,
  groups,
  hint,
  label,
  rangeInWords,
  unitShown,
  valueInWords,
} from "./settingValues";
import { plural } from "./shared";

export const settings = {
  partsLabel: "Parts of the settings",
  parts: {
    configuration: "Configuration",
    connect: "Connect",
    access: "Access",
    backups: "Backups",
    about: "About",
  },
  reading: "Reading…",

  appearance: "Appearance",
  appearanceHint: "For this window alone.",
  size: "Size",
  sizeMeaning: "How large everything is drawn.",
  smaller: "−",
  larger: "+",
  sizeShown: (zoom: number) => `${zoom} %`,
  themeMeaning: "Light, dark, or as the desktop has it.",

  configurationNotRead: "The settings could not be read.",
  find: "Find a setting",
  found: (count: number) => `${plural(count, "setting")} found`,
  nothingFound: (query: string) => `No setting matches “${isolated(query)}”.`,
  showAll: "Show all settings",
  label,
  groups,
  hint,
  valueInWords,
  unit: unitShown,
  alsoInWords,
  problem: (name: string, kind: SettingKind) => `${label(name)}: enter ${rangeInWords(kind)}.`,
  source: (source: Setting["source"]): string => {
    switch (source.kind) {
      case "default":
        return "Default";
      case "file":
        return "config.toml";
      case "environment":
        return `Environment: ${source.name}`;
      case "command_line":
        return "Command line";
    }
  },
  sourceMeaning: (variable: string) =>
    `Where the value in force comes from. The environment variable ${variable} overrules the file, and the command line overrules both.`,
  overruled: (source: Setting["source"]): string =>
    source.kind === "environment"
      ? `Locked: the environment variable ${source.name} decides. Remove it and start Flagdeck again to change this here.`
      : "Locked: the command line that Flagdeck was started with decides. Start it without this setting to change it here.",
  unusedInFile: (kind: SettingKind, value: SettingValue) =>
    `config.toml has ${isolatedWithin(valueInWords(kind, value))}, which is not in force.`,
  hidden: "*** hides a password or a query. To change the address, type all of it.",
  needsRestart: "Takes effect when Flagdeck starts again",
  isWaiting: (setting: Setting) =>
    `Waiting for a restart: ${isolatedWithin(valueInWords(setting.kind, setting.value))} is in force until Flagdeck starts again`,
  saving: "Saving…",
  savedHere: "Saved",
  reset: "Reset",
  resetMeaning: (setting: Setting) =>
    `Reset ${label(setting.name)} to the default: ${isolatedWithin(valueInWords(setting.kind, setting.default))}`,
  /** As the backend writes sentences: to be isolated when it is shown. */
  changed: (setting: Setting, before: SettingValue, after: SettingValue) => {
    const change = changeInWords(setting.kind, before, after);
    const byDefault = setting.inFile === null ? ", the default" : "";
    const once = setting.needsRestart ? ", once Flagdeck starts again" : "";
    return `${label(setting.name)}: ${change}${byDefault}${once}`;
  },
  overtaken: (name: string) =>
    `${label(name)} was changed elsewhere. Nothing was undone or redone.`,
  unconfirmed: (name: string) => `${label(name)} was not changed: it was not confirmed.`,
  addOrigin: "Add an origin…",
  addOriginLabel: (name: string) => `${label(name)}: add one`,
  remove: (what: string) => `Remove ${isolated(what)}`,

  copy: "Copy",
  copyOf: (what: string) => `Copy: ${what}`,
  copied: "Copied",
  notCopied: "The clipboard could not be written. Select the text and copy it with Ctrl+C.",

  address: "Address",
  addressMeaning: "Applications on this machine read the flags here while this window is open.",
  noAddress: "Flags are not served over HTTP. Connect an application says why, and can try again.",
  changePort: "Change the port",
  dataFolder: "Data folder",
  dataFolderMeaning:
    "Everything Flagdeck keeps: the store, its backups, the token and config.toml.",
  showFolder: "Show in file manager",
  token: "Token",
  tokenMeaning:
    "Changing flags over HTTP needs it; reading does not. Whoever has it can change every flag.",
  tokenHidden: "Hidden",
  showToken: "Show",
  hideToken: "Hide",
  tokenShown: "The token is shown and will be hidden again in half a minute.",
  rotate: "Rotate…",
  rotateTitle: "Rotate the token?",
  rotateMeaning:
    "Flagdeck makes another token. Clients that use the present one are refused from then on, and their open streams end, until they get the new one. This cannot be undone.",
  rotateNow: "Rotate the token",
  rotated: "The token was rotated. Clients that use the one before are refused.",
  examples: "Try it",
  examplesMeaning: "In a terminal on this machine.",
  exampleRead: "Read the flags",
  exampleWrite: "Set the rollout of all components to 50 %",

  backups: "Backups",
  backupsMeaning:
    "While something changes, Flagdeck copies the whole store every ten minutes, checks the copy, and keeps the last ten.",
  backUp: "Back up now",
  backUpNothing: "Nothing has been saved yet, so there is nothing to back up",
  backedUp: (backup: Backup) => `Backed up revision ${backup.revision}`,
  backedUpAlready: "A backup holds the latest revision already",
  backupsNotRead: "The backups could not be listed.",
  noBackups: "No backup yet. Flagdeck makes the first within ten minutes of a change.",
  flagsOf: "Flags as of",
  revision: "Revision",
  sizeOnDisk: "Size",
  restore: "Restore…",
  restoreOf: (revision: number) => `Restore the backup of revision ${revision}…`,
  restoreTitle: (revision: number) => `Restore the backup of revision ${revision}?`,
  restoreMeaning:
    "The flags of this backup become a revision of their own. Nothing is deleted, and it can be undone.",
  restoreSame: "The flags in this backup are those in force: there is nothing to restore.",
  restoreNotRead: "The backup could not be read.",
  restoreNow: "Restore",
  restored: (summary: string) => `Restored: ${isolatedWithin(summary)}`,

  aboutNotRead: "What Flagdeck is made of could not be read.",
  version: (version: string) => `Version ${version}`,
  slogan: "A control room for feature flags, on your own machine.",
  ownLicence:
    "Flagdeck is free software under the MIT licence or the Apache licence 2.0, as you like.",
  ownLicenceExpression: "MIT OR Apache-2.0",
  standsOn: "Stands on",
  copyVersions: "Copy for a bug report",
  report: (version: string, parts: readonly { name: string; version: string }[]) =>
    [`Flagdeck ${version}`, ...parts.map((part) => `${part.name} ${part.version}`)].join("\n"),
  packages: "Packages built in",
  packagesMeaning: "Each with its licence, as an SPDX expression.",
  findPackage: "Find a package or a licence",
  packagesFound: (found: number, of: number) =>
    found === of ? plural(of, "package") : `${formatCount(found)} of ${plural(of, "package")}`,
  noPackage: (query: string) => `No package or licence matches “${isolated(query)}”.`,
} as const;
