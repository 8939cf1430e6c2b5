import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createApi } from "../../src/api/app.ts";
import { route } from "../../src/api/route.ts";
import { audit_log } from "../../src/db/schema/index.ts";
import { createTestApp, databases, type TestApp } from "../support/test-app.ts";

interface List {
  header: string[];
  body: unknown[][];
}

describe.each(databases)("logs on $name", (database) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp({ database });
  });
  afterAll(() => app.close());

  const list = async (path: string, options: Parameters<TestApp["request"]>[2] = {}) =>
    (await app.request("GET", path, options)).json<List>();

  test("changes are logged before they are carried out, including those that fail", async () => {
    const token = await app.addUser({ id: "member1", projectId: "some_project" });
    await app.request("PUT", "/token", { token, body: { project_id: "other" } });
    await app.request("DELETE", "/cluster", { token, query: { wrong: 1 } });
    await app.request("POST", "/project", { token, body: {} });
    await app.request("GET", "/host/all", { token });
    const own = await list("/audit_log", { token, query: { page: 0 } });
    expect(own.header).toEqual(["created_at", "user_id", "endpoint", "request_type"]);
    // The login, the GET and what the policies denied are not logged.
    expect(own.body.map((row) => row.slice(1))).toEqual([
      ["member1", "v1.0alpha/token", "PUT"],
      ["member1", "v1.0alpha/cluster", "DELETE"],
    ]);
    expect(await list("/audit_log", { query: { page: 0, user_id: "member1" } })).toEqual(own);
    expect((await list("/audit_log", { query: { page: 0 } })).body).toEqual([]);
    for (const user_id of ["asdf", "member1"]) {
      const denied = await app.request("GET", "/audit_log", { token, query: { page: 0, user_id } });
      expect([denied.status, denied.text]).toEqual([401, "'user_id' can only be set by an admin"]);
    }
  });

  test("pages hold 100 rows, the oldest first; beyond the end there are none", async () => {
    const rows = Array.from({ length: 201 }, (_, index) => ({
      user_id: "pages",
      endpoint: `v1.0alpha/${index}`,
      request_type: "PUT",
    }));
    await app.app.db.insert(audit_log).values(rows);
    const page = async (number: number) =>
      (await list("/audit_log", { query: { page: number, user_id: "pages" } })).body.map((row) => row[2]);
    expect(await page(0)).toEqual(rows.slice(0, 100).map((row) => row.endpoint));
    expect(await page(2)).toEqual(["v1.0alpha/200"]);
    expect(await page(3)).toEqual([]);
    expect(await page(1_000_000_000)).toEqual([]);
    const missing = await app.request("GET", "/audit_log");
    expect(missing.text).toBe("Validation failed, because variable 'page' is required, but is not set.");
  });

  test("a defect is an empty 500 and an entry in the error log, without secrets", async () => {
    const failing = route({
      method: "POST",
      path: "/auth",
      summary: "",
      input: z.object({ passphrase: z.string(), text: z.string(), items: z.array(z.unknown()).default([]) }),
      output: z.object({}),
      handler: () => Promise.reject(new Error("something with a \u0000 and 'quotes'")),
    });
    const api = createApi(app.app, [failing]);
    const token = await app.addUser({ id: "unlucky", projectId: "some_project" });
    const send = async (body: string) => {
      const init = { method: "POST", headers: { "X-Auth-Token": token }, body };
      const response = await api.fetch(new Request("http://test/v1.0alpha/auth", init));
      expect([response.status, await response.text()]).toEqual([500, ""]);
      expect(response.headers.get("content-type")).toBe("text/plain");
    };
    const text = "'; drop table users; -- \u0000 \ud800 \\u0000";
    await send(JSON.stringify({ passphrase: "secret", text }));
    await send(`{"passphrase":"secret","text":"x","items":${"[".repeat(16_000)}${"]".repeat(16_000)}}`);

    const errors = await list("/error_log", { query: { page: 0 } });
    expect(errors.header).toEqual(["created_at", "user_id", "component", "context", "input_values", "message"]);
    const [first, second] = errors.body;
    expect(first?.slice(1, 5)).toEqual([
      "unlucky",
      "api",
      expect.stringMatching(/^POST \/v1.0alpha\/auth, request [0-9a-f-]{36}$/),
      { text: "'; drop table users; --  \ufffd \\u0000" },
    ]);
    expect(first?.[5]).toContain("something with a  and 'quotes'");
    expect(second?.[4]).toEqual({ omitted: expect.any(String) });
    expect(JSON.stringify(errors)).not.toContain("secret");
    expect(await list("/error_log", { query: { page: 0, user_id: "unlucky" } })).toEqual(errors);
    expect((await list("/error_log", { query: { page: 0, user_id: "asdf" } })).body).toEqual([]);
    expect((await list("/error_log", { query: { page: 1 } })).body).toEqual([]);
  });
});
