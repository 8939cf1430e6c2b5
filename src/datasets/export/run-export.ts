import { Worker } from "node:worker_threads";
import { conflict } from "../../errors.ts";
import type { ExportJob, ExportMessage } from "./export-job.ts";

/** Wide tables keep one description per column and row group until the end of a Parquet file. */
const WORKER_HEAP_MIB = 256;
/** Each has a thread of its own for as long as its client takes. */
const MAX_PARALLEL = 16;
/** A client that does not go on reading keeps its place: nobody shall have all of them. */
const MAX_PARALLEL_OF_USER = 8;

/** By user. */
const running = new Map<string, number>();

/**
 * The pieces of the exported file, made in a worker thread one ahead of whoever takes them. Throws 409 when too many
 * downloads run, of all users or of this one; otherwise what it returns must be used up or ended. It fails when the dataset's file is damaged.
 */
export function runExport(job: ExportJob, userUuid: string): AsyncIterable<Uint8Array> {
  const ofUser = running.get(userUuid) ?? 0;
  if (ofUser >= MAX_PARALLEL_OF_USER) {
    throw conflict(`More than ${MAX_PARALLEL_OF_USER} downloads of datasets of one user are running.`);
  }
  const ofAll = [...running.values()].reduce((sum, count) => sum + count, 0);
  if (ofAll >= MAX_PARALLEL) throw conflict(`More than ${MAX_PARALLEL} downloads of datasets are running.`);
  running.set(userUuid, ofUser + 1);
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    const left = (running.get(userUuid) ?? 0) - 1;
    if (left > 0) running.set(userUuid, left);
    else running.delete(userUuid);
  };
  const pieces = exportPieces(job, end);
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => pieces.next(),
      async return() {
        // A generator that never began does not end either.
        end();
        return pieces.return(undefined);
      },
    }),
  };
}

async function* exportPieces(job: ExportJob, end: () => void): AsyncGenerator<Uint8Array> {
  const worker = new Worker(new URL("./export-worker.js", import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB },
  });
  const arrived: (ExportMessage | Error)[] = [];
  let wake = () => {};
  const take = (message: ExportMessage | Error) => {
    arrived.push(message);
    wake();
  };
  worker.on("message", take);
  worker.on("error", take);
  worker.on("exit", (code) => take(new Error(`the export worker ended with code ${code}`)));
  try {
    // Two pieces are asked for: one to be sent, one to be made meanwhile.
    worker.postMessage("more");
    worker.postMessage("more");
    for (;;) {
      while (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const message = arrived.shift() as ExportMessage | Error;
      if (message instanceof Error) throw message;
      if (message.kind === "failed") throw new Error(`export failed: ${message.error}`);
      if (message.kind === "end") return;
      yield message.bytes;
      worker.postMessage("more");
    }
  } finally {
    end();
    await worker.terminate();
  }
}
