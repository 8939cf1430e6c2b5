import { and, eq, getTableColumns, getTableName, gt, type SQL, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { Context } from "../app-context.ts";
import type { Caller } from "./caller.ts";
import { builtOnce } from "../db/built-once.ts";
import type { Db } from "../db/client.ts";
import { readPages, type KeyedList, type Page } from "../db/read-pages.ts";
import { formatTimestamp } from "../server/timestamp.ts";
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

/**
 * Between two cells of a list that the database sends as one text. No id and no name has it: they have no control
 * characters.
 */
const SEPARATOR = "\u001f";

/** Rows that the embedded database joins into one text in about 10 ms. */
const JOINED_ROWS = 4096;

/** The columns of a list of resources. Clients find `uuid` and `name` by position, second and last. */
export const OWNED_COLUMNS = ["created_at", "uuid", "project_id", "owner_id", "visibility", "name"] as const;

/**
 * Lists the rows visible to the caller, oldest first, as the texts of these columns; the first one is `created_at`. The
 * database joins the rows of a piece into one text: a message, a parsed time and an object for each row would take
 * eight times as long.
 */
export function visibleTexts<Table extends ResourceTable>(
  table: Table,
  names: readonly ["created_at", ...(keyof RowOf<Table> & string)[]],
): (context: Context, page?: Page) => Promise<string[][]> {
  const every: Record<string, PgColumn> = getTableColumns(table as PgTable);
  const after = (isVisible: SQL) => and(isVisible, gt(table.sequence, sql.placeholder("after")));
  const cells = names.map((name) =>
    name === "created_at" ? sql`floor(date_part('epoch', ${every[name]}))::bigint` : sql`${every[name]}`,
  );
  const joined = visibleQuery(table, (db, isVisible) => {
    const lines = db
      .select({
        sequence: sql`${table.sequence}`.as("sequence"),
        line: sql`concat_ws(${sql.raw(`E'${SEPARATOR}'`)}, ${sql.join(cells, sql`, `)})`.as("line"),
      })
      .from(table as PgTable)
      .where(after(isVisible))
      .orderBy(table.sequence)
      .limit(sql.placeholder("rows"))
      .as("lines");
    const text = sql<string | null>`string_agg(${lines.line}, ${sql.raw(`E'${SEPARATOR}'`)})`;
    const last = sql<string | null>`max(${lines.sequence})`;
    return db
      .select({ text, last })
      .from(lines)
      .prepare(`list ${getTableName(table)}`);
  });
  const keyAt = visibleQuery(table, (db, isVisible) =>
    db
      .select({ sequence: table.sequence })
      .from(table as PgTable)
      .where(after(isVisible))
      .orderBy(table.sequence)
      .limit(1)
      .offset(sql.placeholder("before"))
      .prepare(`pass over ${getTableName(table)}`),
  );
  const listOf = (context: Context): KeyedList<string[], number> => ({
    first: 0,
    readRows: JOINED_ROWS,
    async read(after, rows) {
      const [piece] = (await joined(context, { after, rows })) as { text: string | null; last: string | null }[];
      if (piece === undefined || piece.text === null) return { rows: [], last: undefined };
      return { rows: rowsOf(piece.text, names.length), last: Number(piece.last) };
    },
    async keyAt(after, distance) {
      const [row] = (await keyAt(context, { after, before: distance - 1 })) as { sequence: number }[];
      return row?.sequence;
    },
  });
  return (context, page) => readPages(listOf(context), page);
}

/** Cuts a text into rows of `width` cells, the first of them seconds since 1970. */
function rowsOf(text: string, width: number): string[][] {
  const cells = text.split(SEPARATOR);
  if (cells.length % width !== 0) throw new Error("a name in a list has a control character");
  const rows: string[][] = [];
  for (let first = 0; first < cells.length; first += width) {
    const row = cells.slice(first, first + width);
    row[0] = formatTimestamp(new Date(1000 * Number(row[0])));
    rows.push(row);
  }
  return rows;
}
