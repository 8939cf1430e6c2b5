import { pageInput, rowsOf, type PageQuery } from "../list.ts";
import type { Session } from "../session.ts";

/** A place where clusters compute: the CPU, or one GPU. */
export interface Host {
  uuid: string;
  type: string;
  /** Name of the processor or adapter. Upstream's server sends neither this nor the following fields. */
  name?: string;
  /** Share of the last seconds that was spent computing, 0…1. */
  load?: number | null;
  /** Bytes still available for networks. */
  memory_free?: number | null;
  clusters?: number | null;
  /** Total bytes available for networks. */
  memory_total?: number | null;
  /** GPUs only: bytes of the largest array that a network can have there, vendor, and driver. */
  buffer_max?: number | null;
  vendor?: string | null;
  driver?: string | null;
  /** `lost`: it does not answer; `silent`: it has been busy with one call for a long time; see `error`. */
  state?: "ready" | "silent" | "lost";
  error?: string | null;
}

export class Hosts {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** All that the user can see, or one page. */
  async list(query: PageQuery = {}): Promise<Host[]> {
    return rowsOf(await this.#session.request("GET", "/host/all", pageInput(query)));
  }
}
