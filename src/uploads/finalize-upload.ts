import { rm } from "node:fs/promises";
import { inArray } from "drizzle-orm";
import type { App } from "../app-context.ts";
import type { TempfileRow } from "../db/rows.ts";
import { tempfiles } from "../db/schema/index.ts";
import { conflict } from "../errors.ts";
import { tempfilePath } from "../files/storage.ts";
import { ByteRanges } from "./byte-ranges.ts";

/**
 * Throws 409 while bytes of a file are missing. For the text, `upload` names the future resource and `part` its file.
 */
export function checkComplete(file: TempfileRow, { upload, part = "" }: { upload: string; part?: string }): void {
  const received = new ByteRanges(file.received);
  if (received.covers(file.file_size)) return;
  throw conflict(
    `Upload of ${upload} is not complete: ${received.bytes} of ${file.file_size} bytes${part} have arrived`,
  );
}

/** Restarts the timeout of a refused upload, so that the client can correct it. */
export async function keepUpload({ db }: Pick<App, "db">, files: readonly TempfileRow[]): Promise<void> {
  await db
    .update(tempfiles)
    .set({ touched_at: new Date() })
    .where(inArray(tempfiles.uuid, uuidsOf(files)));
}

/** Removes the files of an upload whose rows are deleted already. */
export async function removeUploadedFiles(
  { uploads, storage }: Pick<App, "uploads" | "storage">,
  uuids: readonly string[],
): Promise<void> {
  await uploads.discard(uuids);
  for (const uuid of uuids) await rm(tempfilePath(storage, uuid), { force: true });
}

export const uuidsOf = (files: readonly TempfileRow[]): string[] => files.map(({ uuid }) => uuid);
