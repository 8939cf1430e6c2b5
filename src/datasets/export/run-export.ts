import { Worker } from "node:worker_threads";
import { conflict } from "../../errors.ts";
import type { ExportJob, ExportMessage } from "./export-job.ts";

/** Wide tables keep one description per column and row group in memory until the end of a Parquet file. */
const WORKER_HEAP_MIB = 256;
/** Each download holds a thread until its client has received everything. */
const MAX_PARALLEL = 16;
/** Slow clients hold their places for long, so one user cannot take all of them. */
const MAX_PARALLEL_OF_USER = 8;
/** The remaining places are for projects without a running download. */
const MAX_PARALLEL_BUT_FIRST = 12;
/** A client that takes no piece for this long loses its place. */
const IDLE_MS = 120_000;
/** A piece has a few megabytes; a worker that produces none for this long is stuck. */
const PIECE_MS = 300_000;

export interface ExportOwner {
  projectId: string;
  userUuid: string;
}

const running = new Set<ExportOwner>();

/**
 * The pieces of the exported file, produced by a worker thread one piece ahead of the consumer. Throws 409 when too
 * many downloads are running, in total or for this user. The caller must consume or end the result. Iteration fails
 * when the dataset's file is damaged, or when no piece is taken for `idleMs`.
 */
export function runExport(job: ExportJob, asked: ExportOwner, idleMs = IDLE_MS): AsyncIterable<Uint8Array> {
  const others = [...running];
  if (others.filter(({ userUuid }) => userUuid === asked.userUuid).length >= MAX_PARALLEL_OF_USER) {
    throw conflict(`More than ${MAX_PARALLEL_OF_USER} downloads of datasets of one user are running.`);
  }
  const isFirst = !others.some(({ projectId }) => projectId === asked.projectId);
  const max = isFirst ? MAX_PARALLEL : MAX_PARALLEL_BUT_FIRST;
  if (others.length >= max) throw conflict(`More than ${max} downloads of datasets are running.`);
  const owner = { ...asked };
  running.add(owner);
  const end = () => void running.delete(owner);
  const pieces = exportPieces(job, end, idleMs);
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => pieces.next(),
      async return() {
        // A generator that never started does not run its `finally`.
        end();
        return pieces.return(undefined);
      },
    }),
  };
}

async function* exportPieces(job: ExportJob, end: () => void, idleMs: number): AsyncGenerator<Uint8Array> {
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
  const giveUp = (why: string) => {
    end();
    take(new Error(why));
    void worker.terminate();
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    // Requests two pieces: one to send, one to prepare meanwhile.
    worker.postMessage("more");
    worker.postMessage("more");
    for (;;) {
      timer = setTimeout(() => giveUp(`the export worker made no piece within ${PIECE_MS} ms`), PIECE_MS);
      while (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      clearTimeout(timer);
      const message = arrived.shift() as ExportMessage | Error;
      if (message instanceof Error) throw message;
      if (message.kind === "failed") throw new Error(`export failed: ${message.error}`);
      if (message.kind === "end") return;
      timer = setTimeout(() => giveUp(`the client took no piece within ${idleMs} ms`), idleMs);
      yield message.bytes;
      clearTimeout(timer);
      worker.postMessage("more");
    }
  } finally {
    clearTimeout(timer);
    end();
    await worker.terminate();
  }
}
