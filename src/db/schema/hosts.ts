import { pgTable, text, uuid } from "drizzle-orm/pg-core";

/** Remembers the uuid of each logical host, so that it is the same after a restart. */
export const hosts = pgTable("hosts", {
  uuid: uuid("uuid").primaryKey(),
  /** What identifies the device on this machine, e.g. `cpu` or a GPU's bus address. */
  device_key: text("device_key").notNull().unique(),
});
