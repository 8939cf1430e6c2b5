import { sql } from "drizzle-orm";
import { bigint, index, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { datasets } from "./datasets.ts";
import { lifetime, notDeleted, ownership } from "./columns.ts";

/** An unfinished upload. Its bytes are in the tempfile folder under its uuid. */
export const tempfiles = pgTable(
  "tempfiles",
  {
    uuid: uuid("uuid").primaryKey(),
    /** Becomes (a part of) this dataset, or this checkpoint, which has no row yet. */
    dataset_uuid: uuid("dataset_uuid").references(() => datasets.uuid),
    checkpoint_uuid: uuid("checkpoint_uuid"),
    checkpoint_name: text("checkpoint_name"),
    role: text("role", { enum: ["input", "label"] }).notNull(),
    file_size: bigint("file_size", { mode: "number" }).notNull(),
    /** Byte ranges that have arrived and are on disk: sorted, disjoint `[start, end)` pairs. */
    received: jsonb("received").$type<[number, number][]>().notNull().default([]),
    /** Last activity; an idle upload is swept after the configured time. */
    touched_at: timestamp("touched_at", { withTimezone: true }).notNull().defaultNow(),
    ...ownership(),
    ...lifetime(),
  },
  (table) => [
    index("tempfiles_dataset").on(table.dataset_uuid),
    // Serves the limits of a project, and sweeps.
    index("tempfiles_live").on(table.project_id).where(notDeleted),
  ],
);

/** Uuid of the dataset or checkpoint that a temporary file becomes. */
export const uploadTarget = sql<string>`coalesce(${tempfiles.dataset_uuid}, ${tempfiles.checkpoint_uuid})`;
