import { checkpointEvent } from "./checkpoint-events.ts";
import type { TempfileRow, CheckpointRow } from "../db/rows.ts";
import { rename, rm, stat } from "node:fs/promises";
import { and, eq, isNull } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { App, Context } from "../app-context.ts";
import { copySynced, syncFolder } from "../files/durable-file.ts";
import { tempfilePath, checkpointPath } from "../files/storage.ts";
import { checkComplete, keepUpload, removeUploadedFiles } from "../uploads/finalize-upload.ts";
import { checkpoints, tempfiles } from "../db/schema/index.ts";
import type { Limits } from "../server/config.ts";
import { badRequest, notFound } from "../errors.ts";
import { templateExcess } from "../limits/template-excess.ts";
import { ProcessEndedError } from "../processes/process-limits.ts";
import { runInProcess } from "../processes/run-in-process.ts";
import { headerBytesOf, readOrigin } from "./read-origin.ts";
import { checkpointNotFound } from "./find-checkpoint.ts";
import { isInDoubt } from "../server/outage.ts";
import { isMissing } from "../files/is-missing.ts";

/** Input of the process that checks an uploaded file. */
export interface CheckpointJob {
  path: string;
  limits: Pick<Limits, "inputValues" | "outputValues">;
}

/** Answer of the process that checks an uploaded file. */
export type CheckpointVerdict =
  | { kind: "right" }
  | { kind: "wrong"; reason: string }
  | { kind: "failed"; error: string };

const PROCESS_HEAP_MIB = 512;

/**
 * Turns a complete upload into a checkpoint, which is invisible before. Throws 404 for unknown uuids, 409 while bytes
 * are missing or another request finalizes it, 400 with the reason when the file is not a network's state. After an
 * error the upload still exists.
 */
export async function finalizeCheckpoint(
  context: Context,
  input: { uuid: string; uuid_input_file: string },
): Promise<CheckpointRow> {
  const { app } = context;
  const file = await findUpload(context, input.uuid);
  if (file.uuid !== input.uuid_input_file.toLowerCase()) {
    throw notFound(`Input-data with uuid '${input.uuid_input_file}' not found.`);
  }
  checkComplete(file, { upload: `checkpoint with uuid '${input.uuid}'` });
  const uuid = file.checkpoint_uuid as string;
  const refusal = `Checkpoint with uuid '${input.uuid}' is being finalized already`;
  // Looked up again: another request may have finalized it since, and its checkpoint must stay.
  return app.uploads.finalize(uuid, refusal, async () => finalize(context, await findUpload(context, uuid), uuid));
}

async function findUpload({ app, caller }: Context, checkpoint: string): Promise<TempfileRow> {
  const [file] = await app.db
    .select()
    .from(tempfiles)
    .where(and(eq(tempfiles.checkpoint_uuid, checkpoint), visibleTo(caller, tempfiles)));
  if (file === undefined) throw checkpointNotFound(checkpoint);
  return file;
}

async function finalize(context: Context, file: TempfileRow, uuid: string): Promise<CheckpointRow> {
  const { app, caller } = context;
  const source = tempfilePath(app.storage, file.uuid);
  const target = checkpointPath(app.storage, uuid);
  // Checks and keeps a copy, because a socket may still write to the upload.
  const copy = `${target}.tmp`;
  let checkpoint: CheckpointRow;
  try {
    await copySynced(source, copy);
    await checkHeaderBytes(app, copy);
    const owner = { projectId: file.project_id, userId: caller.userUuid };
    await app.readers.run(owner, file.file_size, (seconds) => check(app, copy, seconds));
    await checkTemplate(app, copy);
    await rename(copy, target);
    await syncFolder(app.storage.checkpoints);
    checkpoint = await record(app, file, uuid);
  } catch (error) {
    if (isInDoubt(error)) throw error;
    await rm(copy, { force: true });
    await rm(target, { force: true });
    await keepUpload(app, [file]);
    // Throws 404 when the upload and its file were removed meanwhile.
    if (isMissing(error)) await findUpload(context, uuid);
    throw error;
  }
  await removeUploadedFiles(app, [file.uuid]);
  return checkpoint;
}

async function check({ config }: App, path: string, seconds: number): Promise<void> {
  const program = new URL("./validate-checkpoint-process.js", import.meta.url);
  const limits = { heapMib: PROCESS_HEAP_MIB, seconds };
  const { inputValues, outputValues } = config.limits;
  const job: CheckpointJob = { path, limits: { inputValues, outputValues } };
  const verdict = await runInProcess<CheckpointVerdict>(program, job, limits).catch((error: unknown) => {
    if (!(error instanceof ProcessEndedError)) throw error;
    return { kind: "wrong" as const, reason: error.message };
  });
  if (verdict.kind === "wrong") throw badRequest(`Checkpoint can not be imported: ${verdict.reason}`);
  if (verdict.kind === "failed") throw new Error(`check of a checkpoint failed: ${verdict.error}`);
}

/** Maximum number of bytes of one template character in the JSON of the header. */
const ESCAPED_BYTES = 6;
/** Allowance for the rest of the header, which takes some kilobytes. */
const HEADER_REST_BYTES = 64 * 1024;

/** Bounds the header around the template, so that reading it cannot block a thread for seconds. */
async function checkHeaderBytes(app: App, path: string): Promise<void> {
  const headerBytesMax = ESCAPED_BYTES * app.config.limits.templateBytes + HEADER_REST_BYTES;
  const [headerBytes, { size }] = [await headerBytesOf(path), await stat(path)];
  // A header longer than its file gets another error text.
  if (headerBytes > headerBytesMax && headerBytes < size)
    throw badRequest(`Checkpoint can not be imported: its header is bigger than ${headerBytesMax} bytes`);
}

/** Applies the limits of uploaded templates to a checkpoint's template. */
async function checkTemplate(app: App, path: string): Promise<void> {
  const { template } = await readOrigin(path);
  const excess = templateExcess(app.config.limits, template);
  if (excess !== undefined) throw badRequest(`Checkpoint can not be imported: its template ${excess}`);
}

async function record(app: App, file: TempfileRow, uuid: string): Promise<CheckpointRow> {
  return app.db.transaction(async (tx) => {
    const [consumed] = await tx
      .update(tempfiles)
      .set({ deleted_at: new Date() })
      .where(and(eq(tempfiles.uuid, file.uuid), isNull(tempfiles.deleted_at)))
      .returning({ uuid: tempfiles.uuid });
    if (consumed === undefined) throw checkpointNotFound(uuid);
    const { owner_id, owner_uuid, project_id, file_size, checkpoint_name } = file;
    const name = checkpoint_name as string;
    const owner = { owner_id, owner_uuid, project_id };
    const [row] = await tx
      .insert(checkpoints)
      .values({ uuid, name, file_size, ...owner })
      .returning();
    app.events.publishWith(tx, checkpointEvent("created", { uuid, name }, owner));
    return row as CheckpointRow;
  });
}
