import { and, eq, isNull } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { tempfiles, uploadTarget } from "../db/schema/index.ts";
import { tempfileNotFound, type UploadSession } from "./uploads.ts";

/**
 * Lets the caller write to a temporary file. Only the user who announced it may write, with a token for the same
 * project; administrators cannot write to another user's file.
 */
export async function attachUpload({ app, caller }: Context, uuid: string): Promise<UploadSession> {
  const [row] = await app.db
    .select({ uuid: tempfiles.uuid, target: uploadTarget })
    .from(tempfiles)
    .where(
      and(
        eq(tempfiles.uuid, uuid),
        eq(tempfiles.owner_uuid, caller.userUuid),
        eq(tempfiles.project_id, caller.projectId),
        isNull(tempfiles.deleted_at),
      ),
    );
  if (row === undefined) throw tempfileNotFound(uuid);
  return app.uploads.attach(row);
}
