/** The charts as a table of values: one row for each point, numbers as they are. */

import type { Charts, Extent } from "../bindings/wire";
import type { Values } from "./charts";
import { csv } from "./csv";

type Column = readonly [name: string, valueAt: (index: number) => string];

export function csvOf(charts: Charts): string {
  const columns = columnsOf(charts);
  const rows = charts.timesS.map((_, at) => columns.map(([, valueAt]) => valueAt(at)));
  return csv([columns.map(([name]) => name), ...rows]);
}

function columnsOf(charts: Charts): Column[] {
  const { timesS, edgesS, durations, iterationsEdge } = charts;
  const edgeS = edgesS.at(-1) ?? Infinity;
  return [
    ["time", (at) => new Date((timesS[at] ?? 0) * 1000).toISOString()],
    ...extent("calculations_per_second", charts.rate, ["mean", "low", "high"]),
    ...extent("failed_share", charts.errors, ["mean", "low", "high"]),
    ...extent("failed_share_exposed", charts.errorsExposed, ["mean", "low", "high"]),
    ...extent("failed_share_control", charts.errorsControl, ["mean", "low", "high"]),
    ...extent("failed_share_difference", charts.errorsDifference, ["mean", "low", "high"]),
    capped("duration_p50_seconds", charts.p50S, edgeS),
    capped("duration_p95_seconds", charts.p95S, edgeS),
    capped("duration_p99_seconds", charts.p99S, edgeS),
    ...bucketNames(edgesS).map((name, bucket): Column => [
      name,
      (at) => String(durations[at]?.[bucket] ?? ""),
    ]),
    ...extent("confidence", charts.confidence, ["mean", "low", "high"]),
    capped("iterations_p50", charts.iterationsP50, iterationsEdge),
    capped("iterations_p95", charts.iterationsP95, iterationsEdge),
    ...extent("memory_bytes", charts.memory, ["mean", "low", "high"]),
    plain("flagdeck_memory_bytes", charts.ownMemory),
  ];
}

function bucketNames(edgesS: readonly number[]): string[] {
  return [
    ...edgesS.map((edge, index) => `durations_${edgesS[index - 1] ?? 0}_to_${edge}_seconds`),
    `durations_over_${edgesS.at(-1) ?? 0}_seconds`,
  ];
}

function extent(name: string, values: Extent, parts: (keyof Extent)[]): Column[] {
  return parts.map((part) => plain(`${name}_${part}`, values[part]));
}

function plain(name: string, values: Values): Column {
  return [name, (at) => String(values[at] ?? "")];
}

/** A value over the edge is known only to be that. */
function capped(name: string, values: Values, edge: number): Column {
  return [name, (at) => ((values[at] ?? 0) > edge ? `>${edge}` : String(values[at] ?? ""))];
}
