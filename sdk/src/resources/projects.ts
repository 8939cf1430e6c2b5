import { pageInput, rowsOf, type PageQuery } from "../list.ts";
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

  /** All that the user can see, or one page. */
  async list(query: PageQuery = {}): Promise<Project[]> {
    return rowsOf(await this.#session.request("GET", "/project/all", pageInput(query)));
  }

  /**
   * Deletes a project. Throws ConflictError with its content unless it is empty or `force` is set: `force` also deletes
   * the content and removes its users.
   */
  async delete(id: string, { force }: { force?: boolean } = {}): Promise<void> {
    await this.#session.request("DELETE", "/project", { id, force });
  }
}
