import { bigint, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { lifetime, listIndexes, ownership, sequence } from "./columns.ts";

/** A saved state of a cluster: a safetensors file in the checkpoint folder, named after its uuid. */
export const checkpoints = pgTable(
  "checkpoints",
  {
    /** Equals the uuid of the task that saved it. */
    uuid: uuid("uuid").primaryKey(),
    sequence: sequence(),
    name: text("name").notNull(),
    file_size: bigint("file_size", { mode: "number" }).notNull(),
    ...ownership(),
    ...lifetime(),
  },
  (table) => listIndexes("checkpoints", table),
);
