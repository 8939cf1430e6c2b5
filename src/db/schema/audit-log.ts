import { bigserial, index, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";

/** Every authorized POST, PUT and DELETE, written before it is carried out. */
export const audit_log = pgTable(
  "audit_log",
  {
    sequence: bigserial("sequence", { mode: "number" }).primaryKey(),
    created_at: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
    user_id: text("user_id").notNull(),
    /** `users.row_uuid` of the account; null: no account. */
    user_uuid: uuid("user_uuid"),
    /** `api_keys.uuid` of the key that the request was made with; null: a token. */
    key_uuid: uuid("key_uuid"),
    /** Path without the leading slash. */
    endpoint: text("endpoint").notNull(),
    request_type: text("request_type").notNull(),
  },
  (table) => [
    // Serves the pages that administrators request.
    index("audit_log_user").on(table.user_id, table.sequence),
    // Serves the pages of one user's own entries.
    index("audit_log_account").on(table.user_uuid, table.sequence),
  ],
);
