import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeCluster, makeDataset, trainBody, untilTask } from "../support/compute.ts";
import { createTestApp, databases, type TestApp } from "../support/test-app.ts";
import { announceCsv, openUpload } from "./dataset-support.ts";

describe.each(databases)("deleting a project on $name", (database) => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    app = await createTestApp({ database });
    ({ url } = await app.server.listen());
  });
  afterAll(() => app.close());

  const remove = (id: string, query: Record<string, string> = {}) =>
    app.request("DELETE", "/project", { query: { id, ...query } });
  async function project(id: string): Promise<string> {
    await app.request("POST", "/project", { body: { id, name: "some name" } });
    return app.addUser({ id: `${id}_user`, projectId: id });
  }

  test("the error names the project's resources, which stay; assignments alone do not count", async () => {
    const token = await project("full");
    await project("empty");
    const owner = { owner_id: "full_user", project_id: "full" };
    const dataset = await makeDataset(app.app, { rows: 8, owner });
    const cluster = await makeCluster(app, { name: "its cluster", token });
    await announceCsv(app, 10, token);
    await app.request("POST", "/checkpoint/upload", { token, body: { name: "its upload", input_data_size: 10 } });
    const refused = await remove("full");
    expect([refused.status, refused.text]).toEqual([
      409,
      "Project with id 'full' still holds 1 dataset, 1 cluster, 2 running uploads. " +
        "Delete these before, or set 'force' to delete them, too.",
    ]);
    expect((await remove("full", { force: "false" })).status).toBe(409);
    expect((await remove("full", { force: "yes" })).status).toBe(400);
    expect((await app.request("GET", "/dataset", { token, query: { uuid: dataset } })).status).toBe(200);
    expect((await app.request("GET", "/cluster", { token, query: { uuid: cluster } })).status).toBe(200);
    expect((await remove("empty")).status).toBe(200);
    expect((await remove("empty")).status).toBe(404);
    expect((await remove("empty", { force: "true" })).status).toBe(404);
  });

  test("by force everything is deleted: running tasks, sockets, files, assignments; other projects stay", async () => {
    const token = await project("doomed");
    const other = await project("other");
    const owner = { owner_id: "doomed_user", project_id: "doomed" };
    const dataset = await makeDataset(app.app, { rows: 2000, owner });
    const cluster = await makeCluster(app, { name: "busy", token });
    const kept = await makeCluster(app, { name: "kept", token: other });
    const body = trainBody(cluster, dataset, { epochs: 1000 });
    const task = (await app.request("POST", "/task/train", { token, body })).json<{ uuid: string }>().uuid;
    await untilTask(app, cluster, task, ({ current_cycle }) => current_cycle > 0);
    const upload = await announceCsv(app, 10, token);
    const socket = await openUpload(url, token, upload.uuid_input_file);
    expect((await socket.put(0, new Uint8Array(3)))?.success).toBe(true);
    expect((await remove("doomed", { force: "true" })).json()).toEqual({});
    await socket.closed();
    expect((await app.request("GET", "/dataset/all", { token })).status).toBe(401);
    for (const [path, uuid] of [
      ["/dataset", dataset],
      ["/dataset", upload.uuid],
      ["/cluster", cluster],
    ] as const) {
      expect((await app.request("GET", path, { query: { uuid } })).status).toBe(404);
    }
    const { datasets, tempfiles, clusters } = app.app.storage;
    expect(existsSync(join(datasets, dataset))).toBe(false);
    expect(existsSync(join(tempfiles, upload.uuid_input_file))).toBe(false);
    expect(readdirSync(clusters).filter((name) => name.startsWith(cluster))).toEqual([]);
    expect((await app.request("GET", "/cluster", { token: other, query: { uuid: kept } })).status).toBe(200);
    // A member of a new project with this name finds nothing.
    await app.request("POST", "/project", { body: { id: "doomed", name: "some name" } });
    const rights = { id: "doomed_user", project_id: "doomed", role: "member", is_project_admin: true };
    await app.request("POST", "/user/project", { body: rights });
    const again = await app.login("doomed_user");
    expect((await app.request("GET", "/cluster/all", { token: again })).json()["body"]).toEqual([]);
  });

  test("a creation during the deletion is refused, or its result is deleted as well", async () => {
    const token = await project("contested");
    const create = (index: number) =>
      app.request("POST", "/dataset/upload/csv", { token, body: { name: `upload ${index}`, input_data_size: 10 } });
    const creations = Array.from({ length: 20 }, (_, index) => create(index));
    const [deleted] = await Promise.all([remove("contested", { force: "true" }), ...creations]);
    expect(deleted.status).toBe(200);
    for (const creation of creations) expect([200, 401]).toContain((await creation).status);
    const { body } = (await app.request("GET", "/dataset/all")).json<{ body: string[][] }>();
    expect(body.filter((row) => row[2] === "contested")).toEqual([]);
  });
});
