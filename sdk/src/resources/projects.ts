import { rowsOf } from "../list.ts";
import type { Session } from "../session.ts";

export interface Project {
  id: string;
  name: string;
  creator_id: string;
  created_at: string;
}

/** For global administrators only. */
export class Projects {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async create(project: { id: string; name: string }): Promise<Project> {
    return (await this.#session.request("POST", "/project", project)) as Project;
  }

  async get(id: string): Promise<Project> {
    return (await this.#session.request("GET", "/project", { id })) as Project;
  }

  async list(): Promise<Project[]> {
    return rowsOf(await this.#session.request("GET", "/project/all", {}));
  }

  /**
   * Throws ConflictError, which says what it still holds, unless it is empty or `force` is set: then everything in it
   * is deleted with it, and its users leave it.
   */
  async delete(id: string, { force }: { force?: boolean } = {}): Promise<void> {
    await this.#session.request("DELETE", "/project", { id, force });
  }
}
