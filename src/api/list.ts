import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { formatTimestamp } from "../server/timestamp.ts";

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

interface OwnedRow {
  created_at: Date;
  uuid: string;
  project_id: string;
  owner_id: string;
  visibility: string;
  name: string;
}

/** The list of resources with an owner. Clients find `uuid` and `name` by position, second and last. */
export function ownedListResponse(rows: readonly OwnedRow[]) {
  return listResponse(
    ["created_at", "uuid", "project_id", "owner_id", "visibility", "name"],
    rows,
    ({ created_at, uuid, project_id, owner_id, visibility, name }) => [
      formatTimestamp(created_at),
      uuid,
      project_id,
      owner_id,
      visibility,
      name,
    ],
  );
}
