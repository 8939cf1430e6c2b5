import type { PGlite } from "@electric-sql/pglite";
import { checkSpace } from "../files/free-space.ts";

const INTERVAL_MS = 5_000;
const SEGMENT_BYTES = 16 * 1024 * 1024;

/**
 * Keeps the write-ahead log of the embedded database short. The database has no background process for checkpoints, so
 * the log would grow as long as the server runs, and a start after a crash would replay all of it. Worse, without disk
 * space for the next segment the database hangs, and the process with it. Therefore each new segment triggers a
 * checkpoint, which turns the previous segment into a spare; the first spare is created at once. Never rejects.
 */
export function keepLogShort(client: PGlite, directory: string, intervalMs = INTERVAL_MS): { stop(): Promise<void> } {
  let segment = -1;
  let work: Promise<void> = Promise.resolve();
  const look = async () => {
    const current = await currentSegment(client);
    if (current === segment) return;
    // There may be no spare at the start. Switching leaves the current segment, which then becomes one.
    if (segment < 0) {
      await checkSpace(directory);
      await client.query("select pg_switch_wal()");
    }
    await client.query("checkpoint");
    segment = await currentSegment(client);
  };
  const timer = setInterval(() => {
    // Without disk space the next interval tries again; until then the spares suffice.
    work = work.then(look).catch(() => {});
  }, intervalMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await work;
    },
  };
}

async function currentSegment(client: PGlite): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as bytes");
  return Math.floor(Number(rows[0]?.bytes) / SEGMENT_BYTES);
}
