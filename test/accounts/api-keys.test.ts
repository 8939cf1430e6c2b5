/** What a key may do, and when it ends: never more, and never longer, than its user. */
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { authenticate } from "../../src/accounts/authenticate.ts";
import { api_keys, user_projects } from "../../src/db/schema/index.ts";
import { paths } from "../../src/files/paths.ts";
import { announceCsv } from "../api/dataset-support.ts";
import { makeKey, outcome } from "../support/api-keys.ts";
import { makeCluster, makeDataset, trainBody, type TaskBody } from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const unknown = [401, "Failed to validate API key with error: unknown or revoked"];
const expired = [401, "Failed to validate API key with error: key expired"];

let app: TestApp;
let url: string;
const folder = await mkdtemp(join(tmpdir(), "hanami-test-"));
/** Before the shipped policies, because the first definition of an endpoint counts. */
const twoMoreRoles = `
v1.0alpha/cluster
- GET: admin, member, reader
- POST: admin, member, writer
v1.0alpha/cluster/all
- GET: admin, member, reader, writer
`;

beforeAll(async () => {
  const policiesFile = join(folder, "policies");
  await writeFile(policiesFile, twoMoreRoles + (await readFile(paths.defaultPolicies, "utf8")));
  app = await createTestApp({ config: { policiesFile } });
  ({ url } = await app.server.listen());
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});
afterEach(() => void vi.useRealTimers());

/** Any request that every role of these tests allows. */
const use = (key: string) => outcome(app, "GET", "/cluster/all", { token: key, query: { limit: 1 } });
const statusOf = async (key: string) => (await use(key))[0];

/** Connects and sends the first message. */
async function openSocket(message: object) {
  const socket = new WebSocket(url.replace("http", "ws"));
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  const closed = once(socket, "close").then(([code, reason]) => [code, String(reason)]);
  const answer = once(socket, "message");
  socket.send(JSON.stringify(message));
  return { closed, answer: JSON.parse(String((await answer)[0])) as { success: boolean; error?: string } };
}

