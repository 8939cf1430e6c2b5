import { bigserial, index, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** Every authenticated and allowed POST, PUT and DELETE, written before it is carried out. */
export const audit_log = pgTable(
  "audit_log",
  {
    sequence: bigserial("sequence", { mode: "number" }).primaryKey(),
    created_at: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
    user_id: text("user_id").notNull(),
    /** Path without the leading slash. */
    endpoint: text("endpoint").notNull(),
    request_type: text("request_type").notNull(),
  },
  // Serves the pages of one user's own entries.
  (table) => [index("audit_log_user").on(table.user_id, table.sequence)],
);
