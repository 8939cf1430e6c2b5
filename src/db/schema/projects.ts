import { index, pgTable, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { lifetime, notDeleted, sequence } from "./columns.ts";

export const projects = pgTable(
  "projects",
  {
    row_uuid: uuid("row_uuid").primaryKey().defaultRandom(),
    sequence: sequence(),
    id: text("id").notNull(),
    name: text("name").notNull(),
    creator_id: text("creator_id").notNull(),
    ...lifetime(),
  },
  (table) => [
    uniqueIndex("projects_id").on(table.id).where(notDeleted),
    index("projects_live").on(table.sequence).where(notDeleted),
  ],
);
