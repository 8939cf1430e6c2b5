import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import type { Page } from "../db/read-pages.ts";
import { fields } from "./fields.ts";

/** The answer of every list endpoint. The order of the columns is part of the contract. */
export const listOutput = z.object({ header: z.array(z.string()), body: z.array(z.array(z.unknown())) });

/** Number of rows that are converted in a few milliseconds. */
const ROWS_PER_SLICE = 4096;

/**
 * Builds a list answer: rows in insertion order, each with one cell per column of the header. Yields to the event loop
 * between two slices of a long list.
 */
export async function listResponse<Row>(
  header: readonly string[],
  rows: readonly Row[],
  toCells: (row: Row) => readonly unknown[],
): Promise<{ header: string[]; body: unknown[][] }> {
  const body: unknown[][] = [];
  for (let first = 0; first < rows.length; first += ROWS_PER_SLICE) {
    if (first > 0) await setImmediate();
    for (const row of rows.slice(first, first + ROWS_PER_SLICE)) body.push([...toCells(row)]);
  }
  return { header: [...header], body };
}

/** The input of every list endpoint: without these keys the whole list, as in the contract. */
export const pageFields = {
  page: fields.page.optional(),
  limit: fields.int(1, 10_000).optional(),
};

/** Rows of a page unless the client says how many. */
const PAGE_LIMIT = 100;

/** The page that the input asks for; undefined: the whole list. */
export function pageOf(input: { page?: number | undefined; limit?: number | undefined }): Page | undefined {
  const { page, limit } = input;
  return page === undefined && limit === undefined ? undefined : { page: page ?? 0, limit: limit ?? PAGE_LIMIT };
}
