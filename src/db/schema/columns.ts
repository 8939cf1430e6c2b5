import { sql } from "drizzle-orm";
import { bigserial, text, timestamp, uuid } from "drizzle-orm/pg-core";

/** Insertion order: every list endpoint answers in it. */
export const sequence = () => bigserial("sequence", { mode: "number" }).notNull();

/** Rows are never removed, only marked: ids may be used again, and logs keep their meaning. */
export const lifetime = () => ({
  created_at: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  deleted_at: timestamp("deleted_at", { withTimezone: true }),
});

/** Who a resource belongs to. */
export const owner = () => ({
  project_id: text("project_id").notNull(),
  /** As clients see it. Another account may get the same id later. */
  owner_id: text("owner_id").notNull(),
  /** `users.row_uuid` of the account; null: nobody's. */
  owner_uuid: uuid("owner_uuid"),
});

/** Who a resource belongs to. `visibility` is always `private` for now; the column is part of the contract. */
export const ownership = () => ({
  ...owner(),
  visibility: text("visibility").notNull().default("private"),
});

export const notDeleted = sql`deleted_at is null`;
