import { eq } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { tempfiles } from "../db/schema/index.ts";
import { findDataset } from "./find-dataset.ts";
import { ByteRanges } from "../uploads/byte-ranges.ts";

export interface UploadProgress {
  uuid: string;
  /** All announced bytes are on disk, or already converted to the dataset. */
  complete: boolean;
  bytes_received: number;
  bytes_total: number;
}

/** Upload progress of a dataset. A dataset that was never uploaded is complete. */
export async function getProgress(context: Context, { uuid }: { uuid: string }): Promise<UploadProgress> {
  const dataset = await findDataset(context, uuid);
  const files = await context.app.db.select().from(tempfiles).where(eq(tempfiles.dataset_uuid, dataset.uuid));
  const progress = { uuid: dataset.uuid, complete: true, bytes_received: 0, bytes_total: 0 };
  for (const file of files) {
    const recorded = new ByteRanges(file.received);
    progress.bytes_total += file.file_size;
    progress.bytes_received += (await context.app.uploads.receivedBytes(file.uuid)) ?? recorded.bytes;
    progress.complete &&= recorded.covers(file.file_size);
  }
  return progress;
}
