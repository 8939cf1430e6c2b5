import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DestinationStream } from "pino";
import { insertUser } from "../../src/accounts/insert-user.ts";
import { openApp, type Server } from "../../src/app.ts";
import type { App } from "../../src/app-context.ts";
import { parseConfig, type Config } from "../../src/server/config.ts";
import { user_projects } from "../../src/db/schema/index.ts";
import { embeddedDatabase, type TestDatabase } from "./databases.ts";

export { databases, type TestDatabase } from "./databases.ts";

export interface TestResponse {
  status: number;
  headers: Headers;
  /** Empty for an answer without an end, which is given up. */
  text: string;
  /** The parsed body of a 200; fails on any other answer and shows it. */
  json<T = Record<string, unknown>>(): T;
}

export interface RequestOptions {
  /** The administrator's by default; null sends none. */
  token?: string | null;
  /** An object is sent as JSON, a string verbatim. */
  body?: unknown;
  query?: Record<string, string | number>;
}

export interface TestUser {
  id: string;
  projectId: string;
  role?: string;
  isProjectAdmin?: boolean;
}

export interface TestApp {
  readonly server: Server;
  readonly app: App;
  readonly dataDir: string;
  /** Token of the administrator `asdf`. */
  readonly token: string;
  /** `path` without the version prefix, e.g. `/dataset/all`. */
  request(method: string, path: string, options?: RequestOptions): Promise<TestResponse>;
  /** Creates a user with the test passphrase, assigned to one project, and logs in. Resolves to the token. */
  addUser(user: TestUser): Promise<string>;
  login(id: string, passphrase?: string): Promise<string>;
  /** Closes the server and opens it again on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export const adminId = "asdf";
export const testPassphrase = "a long test passphrase";
export const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A real server on a fresh database and a temporary data directory, without only the socket. */
export async function createTestApp(
  options: { database?: TestDatabase; config?: Partial<Config>; log?: DestinationStream } = {},
): Promise<TestApp> {
  const dataDir = await mkdtemp(join(tmpdir(), "hanami-test-"));
  const database = await (options.database ?? embeddedDatabase).lend();
  const config: Config = {
    ...parseConfig({
      HANAMI_DATA_DIR: dataDir,
      HANAMI_PORT: "0",
      HANAMI_LOG_LEVEL: "silent",
      HANAMI_ADMIN_USER_ID: adminId,
      HANAMI_ADMIN_USER_NAME: adminId,
      HANAMI_ADMIN_PASSPHRASE: testPassphrase,
    }),
    databaseUrl: database.url,
    ...options.config,
  };
  const open = () => openApp(config, options.log, database.open);
  let server = await open();

  async function request(method: string, path: string, given: RequestOptions = {}): Promise<TestResponse> {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(given.query ?? {})) query.set(key, String(value));
    const url = `http://test/v1.0alpha${path}${query.size > 0 ? `?${query.toString()}` : ""}`;
    const headers = new Headers();
    const token = given.token === undefined ? adminToken : given.token;
    if (token !== null) headers.set("X-Auth-Token", token);
    const body = typeof given.body === "string" ? given.body : JSON.stringify(given.body);
    const init: RequestInit = { method, headers };
    if (body !== undefined) init.body = body;
    const response = await server.fetch(new Request(url, init));
    const isEndless = response.headers.get("content-type") === "text/event-stream";
    if (isEndless) await response.body?.cancel();
    const text = isEndless ? "" : await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json<T>() {
        if (response.status !== 200) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
        return JSON.parse(text) as T;
      },
    };
  }

  async function login(id: string, passphrase = testPassphrase): Promise<string> {
    const body = { id, passphrase: base64(passphrase) };
    return (await request("POST", "/token", { token: null, body })).json<{ token: string }>().token;
  }

  let adminToken = "";
  adminToken = await login(adminId);

  return {
    get server() {
      return server;
    },
    get app() {
      return server.app;
    },
    dataDir,
    token: adminToken,
    request,
    login,
    async addUser(user) {
      const row = await insertUser(server.app.db, {
        id: user.id,
        name: user.id,
        creator_id: adminId,
        is_admin: false,
        passphrase: testPassphrase,
      });
      await server.app.db.insert(user_projects).values({
        user_row_uuid: row.row_uuid,
        project_id: user.projectId,
        role: user.role ?? "member",
        is_project_admin: user.isProjectAdmin ?? false,
      });
      return login(user.id);
    },
    async restart() {
      await server.close();
      server = await open();
    },
    async close() {
      database.ending?.();
      await server.close();
      await database.giveBack();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
