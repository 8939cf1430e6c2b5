import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { announceCsv, openUpload } from "../api/dataset-support.ts";
import { makeCluster } from "../support/compute.ts";
import { adminId, base64, createTestApp, databases, testPassphrase, type TestApp } from "../support/test-app.ts";

describe.each(databases)("switching projects on $name", (database) => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    app = await createTestApp({ database });
    ({ url } = await app.server.listen());
  });
  afterAll(() => app.close());

  const project = async (id: string) =>
    (await app.request("POST", "/project", { body: { id, name: "some name" } })).json();
  const switchTo = (project_id: string, token = app.token) =>
    app.request("PUT", "/token", { token, body: { project_id } });
  const tokenFor = async (id: string) => (await switchTo(id)).json<{ token: string }>().token;
  const notAssigned = (user: string, id: string) => [
    401,
    `User with id '${user}' is not assigned to the project with id '${id}'.`,
  ];

  test("an administrator may enter any existing project, with all rights there", async () => {
    await project("foreign");
    const member = await app.addUser({ id: "foreign_member", projectId: "foreign" });
    const theirs = await makeCluster(app, { name: "of a member", token: member });
    const token = await tokenFor("foreign");
    const mine = await makeCluster(app, { name: "of the administrator", token });
    const { body } = (await app.request("GET", "/cluster/all", { token })).json<{ body: string[][] }>();
    expect(body.map((row) => row.slice(1, 4))).toEqual([
      [theirs, "foreign", "foreign_member"],
      [mine, "foreign", adminId],
    ]);
    expect((await app.request("GET", "/user/all", { token })).status).toBe(200);
    const upload = await announceCsv(app, 10, token);
    const socket = await openUpload(url, token, upload.uuid_input_file);
    expect((await socket.put(0, new Uint8Array(3)))?.success).toBe(true);

    // Deleting the project ends the token.
    expect((await app.request("DELETE", "/project", { query: { id: "foreign", force: "true" } })).status).toBe(200);
    expect(await socket.closed()).toBe(1008);
    for (const path of ["/cluster/all", "/dataset/all"]) {
      const answer = await app.request("GET", path, { token });
      expect([answer.status, answer.text]).toEqual(notAssigned(adminId, "foreign"));
    }
  });

  test("a missing or deleted project is refused; other users enter only projects that they are assigned to", async () => {
    const answerOf = async (answer: ReturnType<typeof switchTo>) => [(await answer).status, (await answer).text];
    expect(await answerOf(switchTo("nowhere"))).toEqual(notAssigned(adminId, "nowhere"));
    await project("gone_project");
    await app.request("DELETE", "/project", { query: { id: "gone_project" } });
    expect(await answerOf(switchTo("gone_project"))).toEqual(notAssigned(adminId, "gone_project"));

    await project("closed_project");
    const chief = await app.addUser({ id: "some_chief", projectId: "own_project", isProjectAdmin: true });
    for (const id of ["closed_project", "admin"]) {
      expect(await answerOf(switchTo(id, chief))).toEqual(notAssigned("some_chief", id));
    }
  });

  test("an assignment determines an administrator's rights in its project", async () => {
    await project("assigned_to");
    const rights = { id: adminId, project_id: "assigned_to", role: "member", is_project_admin: false };
    await app.request("POST", "/user/project", { body: rights });
    const token = await tokenFor("assigned_to");
    expect((await app.request("GET", "/cluster/all", { token })).status).toBe(200);
    expect((await app.request("GET", "/user/all", { token })).text).toBe("Access denied by policy");
    await app.request("DELETE", "/user/project", { query: { id: adminId, project_id: "assigned_to" } });
    // The project still exists, so the administrator's token is still valid.
    expect((await app.request("GET", "/user/all", { token })).status).toBe(200);
  });

  test("a creation by an administrator during the deletion is refused, or its result is deleted as well", async () => {
    const credentials = { id: adminId, passphrase: base64(testPassphrase) };
    expect((await app.request("POST", "/token", { token: null, body: credentials })).status).toBe(200);
    for (let round = 0; round < 5; round++) {
      const id = `raced_${round}`;
      await project(id);
      const token = await tokenFor(id);
      const body = { name: "some upload", input_data_size: 10 };
      const makers = Array.from({ length: 5 }, () => app.request("POST", "/dataset/upload/csv", { token, body }));
      const removal = await app.request("DELETE", "/project", { query: { id } });
      const made = (await Promise.all(makers)).filter(({ status }) => status === 200).length;
      const { body: rows } = (await app.request("GET", "/dataset/all")).json<{ body: string[][] }>();
      const left = rows.filter((row) => row[2] === id).length;
      expect([removal.status, left]).toEqual(made > 0 ? [409, made] : [200, 0]);
    }
  });
});
