import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { base64, createTestApp, databases, testPassphrase, type TestApp } from "../support/test-app.ts";

const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);

describe.each(databases)("users on $name", (database) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp({ database });
  });
  afterAll(() => app.close());

  const passphrase = base64(testPassphrase);
  const newUser = (id: string) => ({ id, name: "some name", passphrase });
  async function ask(method: string, path: string, options: Parameters<TestApp["request"]>[2] = {}) {
    const { status, text } = await app.request(method, path, options);
    return [status, text];
  }

  test("create, get, list, delete", async () => {
    const created = (await app.request("POST", "/user", { body: newUser("member1") })).json();
    const view = {
      created_at: timestamp,
      creator_id: "asdf",
      id: "member1",
      is_admin: false,
      name: "some name",
      projects: [],
    };
    expect(created).toEqual(view);
    expect((await app.request("GET", "/user", { query: { id: "member1" } })).json()).toEqual(created);

    const list = (await app.request("GET", "/user/all")).json();
    expect(list).toEqual({
      header: ["created_at", "id", "name", "creator_id", "projects", "is_admin"],
      body: [
        [timestamp, "asdf", "asdf", "HANAMI_INIT", [], true],
        [created["created_at"], "member1", "some name", "asdf", [], false],
      ],
    });

    expect(await ask("POST", "/user", { body: newUser("member1") })).toEqual([
      409,
      "User with id 'member1' already exist.",
    ]);
    expect(await ask("DELETE", "/user", { query: { id: "member1" } })).toEqual([200, "{}"]);
    for (const method of ["GET", "DELETE"]) {
      expect(await ask(method, "/user", { query: { id: "member1" } })).toEqual([
        404,
        "User with id 'member1' not found",
      ]);
    }
    expect((await app.request("POST", "/user", { body: newUser("member1") })).status).toBe(200);
  });

  test("of several concurrent creations one wins", async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => app.request("POST", "/user", { body: newUser("racer") })),
    );
    expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([200, 409, 409, 409]);
  });

  test("a user cannot delete their own account", async () => {
    expect(await ask("DELETE", "/user", { query: { id: "asdf" } })).toEqual([
      409,
      "User with id 'asdf' tries to delete himself, which is not allowed.",
    ]);
  });

  test("ids may look like mail addresses; nothing of the passphrase is ever returned", async () => {
    const response = await app.request("POST", "/user", { body: newUser("a@b@c") });
    expect(response.json()).toMatchObject({ id: "a@b@c" });
    const list = (await app.request("GET", "/user/all")).text;
    for (const secret of ["argon2", passphrase, "hash"]) expect(response.text + list).not.toContain(secret);
  });

  test("a user without a project cannot log in, an administrator can", async () => {
    await app.request("POST", "/user", { body: newUser("homeless") });
    expect(await ask("POST", "/token", { token: null, body: { id: "homeless", passphrase } })).toEqual([
      401,
      "User with id 'homeless' has no project assigned.",
    ]);
    await app.request("POST", "/user", { body: { ...newUser("second_admin"), is_admin: true } });
    const token = await app.login("second_admin");
    expect((await app.request("GET", "/user/all", { token })).status).toBe(200);
  });

  test("passphrases are compared as decoded text and may hold any characters", async () => {
    const secret = 'pässphrase 桜 🌸 with " and \\';
    await app.request("POST", "/user", { body: { ...newUser("poet"), passphrase: base64(secret), is_admin: true } });
    expect(await app.login("poet", secret)).toEqual(expect.any(String));
    await expect(app.login("poet", `${secret} `)).rejects.toThrow(/ACCESS DENIED/);
  });

  test("assign and unassign projects", async () => {
    await app.request("POST", "/user", { body: newUser("worker") });
    const assignment = { id: "worker", project_id: "proj_one", role: "member", is_project_admin: true };
    const first = (await app.request("POST", "/user/project", { body: assignment })).json();
    const one = { is_project_admin: true, project_id: "proj_one", role: "member" };
    expect(first).toMatchObject({ id: "worker", projects: [one] });
    const two = { is_project_admin: false, project_id: "proj_two", role: "member" };
    const body = { id: "worker", project_id: "proj_two", role: "member" };
    expect((await app.request("POST", "/user/project", { body })).json()).toMatchObject({ projects: [one, two] });

    expect(await ask("POST", "/user/project", { body })).toEqual([
      409,
      "Project with ID 'proj_two' is already assigned to user with id 'worker'.",
    ]);
    expect(await ask("POST", "/user/project", { body: { ...body, id: "nobody" } })).toEqual([
      404,
      "User with id 'nobody' not found",
    ]);

    const token = await app.login("worker");
    expect((await app.request("GET", "/user/project", { token })).json()).toEqual({ projects: [one, two] });
    expect((await app.request("GET", "/user/project", { query: { user_id: "worker" } })).json()).toEqual({
      projects: [one, two],
    });

    const query = { id: "worker", project_id: "proj_two" };
    expect((await app.request("DELETE", "/user/project", { query })).json()).toMatchObject({ projects: [one] });
    expect(await ask("DELETE", "/user/project", { query })).toEqual([
      404,
      "Project with ID 'proj_two' is not assigned to user with id 'worker' and so it can not be removed from the user.",
    ]);
    expect(await ask("DELETE", "/user/project", { query: { ...query, id: "nobody" } })).toEqual([
      404,
      "User with id 'nobody' not found",
    ]);
  });

  test("members may neither assign nor look at others", async () => {
    const token = await app.addUser({ id: "curious", projectId: "proj_one" });
    const body = { id: "curious", project_id: "proj_two", role: "admin", is_project_admin: true };
    expect(await ask("POST", "/user/project", { token, body })).toEqual([401, ""]);
    expect(await ask("DELETE", "/user/project", { token, query: { id: "asdf", project_id: "some" } })).toEqual([
      401,
      "",
    ]);
    for (const user_id of ["asdf", "curious", "nobody"]) {
      expect(await ask("GET", "/user/project", { token, query: { user_id } })).toEqual([401, ""]);
    }
    for (const path of ["/user?id=asdf", "/user/all", "/project/all", "/error_log?page=0"]) {
      expect(await ask("GET", path, { token })).toEqual([401, "Access denied by policy"]);
    }
  });

  test("an administrator has the project admin in addition to the assigned ones", async () => {
    const admin = { is_project_admin: true, project_id: "admin", role: "admin" };
    expect((await app.request("GET", "/user/project")).json()).toEqual({ projects: [admin] });
    expect(await ask("GET", "/user/project", { query: { user_id: "nobody" } })).toEqual([
      404,
      "User with id 'nobody' not found",
    ]);
  });

  test("switching projects, by either of the two endpoints", async () => {
    const token = await app.addUser({ id: "switcher", projectId: "proj_one" });
    const assignment = { id: "switcher", project_id: "proj_two", role: "member" };
    await app.request("POST", "/user/project", { body: assignment });
    const projectOf = (text: string) => {
      const payload = JSON.parse(Buffer.from(JSON.parse(text).token.split(".")[1], "base64url").toString());
      return JSON.parse(payload.user).project_id;
    };
    for (const [method, path] of [
      ["PUT", "/token"],
      ["POST", "/user/project"],
    ] as const) {
      const body = { project_id: "proj_two" };
      const switched = await app.request(method, path, { token, body });
      expect(switched.json()).toEqual({ id: "switcher", is_admin: false, name: "switcher", token: expect.any(String) });
      expect(projectOf(switched.text)).toBe("proj_two");
      expect(await ask(method, path, { token, body: { project_id: "other" } })).toEqual([
        401,
        "User with id 'switcher' is not assigned to the project with id 'other'.",
      ]);
      expect(await ask(method, path, { token, body: { project_id: "admin" } })).toEqual([
        401,
        "User with id 'switcher' is not assigned to the project with id 'admin'.",
      ]);
      expect(projectOf((await app.request(method, path, { body: { project_id: "admin" } })).text)).toBe("admin");
    }
  });

  test("an assignment needs all of its keys", async () => {
    const required = (key: string) => `Validation failed, because variable '${key}' is required, but is not set.`;
    const body = { project_id: "proj_one" };
    expect(await ask("POST", "/user/project", { body: { ...body, role: "member" } })).toEqual([400, required("id")]);
    expect(await ask("POST", "/user/project", { body: { ...body, id: "asdf" } })).toEqual([400, required("role")]);
    expect(await ask("POST", "/user/project", { body: {} })).toEqual([400, required("project_id")]);
  });

  test("user ids of 255 and 256 characters may be looked up, but not created", async () => {
    const id = "a".repeat(256);
    expect(await ask("GET", "/user", { query: { id } })).toEqual([404, `User with id '${id}' not found`]);
    expect(await ask("DELETE", "/user", { query: { id } })).toEqual([
      400,
      "Given item 'id' is longer than 254 characters",
    ]);
  });
});
