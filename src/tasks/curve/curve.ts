import type { NetworkFigures } from "../../network/network-figures.ts";
import { TALLIES, type RunScores } from "../../network/run-scores.ts";
import type { CurveOutput } from "../../clusters/curve-output.ts";
import type { CurveMeasurement } from "../../clusters/measurement.ts";

/** Points of a curve. */
const POINTS_MAX = 1000;
const POINTS_MIN = 16;
/** Numbers of a curve, about: what wide networks have many of makes their curves shorter. */
const NUMBERS_MAX = 131_072;
/** The number of blocks of most hexagons is the same from point to point, which takes less room. */
const SAME_BLOCKS = 8;

/** Digits of sums that are no whole numbers: more than the kernels' 32-bit numbers have, whose squares are compared. */
const DIGITS = 10;
const RATE_DIGITS = 7;

/** What stays the same in the course of a training. */
export interface CurveFacts {
  /** Cycles of an epoch. */
  period: number;
  /** Of the template. */
  hexagons: number;
  outputs: readonly CurveOutput[];
}

/** Some consecutive samples of a training, and the network after them. Sums, so that points can be merged. */
export interface CurvePoint {
  /** Cycles of the task that were learnt by the end of the point. */
  cycle: number;
  /** Unix time in ms. */
  timeMs: number;
  /** Time that the samples took, with their waits for the host. */
  wallMs: number;
  skipped: number;
  learningRate: number;
  sections: number;
  synapses: number;
  /** Of each hexagon, in template order. */
  blocks: readonly number[];
  /** [output][TALLIES]. */
  tallies: Float64Array;
  /** What the network answered after exactly `cycle` cycles to rows that are held out. */
  measured: CurveMeasurement | null;
}

/** What a host reports about a slice. */
interface LearntSlice {
  cycles: number;
  scores: RunScores;
  figures: NetworkFigures;
  wallMs: number;
}

/**
 * What a training measures while it learns: at most a thousand points, even in cycles. When there is no room for
 * another one, neighbours merge until each covers twice as many cycles as before. A point with a measurement ends where
 * it was made, because a measurement tells of one cycle.
 */
export class Curve {
  readonly facts: CurveFacts;
  /** Cycles of the task before the first point. */
  readonly start: number;
  readonly #pointsMax: number;
  #points: CurvePoint[];
  /** A point is complete when it covers as many cycles. */
  #interval: number;
  #measuredAt = -1;
  /** Counts changes. */
  #changes = 0;
  #keptChanges = 0;

  /** Without points: for a training that has learnt `start` cycles. */
  constructor(
    facts: CurveFacts,
    start: number,
    known: { points: readonly CurvePoint[]; interval: number } | null = null,
  ) {
    this.facts = facts;
    this.start = start;
    this.#points = [...(known?.points ?? [])];
    this.#interval = known?.interval ?? 1;
    const width = TALLIES.length * (1 + facts.outputs.length) + facts.hexagons / SAME_BLOCKS;
    this.#pointsMax = Math.min(POINTS_MAX, Math.max(POINTS_MIN, Math.floor(NUMBERS_MAX / width)));
  }

  get points(): readonly CurvePoint[] {
    return this.#points;
  }

  get interval(): number {
    return this.#interval;
  }

  /** Cycles of the task that the curve covers. */
  get cycle(): number {
    return this.#points.at(-1)?.cycle ?? this.start;
  }

  /** After how many cycles the network was last measured; -1 before the first measurement. */
  get measuredAt(): number {
    return this.#measuredAt;
  }

  get changes(): number {
    return this.#changes;
  }

  /** Whether the database has the curve as it is. */
  get isKept(): boolean {
    return this.#changes === this.#keptChanges;
  }

  /** The database has the curve as it was after this many changes. */
  kept(changes: number): void {
    this.#keptChanges = Math.max(this.#keptChanges, changes);
  }

  /** Adds the slice that follows those of the curve. `nowMs` is the Unix time. */
  add({ cycles, scores, figures, wallMs }: LearntSlice, nowMs = Date.now()): void {
    const last = this.#points.at(-1);
    const blocks = figures.hexagons.map((hexagon) => hexagon.blocks);
    const point: CurvePoint = {
      cycle: this.cycle + cycles,
      // The clock may have been set back.
      timeMs: Math.max(nowMs, last?.timeMs ?? 0),
      wallMs,
      skipped: scores.skipped,
      learningRate: scores.learningRate,
      sections: figures.sections,
      synapses: figures.synapses,
      blocks: last !== undefined && isSame(last.blocks, blocks) ? last.blocks : blocks,
      tallies: this.#talliesOf(scores),
      measured: null,
    };
    if (this.#points.length >= this.#pointsMax && this.#isComplete(this.#points.length - 1)) this.#thin();
    this.#append(point);
    this.#changes += 1;
  }

  /** Adds a measurement of the network after `cycle` cycles. */
  measure(cycle: number, measured: CurveMeasurement): void {
    this.#measuredAt = cycle;
    const last = this.#points.at(-1);
    // Without a point there, the curve begins after the measurement.
    if (last?.cycle !== cycle) return;
    last.measured = measured;
    this.#changes += 1;
  }

  /** Rounds the sums, so that a curve that was kept equals the one that has gone on. */
  round(): void {
    const last = this.#points.at(-1);
    if (last !== undefined) rounded(last);
  }

  #talliesOf({ outputs }: RunScores): Float64Array {
    const tallies = new Float64Array(this.facts.outputs.length * TALLIES.length);
    const byName = new Map(outputs.map((tally) => [tally.name, tally]));
    for (const [nth, { name }] of this.facts.outputs.entries()) {
      const tally = byName.get(name);
      if (tally === undefined) continue;
      for (const [k, key] of TALLIES.entries()) tallies[nth * TALLIES.length + k] = tally[key];
    }
    return tallies;
  }

  #isComplete(index: number): boolean {
    const { cycle, measured } = this.#points[index]!;
    const before = this.#points[index - 1]?.cycle ?? this.start;
    return measured !== null || cycle - before >= this.#interval;
  }

  /** Merges a point with the last one, if that is not complete. */
  #append(point: CurvePoint): void {
    const last = this.#points.at(-1);
    if (last !== undefined && !this.#isComplete(this.#points.length - 1)) {
      this.#points[this.#points.length - 1] = merged(last, point);
      return;
    }
    if (last !== undefined) rounded(last);
    this.#points.push(point);
  }

  #thin(): void {
    const points = this.#points;
    this.#interval = Math.max(this.#interval, Math.ceil((2 * (this.cycle - this.start)) / this.#pointsMax));
    this.#points = [];
    for (const point of points) this.#append(point);
  }
}

/** The sums of both, and the network after the second. */
function merged(first: CurvePoint, second: CurvePoint): CurvePoint {
  return {
    ...second,
    wallMs: first.wallMs + second.wallMs,
    skipped: first.skipped + second.skipped,
    tallies: first.tallies.map((sum, k) => sum + second.tallies[k]!),
  };
}

const shortSum = (sum: number, digits = DIGITS) => (Number.isSafeInteger(sum) ? sum : Number(sum.toPrecision(digits)));

function rounded(point: CurvePoint): void {
  point.wallMs = Math.round(100 * point.wallMs) / 100;
  point.learningRate = shortSum(point.learningRate, RATE_DIGITS);
  for (const [k, sum] of point.tallies.entries()) point.tallies[k] = shortSum(sum);
}

const isSame = (some: readonly number[], others: readonly number[]) =>
  some.length === others.length && some.every((value, k) => value === others[k]);
