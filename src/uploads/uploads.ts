import { and, eq, isNull } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { tempfiles } from "../db/schema/index.ts";
import { conflict, notFound } from "../errors.ts";
import { type Storage, tempfilePath } from "../files/storage.ts";
import type { TempfileRow } from "../db/rows.ts";
import type { Events } from "../events/events.ts";
import { ByteRanges } from "./byte-ranges.ts";
import { UploadFile } from "./upload-file.ts";
import { isMissing } from "../files/is-missing.ts";

export const tempfileNotFound = (uuid: string) => notFound(`Tempfile with UUID '${uuid}' not found`);

/** One socket's handle of the file that it fills. */
export interface UploadSession {
  /** Throws when the bytes exceed the announced size or cannot be stored. */
  write(position: number, data: Uint8Array): Promise<void>;
  /** Records the received ranges if this was the file's last socket. */
  detach(): Promise<void>;
}

interface UploadResources {
  readonly db: Db;
  readonly storage: Storage;
  readonly events: Events;
}

/** Between two events about the progress of an upload. */
const PROGRESS_MS = 500;

interface Attached {
  /** Uuid of the future dataset or checkpoint. */
  target: string;
  file: Promise<UploadFile>;
  /** All files of the upload: their sizes, and how many bytes had arrived when they were last closed. */
  files: { uuid: string; total: number; bytes: number }[];
  sockets: number;
  opened?: UploadFile;
  /** Set when the last socket detaches; settles when everything is recorded. */
  closing?: Promise<void>;
}

const progressKey = ({ target }: Attached) => `upload of ${target}`;

const isOf = (dataset: string) => and(eq(tempfiles.dataset_uuid, dataset), isNull(tempfiles.deleted_at));

/** Uploads in use: files with attached sockets, and uploads that are being finalized. */
export class Uploads {
  readonly #resources: UploadResources;
  readonly #attached = new Map<string, Attached>();
  readonly #finalizing = new Set<string>();

  constructor(resources: UploadResources) {
    this.#resources = resources;
  }

  /**
   * Attaches a socket to a file. Sockets of one file share a state, so that none overwrites the ranges of another; for
   * the same reason a new socket waits until the state of an earlier one is recorded. Throws 404 when the file is gone.
   */
  async attach({ uuid, target }: { uuid: string; target: string }): Promise<UploadSession> {
    let attached = this.#attached.get(uuid);
    while (attached?.closing !== undefined) {
      await attached.closing.catch(() => {});
      attached = this.#attached.get(uuid);
    }
    const entry = attached ?? this.#open(uuid, target);
    this.#attached.set(uuid, entry);
    entry.sockets++;
    const detach = async () => {
      entry.sockets--;
      if (entry.sockets === 0) await this.#close(uuid, entry);
    };
    try {
      const file = await entry.file;
      entry.opened = file;
      const write: UploadSession["write"] = async (position, data) => {
        await file.write(position, data);
        this.#tellProgress(entry, file.row);
      };
      return { write, detach };
    } catch (error) {
      await detach().catch(() => {});
      throw error;
    }
  }

  #open(uuid: string, target: string): Attached {
    const entry = { target, files: [] as Attached["files"], sockets: 0 };
    return Object.assign(entry, { file: this.#openFile(uuid, entry) });
  }

  async #openFile(uuid: string, entry: Pick<Attached, "files">): Promise<UploadFile> {
    const { db, storage } = this.#resources;
    const [row] = await db
      .select()
      .from(tempfiles)
      .where(and(eq(tempfiles.uuid, uuid), isNull(tempfiles.deleted_at)));
    if (row === undefined) throw tempfileNotFound(uuid);
    const { dataset_uuid } = row;
    const rows = dataset_uuid === null ? [row] : await db.select().from(tempfiles).where(isOf(dataset_uuid));
    entry.files = rows.map(({ uuid: file, file_size: total, received }) => {
      return { uuid: file, total, bytes: new ByteRanges(received).bytes };
    });
    return UploadFile.open(db, row, tempfilePath(storage, uuid)).catch((error: unknown) => {
      throw isMissing(error) ? tempfileNotFound(uuid) : error;
    });
  }

  async #close(uuid: string, entry: Attached): Promise<void> {
    entry.closing ??= entry.file
      .then((file) => file.close().finally(() => this.#closed(entry, file)))
      .finally(() => {
        if (this.#attached.get(uuid) === entry) this.#attached.delete(uuid);
      });
    await entry.closing;
  }

  #closed(entry: Attached, file: UploadFile): void {
    this.#resources.events.flush(progressKey(entry));
    for (const { target, files } of this.#attached.values()) {
      const known = target === entry.target ? files.find(({ uuid }) => uuid === file.row.uuid) : undefined;
      if (known !== undefined) known.bytes = file.receivedBytes;
    }
  }

  /** Tells which share of the upload has arrived. */
  #tellProgress(entry: Attached, { dataset_uuid, checkpoint_uuid, ...owner }: TempfileRow): void {
    this.#resources.events.publishPaced(progressKey(entry), PROGRESS_MS, () => {
      let [received, all] = [0, 0];
      for (const { uuid, total, bytes } of entry.files) {
        received += this.#attached.get(uuid)?.opened?.receivedBytes ?? bytes;
        all += total;
      }
      const data = { uuid: dataset_uuid ?? checkpoint_uuid, uploaded: all === 0 ? 1 : received / all };
      return { kind: "upload.progress", data, owner };
    });
  }

  /** Received bytes, recorded or not; undefined while no socket is attached. */
  async receivedBytes(tempfile: string): Promise<number | undefined> {
    const file = await this.#attached.get(tempfile)?.file.catch(() => undefined);
    return file?.receivedBytes;
  }

  /** Whether the upload of this dataset or checkpoint is in use and must not time out. */
  isBusy(target: string): boolean {
    return this.#finalizing.has(target) || [...this.#attached.values()].some((entry) => entry.target === target);
  }

  /** Runs `work`. Throws 409 with `refusal` while this upload is already being finalized. */
  async finalize<T>(target: string, refusal: string, work: () => Promise<T>): Promise<T> {
    if (this.#finalizing.has(target)) throw conflict(refusal);
    this.#finalizing.add(target);
    try {
      return await work();
    } finally {
      this.#finalizing.delete(target);
    }
  }

  /** Ends files that were consumed or deleted: attached sockets can no longer write. */
  async discard(uuids: readonly string[]): Promise<void> {
    for (const uuid of uuids) {
      const file = await this.#attached.get(uuid)?.file.catch(() => undefined);
      await file?.discard();
    }
  }

  /** Records and closes all files. */
  async close(): Promise<void> {
    await Promise.all([...this.#attached].map(([uuid, entry]) => this.#close(uuid, entry)));
  }
}
