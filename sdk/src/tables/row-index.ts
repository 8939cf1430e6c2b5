import type { Dataset } from "../resources/datasets.ts";

/** Names that programs give to a column that counts the rows. */
const NAMES = /^(?:column_0_*|unnamed: ?0|index|id|nr|no|row|rownames?|row_?(?:id|nr|number))$/i;

/**
 * The first column of a dataset if it only counts the rows, as programs write it: from 0 or 1 on, under such a name.
 * What is learnt from it holds for no other file.
 */
export function rowIndexOf({ columns = [], number_of_rows: rows }: Dataset): string | undefined {
  const [first] = columns;
  if (first === undefined || !NAMES.test(first.name) || first.kind !== "number" || first.missing) return undefined;
  const { name, min, max, mean } = first;
  if (min === null || max === null || mean === null || rows < 2) return undefined;
  const counts = (min === 0 || min === 1) && max - min === rows - 1 && Math.abs(2 * mean - min - max) < 1e-3 * rows;
  return counts ? name : undefined;
}
