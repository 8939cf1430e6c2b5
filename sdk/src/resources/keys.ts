import { pageInput, rowsOf, type PageQuery } from "../list.ts";
import type { Session } from "../session.ts";

export interface NewApiKey {
  name: string;
  /** Seconds: 60 to ten years. */
  expires_in: number;
  /** Default: the user's own in the project. Another one must not allow more. */
  role?: string;
  /** Default: the project in which the client works. */
  project_id?: string;
}

export interface ApiKey {
  uuid: string;
  name: string;
  project_id: string;
  owner_id: string;
  role: string;
  created_at: string;
  expires_at: string;
}

/** API keys of services, with which a `HanamiClient` works without a passphrase. Not for clients with a key. */
export class Keys {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** `key` of the answer is shown only here. */
  async create(key: NewApiKey): Promise<ApiKey & { key: string }> {
    return (await this.#session.request("POST", "/token/key", { ...key })) as ApiKey & { key: string };
  }

  /**
   * The user's keys; for administrators also those of others. `last_used_at` is exact to the minute, `-` before the
   * first use.
   */
  async list(query: PageQuery = {}): Promise<(ApiKey & { last_used_at: string })[]> {
    return rowsOf(await this.#session.request("GET", "/token/key/all", pageInput(query)));
  }

  /** Ends a key and its connections at once. */
  async revoke(uuid: string): Promise<void> {
    await this.#session.request("DELETE", "/token/key", { uuid });
  }
}
