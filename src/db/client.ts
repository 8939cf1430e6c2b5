import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import type * as schema from "./schema/index.ts";

/** The database type of the actions: PGlite, postgres.js and transactions all fit it. */
export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;
