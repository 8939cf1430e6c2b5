import { badRequest } from "../errors.ts";
import { widthExcess } from "../limits/width-excess.ts";
import type { Limits } from "../server/config.ts";
import type { JsonColumns } from "./json-rows.ts";

export type WidthLimits = Pick<Limits, "inputValues" | "outputValues">;

interface Plain {
  name: string;
  what: "input" | "output";
  limits: WidthLimits;
}

/** The values of an input or output without an encoder, [rows × width]. */
export interface PlainValues {
  width: number;
  values: Float32Array;
}

/**
 * Reads the column of an input or output without an encoder: a number, or an array of the same length in every row. A
 * column that is not there has the width 0. Throws 400 for other cells, and for more values than possible.
 */
export function plainValues({ name, what, limits }: Plain, { cells, rows }: JsonColumns): PlainValues {
  const lists = Array.from({ length: rows }, (_, row): readonly unknown[] => {
    const cell = cells.get(name)?.[row] ?? [];
    return Array.isArray(cell) ? (cell as readonly number[]) : [cell];
  });
  const width = lists[0]!.length;
  const excess = widthExcess(limits, what, width);
  if (excess !== undefined) throw badRequest(`'${name}' ${excess}`);
  const wrong = lists.findIndex((list) => list.length !== width);
  if (wrong >= 0) {
    throw badRequest(`Row ${wrong}, '${name}' has ${lists[wrong]!.length} values, but row 0 has ${width}`);
  }
  const values = new Float32Array(rows * width);
  for (const [row, list] of lists.entries()) {
    for (const [k, value] of list.entries()) {
      const at = row * width + k;
      values[at] = typeof value === "number" ? value : NaN;
      if (!Number.isFinite(values[at])) throw badRequest(`Row ${row}, '${name}' has a value that is no number`);
    }
  }
  return { width, values };
}

/** A sentence about targets of a plain output that it cannot learn, because its answers are from 0 to 1. */
export function clippedTargets(name: string, { width, values }: PlainValues): string[] {
  const isBeyond = (value: number) => value < 0 || value > 1;
  const first = values.findIndex(isBeyond);
  if (first < 0) return [];
  const count = values.reduce((sum, value) => sum + Number(isBeyond(value)), 0);
  const targets = count === 1 ? "1 target" : `${count} targets`;
  return [
    `output '${name}' learns ${targets} outside of 0 to 1 as the nearest of both; ` +
      `the first is ${values[first]} in row ${Math.floor(first / width)}`,
  ];
}
