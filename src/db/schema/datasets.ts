import { bigint, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { lifetime, listIndexes, ownership, sequence } from "./columns.ts";

export const datasets = pgTable(
  "datasets",
  {
    uuid: uuid("uuid").primaryKey(),
    sequence: sequence(),
    name: text("name").notNull(),
    /** Origin of the rows: the format of an upload, or `result` (of a request task). */
    type: text("type").notNull(),
    /** `uploading` until its file is complete in the dataset folder; only `ready` datasets have rows. */
    state: text("state", { enum: ["uploading", "ready"] }).notNull(),
    /** Size of the file in the dataset folder; null until the dataset is `ready`. */
    file_size: bigint("file_size", { mode: "number" }),
    /** Short sentences about what the import guessed, left out or changed. */
    warnings: jsonb("warnings").$type<string[]>().notNull().default([]),
    ...ownership(),
    ...lifetime(),
  },
  (table) => listIndexes("datasets", table),
);