describe("a key has its user's rights, or less", () => {
  test("nobody makes keys for a project in which the own role makes none, also from another project", async () => {
    const token = await app.addUser({ id: "own_two", projectId: "own_first" });
    const second = { id: "own_two", project_id: "own_second", role: "reader", is_project_admin: false };
    expect((await app.request("POST", "/user/project", { body: second })).status).toBe(200);
    const body = { name: "from outside", expires_in: 60, project_id: "own_second" };
    expect(await outcome(app, "POST", "/token/key", { token, body })).toEqual([401, "Access denied by policy"]);
    expect((await makeKey(app, token)).role).toBe("member");
  });

  test("members, project administrators and administrators make keys with their own rights", async () => {
    const projectId = "own_rights";
    const member = await app.addUser({ id: "own_member", projectId });
    const chief = await app.addUser({ id: "own_chief", projectId, isProjectAdmin: true });
    for (const token of [member, chief, app.token]) {
      const { key, uuid, role } = await makeKey(app, token);
      const { key: withKey, ...rights } = await authenticate(app.app, key);
      expect(rights).toEqual(await authenticate(app.app, token));
      expect(withKey).toMatchObject({ uuid, role });
    }
  });

  test("a member's key of an administrator sees only its own things in its project, and may work there", async () => {
    await app.request("POST", "/project", { body: { id: "served_project", name: "served project" } });
    const member = await app.addUser({ id: "served_member", projectId: "served_project" });
    const foreign = await makeCluster(app, { name: "of a member", token: member });
    for (const project_id of ["served_project", "admin"]) {
      const { key } = await makeKey(app, app.token, { role: "member", project_id });
      expect(await authenticate(app.app, key)).toMatchObject({
        isAdmin: false,
        isProjectAdmin: false,
        projectId: project_id,
      });
      const own = await makeCluster(app, { name: "of the service", token: key });
      const list = (await app.request("GET", "/cluster/all", { token: key })).json<{ body: string[][] }>();
      expect(list.body.map((row) => [row[1], row[2]])).toEqual([[own, project_id]]);
      expect((await app.request("GET", "/cluster", { token: key, query: { uuid: foreign } })).status).toBe(404);
      expect(await outcome(app, "GET", "/user/all", { token: key })).toEqual([401, "Access denied by policy"]);
      const asks = { token: key, query: { page: 0, user_id: "asdf" } };
      expect(await outcome(app, "GET", "/audit_log", asks)).toEqual([401, "'user_id' can only be set by an admin"]);
      expect(await outcome(app, "GET", "/user/project", { token: key, query: { user_id: "asdf" } })).toEqual([401, ""]);
    }
    const { key } = await makeKey(app, app.token, { project_id: "served_project" });
    expect((await app.request("GET", "/cluster", { token: key, query: { uuid: foreign } })).status).toBe(200);
    expect((await app.request("GET", "/user/all", { token: key })).status).toBe(200);
  });

  test("nobody makes a key with a wider role, or for a project of others", async () => {
    const token = await app.addUser({ id: "climber", projectId: "low_project", isProjectAdmin: true });
    const attempt = (given: string, more: object) =>
      outcome(app, "POST", "/token/key", { token: given, body: { name: "attempt", expires_in: 60, ...more } });
    expect(await attempt(token, { role: "admin" })).toEqual([
      401,
      "The role 'admin' may do what your role 'member' may not do.",
    ]);
    for (const project_id of ["admin", "served_project"]) {
      const text = `User with id 'climber' is not assigned to the project with id '${project_id}'.`;
      expect(await attempt(token, { project_id })).toEqual([401, text]);
    }
    const text = "User with id 'asdf' is not assigned to the project with id 'no_project'.";
    expect(await attempt(app.token, { project_id: "no_project" })).toEqual([401, text]);
  });

  test("a narrower role narrows a key, on websockets, too; both roles count when that of the user changes", async () => {
    const token = await app.addUser({ id: "narrow", projectId: "narrow_project" });
    const { key } = await makeKey(app, token, { role: "reader" });
    const uuid = await makeCluster(app, { name: "to be read", token });
    (await app.request("PUT", "/cluster/set_mode", { token, body: { uuid, new_state: "DIRECT" } })).json();
    const read = () => outcome(app, "GET", "/cluster", { token: key, query: { uuid } });
    const create = () => outcome(app, "POST", "/cluster", { token: key, body: { name: "new cluster", template: "" } });
    const denied = [401, "Access denied by policy"];
    expect((await read())[0]).toBe(200);
    expect(await create()).toEqual(denied);
    const sockets = [];
    for (const each of [token, key]) sockets.push(await openSocket({ token: each, target: "cluster", uuid }));
    expect(sockets.map(({ answer }) => [answer.success, answer.error])).toEqual([
      [true, undefined],
      [false, "Access denied by policy"],
    ]);

    const change = app.app.db.update(user_projects).set({ role: "writer" });
    const isOfUser = eq(user_projects.project_id, "narrow_project");
    await app.app.knownCallers.change(change.where(isOfUser));
    expect(await statusOf(key)).toBe(200);
    expect(await read()).toEqual(denied);
    expect(await create()).toEqual(denied);
  });
});

