import { getTableName, is, sql, Table } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { paths } from "../files/paths.ts";
import { StartError } from "../errors.ts";
import * as schema from "./schema/index.ts";

/** The schema that the migrations name. */
const home = "public";

type Server = Pick<PostgresJsDatabase, "execute">;

async function ask<T>(db: Server, query: ReturnType<typeof sql>): Promise<T> {
  const [row] = (await db.execute(query)) as unknown as T[];
  return row as T;
}

/** Throws StartError when the server cannot work on this database: it is read-only, or has the wrong search_path. */
export async function checkRights(db: Server, name: string): Promise<void> {
  const found = await ask<{ reads: boolean; role: string; place: string | null; path: string }>(
    db,
    sql`select pg_is_in_recovery() or current_setting('transaction_read_only')::bool as reads, current_user as role,
          current_schema() as place, current_setting('search_path') as path`,
  );
  if (found.reads) {
    throw new StartError(
      `The database ${name} is read-only. Name the primary server, and a database that accepts writes.`,
    );
  }
  if (found.place !== home) {
    throw new StartError(
      `The database ${name} cannot be used with the search_path ${found.path} of user ${found.role}: ` +
        `new tables would be ${found.place === null ? "nowhere" : `in the schema ${found.place}`}, ` +
        `and this server's are in ${home}. ` +
        `ALTER ROLE … SET search_path = ${home}, or options=-c%20search_path=${home} in DATABASE_URL.`,
    );
  }
}

/** Whether the database lacks a migration. */
export async function isBehind(db: Server): Promise<boolean> {
  const { journal } = await ask<{ journal: string | null }>(
    db,
    sql`select to_regclass('drizzle.__drizzle_migrations')::text as journal`,
  );
  if (journal === null) return true;
  const { newest } = await ask<{ newest: string | null }>(
    db,
    sql`select max(created_at) as newest from drizzle.__drizzle_migrations`,
  );
  const known = readMigrationFiles({ migrationsFolder: paths.migrations });
  return Number(newest) < Math.max(...known.map(({ folderMillis }) => folderMillis));
}

/** Migrations create a schema and tables. Throws StartError, which says how to grant that right. */
export async function checkMayCreate(db: Server, name: string): Promise<void> {
  const may = await ask<{ role: string; database: string; place: string; schemas: boolean; tables: boolean }>(
    db,
    sql`select current_user as role, current_database() as database, current_schema() as place,
          has_database_privilege(current_database(), 'CREATE') as schemas,
          has_schema_privilege(current_schema(), 'CREATE') as tables`,
  );
  const missing = [
    ...(may.schemas ? [] : [`GRANT CREATE ON DATABASE "${may.database}" TO "${may.role}"`]),
    ...(may.tables ? [] : [`GRANT CREATE ON SCHEMA "${may.place}" TO "${may.role}"`]),
  ];
  if (missing.length === 0) return;
  throw new StartError(
    `The database ${name} needs migrations, but user ${may.role} has no right to run them. ` +
      `Run as its owner: ${missing.join("; ")}`,
  );
}

const tableNames = Object.values(schema).flatMap((value) => (is(value, Table) ? [getTableName(value)] : []));

/** Checks that all migrated tables exist and that the user may change them. Throws StartError. */
export async function checkTables(db: Server, name: string): Promise<void> {
  const rows = (await db.execute(
    sql`select wanted.name, current_user as role, class.oid is not null as there,
          (select bool_and(has_table_privilege(class.oid, privilege))
            from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as privilege) as changed
        from unnest(string_to_array(${tableNames.join(",")}, ',')) as wanted (name)
        left join pg_class class on class.relname = wanted.name and class.relnamespace = ${home}::regnamespace`,
  )) as unknown as { name: string; role: string; there: boolean; changed: boolean }[];
  const missing = rows.find(({ there }) => !there);
  if (missing !== undefined) {
    throw new StartError(
      `The database ${name} has been set up, but the schema ${home} lacks its table ${missing.name}. Restore a backup.`,
    );
  }
  const fixed = rows.find(({ changed }) => !changed);
  if (fixed === undefined) return;
  const grants = ["SELECT, INSERT, UPDATE, DELETE ON ALL TABLES", "USAGE ON ALL SEQUENCES"].map(
    (right) => `GRANT ${right} IN SCHEMA ${home} TO "${fixed.role}"`,
  );
  throw new StartError(
    `The database ${name} does not let user ${fixed.role} read and change the table ${fixed.name}. ` +
      `Run as its owner: ${grants.join("; ")}`,
  );
}
