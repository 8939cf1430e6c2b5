import type { Db } from "./client.ts";

/** An open database whose schema is up to date, and which no other server uses. */
export interface Database {
  readonly db: Db;
  /** Resolves when this server may not use the database any more, because another one has it. */
  readonly taken: Promise<Error>;
  close(): Promise<void>;
}
