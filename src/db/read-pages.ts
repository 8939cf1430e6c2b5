import { setImmediate } from "node:timers/promises";

/** Rows that the embedded database reads within some 20 ms of the server's main thread. */
export const PAGE_ROWS = 1000;

/**
 * A list of any length, page by page: others get their turn between two. `readPage` gives the first `PAGE_ROWS` rows, in the
 * order of their sequence, that come after this one.
 */
export async function readPages<Row extends { sequence: number }>(
  readPage: (after: number) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const page = await readPage(rows.at(-1)?.sequence ?? 0);
    rows.push(...page);
    if (page.length < PAGE_ROWS) return rows;
    await setImmediate();
  }
}
