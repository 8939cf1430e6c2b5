import { TALLIES } from "../../network/run-scores.ts";
import type { Curve, CurvePoint } from "./curve.ts";
import { measurementOf, shortScore, type CurveMeasurement } from "../../clusters/measurement.ts";
import { tallyScores, type Tally } from "../../clusters/tally-scores.ts";

/** A point of a curve as clients get it. */
export interface MetricsPoint extends CurveMeasurement {
  cycle: number;
  /** Passes over the rows. */
  epoch: number;
  timestamp_ms: number;
  samples: number;
  /** Share of the samples, 0…1. */
  skipped: number;
  sections: number;
  synapses: number;
  blocks: readonly number[];
  samples_per_second: number;
  learning_rate: number;
  validation_loss?: number;
  validation_accuracy?: number;
  validation_error?: number;
  validation_outputs?: CurveMeasurement["outputs"];
}

const ODD = TALLIES.indexOf("odd");

/** The single numbers of a point that tables have, besides those that say which samples it covers. */
export const POINT_FIGURES = [
  "loss",
  "accuracy",
  "error",
  "skipped",
  "sections",
  "synapses",
  "samples_per_second",
  "learning_rate",
  "validation_loss",
  "validation_accuracy",
  "validation_error",
] as const satisfies readonly (keyof MetricsPoint)[];

/** The points of a curve, one after another. */
export function* metricsPoints(curve: Curve): Generator<MetricsPoint> {
  const { facts, points, start } = curve;
  const total = new Float64Array(facts.outputs.length * TALLIES.length);
  const areOdd = oddOutputs(curve);
  let before = start;
  for (const point of points) {
    addTo(total, point.tallies);
    yield metricsPoint(curve, { point, before, total, areOdd });
    before = point.cycle;
  }
}

/** The last point of `metricsPoints`; undefined without any. */
export function lastMetricsPoint(curve: Curve): MetricsPoint | undefined {
  const { facts, points, start } = curve;
  const point = points.at(-1);
  if (point === undefined) return undefined;
  const total = new Float64Array(facts.outputs.length * TALLIES.length);
  for (const { tallies } of points) addTo(total, tallies);
  const before = points.at(-2)?.cycle ?? start;
  return metricsPoint(curve, { point, before, total, areOdd: oddOutputs(curve) });
}

function addTo(total: Float64Array, tallies: Float64Array): void {
  for (let k = 0; k < total.length; k++) total[k]! += tallies[k]!;
}

/** Whether the training has met a row of the output that is no class. */
const oddOutputs = ({ facts, points }: Curve): boolean[] =>
  facts.outputs.map((_, nth) => points.some(({ tallies }) => tallies[nth * TALLIES.length + ODD]! > 0));

function tallyAt(tallies: Float64Array, nth: number): Tally {
  const tally = {} as Tally;
  for (let k = 0; k < TALLIES.length; k++) tally[TALLIES[k]!] = tallies[nth * TALLIES.length + k]!;
  return tally;
}

interface PointContext {
  point: CurvePoint;
  /** The cycle at which it begins. */
  before: number;
  /** Sums of the task up to the point. */
  total: Float64Array;
  areOdd: readonly boolean[];
}

function metricsPoint({ facts }: Curve, { point, before, total, areOdd }: PointContext): MetricsPoint {
  const samples = point.cycle - before;
  const scored = facts.outputs.map((output, nth) =>
    tallyScores(output, { sums: tallyAt(point.tallies, nth), total: tallyAt(total, nth), isOdd: areOdd[nth]! }),
  );
  const { measured } = point;
  return {
    cycle: point.cycle,
    epoch: point.cycle / facts.period,
    timestamp_ms: point.timeMs,
    samples,
    ...measurementOf(scored),
    skipped: shortScore(point.skipped / samples),
    sections: point.sections,
    synapses: point.synapses,
    blocks: point.blocks,
    samples_per_second: shortScore((1000 * samples) / Math.max(point.wallMs, 0.001)),
    learning_rate: point.learningRate,
    ...(measured !== null && {
      ...(measured.loss !== undefined && { validation_loss: measured.loss }),
      ...(measured.accuracy !== undefined && { validation_accuracy: measured.accuracy }),
      ...(measured.error !== undefined && { validation_error: measured.error }),
      validation_outputs: measured.outputs,
    }),
  };
}
