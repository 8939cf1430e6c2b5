import { randomUUID } from "node:crypto";
import type { Context } from "../app-context.ts";
import { announceUpload } from "../uploads/announce-upload.ts";

export interface AnnouncedCheckpoint {
  /** Uuid of the future checkpoint. */
  uuid: string;
  name: string;
  uuid_input_file: string;
}

/**
 * Announces a checkpoint's file. The checkpoint itself exists only after the file has passed its check. Throws as
 * `announceUpload` does.
 */
export async function announceCheckpoint(
  context: Context,
  { name, bytes }: { name: string; bytes: number },
): Promise<AnnouncedCheckpoint> {
  const uuid = randomUUID();
  const [file] = await announceUpload(context, {
    becomes: "checkpoints",
    files: [{ role: "input", bytes }],
    target: { checkpoint_uuid: uuid, checkpoint_name: name },
  });
  return { uuid, name, uuid_input_file: file as string };
}
