import { setImmediate } from "node:timers/promises";
import { and, gt, type SQL } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { Db } from "./client.ts";

/** A part of a list. */
export interface Page {
  /** Counts from 0; a page beyond the end is empty. */
  page: number;
  /** Rows of a page. */
  limit: number;
}

/** Rows that the embedded database reads in 10 to 20 ms, on the server's main thread. */
const READ_ROWS = 1000;
/** Rows that it passes over in some milliseconds: it looks at the index only. */
const SKIP_ROWS = 10_000;

/** A list in the order of a key. */
export interface KeyedList<Row, Key> {
  /** Less than all keys. */
  first: Key;
  /** The first rows after this key, and the key of the last one of them. */
  read: (after: Key, rows: number) => Promise<{ rows: Row[]; last: Key | undefined }>;
  /** The key of the row at this distance after this key, which may be that of no row; undefined beyond the end. */
  keyAt: (after: Key, distance: number) => Promise<Key | undefined>;
  /** Rows of one statement. */
  readRows?: number;
}

/**
 * Reads a list of any length, or one page of it, piece by piece, and yields to the event loop between pieces. Pages
 * before the one wanted are passed over, but nothing beyond the end of the list, however high the page.
 */
export async function readPages<Row, Key>(list: KeyedList<Row, Key>, page?: Page): Promise<Row[]> {
  const { readRows = READ_ROWS } = list;
  let after = list.first;
  for (let left = page === undefined ? 0 : page.page * page.limit; left > 0;) {
    const distance = Math.min(left, SKIP_ROWS);
    const key = await list.keyAt(after, distance);
    if (key === undefined) return [];
    after = key;
    left -= distance;
    await setImmediate();
  }
  const rows: Row[] = [];
  for (let left = page?.limit ?? Infinity; left > 0;) {
    const wanted = Math.min(left, readRows);
    const piece = await list.read(after, wanted);
    for (const row of piece.rows) rows.push(row);
    if (piece.last === undefined || piece.rows.length < wanted) break;
    after = piece.last;
    left -= wanted;
    await setImmediate();
  }
  return rows;
}

interface Sequence<Row> {
  db: Db;
  table: PgTable & { sequence: PgColumn };
  condition: SQL | undefined;
  /** The first rows of the table that fulfil `isAfter`: those of the list after a sequence, in its order. */
  read: (isAfter: SQL | undefined, rows: number) => Promise<Row[]>;
}

/** The rows of a table that fulfil a condition, in the order of their sequence. */
export function bySequence<Row extends { sequence: number }>(list: Sequence<Row>): KeyedList<Row, number> {
  const { db, table, condition } = list;
  const isAfter = (after: number) => and(condition, gt(table.sequence, after));
  return {
    first: 0,
    async read(after, count) {
      const rows = await list.read(isAfter(after), count);
      return { rows, last: rows.at(-1)?.sequence };
    },
    async keyAt(after, distance) {
      const [row] = await db
        .select({ sequence: table.sequence })
        .from(table as PgTable)
        .where(isAfter(after))
        .orderBy(table.sequence)
        .limit(1)
        .offset(distance - 1);
      return row?.sequence as number | undefined;
    },
  };
}
