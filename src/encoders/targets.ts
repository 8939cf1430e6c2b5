import type { Cells, ColumnMeaning } from "./cells.ts";
import { EncoderError } from "./encoder-error.ts";
import { quantile, sortedSample } from "./knots.ts";
import { numberFromText, numberText } from "./number-text.ts";
import { CLASS_SHARE, RAMP_HIGH, RAMP_LOW } from "./target-shares.ts";

/** Classes of one target: each is an output neuron. */
export const CLASSES_MAX = 4096;
export const CLASS_TEXT_MAX = 1024;
/** Ramps that a number is taught as, each by one output neuron. */
const TARGET_RAMPS = 8;

/** A column of classes as the output of a network: one value per class. */
export interface ClassTarget {
  kind: "class";
  column: string;
  classes: string[];
}

/** A column of numbers as the output of a network: one ramp from each knot to the next. */
export interface NumberTarget {
  kind: "number";
  column: string;
  /** Ascending; a single one for a constant. */
  knots: number[];
}

export type FittedTarget = ClassTarget | NumberTarget;

/** The encoder of a target for one column of a dataset. */
export interface BoundTarget {
  /** Writes what a network learns from rows, [rows × width]: values in 0..1, or NaN throughout for a missing cell. */
  encode(cells: Float32Array, rows: number, target: Float32Array): void;
  /** How many numbers so far were beyond the knots, and count as the nearest one. */
  readonly beyond: number;
}

/** The values of one output of a network, [rows × width]. */
export interface MemberValues {
  width: number;
  values: Float32Array;
}

/** Per row the predicted class, an index into the target's classes, and [rows × classes] probabilities of sum 1. */
export interface DecodedClasses {
  labels: Uint32Array;
  probabilities: Float32Array;
}

/** Per row the predicted number, in the unit of the column. */
export interface DecodedNumbers {
  values: Float32Array;
}

/**
 * Fits a class target: the distinct values of the cells, texts in alphabetical order, numbers in ascending order.
 * Throws EncoderError without any value, and for more than `CLASSES_MAX` classes.
 */
export function fitClass(cells: Cells): ClassTarget {
  const target: ClassTarget = { kind: "class", column: cells.name, classes: [] };
  const fitted = extendClasses(target, cells);
  if (fitted.classes.length === 0) throw new EncoderError(`The target '${cells.name}' has no value in any row.`);
  return fitted;
}

/** The target with the classes that it does not know yet, after those that it knows. */
export function extendClasses(target: ClassTarget, cells: Cells): ClassTarget {
  const { values, kind, categories, name } = cells;
  const find = classFinder(target, cells);
  const added = new Set<number>();
  for (const value of values) {
    if (Number.isNaN(value) || find(value) !== undefined) continue;
    added.add(value);
    if (added.size + target.classes.length > CLASSES_MAX)
      throw new EncoderError(`The target '${name}' has more than ${CLASSES_MAX} classes; is it a number?`);
  }
  const found = [...added].sort((a, b) => a - b);
  const texts = kind === "category" ? found.map((code) => categories[code]!).sort() : found.map(numberText);
  const long = texts.find((text) => text.length > CLASS_TEXT_MAX);
  if (long !== undefined)
    throw new EncoderError(`A class of '${name}' has more than ${CLASS_TEXT_MAX} characters: '${long.slice(0, 50)}…'`);
  return { ...target, classes: [...target.classes, ...texts] };
}

/** Fits a number target. Throws EncoderError without any value, and for cells that are not numbers. */
export function fitNumber(cells: Cells): NumberTarget {
  const { values, name } = cells;
  const read = numberReader(name, cells);
  const sorted = sortedSample(values.map(read));
  if (sorted.length === 0) throw new EncoderError(`The target '${name}' has no value in any row.`);
  return { kind: "number", column: name, knots: evenKnots(...robustEnds(sorted)) };
}

/** A target widens when at least so many rows, and so much of all, are beyond what it has learnt. */
const WIDEN_ROWS_MIN = 8;
const WIDEN_SHARE_MIN = 0.25;
/** How much wider than needed it becomes, in its widths, because a stream that drifts goes on to do so. */
const WIDEN_MORE = 0.25;

/**
 * The target with a range that holds these cells, too, when they are more than outliers; else the same one. What the
 * network has learnt by the old range has to be learnt again.
 */
