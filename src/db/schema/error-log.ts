import { bigserial, index, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** Every internal error (status 500 and failed background work), for administrators. */
export const error_log = pgTable(
  "error_log",
  {
    sequence: bigserial("sequence", { mode: "number" }).primaryKey(),
    created_at: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
    /** Empty for errors of the system itself. */
    user_id: text("user_id").notNull().default(""),
    component: text("component").notNull(),
    context: text("context").notNull(),
    /** The request's input without secrets. */
    input_values: jsonb("input_values").$type<Record<string, unknown>>().notNull().default({}),
    message: text("message").notNull(),
  },
  (table) => [index("error_log_user").on(table.user_id, table.sequence)],
);
