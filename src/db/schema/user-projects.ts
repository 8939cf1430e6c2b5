import { boolean, pgTable, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { sequence } from "./columns.ts";
import { users } from "./users.ts";

/** Assignments of users to projects. A new token is for the user's first project by `sequence`. */
export const user_projects = pgTable(
  "user_projects",
  {
    user_row_uuid: uuid("user_row_uuid")
      .notNull()
      .references(() => users.row_uuid, { onDelete: "cascade" }),
    sequence: sequence(),
    project_id: text("project_id").notNull(),
    role: text("role").notNull(),
    is_project_admin: boolean("is_project_admin").notNull(),
  },
  (table) => [uniqueIndex("user_projects_user_project").on(table.user_row_uuid, table.project_id)],
);
