import type { DatasetReader, Values } from "../datasets/file/reader.ts";

/** Small, so that nobody waits for what is done with a slice. */
const SLICE_VALUES = 262_144;

/** Yields rows of a column group of this width, slice by slice. */
export async function* columnSlices(
  reader: DatasetReader,
  { name, width, first, rows }: { name: string; width: number; first: number; rows: number },
): AsyncGenerator<{ first: number; values: Values }, void> {
  const count = Math.max(1, Math.floor(SLICE_VALUES / width));
  const end = first + rows;
  for (let row = first; row < end; row += count) {
    yield { first: row, values: await reader.readGroup(name, row, Math.min(count, end - row)) };
  }
}
