import { setImmediate } from "node:timers/promises";

/** Rows that the embedded database reads in about 20 ms on the server's main thread. */
export const PAGE_ROWS = 1000;

/**
 * Reads a list of any length page by page and yields to the event loop between pages. `readPage` returns the first
 * `PAGE_ROWS` rows after the given sequence, in the order of their sequence.
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
