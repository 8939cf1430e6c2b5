import type { Db } from "./client.ts";

/** An open database with an up-to-date schema, used by no other server. */
export interface Database {
  readonly db: Db;
  /** Resolves when another server has taken the database and this one must no longer use it. */
  readonly taken: Promise<Error>;
  close(): Promise<void>;
}
