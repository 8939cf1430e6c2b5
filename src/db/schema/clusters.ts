import { bigint, index, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { lifetime, listIndexes, notDeleted, ownership, sequence } from "./columns.ts";

/** Size and progress of a network, see `NetworkFigures`. */
export interface StoredFigures {
  cycle: number;
  blocks: number;
  neurons: number;
  sections: number;
  synapses: number;
  bytes: number;
  hexagons: { blocks: number; sections: number; bytes: number }[];
  inputs?: number[];
}

export const clusters = pgTable(
  "clusters",
  {
    uuid: uuid("uuid").primaryKey(),
    sequence: sequence(),
    name: text("name").notNull(),
    template: text("template").notNull(),
    seed: bigint("seed", { mode: "number" }).notNull(),
    host_uuid: uuid("host_uuid").notNull(),
    mode: text("mode", { enum: ["TASK", "DIRECT"] })
      .notNull()
      .default("TASK"),
    /** File name of the newest complete snapshot in the cluster folder; null until the cluster first changes. */
    snapshot: text("snapshot"),
    /** The unfinished task during which the snapshot was taken, and how many of its cycles the snapshot contains. */
    snapshot_task_uuid: uuid("snapshot_task_uuid"),
    snapshot_task_cycle: bigint("snapshot_task_cycle", { mode: "number" }).notNull().default(0),
    /** Of the snapshot; null for one that this server has not seen, such as a checkpoint's. */
    figures: jsonb("figures").$type<StoredFigures>(),
    ...ownership(),
    ...lifetime(),
  },
  (table) => [
    ...listIndexes("clusters", table),
    // Serves the check that a name is new.
    index("clusters_name").on(table.name).where(notDeleted),
  ],
);
