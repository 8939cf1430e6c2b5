import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cells } from "../../src/encoders/cells.ts";
import { readCsv } from "./read-csv.ts";

export const PEERS = ["mlp", "linear", "random_forest", "gradient_boosting"] as const;
export type Peer = (typeof PEERS)[number];

/** An entry of tables.json. */
interface Entry {
  file: string;
  target: string;
  kind: "class" | "number";
  drop: string[];
  /** Scores on the same folds: accuracy (0..1), or root mean square error. */
  peers: Record<Peer | "baseline", number>;
  /** For each fold, the rows that are held out. */
  test_rows: number[][];
}

/** A table, what is to be predicted, and what others reach. */
export interface Problem extends Entry {
  name: string;
  inputs: Cells[];
  targets: Cells;
}

/** Reads tables.json of a folder and the tables that it lists; with names, only those. */
export function readProblems(folder: string, names: readonly string[]): Problem[] {
  const entries = JSON.parse(readFileSync(join(folder, "tables.json"), "utf8")) as Record<string, Entry>;
  const strange = names.find((name) => !Object.hasOwn(entries, name));
  if (strange !== undefined) throw new Error(`tables.json has no table '${strange}'`);
  return Object.entries(entries)
    .filter(([name]) => names.length === 0 || names.includes(name))
    .map(([name, entry]) => {
      const columns = readCsv(readFileSync(join(folder, entry.file), "utf8"));
      const targets = columns.find((column) => column.name === entry.target)!;
      const inputs = columns.filter((column) => column !== targets && !entry.drop.includes(column.name));
      return { name, ...entry, inputs, targets };
    });
}

/** The rows of one fold; rows without a target belong to neither. */
export function rowsOfFold({ targets, test_rows }: Problem, fold: number): { train: Uint32Array; test: Uint32Array } {
  const held = new Set(test_rows[fold]);
  const known = Uint32Array.from(targets.values.keys()).filter((row) => !Number.isNaN(targets.values[row]));
  return { train: known.filter((row) => !held.has(row)), test: known.filter((row) => held.has(row)) };
}
