import { and, eq, getTableColumns, getTableName, gt, type SQL, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { Context } from "../app-context.ts";
import type { Caller } from "./caller.ts";
import { builtOnce } from "../db/built-once.ts";
import type { Db } from "../db/client.ts";
import { PAGE_ROWS, readPages } from "../db/read-pages.ts";
import { type OwnedTable, visibleTo } from "./visibility.ts";

type ResourceTable = PgTable & OwnedTable & Record<"uuid" | "sequence", PgColumn>;
type RowOf<Table extends PgTable> = Table["$inferSelect"];

interface PreparedQuery {
  execute(values: Record<string, unknown>): Promise<unknown[]>;
}

/**
 * A query for the rows that are visible to a caller, prepared once for each kind of caller. `build` gets the condition
 * of `visibleTo` and prepares the query with placeholders for its values.
 */
function visibleQuery(table: OwnedTable, build: (db: Db, isVisible: SQL) => PreparedQuery) {
  const place = { projectId: sql.placeholder("projectId"), userUuid: sql.placeholder("userUuid") };
  const preparedFor = (rights: Pick<Caller, "isAdmin" | "isProjectAdmin">) =>
    builtOnce((db) => build(db, visibleTo({ ...rights, ...place }, table)));
  const all = preparedFor({ isAdmin: true, isProjectAdmin: true });
  const ofProject = preparedFor({ isAdmin: false, isProjectAdmin: true });
  const own = preparedFor({ isAdmin: false, isProjectAdmin: false });
  return ({ app, caller }: Context, values: object) => {
    const prepared = caller.isAdmin ? all : caller.isProjectAdmin ? ofProject : own;
    return prepared(app.db).execute({ ...values, projectId: caller.projectId, userUuid: caller.userUuid });
  };
}

/** Finds the row of a resource by its uuid, if it is visible to the caller. */
export function visibleRow<Table extends ResourceTable>(table: Table) {
  const byUuid = visibleQuery(table, (db, isVisible) =>
    db
      .select()
      .from(table as PgTable)
      .where(and(eq(table.uuid, sql.placeholder("uuid")), isVisible))
      .prepare(`find in ${getTableName(table)}`),
  );
  return async (context: Context, uuid: string): Promise<RowOf<Table> | undefined> => {
    const [row] = await byUuid(context, { uuid });
    return row as RowOf<Table> | undefined;
  };
}

/** Lists the rows visible to the caller, oldest first, with all columns or with `names`, which must have `sequence`. */
export function visibleRows<Table extends ResourceTable, Name extends keyof RowOf<Table> & string>(
  table: Table,
  names?: readonly (Name | "sequence")[],
) {
  const every: Record<string, PgColumn> = getTableColumns(table as PgTable);
  const columns = Object.fromEntries(Object.entries(every).filter(([name]) => names?.includes(name as Name) ?? true));
  const page = visibleQuery(table, (db, isVisible) =>
    db
      .select(columns)
      .from(table as PgTable)
      .where(and(isVisible, gt(table.sequence, sql.placeholder("after"))))
      .orderBy(table.sequence)
      .limit(PAGE_ROWS)
      .prepare(`list ${getTableName(table)}`),
  );
  type Row = Pick<RowOf<Table>, Name> & { sequence: number };
  return (context: Context): Promise<Row[]> => readPages((after) => page(context, { after }) as Promise<Row[]>);
}
