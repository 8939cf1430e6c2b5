import { z } from "zod";

/** What every list endpoint answers. The order of the columns is part of the contract. */
export const listOutput = z.object({ header: z.array(z.string()), body: z.array(z.array(z.unknown())) });

/** Builds a list answer: one cell per column of the header in every row, rows in insertion order. */
export function listResponse(header: readonly string[], rows: readonly (readonly unknown[])[]) {
  return { header: [...header], body: rows.map((row) => [...row]) };
}