export function widenNumber(target: NumberTarget, cells: Cells): NumberTarget {
  const { knots } = target;
  const [first, last] = [knots[0]!, knots.at(-1)!];
  const sorted = sortedSample(cells.values.map(numberReader(target.column, cells)));
  const beyond = sorted.reduce((sum, value) => sum + (value < first || value > last ? 1 : 0), 0);
  if (beyond < Math.max(WIDEN_ROWS_MIN, WIDEN_SHARE_MIN * sorted.length)) return target;
  const [low, high] = robustEnds(sorted);
  const more = WIDEN_MORE * (Math.max(high, last) - Math.min(low, first));
  const ends = evenKnots(low < first ? within(low - more) : first, high > last ? within(high + more) : last);
  return ends.length === 1 ? target : { ...target, knots: ends };
}

/** The nearest 32-bit number that is finite. */
const within = (value: number) => Math.min(FLOAT_MAX, Math.max(-FLOAT_MAX, value));

/** How far beyond the middle nine tenths of the values the knots may reach, in widths of these. */
const REACH = 2;

/**
 * The least and the largest value, or nearer ends where few values lie far out: a ramp as wide as from all values to
 * one of them would turn each small error of an output into a large one.
 */
function robustEnds(sorted: Float64Array): [number, number] {
  const [low, high] = [quantile(sorted, 0.05), quantile(sorted, 0.95)];
  const reach = high > low ? REACH * (high - low) : Infinity;
  return [Math.max(sorted[0]!, low - reach), Math.min(sorted.at(-1)!, high + reach)];
}

/** Knots at even distances; one where they would coincide. */
function evenKnots(first: number, last: number): number[] {
  const inner = Array.from({ length: TARGET_RAMPS }, (_, j) => first + (j / TARGET_RAMPS) * (last - first));
  const knots = [...inner, last];
  return knots.filter((knot, j) => j === 0 || knot > knots[j - 1]!);
}

/** Values of a target's output. */
export function widthOfTarget(target: FittedTarget): number {
  return target.kind === "class" ? target.classes.length : Math.max(1, target.knots.length - 1);
}

/**
 * Prepares a target for a column of a dataset. A row whose class the target does not know has NaN, as a missing cell.
 * Throws EncoderError, with the name, for a column whose cells cannot be classes or numbers.
 */
export function bindTarget(target: FittedTarget, meaning: ColumnMeaning): BoundTarget {
  const width = widthOfTarget(target);
  let beyond = 0;
  const write =
    target.kind === "class" ? classWriter(target, meaning) : rampWriter(target, meaning, () => void (beyond += 1));
  return {
    get beyond() {
      return beyond;
    },
    encode(cells, rows, values) {
      for (let row = 0, at = 0; row < rows; row++, at += width) write(cells[row]!, values, at);
    },
  };
}

type Write = (cell: number, values: Float32Array, at: number) => void;

function classWriter(target: ClassTarget, meaning: ColumnMeaning): Write {
  const find = classFinder(target, meaning);
  const width = target.classes.length;
  const other = (1 - CLASS_SHARE) / Math.max(1, width - 1);
  return (cell, values, at) => {
    const index = Number.isNaN(cell) ? undefined : find(cell);
    values.fill(index === undefined ? NaN : other, at, at + width);
    if (index !== undefined) values[at + index] = CLASS_SHARE;
  };
}

function rampWriter({ column, knots }: NumberTarget, meaning: ColumnMeaning, countBeyond: () => void): Write {
  const read = numberReader(column, meaning);
  const isConstant = knots.length === 1;
  const ramps = isConstant ? 1 : knots.length - 1;
  return (cell, values, at) => {
    const number = read(cell);
    if (number < knots[0]! || number > knots.at(-1)!) countBeyond();
    if (Number.isNaN(number)) values.fill(NaN, at, at + ramps);
    else if (isConstant) values[at] = RAMP_LOW;
    else
      for (let j = 0; j < ramps; j++) {
        const share = (number - knots[j]!) / (knots[j + 1]! - knots[j]!);
        values[at + j] = RAMP_LOW + (RAMP_HIGH - RAMP_LOW) * Math.min(1, Math.max(0, share));
      }
  };
}

