import { rowsOf } from "../list.ts";
import type { Session } from "../session.ts";

export interface AuditEntry {
  created_at: string;
  user_id: string;
  endpoint: string;
  request_type: string;
  /** With `keys`: the API key that the request was made with; null for a token. */
  key_uuid?: string | null;
  key_name?: string | null;
}

export interface ErrorEntry {
  created_at: string;
  user_id: string;
  component: string;
  context: string;
  input_values: unknown;
  message: string;
}

export interface LogQuery {
  /** Page of 100 entries, counted from 0, oldest first. */
  page?: number;
  /** Only entries of this user; for administrators. */
  user_id?: string | undefined;
}

export class Logs {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The changes that users requested; with `keys`, also the API keys with which they did. */
  async audit({ page = 0, user_id, keys }: LogQuery & { keys?: boolean } = {}): Promise<AuditEntry[]> {
    return rowsOf(await this.#session.request("GET", "/audit_log", { page, user_id, keys }));
  }

  /** The server's internal errors; for administrators. */
  async errors({ page = 0, user_id }: LogQuery = {}): Promise<ErrorEntry[]> {
    return rowsOf(await this.#session.request("GET", "/error_log", { page, user_id }));
  }
}
