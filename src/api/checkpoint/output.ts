import { z } from "zod";
import type { CheckpointRow } from "../../db/rows.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { timestampOutput } from "../fields.ts";

export const checkpointOutput = z.object({
  created_at: timestampOutput,
  name: z.string(),
  owner_id: z.string(),
  project_id: z.string(),
  uuid: z.string(),
  visibility: z.string(),
});

export function toCheckpointBody(checkpoint: CheckpointRow): z.input<typeof checkpointOutput> {
  const { name, owner_id, project_id, uuid, visibility } = checkpoint;
  return { created_at: formatTimestamp(checkpoint.created_at), name, owner_id, project_id, uuid, visibility };
}
