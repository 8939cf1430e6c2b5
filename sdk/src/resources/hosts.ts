import { rowsOf } from "../list.ts";
import type { Session } from "../session.ts";

/** A place where clusters compute: the CPU, or one GPU. */
export interface Host {
  uuid: string;
  type: string;
}

export class Hosts {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async list(): Promise<Host[]> {
    return rowsOf(await this.#session.request("GET", "/host/all", {}));
  }
}
