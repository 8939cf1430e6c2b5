import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createApi } from "../../src/api/app.ts";
import { fields } from "../../src/api/fields.ts";
import { route } from "../../src/api/route.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

/** Echoes its input, so that the tests see what a handler gets. The default policies allow the two paths. */
const input = z.object({
  count: fields.int(2, 5).default(3),
  factor: z.number().optional(),
  flag: z.boolean().default(false),
  items: z.array(z.unknown()).optional(),
  map: z.record(z.string(), z.unknown()).optional(),
  name: fields.name,
  state: z
    .string()
    .regex(/^^(TASK|DIRECT)$$/)
    .optional(),
  text: z.string().max(3).optional(),
  uuid: fields.uuid.optional(),
});
const echo = (method: "GET" | "POST") =>
  route({
    method,
    path: "/auth",
    summary: "",
    input,
    output: z.object({ input: z.unknown() }),
    handler: async (_context, values) => ({ input: values }),
  });

describe("validation", () => {
  let app: TestApp;
  let api: ReturnType<typeof createApi>;
  beforeAll(async () => {
    app = await createTestApp();
    api = createApi(app.app, [echo("GET"), echo("POST")]);
  });
  afterAll(() => app.close());

  async function send(method: string, query: string, body?: string) {
    const init: RequestInit = { method, headers: { "X-Auth-Token": app.token } };
    if (body !== undefined) init.body = body;
    const response = await api.fetch(new Request(`http://test/v1.0alpha/auth${query}`, init));
    return { status: response.status, text: await response.text() };
  }
  const post = (body: unknown, query = "") => send("POST", query, JSON.stringify(body));

  const wrongType = (key: string, word: string) =>
    `Value-validation failed, because a item '${key}'  has the false type: Exprect ${word}-type.`;

  test.each([
    [
      "unknown key",
      { name: "abcd", zzz: 1 },
      "Validation failed, because item 'zzz' is not in the list of allowed keys",
    ],
    ["first unknown key", { b: 1, a: 1 }, "Validation failed, because item 'a' is not in the list of allowed keys"],
    ["required", {}, "Validation failed, because variable 'name' is required, but is not set."],
    ["required before type", { count: "x" }, "Validation failed, because variable 'name' is required, but is not set."],
    ["int", { name: "abcd", count: "3" }, wrongType("count", "int")],
    ["int, not a fraction", { name: "abcd", count: 3.5 }, wrongType("count", "int")],
    ["int, not null", { name: "abcd", count: null }, wrongType("count", "int")],
    ["float", { name: "abcd", factor: "x" }, wrongType("factor", "float")],
    ["bool", { name: "abcd", flag: 1 }, wrongType("flag", "bool")],
    ["string", { name: 5 }, wrongType("name", "string")],
    ["array", { name: "abcd", items: {} }, wrongType("items", "array")],
    ["map", { name: "abcd", map: [] }, wrongType("map", "map")],
    ["alphabetical order of values", { name: "1", count: 9 }, "Given item 'count' is bigger than 5"],
    ["too small", { name: "abcd", count: 1 }, "Given item 'count' is smaller than 2"],
    ["bigger than 2^53", { name: "abcd", count: 1e300 }, "Given item 'count' is bigger than 5"],
    ["regex", { name: "1abc" }, `Given item 'name' doesn't match with regex "^[a-zA-Z][a-zA-Z_0-9\\- ]*$"`],
    ["regex before length", { name: "1" }, `Given item 'name' doesn't match with regex "^[a-zA-Z][a-zA-Z_0-9\\- ]*$"`],
    [
      "regex is anchored",
      { name: "abcd\n" },
      `Given item 'name' doesn't match with regex "^[a-zA-Z][a-zA-Z_0-9\\- ]*$"`,
    ],
    [
      "doubled anchors",
      { name: "abcd", state: "X" },
      `Given item 'state' doesn't match with regex "^^(TASK|DIRECT)$$"`,
    ],
    ["shorter", { name: "abc" }, "Given item 'name' is shorter than 4 characters"],
    ["longer", { name: "a".repeat(255) }, "Given item 'name' is longer than 254 characters"],
    ["longer without regex", { name: "abcd", text: "1234" }, "Given item 'text' is longer than 3 characters"],
  ])("%s", async (_title, body, text) => {
    expect(await post(body)).toEqual({ status: 400, text });
  });

  test("both sides of the limits are accepted", async () => {
    for (const body of [
      { name: "abcd", count: 2 },
      { name: "a".repeat(254), count: 5, text: "123" },
    ]) {
      expect((await post(body)).status).toBe(200);
    }
  });

  test("defaults make a key optional", async () => {
    const { text } = await post({ name: "abcd" });
    expect(JSON.parse(text)).toEqual({ input: { count: 3, flag: false, name: "abcd" } });
  });

  test("query values override the body and get the type of their field", async () => {
    const { text } = await post(
      { name: "from body", count: 2 },
      "?name=from+query%20text&count=4&factor=-0.5&text=123&text=12&flag=true",
    );
    expect(JSON.parse(text).input).toEqual({
      count: 4,
      factor: -0.5,
      flag: true,
      name: "from query text",
      text: "12",
    });
  });

  test.each([
    ["?name=123", wrongType("name", "string")],
    ["?name=abcd&count=abc", wrongType("count", "int")],
    ["?name=abcd&count=1.5", wrongType("count", "int")],
    ["?name=abcd&count=99999999999999999999999", "Given item 'count' is bigger than 5"],
    ["?name=abcd&count=-99999999999999999999999", "Given item 'count' is smaller than 2"],
    ["?name=abcd&flag=yes", wrongType("flag", "bool")],
    ["?name=abcd&flag=1", wrongType("flag", "bool")],
    ["?name=", `Given item 'name' doesn't match with regex "^[a-zA-Z][a-zA-Z_0-9\\- ]*$"`],
    ["?name", `Given item 'name' doesn't match with regex "^[a-zA-Z][a-zA-Z_0-9\\- ]*$"`],
    ["?name=%ff%zz", `Given item 'name' doesn't match with regex "^[a-zA-Z][a-zA-Z_0-9\\- ]*$"`],
    ["?__proto__=1&name=abcd", "Validation failed, because item '__proto__' is not in the list of allowed keys"],
  ])("query %s", async (query, text) => {
    expect(await send("GET", query)).toEqual({ status: 400, text });
  });

  test("an optional value that is empty in the query counts as absent", async () => {
    expect((await send("GET", "?name=abcd&uuid=")).status).toBe(200);
  });

  test("an unknown key is reported before a missing one, whatever its name", async () => {
    for (const key of ["__proto__", "constructor", "toString", ""]) {
      const { text } = await send("POST", "", `{"${key}":{"a":1}}`);
      expect(text).toBe(`Validation failed, because item '${key}' is not in the list of allowed keys`);
    }
  });

  test("answers have sorted keys on every level", async () => {
    const { text } = await post({ name: "abcd", items: [{ b: [], a: [{ d: 1, c: 2 }] }], map: { z: null, y: 1 } });
    expect(text).toBe(
      '{"input":{"count":3,"flag":false,"items":[{"a":[{"c":2,"d":1}],"b":[]}],"map":{"y":1,"z":null},"name":"abcd"}}',
    );
  });
});