describe("a key ends", () => {
  /** A key with an open socket of each kind, a request that waits, and the same by token, which stay. */
  async function openAll(id: string, projectId: string) {
    const token = await app.addUser({ id, projectId });
    const { key, uuid } = await makeKey(app, token);
    const cluster_uuid = await makeCluster(app, { name: "direct cluster", token });
    const direct = { uuid: cluster_uuid, new_state: "DIRECT" };
    (await app.request("PUT", "/cluster/set_mode", { token: key, body: direct })).json();
    const rows = await makeDataset(app.app, { rows: 4, owner: { owner_id: id, project_id: projectId } });
    const queued = await app.request("POST", "/task/train", { token, body: trainBody(cluster_uuid, rows) });
    const task = { uuid: queued.json<TaskBody>().uuid, cluster_uuid };
    const upload = (await announceCsv(app, 10, token)).uuid_input_file;
    const waits = [key, token].map((each) =>
      app.request("GET", "/task", { token: each, query: { ...task, wait: 50 } }),
    );
    const open = async (each: string) => [await openSocket({ token: each, target: "file_upload", uuid: upload })];
    const [byKey, byToken] = [await open(key), await open(token)];
    expect([...byKey, ...byToken].map(({ answer }) => answer.success)).toEqual([true, true]);
    const { userUuid } = await authenticate(app.app, token);
    await vi.waitFor(() => expect(app.app.connections.count(userUuid)).toBe(4));
    return { token, key, uuid, waits, byKey, userUuid, cluster_uuid, upload };
  }

  test("when it is revoked: requests, sockets and waiting requests at once, but not those of the token", async () => {
    const { token, key, uuid, waits, byKey, userUuid, upload } = await openAll("revoker", "revoked_project");
    expect(await statusOf(key)).toBe(200);
    (await app.request("DELETE", "/token/key", { token, query: { uuid } })).json();
    expect(await use(key)).toEqual(unknown);
    expect(await Promise.all(byKey.map(({ closed }) => closed))).toEqual([[1008, "the API key was revoked"]]);
    const { status, text } = (await waits[0])!;
    expect([status, text]).toEqual(unknown);
    const { answer } = await openSocket({ token: key, target: "file_upload", uuid: upload });
    expect(answer).toEqual({ success: false, error: "Token invalid" });
    await vi.waitFor(() => expect(app.app.connections.count(userUuid)).toBe(2));
    expect(await statusOf(token)).toBe(200);
    app.app.connections.endWaits();
    expect((await waits[1])!.status).toBe(200);
  });

  test("with its user; a later one with the same id has none of the keys", async () => {
    const { key, waits, byKey } = await openAll("comer", "going_project");
    (await app.request("DELETE", "/user", { query: { id: "comer" } })).json();
    expect(await use(key)).toEqual(unknown);
    expect((await waits[0])!.status).toBe(401);
    expect((await Promise.all(byKey.map(({ closed }) => closed)))[0]?.[0]).toBe(1008);
    await waits[1];
    const later = await app.addUser({ id: "comer", projectId: "going_project" });
    expect((await app.request("GET", "/token/key/all", { token: later })).json()).toMatchObject({ body: [] });
    expect(await use(key)).toEqual(unknown);
    const all = (await app.request("GET", "/token/key/all")).json<{ body: string[][] }>().body;
    expect(all.filter((row) => row[3] === "comer")).toEqual([]);
  });

  test("with the assignment, and does not come back with a later one", async () => {
    const token = await app.addUser({ id: "walker", projectId: "left_project" });
    await app.request("POST", "/user/project", { body: { id: "walker", project_id: "kept_project", role: "member" } });
    const { key } = await makeKey(app, token);
    const { key: kept } = await makeKey(app, token, { project_id: "kept_project" });
    const assignment = { id: "walker", project_id: "left_project" };
    expect(await statusOf(key)).toBe(200);
    (await app.request("DELETE", "/user/project", { query: assignment })).json();
    expect(await use(key)).toEqual(unknown);
    (await app.request("POST", "/user/project", { body: { ...assignment, role: "member" } })).json();
    expect(await use(key)).toEqual(unknown);
    expect(await statusOf(token)).toBe(200);
    expect(await statusOf(kept)).toBe(200);
    // Removing what is not there ends nothing.
    const { key: ofAdmin } = await makeKey(app, app.token);
    const missing = { id: "asdf", project_id: "admin" };
    expect((await app.request("DELETE", "/user/project", { query: missing })).status).toBe(404);
    expect(await statusOf(ofAdmin)).toBe(200);
  });

  test.each([{ force: "false" }, { force: "true" }])(
    "with the project (%o), also an administrator's, and does not come back with a later project",
    async ({ force }) => {
      const id = `ended_${force}`;
      const create = async () =>
        (await app.request("POST", "/project", { body: { id, name: "ended project" } })).json();
      await create();
      const token = await app.addUser({ id: `member_${force}`, projectId: id });
      const keys = [
        await makeKey(app, token),
        await makeKey(app, app.token, { project_id: id }),
        await makeKey(app, app.token, { project_id: id, role: "member" }),
      ];
      for (const { key } of keys) expect(await statusOf(key)).toBe(200);
      (await app.request("DELETE", "/project", { query: { id, force } })).json();
      await create();
      await app.request("POST", "/user/project", { body: { id: `member_${force}`, project_id: id, role: "member" } });
      for (const { key } of keys) expect(await use(key)).toEqual(unknown);
    },
  );

  test("when its time is over, to the second, also for a server that has just seen it", async () => {
    const { key, expires_at, uuid } = await makeKey(app, app.token, { expires_in: 60 });
    expect(await statusOf(key)).toBe(200);
    const endMs = Date.parse(`${expires_at}Z`);
    vi.useFakeTimers({ toFake: ["Date"], now: endMs - 1 });
    expect(await statusOf(key)).toBe(200);
    vi.setSystemTime(endMs + 1000);
    expect(await use(key)).toEqual(expired);
    await app.app.knownCallers.change(Promise.resolve());
    expect(await use(key)).toEqual(expired);
    // A clock that was wrong and is put back gives the key its time back.
    vi.setSystemTime(endMs - 1);
    expect(await statusOf(key)).toBe(200);
    vi.useRealTimers();
    const { body } = (await app.request("GET", "/token/key/all")).json<{ body: string[][] }>();
    expect(body.map((row) => row[1])).toContain(uuid);
  });
});

