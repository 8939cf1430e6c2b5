import { numberText } from "../encoders/number-text.ts";
import type { ColumnFacts } from "./file/columns.ts";
import type { DatasetReader } from "./file/reader.ts";

const BATCH_VALUES = 1_048_576;

/** A column group of a dataset, with what is known about its cells. */
export interface CheckedGroup {
  name: string;
  width: number;
  facts: ColumnFacts | undefined;
}

/** The class of the row whose values begin at `start`: a whole number. */
type ClassOf = (values: Float32Array, start: number) => number;

/** A group of answers, and the one that has the true classes of the same rows. */
export interface ClassPair {
  result: CheckedGroup;
  reference: CheckedGroup;
  answer: ClassOf;
  /** NaN where the class is missing, and a negative number for one that cannot be answered. */
  truth: ClassOf;
}

/** A column of the reference holds numbers, not classes. */
export class NoClassesError extends Error {
  constructor(column: string) {
    super(`column '${column}' holds numbers, not classes`);
    this.name = "NoClassesError";
  }
}

const NO_CLASS = -1;
const NO_ANSWER = -2;

/**
 * Pairs each group of the result with the group of the reference that has its name, else `label`, else the last one
 * that fits: of the same width, or a single column of classes for a group of several values. Of a result with
 * categories only these are compared. Undefined when a group has no partner. Throws NoClassesError for a column whose
 * first `rows` rows are no classes.
 */
export async function classPairs(
  result: DatasetReader,
  reference: DatasetReader,
  rows: number,
): Promise<ClassPair[] | undefined> {
  const given = groupsOf(result);
  const categories = given.filter(isCategory);
  const find = partnerFinder(groupsOf(reference));
  const matched = (categories.length > 0 ? categories : given).map((group) => ({
    result: group,
    reference: find(group),
  }));
  const pairs: ClassPair[] = [];
  if (!matched.every(isWhole)) return undefined;
  for (const pair of matched) pairs.push({ ...pair, ...(await comparison(pair, reference, rows)) });
  return pairs;
}

type Matched = Pick<ClassPair, "result" | "reference">;
const isWhole = (pair: { result: CheckedGroup; reference: CheckedGroup | undefined }): pair is Matched =>
  pair.reference !== undefined;

const isCategory = ({ facts }: CheckedGroup) => facts?.kind === "category";

const groupsOf = ({ groups, columns }: DatasetReader): CheckedGroup[] =>
  groups.map(({ name, column_start, column_end }, index) => ({
    name,
    width: column_end - column_start,
    facts: columns[index],
  }));

function partnerFinder(groups: readonly CheckedGroup[]): (group: CheckedGroup) => CheckedGroup | undefined {
  const byName = new Map(groups.map((group) => [group.name, group]));
  const lastOfWidth = new Map(groups.map((group) => [group.width, group]));
  const lastCategory = groups.findLast(isCategory);
  return (group) => {
    const named = [byName.get(group.name), byName.get("label")];
    const ofWidth = (width: number) => named.find((each) => each?.width === width);
    if (isCategory(group)) return ofWidth(1) ?? lastCategory;
    const ofSameWidth = ofWidth(group.width) ?? lastOfWidth.get(group.width);
    return group.width > 1 ? (ofSameWidth ?? ofWidth(1) ?? lastCategory) : ofSameWidth;
  };
}

/** How the classes of a pair are told from its values. */
async function comparison(
  { result, reference }: Matched,
  reader: DatasetReader,
  rows: number,
): Promise<Pick<ClassPair, "answer" | "truth">> {
  if (reference.width > 1) return { answer: highest(result.width), truth: onlyOne(reference.width) };
  if (result.facts?.kind === "category") {
    const codes = new Map(result.facts.categories.map((text, code) => [text, code]));
    const known = reference.facts?.kind === "category" ? reference.facts.categories : undefined;
    const textOf = (value: number) => known?.[value] ?? numberText(value);
    return { answer: asAnswer, truth: (values, start) => codeOf(values[start]!, codes, textOf) };
  }
  const areYesNo = await areZerosAndOnes(reference, reader, rows);
  const truth: ClassOf = (values, start) => values[start]!;
  if (result.width > 1) return { answer: highest(result.width), truth };
  return { answer: areYesNo ? isYes : rounded, truth };
}

function codeOf(value: number, codes: ReadonlyMap<string, number>, textOf: (value: number) => string): number {
  return Number.isNaN(value) ? NaN : (codes.get(textOf(value)) ?? NO_CLASS);
}

const asAnswer: ClassOf = (values, start) => (Number.isNaN(values[start]) ? NO_ANSWER : values[start]!);
const isYes: ClassOf = (values, start) => (values[start]! >= 0.5 ? 1 : 0);
const rounded: ClassOf = (values, start) => Math.round(values[start]!);

/** The first of the highest values. */
const highest =
  (width: number): ClassOf =>
  (values, start) => {
    let best = 0;
    for (let at = 1; at < width; at++) if (values[start + at]! > values[start + best]!) best = at;
    return best;
  };

/** The position of the only 1 among 0s; other values are no class, as in the contract. */
const onlyOne =
  (width: number): ClassOf =>
  (values, start) => {
    let [position, ones] = [NO_CLASS, 0];
    for (let at = 0; at < width; at++) {
      const value = values[start + at]!;
      if (value === 0) continue;
      if (value !== 1) return NO_CLASS;
      position = at;
      ones += 1;
    }
    return ones === 1 ? position : NO_CLASS;
  };

/** Whether a column of classes has only two, 0 and 1. Throws NoClassesError unless its values are whole numbers. */
async function areZerosAndOnes({ name, facts }: CheckedGroup, reader: DatasetReader, rows: number): Promise<boolean> {
  if (facts?.kind === "category") return facts.categories.length <= 2;
  let areYesNo = true;
  for (let first = 0; first < rows; first += BATCH_VALUES) {
    for (const value of await readCells(reader, { name, width: 1 }, first, Math.min(BATCH_VALUES, rows - first))) {
      if (value === 0 || value === 1 || Number.isNaN(value)) continue;
      if (!Number.isInteger(value) || facts?.kind === "time") throw new NoClassesError(name);
      areYesNo = false;
    }
  }
  return areYesNo;
}

/** Reads rows of a group; missing cells are NaN. */
export async function readCells(
  reader: DatasetReader,
  { name, width }: Pick<CheckedGroup, "name" | "width">,
  first: number,
  rows: number,
): Promise<Float32Array> {
  const cells = new Float32Array(rows * width);
  await reader.fillCells(cells, name, first, rows);
  return cells;
}
