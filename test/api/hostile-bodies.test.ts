import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestApp, databases, type TestApp } from "../support/test-app.ts";

describe.each(databases)("hostile bodies on $name", (database) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp({ database });
  });
  afterAll(() => app.close());

  test.each([
    ["nothing", ""],
    ["blanks", "  \n"],
    ["no JSON", "{"],
    ["trailing text", "{} x"],
    ["an array", "[1]"],
    ["a number", "12"],
    ["a string", '"x"'],
    ["null", "null"],
    ["deep nesting", "[".repeat(16_000)],
  ])("%s is refused with the contract's text", async (_title, body) => {
    for (const token of [null, app.token]) {
      const response = await app.request("POST", "/token", { token, body });
      expect([response.status, response.text]).toEqual([400, "Failed to pasre uri: /v1.0alpha/token"]);
      const put = await app.request("PUT", "/token", { token, body });
      expect([put.status, put.text]).toEqual([400, "Failed to pasre uri: /v1.0alpha/token"]);
    }
  });

  test("invalid UTF-8 is invalid JSON", async () => {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    const response = await app.server.fetch(new Request("http://test/v1.0alpha/token", { method: "POST", body }));
    expect([response.status, await response.text()]).toEqual([400, "Failed to pasre uri: /v1.0alpha/token"]);
  });

  test("a body that is too large is refused before it is read", async () => {
    const bodyBytesMax = app.app.config.limits.bodyBytes;
    const text = `Request body is bigger than ${bodyBytesMax} bytes.`;
    const body = JSON.stringify({ id: "x".repeat(bodyBytesMax) });
    const response = await app.request("POST", "/user", { body });
    expect([response.status, response.text]).toEqual([400, text]);
  });

  // Parsing them as JSON would block the server for a tenth of a second and more, before any login.
  test.each([
    ["keys", `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join()}}`],
    ["arrays", `{"id":${"[".repeat(500_000)}${"]".repeat(500_000)}}`],
    ["objects", `{"inputs":[${"{},".repeat(500_000)}{}]}`],
    ["values", `{"inputs":[${"1,".repeat(500_000)}1]}`],
  ])("a body of very many %s is refused before it is read", async (_, body) => {
    const response = await app.request("POST", "/token", { token: null, body });
    expect([response.status, response.text]).toEqual([400, "Request body has more than 16384 items."]);
  });

  test("the last of two equal keys counts", async () => {
    const body = '{"id":"first_project","id":"second_project","name":"some name"}';
    expect((await app.request("POST", "/project", { body })).json()).toMatchObject({ id: "second_project" });
  });

  test("deeply nested values are refused by their type", async () => {
    const body = `{"id":${"[".repeat(16_000)}${"]".repeat(16_000)},"name":"some name"}`;
    const response = await app.request("POST", "/project", { body });
    expect(response.text).toBe(
      "Value-validation failed, because a item 'id'  has the false type: Exprect string-type.",
    );
  });

  test("a body of any shape gets a success or a clean refusal", async () => {
    const keys = fc.constantFrom("id", "name", "passphrase", "is_admin", "__proto__", "constructor", "project_id");
    const values = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.string({ unit: "binary" }), fc.bigInt().map(Number));
    const bodies = fc.oneof(fc.dictionary(keys, values), fc.jsonValue());
    const targets = fc.constantFrom(
      ["POST", "/token"],
      ["PUT", "/token"],
      ["POST", "/user"],
      ["POST", "/project"],
      ["POST", "/user/project"],
    );
    const property = fc.asyncProperty(targets, bodies, async ([method, path], body) => {
      const response = await app.request(method as string, path as string, { body: JSON.stringify(body) });
      expect([400, 401, 404, 409]).toContain(response.status);
    });
    await fc.assert(property, { numRuns: 150 });
    const errors = (await app.request("GET", "/error_log", { query: { page: 0 } })).json();
    expect(errors["body"]).toEqual([]);
  });

  test("text goes into the database and comes back unchanged", async () => {
    for (const id of ["true", "null", "false", "undefined", "DROP_TABLE"]) {
      await app.request("POST", "/project", { body: { id, name: id } });
      expect((await app.request("GET", "/project", { query: { id } })).json()).toMatchObject({ id, name: id });
    }
  });
});
