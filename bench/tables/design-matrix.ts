import type { Cells } from "../../src/encoders/cells.ts";
import type { Matrix } from "./linear-solver.ts";

/** What one column of a matrix has in a row, from the column's cell. */
type Feature = (cell: number) => number;

/**
 * Rows of a table as linear models take them, as the peers of tables.json had them: numbers with the median in place of
 * what is missing, and with a flag for it if a training row misses one, standardised; categories one-hot, missing ones
 * as one of their own. Fitted to the training rows.
 */
export class DesignMatrix {
  readonly #features: Feature[][];

  constructor(train: readonly Cells[]) {
    this.#features = train.map((cells) => (cells.kind === "category" ? oneHot(cells) : standardised(cells)));
  }

  of(columns: readonly Cells[]): Matrix {
    const rows = columns[0]!.values.length;
    const features = this.#features.flatMap((each, column) =>
      each.map((feature) => ({ feature, cells: columns[column]!.values })),
    );
    const values = new Float64Array(rows * features.length);
    features.forEach(({ feature, cells }, i) =>
      cells.forEach((cell, row) => (values[row * features.length + i] = feature(cell))),
    );
    return { rows, width: features.length, values };
  }
}

function oneHot({ values }: Cells): Feature[] {
  return [...new Set(values)].map((wanted) => (cell) => Number(Object.is(cell, wanted)));
}

function standardised({ values }: Cells): Feature[] {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  const middle = known.length >> 1;
  const median = known.length % 2 === 1 ? known[middle]! : (known[middle - 1]! + known[middle]!) / 2;
  const features: Feature[] = [(cell) => (Number.isNaN(cell) ? median : cell)];
  if (known.length < values.length) features.push((cell) => Number(Number.isNaN(cell)));
  return features.map((feature) => {
    const seen = Array.from(values, feature);
    const mean = seen.reduce((sum, each) => sum + each, 0) / seen.length;
    const deviation = Math.sqrt(seen.reduce((sum, each) => sum + (each - mean) ** 2, 0) / seen.length);
    return (cell) => (feature(cell) - mean) / (deviation > 0 ? deviation : 1);
  });
}
