import { boolean, index, pgTable, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { lifetime, notDeleted, sequence } from "./columns.ts";

export const users = pgTable(
  "users",
  {
    row_uuid: uuid("row_uuid").primaryKey().defaultRandom(),
    sequence: sequence(),
    id: text("id").notNull(),
    name: text("name").notNull(),
    creator_id: text("creator_id").notNull(),
    is_admin: boolean("is_admin").notNull(),
    /** Argon2id in PHC string format, over the decoded passphrase. Never leaves the server. */
    passphrase_hash: text("passphrase_hash").notNull(),
    ...lifetime(),
  },
  (table) => [
    // Serves login and lookups by id, and decides the race between two creations of the same id.
    uniqueIndex("users_id").on(table.id).where(notDeleted),
    index("users_live").on(table.sequence).where(notDeleted),
  ],
);
