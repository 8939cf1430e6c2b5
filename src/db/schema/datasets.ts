import { bigint, index, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { lifetime, notDeleted, ownership, sequence } from "./columns.ts";

export const datasets = pgTable(
  "datasets",
  {
    uuid: uuid("uuid").primaryKey(),
    sequence: sequence(),
    name: text("name").notNull(),
    /** Where the rows came from: the format of an upload, or `result` (of a request task). */
    type: text("type").notNull(),
    /** `uploading` until its file is complete in the dataset folder; only `ready` ones have rows. */
    state: text("state", { enum: ["uploading", "ready"] }).notNull(),
    /** Of the file in the dataset folder; null until it is `ready`. */
    file_size: bigint("file_size", { mode: "number" }),
    /** What its import guessed, left out or changed: short sentences. */
    warnings: jsonb("warnings").$type<string[]>().notNull().default([]),
    ...ownership(),
    ...lifetime(),
  },
  // Serves the list of one project.
  (table) => [index("datasets_project").on(table.project_id, table.sequence).where(notDeleted)],
);
