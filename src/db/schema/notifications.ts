import { index, integer, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";

/** The end of a task that is still to be posted to the task's `notify_url`. */
export const notifications = pgTable(
  "notifications",
  {
    /** No foreign key: each of the many tasks of a deleted cluster would be looked up here, which takes seconds. */
    task_uuid: uuid("task_uuid").primaryKey(),
    /** The same for every try, so that receivers notice repeats. */
    delivery_uuid: uuid("delivery_uuid").notNull(),
    /** That of the task. */
    project_id: text("project_id").notNull(),
    tries: integer("tries").notNull().default(0),
    /** When the task ended. */
    created_at: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
    next_at: timestamp("next_at", { withTimezone: true }).notNull().defaultNow(),
  },
  // Serves the next deliveries of a project, and its limit.
  (table) => [index("notifications_next").on(table.project_id, table.next_at)],
);
