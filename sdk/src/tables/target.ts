import type { Dataset, DatasetColumn } from "../resources/datasets.ts";
import { columnNames, noColumn } from "./learnt-table.ts";
import { TableError, type TableResources } from "./resources.ts";

/** What the server can learn as one target. */
const CLASSES_MAX = 4096;
/** Fewer rows with a target leave nothing to learn from beside those that are held out. */
const ROWS_MIN = 5;
/** Whole numbers with at most so many different values, of which each is in several rows, are taken as classes. */
const GUESSED_CLASSES_MAX = 20;
const ROWS_PER_CLASS = 5;
/** Rows that are looked at to tell whether all numbers are whole. */
const LOOK_ROWS = 10_000;

export type TargetKind = "class" | "number";

/**
 * Decides whether a column of a dataset is learnt as classes or as a number. Throws TableError, before anything is
 * trained, for a column that cannot be learnt.
 */
export async function checkTarget(
  { datasets }: Pick<TableResources, "datasets">,
  dataset: Dataset,
  target: string,
  wanted: TargetKind | undefined,
): Promise<{ kind: TargetKind; warnings: string[] }> {
  const names = columnNames(dataset);
  if (!Object.hasOwn(dataset.description, target)) throw noColumn(target, names);
  if (names.length < 2) throw new TableError(`There is no column besides the target '${target}'.`);
  const facts = dataset.columns?.find(({ name }) => name === target);
  if (facts === undefined) {
    if (wanted !== undefined) return { kind: wanted, warnings: [] };
    throw new TableError(
      `The server tells the kinds of the first ${dataset.columns?.length ?? 0} columns only: ` +
        `say whether the target '${target}' is a class or a number (kind, --kind).`,
    );
  }
  const missing = facts.missing ?? 0;
  const present = dataset.number_of_rows - missing;
  checkCells(facts, present);
  const guess = await guessKind(datasets, dataset, facts, present);
  const kind = wanted ?? guess.kind;
  if (kind === "class") checkClasses(facts, present);
  else if (facts.kind !== "number") throw new TableError(`The target '${target}' has texts, which are no numbers.`);
  const warnings = wanted === undefined && guess.warning !== undefined ? [guess.warning] : [];
  if (missing > 0) {
    const rows = missing === 1 ? "1 row has no target and is" : `${missing} rows have no target and are`;
    warnings.push(`${rows} not learnt`);
  }
  return { kind, warnings };
}

function checkCells({ name, kind, distinct, min, max }: DatasetColumn, present: number): void {
  if (present === 0) throw new TableError(`The target '${name}' has no value in any row.`);
  if (kind === "time") throw new TableError(`The target '${name}' has times, which cannot be learnt as a target.`);
  if (present < ROWS_MIN) {
    throw new TableError(
      `The target '${name}' has a value in ${present === 1 ? "1 row" : `${present} rows`} only: at least ${ROWS_MIN} ` +
        "are needed, some of which are held out to measure what was learnt.",
    );
  }
  if (distinct === 1 || (kind === "number" && min !== null && min === max)) {
    throw new TableError(`The target '${name}' has the same value in every row: there is nothing to learn.`);
  }
}

function checkClasses({ name, distinct }: DatasetColumn, present: number): void {
  if (distinct === null) return;
  if (distinct === present) {
    throw new TableError(`The target '${name}' has another value in every row, like an id: no class is there twice.`);
  }
  if (distinct > CLASSES_MAX) {
    throw new TableError(`The target '${name}' has ${distinct} classes, but at most ${CLASSES_MAX} are possible.`);
  }
}

async function guessKind(
  datasets: TableResources["datasets"],
  { uuid, number_of_rows }: Dataset,
  { name, kind, distinct }: DatasetColumn,
  present: number,
): Promise<{ kind: TargetKind; warning?: string }> {
  if (kind === "category") return { kind: "class" };
  const rows = Math.min(number_of_rows, LOOK_ROWS);
  const cells = await datasets.content({ uuid, column_name: name, number_of_rows: rows });
  if (!cells.flat().every(Number.isInteger)) return { kind: "number" };
  const isFew =
    distinct !== null && (distinct === 2 || (distinct <= GUESSED_CLASSES_MAX && distinct * ROWS_PER_CLASS <= present));
  const [taken, other, options] = isFew
    ? (["class", "a number", "kind: 'number' (--kind number)"] as const)
    : (["number", "classes", "kind: 'class' (--kind class)"] as const);
  const count = distinct === null ? "" : `${distinct} different `;
  const what = taken === "class" ? "classes" : "a number";
  return {
    kind: taken,
    warning: `the target '${name}' has ${count}whole numbers and is learnt as ${what}; ${options} learns it as ${other}`,
  };
}
