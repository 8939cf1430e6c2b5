import { sql } from "drizzle-orm";
import { bigserial, index, text, timestamp, uuid, type ExtraConfigColumn } from "drizzle-orm/pg-core";

/** Insertion order, which is the order of every list endpoint. */
export const sequence = () => bigserial("sequence", { mode: "number" }).notNull();

/** Rows are never removed, only marked as deleted: ids can be reused, and logs stay meaningful. */
export const lifetime = () => ({
  created_at: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  deleted_at: timestamp("deleted_at", { withTimezone: true }),
});

/** Owner of a resource. */
export const owner = () => ({
  project_id: text("project_id").notNull(),
  /** The id that clients see. A later account may have the same id. */
  owner_id: text("owner_id").notNull(),
  /** `users.row_uuid` of the account; null: no account. */
  owner_uuid: uuid("owner_uuid"),
});

/** Owner and visibility of a resource. `visibility` is always `private`; the column is part of the contract. */
export const ownership = () => ({
  ...owner(),
  visibility: text("visibility").notNull().default("private"),
});

export const notDeleted = sql`deleted_at is null`;

/** The lists of a resource: everything for administrators, that of a project, and a user's own in a project. */
export const listIndexes = (
  name: string,
  table: Record<"sequence" | "project_id" | "owner_uuid", Partial<ExtraConfigColumn>>,
) => [
  index(`${name}_live`).on(table.sequence).where(notDeleted),
  index(`${name}_project`).on(table.project_id, table.sequence).where(notDeleted),
  index(`${name}_own`).on(table.owner_uuid, table.project_id, table.sequence).where(notDeleted),
];
