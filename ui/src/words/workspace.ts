/** The workspace as one file. */

import type { ChosenWorkspace, WorkspaceFile } from "../bindings/wire";
import { isolated } from "../model/isolated";
import { plural } from "./shared";

const holds = ({ revisions, snapshots }: Pick<WorkspaceFile, "revisions" | "snapshots">) =>
  snapshots === 0
    ? plural(revisions, "revision")
    : `${plural(revisions, "revision")} and ${plural(snapshots, "snapshot")}`;

export const workspace = {
  title: "Workspace",
  meaning:
    "One file with the flags, their whole history and the settings, without passwords or tokens. Another machine can start with it.",
  withSnapshots: "Include snapshots",
  export: "Export workspace…",
  import: "Import workspace…",
  question: {
    title: (file: string) => `Start with ${isolated(file)}?`,
    holds: (chosen: ChosenWorkspace) => `It has ${holds(chosen)}, and settings.`,
    meaning:
      "Its latest flags are in force as soon as it is imported. Settings that would contact a server, or let pages read the flags, are left out.",
    go: "Import",
  },
  notFresh: "Only a data folder without revisions can start with a workspace",
  exported: (file: WorkspaceFile) => `Wrote ${holds(file)} to ${isolated(file.file)}`,
  imported: (file: WorkspaceFile) => `Imported ${holds(file)} from ${isolated(file.file)}`,
} as const;
