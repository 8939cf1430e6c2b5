import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestApp, databases, type TestApp } from "../support/test-app.ts";

describe.each(databases)("projects on $name", (database) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp({ database });
  });
  afterAll(() => app.close());

  test("create, get, list, delete", async () => {
    const body = { id: "test_project", name: "Test Project" };
    const created = (await app.request("POST", "/project", { body })).json();
    expect(created).toEqual({ ...body, creator_id: "asdf", created_at: expect.any(String) });
    expect((await app.request("GET", "/project", { query: { id: body.id } })).json()).toEqual(created);

    const second = await app.request("POST", "/project", { body });
    expect([second.status, second.text]).toEqual([409, "Project with id 'test_project' already exist."]);
    expect((await app.request("GET", "/project/all")).json()).toEqual({
      header: ["created_at", "id", "name", "creator_id"],
      body: [[created["created_at"], "test_project", "Test Project", "asdf"]],
    });

    expect((await app.request("DELETE", "/project", { query: { id: body.id } })).json()).toEqual({});
    for (const method of ["GET", "DELETE"]) {
      const gone = await app.request(method, "/project", { query: { id: body.id } });
      expect([gone.status, gone.text]).toEqual([404, "Project with id 'test_project' not found"]);
    }
    expect((await app.request("GET", "/project/all")).text).toBe(
      '{"body":[],"header":["created_at","id","name","creator_id"]}',
    );
  });

  test("lists are in the order of creation", async () => {
    for (const id of ["zebra", "apple", "mango"]) {
      await app.request("POST", "/project", { body: { id, name: "some name" } });
    }
    const { body } = (await app.request("GET", "/project/all")).json<{ body: string[][] }>();
    expect(body.map((row) => row[1])).toEqual(["zebra", "apple", "mango"]);
  });
});
