import { randomUUID } from "node:crypto";
import { ownedBy } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import type { DatasetRow } from "../db/rows.ts";
import { datasets } from "../db/schema/index.ts";
import { datasetEvent } from "../events/dataset-events.ts";
import { announceUpload, type Announcement } from "../uploads/announce-upload.ts";
import type { FormatName } from "./formats.ts";

export interface AnnouncedDataset {
  dataset: DatasetRow;
  /** Uuids of the temporary files, in the order of the announced files. */
  tempfiles: string[];
}

/** Creates a dataset without rows and a temporary file for each announced file. Throws as `announceUpload` does. */
export async function announceDataset(
  context: Context,
  { name, type, files }: { name: string; type: FormatName; files: Announcement["files"] },
): Promise<AnnouncedDataset> {
  const uuid = randomUUID();
  let dataset: DatasetRow | undefined;
  const tempfiles = await announceUpload(
    context,
    { becomes: "datasets", files, target: { dataset_uuid: uuid } },
    async (tx) => {
      const row = { uuid, name, type, state: "uploading" as const, ...ownedBy(context.caller) };
      [dataset] = await tx.insert(datasets).values(row).returning();
      context.app.events.publishWith(tx, datasetEvent("created", row));
    },
  );
  return { dataset: dataset as DatasetRow, tempfiles };
}
