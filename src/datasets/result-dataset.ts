/** The datasets of request tasks; they have the uuid of their task. */
import { rm } from "node:fs/promises";
import { and, eq, isNull } from "drizzle-orm";
import type { App } from "../app-context.ts";
import type { Db } from "../db/client.ts";
import { datasets } from "../db/schema/index.ts";
import type { ColumnFacts } from "./file/columns.ts";
import { datasetEvent } from "../events/dataset-events.ts";
import { createDatasetFile } from "./file/writer.ts";
import { datasetPath } from "../files/storage.ts";

/** An output of the request: name of its column group and number of its external values. */
export interface ResultGroup {
  name: string;
  width: number;
}

export interface ResultDataset {
  /** That of the task. */
  uuid: string;
  /** That of the task. */
  name: string;
  owner_id: string;
  owner_uuid: string | null;
  project_id: string;
  /** In the order of the columns. Names are distinct; a width may be 0. */
  groups: readonly ResultGroup[];
}

function columnGroups(groups: readonly ResultGroup[]) {
  let column = 0;
  return groups.map(({ name, width }) => {
    column += width;
    return { name, column_start: column - width, column_end: column };
  });
}

async function createResultFile(
  app: Pick<App, "storage">,
  { uuid, name, groups }: Pick<ResultDataset, "uuid" | "name" | "groups">,
) {
  const options = { name, type: "float32" as const, groups: columnGroups(groups) };
  return createDatasetFile(datasetPath(app.storage, uuid), options);
}

/**
 * Creates the dataset of a request task when the task is queued: visible at once, with columns but without rows. `db`
 * may be the transaction that queues the task; if that transaction fails later, the next start sweeps the file. Throws
 * DatasetFileError for duplicate group names.
 */
export async function createResultDataset(app: Pick<App, "storage">, db: Db, result: ResultDataset): Promise<void> {
  const { uuid, name, owner_id, owner_uuid, project_id } = result;
  const writer = await createResultFile(app, result);
  try {
    await writer.finish();
    await db
      .insert(datasets)
      .values({ uuid, name, owner_id, owner_uuid, project_id, type: "result", state: "uploading" });
  } catch (error) {
    await writer.abort();
    await rm(datasetPath(app.storage, uuid), { force: true });
    throw error;
  }
}

/** Collects the rows of one run of a request task. Calls must be awaited one after another. */
export interface ResultWriter {
  /** Appends a host's answer: one array per group, `[rowCount × width]`. */
  append(rowCount: number, outputs: readonly Float32Array[]): Promise<void>;
  /**
   * Publishes all rows at once; the dataset has none before. `columns` are facts of each group, see `DatasetWriter`.
   * False when the dataset was deleted meanwhile; then nothing is left.
   */
  publish(columns?: readonly (ColumnFacts | undefined)[]): Promise<boolean>;
  /** Discards the rows; the dataset stays unchanged. No effect after `publish`. */
  abort(): Promise<void>;
}

/**
 * Opens the result of a task that starts or restarts. The rows of an unfinished run are never visible and its file is
 * swept at start, so a restarted task writes from its first row again. `groups` has the current widths, which may
 * differ from those at the time of queueing.
 */
export async function openResultWriter(
  app: Pick<App, "db" | "storage" | "events">,
  result: Pick<ResultDataset, "uuid" | "name" | "groups">,
): Promise<ResultWriter> {
  const { uuid } = result;
  const writer = await createResultFile(app, result);
  return {
    append: (rowCount, outputs) => writer.appendGroups(rowCount, outputs),
    async publish(columns) {
      const file_size = await writer.finish(columns);
      const change = app.db
        .update(datasets)
        .set({ state: "ready", file_size })
        .where(and(eq(datasets.uuid, uuid), isNull(datasets.deleted_at)))
        .returning();
      const [row] = await app.events.publishAfter(change, (rows) => rows.map((each) => datasetEvent("ready", each)));
      if (row === undefined) await rm(datasetPath(app.storage, uuid), { force: true });
      return row !== undefined;
    },
    abort: () => writer.abort(),
  };
}
