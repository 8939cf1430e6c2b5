import type { Curve } from "./curve.ts";
import { metricsPoints, POINT_FIGURES, type MetricsPoint } from "./metrics-points.ts";

/** What MLflow takes at once. */
const METRICS_MAX = 1000;
const KEY_LENGTH_MAX = 250;
/** Outputs whose losses are metrics of their own. */
const OUTPUTS_MAX = 32;

const KEYS = ["epoch", ...POINT_FIGURES] as const;

interface MlflowMetric {
  key: string;
  value: number;
  /** Unix time in ms. */
  timestamp: number;
  step: number;
}

/** The body of MLflow's call `runs/log-batch`. */
export interface MlflowBatch {
  run_id: string;
  metrics: MlflowMetric[];
}

/** A curve for MLflow: of each key as many values as fit into one call, evenly chosen, with the first and the last. */
export function mlflowBatch(runId: string, curve: Curve | undefined): MlflowBatch {
  const series = new Map<string, MlflowMetric[]>();
  for (const point of curve === undefined ? [] : metricsPoints(curve)) {
    for (const [key, value] of valuesOf(point)) {
      if (value === undefined) continue;
      const known = series.get(key) ?? [];
      series.set(key, known);
      known.push({ key, value, timestamp: point.timestamp_ms, step: point.cycle });
    }
  }
  const most = Math.floor(METRICS_MAX / Math.max(1, series.size));
  return { run_id: runId, metrics: [...series.values()].flatMap((values) => evenly(values, most)) };
}

function valuesOf(point: MetricsPoint): [string, number | undefined][] {
  const outputs = Object.entries(point.outputs);
  const several = outputs.length > 1 && outputs.length <= OUTPUTS_MAX ? outputs : [];
  return [
    ...KEYS.map((key): [string, number | undefined] => [key, point[key]]),
    // A slash would make a folder of the metric `loss`, where MLflow keeps metrics as files.
    ...several.map(([name, { loss }], nth): [string, number | undefined] => [keyOf(`loss ${name}`, nth), loss]),
  ];
}

/** Long names differ by their number. */
const keyOf = (name: string, nth: number) =>
  name.length > KEY_LENGTH_MAX ? `${name.slice(0, KEY_LENGTH_MAX - 4)} ${nth}` : name;

function evenly<T>(values: T[], most: number): T[] {
  if (values.length <= most) return values;
  return Array.from({ length: most }, (_, nth) => values[Math.round((nth * (values.length - 1)) / (most - 1))]!);
}