test("the last use is recorded once a minute, also after the clock was put back", async () => {
  const { key, uuid } = await makeKey(app, app.token);
  const useAt = async (ms: number) => {
    vi.setSystemTime(ms);
    await app.app.knownCallers.change(Promise.resolve());
    await use(key);
    const [row] = await app.app.db.select().from(api_keys).where(eq(api_keys.uuid, uuid));
    return row?.last_used_at?.getTime();
  };
  const startMs = Date.now();
  vi.useFakeTimers({ toFake: ["Date"] });
  expect(await useAt(startMs)).toBe(startMs);
  expect(await useAt(startMs + 59_000)).toBe(startMs);
  expect(await useAt(startMs + 61_000)).toBe(startMs + 61_000);
  expect(await useAt(startMs - 3_600_000)).toBe(startMs - 3_600_000);
});

test("the audit log names the key to those who ask, and is as in the contract to all others", async () => {
  const token = await app.addUser({ id: "audited", projectId: "audited_project" });
  const { key, uuid } = await makeKey(app, token, { name: "nightly import" });
  await makeCluster(app, { name: "by key", token: key });
  await makeCluster(app, { name: "by token", token });
  await app.request("DELETE", "/token/key", { token, query: { uuid } });
  const read = async (query: object) =>
    (await app.request("GET", "/audit_log", { token, query: { page: 0, ...query } })).json<{
      header: string[];
      body: string[][];
    }>();
  const plain = await read({});
  expect(plain.header).toEqual(["created_at", "user_id", "endpoint", "request_type"]);
  expect(plain.body.map((row) => row.slice(1))).toEqual([
    ["audited", "v1.0alpha/token/key", "POST"],
    ["audited", "v1.0alpha/cluster", "POST"],
    ["audited", "v1.0alpha/cluster", "POST"],
    ["audited", "v1.0alpha/token/key", "DELETE"],
  ]);
  const named = await read({ keys: "true" });
  expect(named.header).toEqual(["created_at", "user_id", "key_uuid", "key_name", "endpoint", "request_type"]);
  expect(named.body.map((row) => row.slice(2, 4))).toEqual([
    [null, null],
    [uuid, "nightly import"],
    [null, null],
    [null, null],
  ]);
});
