import type { ClientContext } from "../context.ts";
import type { Download } from "../download.ts";
import { pageInput, rowsOf, type PageQuery } from "../list.ts";
import { sizeOf, uploadFile, type FileSource } from "../upload.ts";
import type { UploadOptions } from "./datasets.ts";
import type { Owned } from "./owned.ts";

/** A copy of a cluster's state. `clusters.save` creates one; `clusters.restore` and `clusters.create` use it. */
export type Checkpoint = Owned;

export class Checkpoints {
  readonly #context: ClientContext;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  async get(uuid: string): Promise<Checkpoint> {
    return (await this.#context.session.request("GET", "/checkpoint", { uuid })) as Checkpoint;
  }

  /** All that the user can see, or one page. */
  async list(query: PageQuery = {}): Promise<Checkpoint[]> {
    return rowsOf(await this.#context.session.request("GET", "/checkpoint/all", pageInput(query)));
  }

  async delete(uuid: string): Promise<void> {
    await this.#context.session.request("DELETE", "/checkpoint", { uuid });
  }

  /** Downloads its file, in safetensors format. */
  download(uuid: string): Promise<Download> {
    return this.#context.session.download("/checkpoint/download", { uuid });
  }

  /** Creates a checkpoint from a file that was downloaded from this or another server. */
  async upload({ name, file }: { name: string; file: FileSource }, options: UploadOptions = {}): Promise<Checkpoint> {
    const { session } = this.#context;
    const totalBytes = sizeOf(file);
    const pending = await session.request("POST", "/checkpoint/upload", { name, input_data_size: totalBytes });
    const { uuid, uuid_input_file } = pending as { uuid: string; uuid_input_file: string };
    await uploadFile({ ...this.#context, uuid: uuid_input_file }, file, 0, (sentBytes) =>
      options.onProgress?.({ sentBytes, totalBytes }),
    );
    return (await session.request("PUT", "/checkpoint/upload", { uuid, uuid_input_file })) as Checkpoint;
  }
}
