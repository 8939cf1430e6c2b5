import { pgTable, text, uuid } from "drizzle-orm/pg-core";

/** Keeps the uuid of each logical host across restarts. */
export const hosts = pgTable("hosts", {
  uuid: uuid("uuid").primaryKey(),
  /** Identifies the device on this machine, e.g. `cpu` or a GPU's bus address. */
  device_key: text("device_key").notNull().unique(),
});
