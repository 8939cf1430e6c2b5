/** Datasets whose columns have kinds. */
import { randomUUID } from "node:crypto";
import { and, eq, isNull } from "drizzle-orm";
import type { App } from "../../src/app-context.ts";
import type { ColumnFacts } from "../../src/datasets/file/columns.ts";
import { createDatasetFile } from "../../src/datasets/file/writer.ts";
import { datasets, users } from "../../src/db/schema/index.ts";
import { datasetPath } from "../../src/files/storage.ts";
import { adminId } from "./test-app.ts";

/** Cells of a column: numbers, or texts, or null where one is missing. */
export type TestColumns = Record<string, readonly (number | string | null)[]>;

/** Makes a dataset of these columns: a column with a text is one of categories. */
export async function makeTable(app: Pick<App, "db" | "storage">, columns: TestColumns): Promise<string> {
  const uuid = randomUUID();
  const names = Object.keys(columns);
  const groups = names.map((name, index) => ({ name, column_start: index, column_end: index + 1 }));
  const options = { name: "table", type: "float32" as const, groups };
  const writer = await createDatasetFile(datasetPath(app.storage, uuid), options);
  const made = Object.values(columns).map(columnOf);
  await writer.appendGroups(
    made[0]!.values.length,
    made.map(({ values }) => values),
  );
  await writer.finish(made.map(({ facts }) => facts));
  const owner = { owner_id: adminId, project_id: "admin" };
  const [account] = await app.db
    .select({ owner_uuid: users.row_uuid })
    .from(users)
    .where(and(eq(users.id, adminId), isNull(users.deleted_at)));
  await app.db.insert(datasets).values({ uuid, name: "table", type: "csv", state: "ready", ...owner, ...account });
  return uuid;
}

function columnOf(cells: readonly (number | string | null)[]): { values: Float32Array; facts: ColumnFacts } {
  const categories = [...new Set(cells.filter((cell) => typeof cell === "string"))].sort();
  const values = Float32Array.from(cells, (cell) =>
    cell === null ? NaN : typeof cell === "string" ? categories.indexOf(cell) : cell,
  );
  const kind = categories.length > 0 ? "category" : "number";
  const missing = cells.filter((cell) => cell === null).length;
  const none = { min: null, max: null, mean: null, deviation: null, distinct: null, quantiles: [], commonest: [] };
  return { values, facts: { kind, origin: 0, categories, missing, ...none } };
}
