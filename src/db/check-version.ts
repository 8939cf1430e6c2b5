import { sql } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { paths } from "../files/paths.ts";
import { StartError } from "../errors.ts";
import type { Db } from "./client.ts";

/** Throws StartError for a database with newer migrations: a server that does not know them would damage the data. */
export async function checkVersion(db: Pick<Db, "execute">, name: string): Promise<void> {
  const known = readMigrationFiles({ migrationsFolder: paths.migrations });
  const newest = Math.max(...known.map(({ folderMillis }) => folderMillis));
  // The two drivers return different shapes.
  const rows = async <Row>(query: ReturnType<typeof sql>) => {
    const result = (await db.execute(query)) as unknown as Row[] | { rows: Row[] };
    return Array.isArray(result) ? result : result.rows;
  };
  const tables = await rows(sql`select 1 where to_regclass('drizzle.__drizzle_migrations') is not null`);
  if (tables.length === 0) return;
  const later = await rows<{ created_at: string }>(
    sql`select created_at from drizzle.__drizzle_migrations where created_at > ${newest} order by created_at`,
  );
  if (later.length === 0) return;
  const dates = later.map(({ created_at }) => new Date(Number(created_at)).toISOString().slice(0, 10));
  throw new StartError(
    `The database ${name} was used by a newer version of this server: its changes of ${dates.join(", ")} are unknown ` +
      "here. Start that version, or restore the backup made before the upgrade.",
  );
}
