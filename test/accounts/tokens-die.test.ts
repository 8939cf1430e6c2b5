import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { authenticate } from "../../src/accounts/authenticate.ts";
import { announceCsv } from "../api/dataset-support.ts";
import { makeCluster } from "../support/compute.ts";
import { adminId, createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let url: string;
beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
});
afterAll(() => app.close());

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

const userGone = "ACCESS DENIED!\nUser or passphrase is incorrect.";
const projectGone = (id: string) => `User with id '${id}' is not assigned to the project with id 'some_project'.`;

describe("tokens and open sockets end", () => {
  test.each([
    ["with the user", "leaver", (id: string) => app.request("DELETE", "/user", { query: { id } }), userGone],
    [
      "with the assignment",
      "mover",
      (id: string) => app.request("DELETE", "/user/project", { query: { id, project_id: "some_project" } }),
      projectGone("mover"),
    ],
    [
      "with the project",
      "stayer",
      async () => {
        await app.request("POST", "/project", { body: { id: "some_project", name: "some project" } });
        return app.request("DELETE", "/project", { query: { id: "some_project", force: "true" } });
      },
      projectGone("stayer"),
    ],
  ])("%s", async (_title, id, end, text) => {
    const token = await app.addUser({ id, projectId: "some_project" });
    const bystander = await app.addUser({ id: `${id}_friend`, projectId: "other_project" });
    const { uuid_input_file } = await announceCsv(app, 10, token);
    const cluster = await makeCluster(app, { name: "direct cluster", token });
    await app.request("PUT", "/cluster/set_mode", { token, body: { uuid: cluster, new_state: "DIRECT" } });
    const upload = { token, target: "file_upload", uuid: uuid_input_file };
    const direct = { token, target: "cluster", uuid: cluster };
    const sockets = [await openSocket(upload), await openSocket(direct)];
    expect(sockets.map(({ answer }) => answer.success)).toEqual([true, true]);
    const others = await announceCsv(app, 10, bystander);
    const friend = await openSocket({ token: bystander, target: "file_upload", uuid: others.uuid_input_file });

    expect((await end(id)).status).toBe(200);
    const closed = [1008, "the user or the assignment was removed"];
    expect(await Promise.all(sockets.map((socket) => socket.closed))).toEqual([closed, closed]);
    for (const [method, path] of [
      ["GET", "/dataset/all"],
      ["POST", "/cluster"],
      ["PUT", "/token"],
    ] as const) {
      const answer = await app.request(method, path, { token, ...(method === "GET" ? {} : { body: {} }) });
      expect([answer.status, answer.text]).toEqual([401, text]);
    }
    for (const message of [upload, direct]) {
      expect((await openSocket(message)).answer).toEqual({ success: false, error: "Token invalid" });
    }
    expect((await app.request("GET", "/dataset/all", { token: bystander })).status).toBe(200);
    expect(friend.answer.success).toBe(true);
    const { userUuid } = await authenticate(app.app, bystander);
    expect(app.app.connections.count(userUuid)).toBe(1);
  });
});

test("changes of an assignment take effect at once: another role, and the rights of a project administrator", async () => {
  const token = await app.addUser({ id: "changer", projectId: "third_project", isProjectAdmin: true });
  const other = await app.addUser({ id: "colleague", projectId: "third_project" });
  const uuid = await makeCluster(app, { name: "of the colleague", token: other });
  const see = async () => (await app.request("GET", "/cluster", { token, query: { uuid } })).status;
  expect(await see()).toBe(200);

  const assignment = { id: "changer", project_id: "third_project" };
  const reassign = async (more: object) => {
    await app.request("DELETE", "/user/project", { query: assignment });
    await app.request("POST", "/user/project", { body: { ...assignment, ...more } });
  };
  await reassign({ role: "member", is_project_admin: false });
  expect(await see()).toBe(404);
  await reassign({ role: "nobody", is_project_admin: true });
  expect(await see()).toBe(401);
});

test("a deleted global administrator loses the role and works nowhere", async () => {
  const body = { id: "second_admin", name: "second admin", passphrase: btoa("a long test passphrase"), is_admin: true };
  await app.request("POST", "/user", { body });
  const token = await app.login("second_admin");
  expect((await app.request("GET", "/user/all", { token })).status).toBe(200);
  // This cannot lock everybody out.
  expect((await app.request("DELETE", "/user", { token, query: { id: "second_admin" } })).status).toBe(409);
  await app.request("DELETE", "/user", { query: { id: "second_admin" } });
  expect((await app.request("GET", "/user/all", { token })).text).toBe(userGone);
  expect((await app.request("GET", "/user", { query: { id: adminId } })).status).toBe(200);
});
