import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import type * as schema from "./schema/index.ts";

/** The one database type of the actions: PGlite and postgres.js both fit it, and so does a transaction. */
export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;
