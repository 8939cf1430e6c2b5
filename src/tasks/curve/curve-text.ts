import { TALLIES } from "../../network/run-scores.ts";
import { Curve, type CurveFacts, type CurvePoint } from "./curve.ts";
import type { CurveMeasurement } from "../../clusters/measurement.ts";

/** A column of as many numbers as there are points; 0 for a column of zeros. JSON has null in the place of NaN. */
type Column = (number | null)[] | 0;

/** A curve by columns. Numbers that mostly grow are stored as differences, which are short, and often 0. */
interface CurveColumns {
  facts: CurveFacts;
  start: number;
  interval: number;
  count: number;
  cycle: Column;
  time: Column;
  wall: Column;
  skipped: Column;
  rate: Column;
  sections: Column;
  synapses: Column;
  /** Of each hexagon. */
  blocks: Column[];
  /** [output][TALLIES]. */
  tallies: Column[];
  /** Measurements by the index of their point. */
  measured: [number, CurveMeasurement][];
}

const column = (values: number[]): Column => (values.every((value) => value === 0) ? 0 : values);

const differences = (values: readonly number[], before = 0): Column =>
  column(values.map((value, k) => value - (values[k - 1] ?? before)));

const valuesOf = (stored: Column, count: number): number[] =>
  stored === 0 ? Array<number>(count).fill(0) : stored.map((value) => value ?? NaN);

function sumsOf(stored: Column, count: number, before = 0): number[] {
  let sum = before;
  return valuesOf(stored, count).map((difference) => (sum += difference));
}

/** The curve as the database keeps it. */
export function curveText(curve: Curve): string {
  curve.round();
  const { facts, start, interval, points } = curve;
  const of = (read: (point: CurvePoint) => number) => points.map(read);
  const tallies = Array.from({ length: facts.outputs.length * TALLIES.length }, (_, k) => k);
  const columns: CurveColumns = {
    facts,
    start,
    interval,
    count: points.length,
    cycle: differences(
      of(({ cycle }) => cycle),
      start,
    ),
    time: differences(of(({ timeMs }) => timeMs)),
    wall: column(of(({ wallMs }) => wallMs)),
    skipped: column(of(({ skipped }) => skipped)),
    rate: column(of(({ learningRate }) => learningRate)),
    sections: differences(of(({ sections }) => sections)),
    synapses: differences(of(({ synapses }) => synapses)),
    blocks: Array.from({ length: facts.hexagons }, (_, hexagon) => differences(of(({ blocks }) => blocks[hexagon]!))),
    tallies: tallies.map((k) => column(of(({ tallies: sums }) => sums[k]!))),
    measured: [...points.entries()].flatMap(([index, { measured }]) => (measured === null ? [] : [[index, measured]])),
  };
  return JSON.stringify(columns);
}

/** Reads what `curveText` wrote. */
export function readCurve(text: string): Curve {
  const stored = JSON.parse(text) as CurveColumns;
  const { facts, start, interval, count } = stored;
  const cycles = sumsOf(stored.cycle, count, start);
  const times = sumsOf(stored.time, count);
  const walls = valuesOf(stored.wall, count);
  const skipped = valuesOf(stored.skipped, count);
  const rates = valuesOf(stored.rate, count);
  const sections = sumsOf(stored.sections, count);
  const synapses = sumsOf(stored.synapses, count);
  const blocks = stored.blocks.map((each) => sumsOf(each, count));
  const measured = new Map(stored.measured);
  const points = cycles.map((cycle, nth): CurvePoint => ({
    cycle,
    timeMs: times[nth]!,
    wallMs: walls[nth]!,
    skipped: skipped[nth]!,
    learningRate: rates[nth]!,
    sections: sections[nth]!,
    synapses: synapses[nth]!,
    blocks: blocks.map((each) => each[nth]!),
    tallies: Float64Array.from(stored.tallies, (each) => (each === 0 ? 0 : (each[nth] ?? NaN))),
    measured: measured.get(nth) ?? null,
  }));
  return new Curve(facts, start, { points, interval });
}
