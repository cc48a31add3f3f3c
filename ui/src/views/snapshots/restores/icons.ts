/** The icon for what became of a restore. */

import type { Standing } from "../../../model/restores";
import type { IconName } from "../../../widgets/icons";

export const icons: Readonly<Record<Standing, IconName>> = {
  open: "clock",
  exact: "good",
  differs: "warning",
  uncompared: "quiet",
  superseded: "quiet",
  cancelled: "quiet",
  recovered: "restore",
  damaged: "warning",
};
