import { randomUUID } from "node:crypto";
import type { Context } from "../app-context.ts";
import { announceUpload } from "../uploads/announce-upload.ts";

export interface AnnouncedCheckpoint {
  /** Of the checkpoint that will be. */
  uuid: string;
  name: string;
  uuid_input_file: string;
}

/**
 * Announces a checkpoint's file. The checkpoint itself is there only once the file was found to be right. Throws as
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
