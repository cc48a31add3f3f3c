/** What the menus of rows offer to restore: the value, and the record that it is part of. */

import type { ComponentProps } from "svelte";

import { isRecord, recordOfKey, stepsOf } from "../../../model/state_keys";
import type Menu from "../../../widgets/Menu.svelte";
import { words } from "../../../words";

type Items = ComponentProps<typeof Menu>["items"];

/** More would hide the other actions: the preview has all. */
const RECORDS_MAX = 5;

/** `records` are keys of those that a list lost or got. */
export function restoreItems(
  key: string,
  onrestore: (key: string) => void,
  records: readonly string[] = [],
): Items {
  const said = words.compare;
  const record = recordOfKey(key);
  const isItself = isRecord(stepsOf(key).at(-1) ?? "");
  const item = (label: string, of: string, testid: string) => ({
    label,
    icon: "restore" as const,
    testid,
    run: () => onrestore(of),
  });
  return [
    {
      ...item(isItself ? said.restoreRecord : said.restoreValue, key, "menu-restore-value"),
      keys: "R",
    },
    ...(record === null || isItself
      ? []
      : [item(said.restoreRecordOf(record), record, "menu-restore-record")]),
    ...records
      .slice(0, RECORDS_MAX)
      .map((each) => item(said.restoreRecordOf(each), each, `menu-restore-${each}`)),
  ];
}
