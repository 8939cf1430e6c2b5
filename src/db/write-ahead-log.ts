import type { PGlite } from "@electric-sql/pglite";
import { checkSpace } from "../files/free-space.ts";

const INTERVAL_MS = 5_000;
const SEGMENT_BYTES = 16 * 1024 * 1024;

/**
 * The embedded database has no background process that writes checkpoints, so its write-ahead log would grow for as
 * long as the server runs, and a start after a crash would read all of it again. Worse, it does not survive a disk
 * without space for the log's next segment: it hangs, and the process with it. So a checkpoint comes with every new
 * segment, and turns the one before into a spare; the first spare is made at once. Never rejects.
 */
export function keepLogShort(client: PGlite, directory: string, intervalMs = INTERVAL_MS): { stop(): Promise<void> } {
  let segment = -1;
  let work: Promise<void> = Promise.resolve();
  const look = async () => {
    const current = await currentSegment(client);
    if (current === segment) return;
    // At the start there may be no spare, and a segment that is left becomes one.
    if (segment < 0) {
      await checkSpace(directory);
      await client.query("select pg_switch_wal()");
    }
    await client.query("checkpoint");
    segment = await currentSegment(client);
  };
  const timer = setInterval(() => {
    // Without space it is tried again, and until then spares are left.
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
