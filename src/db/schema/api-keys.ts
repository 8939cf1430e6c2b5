import { index, pgTable, text, timestamp, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { lifetime, notDeleted, sequence } from "./columns.ts";
import { users } from "./users.ts";

/**
 * API keys, with which a service acts for a user in one project. A revoked key keeps its row, because the audit log
 * names it.
 */
export const api_keys = pgTable(
  "api_keys",
  {
    uuid: uuid("uuid").primaryKey().defaultRandom(),
    sequence: sequence(),
    name: text("name").notNull(),
    /** SHA-256 of the key, in hexadecimal digits. The key itself is stored nowhere. */
    hash: text("hash").notNull(),
    owner_uuid: uuid("owner_uuid")
      .notNull()
      .references(() => users.row_uuid),
    project_id: text("project_id").notNull(),
    role: text("role").notNull(),
    expires_at: timestamp("expires_at", { withTimezone: true }).notNull(),
    /** To the minute. */
    last_used_at: timestamp("last_used_at", { withTimezone: true }),
    ...lifetime(),
  },
  (table) => [
    // Serves every lookup of a key.
    uniqueIndex("api_keys_hash").on(table.hash),
    // Serves the list of a user's own keys, and decides the race between two creations of the same name.
    uniqueIndex("api_keys_name").on(table.owner_uuid, table.name).where(notDeleted),
    index("api_keys_live").on(table.sequence).where(notDeleted),
    index("api_keys_project").on(table.project_id, table.sequence).where(notDeleted),
  ],
);