/** Finds the class of a cell that is not missing, an index, or undefined for a new one. */
function classFinder({ column, classes }: ClassTarget, meaning: ColumnMeaning): (cell: number) => number | undefined {
  if (meaning.kind === "time") throw new EncoderError(`The target '${column}' has times, which cannot be classes.`);
  const byText = new Map(classes.map((text, index) => [text, index]));
  const numbers = classes.map(numberFromText);
  const areNumbers = numbers.every((number) => number !== undefined);
  const byNumber = new Map(numbers.map((number, index) => [number, index]));
  if (meaning.kind === "number") {
    if (!areNumbers) throw new EncoderError(`The target '${column}' has numbers, and its classes are texts.`);
    return (cell) => byNumber.get(cell);
  }
  const indices = meaning.categories.map(
    (text) => byText.get(text) ?? (areNumbers ? byNumber.get(numberFromText(text) ?? NaN) : undefined),
  );
  return (code) => indices[code];
}

/** Reads a cell of a column as a number; NaN stays NaN. */
function numberReader(column: string, { kind, categories }: ColumnMeaning): (cell: number) => number {
  if (kind === "number") return (cell) => cell;
  const numbers = categories.map(numberFromText);
  const strange = categories.find((_, code) => numbers[code] === undefined);
  if (kind === "time" || strange !== undefined) {
    const found = kind === "time" ? "times" : `'${strange!.slice(0, 50)}'`;
    throw new EncoderError(`The target '${column}' is a number and has ${found}.`);
  }
  return (code) => numbers[code] ?? NaN;
}

/**
 * Averages the outputs of several networks for a target and reads the predictions. A member may be narrower than the
 * target, as one that was trained before a class appeared: the values that it lacks count as 0.
 */
export function decode(target: ClassTarget, members: readonly MemberValues[], rows: number): DecodedClasses;
export function decode(target: NumberTarget, members: readonly MemberValues[], rows: number): DecodedNumbers;
export function decode(target: FittedTarget, members: readonly MemberValues[], rows: number) {
  const width = widthOfTarget(target);
  const means = meanOf(members, rows, width);
  return target.kind === "class" ? decodeClasses(means, rows, width) : decodeNumbers(target, means, rows, width);
}

function meanOf(members: readonly MemberValues[], rows: number, width: number): Float32Array {
  const means = new Float32Array(rows * width);
  for (const { width: stride, values } of members) {
    const shared = Math.min(width, stride);
    for (let row = 0; row < rows; row++)
      for (let k = 0; k < shared; k++) means[row * width + k]! += values[row * stride + k]! / members.length;
  }
  return means;
}

/**
 * The least probability of a class before all are scaled to the sum of 1, and of all together where there are many.
 * Powers of the shares, and a softmax of their logits, had larger log losses.
 */
const PROBABILITY_MIN = 1e-3;
const PROBABILITIES_MIN = 1e-2;

export const leastProbability = (classes: number) => Math.min(PROBABILITY_MIN, PROBABILITIES_MIN / classes);

/** Undoes what classes are taught as, so that outputs that fit the targets become the shares of the classes. */
function decodeClasses(means: Float32Array, rows: number, classes: number): DecodedClasses {
  const labels = new Uint32Array(rows);
  const other = (1 - CLASS_SHARE) / Math.max(1, classes - 1);
  const least = leastProbability(classes);
  for (let row = 0; row < rows; row++) {
    const one = means.subarray(row * classes, (row + 1) * classes);
    let sum = 0;
    let best = 0;
    for (let k = 0; k < classes; k++) {
      if (one[k]! > one[best]!) best = k;
      sum += Math.max(least, one[k]! - other);
    }
    for (let k = 0; k < classes; k++) one[k] = Math.max(least, one[k]! - other) / sum;
    labels[row] = best;
  }
  return { labels, probabilities: means };
}

function decodeNumbers({ knots }: NumberTarget, means: Float32Array, rows: number, width: number): DecodedNumbers {
  const values = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let value = knots[0]!;
    for (let j = 0; j + 1 < knots.length; j++)
      value += ((knots[j + 1]! - knots[j]!) * (means[row * width + j]! - RAMP_LOW)) / (RAMP_HIGH - RAMP_LOW);
    values[row] = Math.min(FLOAT_MAX, Math.max(-FLOAT_MAX, value));
  }
  return { values };
}

/** The largest finite 32-bit float. */
const FLOAT_MAX = 3.4028234663852886e38;

/**
 * Reads a cell of a dataset's column as what a prediction is compared with: the index of its class, −1 for a class that
 * the target does not know, or its number; NaN where it is missing. Throws like `bindTarget`.
 */
export function truthReader(target: FittedTarget, meaning: ColumnMeaning): (cell: number) => number {
  if (target.kind === "number") return numberReader(target.column, meaning);
  const find = classFinder(target, meaning);
  return (cell) => (Number.isNaN(cell) ? NaN : (find(cell) ?? -1));
}
