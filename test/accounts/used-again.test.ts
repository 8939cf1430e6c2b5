import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { announceCsv, openUpload } from "../api/dataset-support.ts";
import {
  makeCluster,
  makeDataset,
  requestBody,
  smallTemplate,
  type TaskBody,
  untilFinished,
} from "../support/compute.ts";
import { base64, createTestApp, databases, type TestApp } from "../support/test-app.ts";

interface List {
  body: string[][];
}

describe.each(databases)("a reused id on $name", (database) => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    app = await createTestApp({ database });
    ({ url } = await app.server.listen());
  });
  afterAll(() => app.close());

  const listOf = async (path: string, token: string, query = {}) =>
    (await app.request("GET", path, { token, query })).json<List>().body;
  const uuidsOf = async (path: string, token: string) => (await listOf(path, token)).map((row) => row[1]);
  const deleteUser = async (id: string) => (await app.request("DELETE", "/user", { query: { id } })).json();

  test("a later user gets nothing of the former one, whose resources stay for administrators", async () => {
    const id = "returner";
    const projectId = "shared_project";
    const former = await app.addUser({ id, projectId });
    const chief = await app.addUser({ id: "shared_chief", projectId, isProjectAdmin: true });
    const dataset = await makeDataset(app.app, { rows: 4, owner: { owner_id: id, project_id: projectId } });
    const cluster = await makeCluster(app, { name: "private cluster", token: former });
    const post = async (path: string, body: object) =>
      (await app.request("POST", path, { token: former, body })).json<TaskBody & { uuid_input_file: string }>();
    const result = (await post("/task/request", requestBody(cluster, dataset))).uuid;
    const checkpoint = (await post("/cluster/save", { name: "private save", cluster_uuid: cluster })).uuid;
    await untilFinished(app, cluster, checkpoint);
    const upload = await announceCsv(app, 10, former);
    const file = await post("/checkpoint/upload", { name: "private file", input_data_size: 10 });

    await deleteUser(id);
    const later = await app.addUser({ id, projectId });
    expect((await app.request("GET", "/cluster/all", { token: former })).status).toBe(401);
    expect((await app.request("PUT", "/token", { token: former, body: { project_id: projectId } })).status).toBe(401);
    for (const path of ["/dataset/all", "/cluster/all", "/checkpoint/all"]) {
      expect(await listOf(path, later)).toEqual([]);
    }
    const key = { uuid: checkpoint, cluster_uuid: cluster };
    const data = { input_data_size: 8 };
    const foreign: [string, string, Record<string, string>][] = [
      ["GET", "/dataset", { uuid: dataset }],
      ["GET", "/dataset", { uuid: result }],
      ["GET", "/dataset/download", { uuid: dataset }],
      ["GET", "/dataset/content", { uuid: dataset, column_name: "label" }],
      ["GET", "/dataset/progress", { uuid: upload.uuid }],
      ["PUT", "/dataset/upload/csv", { uuid: upload.uuid, uuid_input_file: upload.uuid_input_file }],
      ["DELETE", "/dataset", { uuid: dataset }],
      ["GET", "/cluster", { uuid: cluster }],
      ["PUT", "/cluster/set_mode", { uuid: cluster, new_state: "DIRECT" }],
      ["POST", "/cluster/save", { name: "stolen", cluster_uuid: cluster }],
      ["DELETE", "/cluster", { uuid: cluster }],
      ["GET", "/task", key],
      ["GET", "/task/all", { cluster_uuid: cluster }],
      ["DELETE", "/task", key],
      ["GET", "/checkpoint", { uuid: checkpoint }],
      ["GET", "/checkpoint/download", { uuid: checkpoint }],
      ["POST", "/cluster", { name: "stolen", checkpoint_uuid: checkpoint }],
      ["PUT", "/checkpoint/upload", { uuid: file.uuid, uuid_input_file: file.uuid_input_file }],
      ["DELETE", "/checkpoint", { uuid: checkpoint }],
    ];
    for (const [method, path, values] of foreign) {
      const isQuery = method === "GET" || method === "DELETE";
      const answer = await app.request(method, path, {
        token: later,
        ...(isQuery ? { query: values } : { body: values }),
      });
      expect([method, path, answer.status]).toEqual([method, path, 404]);
    }
    for (const uuid of [upload.uuid_input_file, file.uuid_input_file]) {
      await expect(openUpload(url, later, uuid)).rejects.toThrow("not found");
    }
    // The former user's names are free for the later one.
    const own = await app.request("POST", "/cluster", {
      token: later,
      body: { name: "private cluster", template: base64(smallTemplate) },
    });
    expect(own.json()).toMatchObject({ owner_id: id, project_id: projectId });
    const ownUpload = await app.request("POST", "/dataset/upload/csv", {
      token: later,
      body: { name: "mine", ...data },
    });
    expect(await uuidsOf("/dataset/all", later)).toEqual([ownUpload.json<{ uuid: string }>().uuid]);

    const seen = await listOf("/cluster/all", chief);
    expect(seen.filter((row) => row[1] === cluster)).toEqual([expect.arrayContaining([projectId, id])]);
    for (const token of [chief, app.token]) {
      expect(await uuidsOf("/dataset/all", token)).toEqual(expect.arrayContaining([dataset, result, upload.uuid]));
      expect(await uuidsOf("/checkpoint/all", token)).toEqual([checkpoint]);
    }
  });

  test("a later user has a separate audit log; administrators see both", async () => {
    const id = "rewriter";
    const former = await app.addUser({ id, projectId: "some_project" });
    await makeCluster(app, { name: "audited cluster", token: former });
    await deleteUser(id);
    const later = await app.addUser({ id, projectId: "some_project" });
    expect(await listOf("/audit_log", later, { page: 0 })).toEqual([]);
    await app.request("DELETE", "/cluster", { token: later, query: {} });
    const endpoints = (rows: string[][]) => rows.map((row) => row.slice(1));
    expect(endpoints(await listOf("/audit_log", later, { page: 0 }))).toEqual([[id, "v1.0alpha/cluster", "DELETE"]]);
    expect(endpoints(await listOf("/audit_log", app.token, { page: 0, user_id: id }))).toEqual([
      [id, "v1.0alpha/cluster", "POST"],
      [id, "v1.0alpha/cluster", "DELETE"],
    ]);
  });

  test.each([{ force: "false" }, { force: "true" }])(
    "a later project has no members and no resources of the former one (%o)",
    async ({ force }) => {
      const id = `again_${force}`;
      const create = async () => (await app.request("POST", "/project", { body: { id, name: "some name" } })).json();
      await create();
      const member = await app.addUser({ id: `member_${force}`, projectId: id, isProjectAdmin: true });
      const { uuid } = await announceCsv(app, 10, member);
      if (force === "false") await app.request("DELETE", "/dataset", { token: member, query: { uuid } });
      (await app.request("DELETE", "/project", { query: { id, force } })).json();
      await create();
      const newcomer = await app.addUser({ id: `newcomer_${force}`, projectId: id, isProjectAdmin: true });
      expect(await listOf("/dataset/all", newcomer)).toEqual([]);
      const cluster = await makeCluster(app, { name: `cluster of ${id}`, token: newcomer });
      const seen = await app.request("GET", "/cluster", { token: member, query: { uuid: cluster } });
      expect([seen.status, seen.text]).toEqual([
        401,
        `User with id 'member_${force}' is not assigned to the project with id '${id}'.`,
      ]);
    },
  );

  test("a project that cannot be deleted keeps its members", async () => {
    await app.request("POST", "/project", { body: { id: "full_project", name: "some name" } });
    const member = await app.addUser({ id: "full_member", projectId: "full_project" });
    await announceCsv(app, 10, member);
    expect((await app.request("DELETE", "/project", { query: { id: "full_project" } })).status).toBe(409);
    expect((await app.request("GET", "/dataset/all", { token: member })).status).toBe(200);
  });
});
