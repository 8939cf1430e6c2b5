import type { TempfileRow } from "../db/rows.ts";
import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { and, eq, isNull } from "drizzle-orm";
import { checkSpace } from "../files/free-space.ts";
import type { Db } from "../db/client.ts";
import { tempfiles } from "../db/schema/index.ts";
import { writeFully } from "../files/durable-file.ts";
import { ByteRanges } from "./byte-ranges.ts";

/** Bytes and time between two recordings: about what clients resend after a power failure. */
const FLUSH_BYTES = 64 * 1024 * 1024;
const FLUSH_INTERVAL_MS = 5_000;
/**
 * Bounds the bookkeeping for a client that scatters tiny pieces: recording 100 000 ranges takes 200 ms. A gigabyte in
 * the clients' chunks stays below this even in the worst order; sequential senders have one range per socket.
 */
const MAX_RANGES = 4096;

/**
 * One temporary file while sockets write to it. The database names only bytes that are on disk: ranges are recorded
 * after a sync, at intervals, when the file becomes complete (before that chunk is acknowledged) and on close.
 */
export class UploadFile {
  readonly row: TempfileRow;
  readonly #db: Db;
  readonly #handle: FileHandle;
  readonly #folder: string;
  readonly #received: ByteRanges;
  #isRecordedComplete: boolean;
  #unrecordedBytes = 0;
  #recordedAtMs = performance.now();
  #recording: Promise<void> = Promise.resolve();
  #ended = false;

  private constructor(row: TempfileRow, db: Db, handle: FileHandle, folder: string) {
    this.row = row;
    this.#db = db;
    this.#handle = handle;
    this.#folder = folder;
    this.#received = new ByteRanges(row.received);
    this.#isRecordedComplete = this.#received.covers(row.file_size);
  }

  static async open(db: Db, row: TempfileRow, path: string): Promise<UploadFile> {
    return new UploadFile(row, db, await open(path, "r+"), dirname(path));
  }

  get receivedBytes(): number {
    return this.#received.bytes;
  }

  /** Throws when the bytes exceed the announced size or cannot be stored. */
  async write(position: number, data: Uint8Array): Promise<void> {
    const end = position + data.length;
    if (this.#ended) throw new Error("the file is gone");
    if (end > this.row.file_size) throw new RangeError(`bytes up to ${end} of ${this.row.file_size}`);
    if (this.#received.count >= MAX_RANGES && !this.#received.touches(position, end)) {
      throw new RangeError("the pieces are too many and too far apart");
    }
    await checkSpace(this.#folder);
    await writeFully(this.#handle, data, position);
    this.#received.add(position, end);
    this.#unrecordedBytes += data.length;
    const becameComplete = !this.#isRecordedComplete && this.#received.covers(this.row.file_size);
    const isDue = this.#unrecordedBytes >= FLUSH_BYTES || performance.now() - this.#recordedAtMs >= FLUSH_INTERVAL_MS;
    if (becameComplete || isDue) await this.record();
  }

  /**
   * Syncs, then records the received ranges. Calls are serialized, so that an older state never overwrites a newer one.
   */
  record(): Promise<void> {
    const step = this.#recording.then(async () => {
      if (this.#ended) throw new Error("the file is gone");
      const received = this.#received.toArray();
      this.#unrecordedBytes = 0;
      this.#recordedAtMs = performance.now();
      await this.#handle.datasync();
      await this.#db
        .update(tempfiles)
        .set({ received, touched_at: new Date() })
        .where(and(eq(tempfiles.uuid, this.row.uuid), isNull(tempfiles.deleted_at)));
      this.#isRecordedComplete = new ByteRanges(received).covers(this.row.file_size);
    });
    this.#recording = step.catch(() => {});
    return step;
  }

  /** Records the last state unless the file has ended, then closes. */
  async close(): Promise<void> {
    try {
      if (!this.#ended) await this.record();
    } finally {
      await this.discard();
    }
  }

  /** Ends a file that was consumed or deleted: later writes are refused. */
  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#recording;
    await this.#handle.close();
  }
}
