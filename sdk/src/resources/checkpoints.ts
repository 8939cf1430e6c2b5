import { rowsOf } from "../list.ts";
import type { Session } from "../session.ts";
import type { Owned } from "./owned.ts";

/** A copy of a cluster's state. `clusters.save` makes one, `clusters.restore` uses it. */
export type Checkpoint = Owned;

export class Checkpoints {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async get(uuid: string): Promise<Checkpoint> {
    return (await this.#session.request("GET", "/checkpoint", { uuid })) as Checkpoint;
  }

  async list(): Promise<Checkpoint[]> {
    return rowsOf(await this.#session.request("GET", "/checkpoint/all", {}));
  }

  async delete(uuid: string): Promise<void> {
    await this.#session.request("DELETE", "/checkpoint", { uuid });
  }
}
