import { csvText } from "../../datasets/export/write-csv.ts";
import type { Curve } from "./curve.ts";
import { metricsPoints, POINT_FIGURES } from "./metrics-points.ts";

const COLUMNS = ["cycle", "epoch", "timestamp_ms", "samples", ...POINT_FIGURES] as const;

/** The lines of a curve as CSV, the names of the columns first. Scores that are not defined are empty cells. */
export function* metricsCsv(curve: Curve): Generator<string> {
  const { hexagons, outputs } = curve.facts;
  const blocks = Array.from({ length: hexagons }, (_, hexagon) => `blocks ${hexagon + 1}`);
  const names = outputs.length > 1 ? outputs.map(({ name }) => name) : [];
  const losses = names.map((name) => csvText(`loss ${name}`));
  yield `${[...COLUMNS, ...blocks, ...losses].join(",")}\n`;
  for (const point of metricsPoints(curve)) {
    const cells = [
      ...COLUMNS.map((column) => point[column]),
      ...point.blocks,
      ...names.map((name) => point.outputs[name]?.loss),
    ];
    yield `${cells.join(",")}\n`;
  }
}

/** That of a curve without points, about which nothing is known. */
export const NO_METRICS_CSV = `${COLUMNS.join(",")}\n`;
