import { z } from "zod";
import { formatTimestamp } from "../timestamp.ts";

/** What every list endpoint answers. The order of the columns is part of the contract. */
export const listOutput = z.object({ header: z.array(z.string()), body: z.array(z.array(z.unknown())) });

/** Builds a list answer: one cell per column of the header in every row, rows in insertion order. */
export function listResponse(header: readonly string[], rows: readonly (readonly unknown[])[]) {
  return { header: [...header], body: rows.map((row) => [...row]) };
}

interface OwnedRow {
  created_at: Date;
  uuid: string;
  project_id: string;
  owner_id: string;
  visibility: string;
  name: string;
}

/** The list of resources that have an owner. Clients pick `uuid` and `name` by their place, second and last. */
export function ownedListResponse(rows: readonly OwnedRow[]) {
  return listResponse(
    ["created_at", "uuid", "project_id", "owner_id", "visibility", "name"],
    rows.map(({ created_at, uuid, project_id, owner_id, visibility, name }) => [
      formatTimestamp(created_at),
      uuid,
      project_id,
      owner_id,
      visibility,
      name,
    ]),
  );
}
