import { encodeBase64 } from "../base64.ts";
import { pageInput, rowsOf, type PageQuery } from "../list.ts";
import type { Session } from "../session.ts";

export interface Assignment {
  project_id: string;
  role: string;
  is_project_admin: boolean;
}

export interface User {
  id: string;
  name: string;
  is_admin: boolean;
  projects: Assignment[];
  creator_id: string;
  created_at: string;
}

/** For global administrators, except `listOwnProjects`. */
export class Users {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async create(user: { id: string; name: string; passphrase: string; is_admin?: boolean }): Promise<User> {
    const input = { ...user, passphrase: encodeBase64(user.passphrase) };
    return (await this.#session.request("POST", "/user", input)) as User;
  }

  async get(id: string): Promise<User> {
    return (await this.#session.request("GET", "/user", { id })) as User;
  }

  /** All that the user can see, or one page. */
  async list(query: PageQuery = {}): Promise<User[]> {
    return rowsOf(await this.#session.request("GET", "/user/all", pageInput(query)));
  }

  async delete(id: string): Promise<void> {
    await this.#session.request("DELETE", "/user", { id });
  }

  /** Assigns a project to a user. `role` is a role of the server's policy file, such as `member`. */
  async addProject(assignment: {
    id: string;
    project_id: string;
    role: string;
    is_project_admin?: boolean;
  }): Promise<User> {
    return (await this.#session.request("POST", "/user/project", assignment)) as User;
  }

  async removeProject(assignment: { id: string; project_id: string }): Promise<User> {
    return (await this.#session.request("DELETE", "/user/project", assignment)) as User;
  }

  /** The projects in which the current user may work. */
  async listOwnProjects(): Promise<Assignment[]> {
    const answer = (await this.#session.request("GET", "/user/project", {})) as { projects: Assignment[] };
    return answer.projects;
  }
}
