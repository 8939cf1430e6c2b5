import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestResponse } from "../support/test-app.ts";
import { isDocumented, patternOf, type Endpoint, type JsonSchema } from "./document.ts";
import { routes } from "../../src/api/routes.ts";
import { createWorld, keyOf, sampleOf, type World } from "./world.ts";

/**
 * Hostile input for every endpoint of the OpenAPI document. The expected answer follows from the document alone, by the
 * order of checks of rest-api.md §1.1.
 */

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const typeWords: Record<string, string> = {
  integer: "int",
  number: "float",
  boolean: "bool",
  string: "string",
  array: "array",
  object: "map",
};

function fits(value: unknown, { type }: JsonSchema): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

/** The refusal of a value according to its declaration; undefined if the value is valid. */
function refusalOf(key: string, value: unknown, declared: JsonSchema): string | undefined {
  const [schema, word] = declared.anyOf ?? [declared];
  if (word !== undefined && value === word.const) return undefined;
  if (!fits(value, schema)) {
    const type = typeWords[String(schema.type)];
    return `Value-validation failed, because a item '${key}'  has the false type: Exprect ${type}-type.`;
  }
  if (typeof value === "string") {
    const { minLength = 0, maxLength = Infinity } = schema;
    const pattern = patternOf(schema);
    if (pattern !== undefined && !new RegExp(pattern).test(value)) {
      return `Given item '${key}' doesn't match with regex "${pattern}"`;
    }
    if (value.length < minLength) return `Given item '${key}' is shorter than ${minLength} characters`;
    if (value.length > maxLength) return `Given item '${key}' is longer than ${maxLength} characters`;
  }
  if (typeof value === "number") {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    if (value < minimum) return `Given item '${key}' is smaller than ${minimum}`;
    if (value > maximum) return `Given item '${key}' is bigger than ${maximum}`;
  }
  return undefined;
}

/** The text of the first problem of an input; undefined if there is none. */
function expectedRefusal({ properties, required }: Endpoint, values: Map<string, unknown>): string | undefined {
  const unknown = [...values.keys()].filter((key) => !Object.hasOwn(properties, key)).sort();
  if (unknown[0] !== undefined) {
    return `Validation failed, because item '${unknown[0]}' is not in the list of allowed keys`;
  }
  const missing = required.filter((key) => !values.has(key)).sort();
  if (missing[0] !== undefined) {
    return `Validation failed, because variable '${missing[0]}' is required, but is not set.`;
  }
  for (const key of [...values.keys()].sort()) {
    const refusal = refusalOf(key, values.get(key), properties[key] as JsonSchema);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** How the server parses a text in a query (rest-api.md §1); undefined means absent. */
function fromQuery(endpoint: Endpoint, key: string, text: string): unknown {
  const schema = Object.hasOwn(endpoint.properties, key) ? endpoint.properties[key] : undefined;
  const pattern = patternOf(schema);
  if (text === "" && pattern !== undefined && !endpoint.required.includes(key)) return undefined;
  if (schema?.type === "boolean" && (text === "true" || text === "false")) return text === "true";
  if (!/^-?[0-9]+(\.[0-9]+)?$/.test(text)) return text;
  const isText = schema?.type === "string" && (pattern === undefined || new RegExp(pattern).test(text));
  return isText ? text : Number(text);
}

const uuid = "0c55b987-7ca5-4213-ba62-87c5430b7a3b";

/** JSON texts, because some of the values have no JavaScript literal. */
const hostileValues = [
  "null",
  "true",
  "0",
  "-1",
  "1.5",
  "1e400",
  "4294967296",
  "9007199254740993",
  "-9223372036854775808",
  '""',
  '"x"',
  `"${"x".repeat(255)}"`,
  `"${"A".repeat(100_000)}"`,
  '"__proto__"',
  '"constructor"',
  '"NaN"',
  '"12"',
  '"null"',
  '"../../../etc/passwd"',
  '"..%2f..%2fetc"',
  `"'; drop table users; --"`,
  '"abcd\\u0000"',
  '"\\ud800abc"',
  '"桜さくら"',
  '"name\\n"',
  `"${uuid}\\n"`,
  `"${uuid.toUpperCase()}"`,
  '"{\\"a\\":1}"',
  "[]",
  "[1]",
  "[null]",
  '[{"__proto__":{"x":1}}]',
  '[{"hexagon_name":"__proto__","dataset_uuid":"x","dataset_column":"constructor"}]',
  '[{"hexagon_name":["picture_hex"],"dataset_uuid":{},"dataset_column":1}]',
  "{}",
  '{"__proto__":1,"a":{"b":[]}}',
  `${"[".repeat(2000)}${"]".repeat(2000)}`,
];

const hostileTexts = [
  "",
  "x",
  "0",
  "-1",
  "1.5",
  "99999999999999999999",
  "-99999999999999999999",
  "NaN",
  "1e3",
  "true",
  "__proto__",
  "../../../etc/passwd",
  "%2e%2e%2f",
  "%00",
  "%ff%fe",
  "%",
  "%zz",
  "a+b%20c",
  "%E6%A1%9C",
  "'%3B drop",
  "[1]",
  "{}",
  `${uuid}%0A`,
  uuid.toUpperCase(),
  "x".repeat(5000),
];

const hostileKeys = ["__proto__", "constructor", "toString", "", "uuid ", "ÜÜ", "a.b", "x".repeat(300)];

const timeoutMs = 20_000;

async function inTime<T>(what: string, step: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), timeoutMs);
  });
  return Promise.race([step, hangs]).finally(() => clearTimeout(timer));
}

/** Sends one hostile request. Resolves to how the answer differs from what the document says about the input. */
async function provoke(endpoint: Endpoint, token: string, given: { body?: string; query?: string }): Promise<string[]> {
  const { method, path } = endpoint;
  const values = new Map<string, unknown>();
  if (given.body !== undefined) {
    for (const [key, value] of Object.entries(JSON.parse(given.body) as object)) values.set(key, value);
  }
  for (const [key, text] of new URLSearchParams(given.query ?? "")) {
    const value = fromQuery(endpoint, key, text);
    if (value !== undefined) values.set(key, value);
  }
  const what = `${keyOf(endpoint)} ${JSON.stringify(given).slice(0, 300)}`;
  const url = given.query === undefined ? path : `${path}?${given.query}`;
  const options = given.body === undefined ? {} : { body: given.body };
  const response: TestResponse = await inTime(what, world.app.request(method, url, { token, ...options }));
  const { status, text } = response;
  const got = `${what} answered ${status} ${text.slice(0, 300)}`;
  const refusal = expectedRefusal(endpoint, values);
  if (refusal !== undefined) {
    return status === 400 && text === refusal ? [] : [`${got} instead of 400 ${refusal}`];
  }
  if (status === 200) return [];
  if (response.headers.get("content-type") !== "text/plain") return [`${got} not as plain text`];
  return isDocumented(endpoint, status, text) ? [] : [`${got}, which is not documented`];
}

const takesBody = ({ method }: { method: string }) => method === "POST" || method === "PUT";

const queryOf = (input: Record<string, unknown>) =>
  Object.entries(input).map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`);

/** A JSON object with one more member, which may be a duplicate key. */
const withMember = (input: object, key: string, value: string) =>
  `${JSON.stringify(input).slice(0, -1)}${Object.keys(input).length > 0 ? "," : ""}${JSON.stringify(key)}:${value}}`;

/** Keys missing, unknown and given twice; hostile values for each of them. */
function* provocations(
  endpoint: Endpoint,
  valid: Record<string, unknown>,
): Generator<{ body?: string; query?: string }> {
  const keys = Object.keys(endpoint.properties);
  const without = (key: string) => Object.fromEntries(Object.entries(valid).filter(([each]) => each !== key));
  if (takesBody(endpoint)) {
    yield { body: "{}" };
    for (const key of endpoint.required) yield { body: JSON.stringify(without(key)) };
    for (const key of hostileKeys) yield { body: withMember(valid, key, '{"a":1}') };
    for (const key of keys) {
      for (const value of hostileValues) yield { body: withMember(valid, key, value) };
      // The query's value counts; of two in the query, the last counts.
      yield { body: JSON.stringify(valid), query: `${key}=%ff&${key}=..%2f` };
    }
    return;
  }
  yield { query: "" };
  for (const key of endpoint.required) yield { query: queryOf(without(key)).join("&") };
  for (const key of hostileKeys) yield { query: [...queryOf(valid), `${encodeURIComponent(key)}=1`].join("&") };
  for (const key of keys) {
    for (const text of hostileTexts) yield { query: [...queryOf(valid), `${key}=${text}`].join("&") };
  }
}

describe.each(routes.map(({ method, path }) => ({ method, path })))("$method $path", (named) => {
  let endpoint: Endpoint;
  let token: string;
  let valid: Record<string, unknown>;
  beforeAll(async () => {
    endpoint = world.endpoints.find((each) => keyOf(each) === keyOf(named)) as Endpoint;
    const { access, input } = sampleOf(endpoint);
    const who = access === "admins" ? "admin" : "owner";
    token = world.tokenOf(who);
    valid = await input(world, who, await world.things(who));
  });

  test("survives hostile input and reports exactly what is wrong", async () => {
    const problems: string[] = [];
    for (const given of provocations(endpoint, valid)) problems.push(...(await provoke(endpoint, token, given)));
    expect(problems).toEqual([]);
  });
});

const malformed: [string, string][] = [
  ["nothing", ""],
  ["no JSON", "{"],
  ["two objects", "{}{}"],
  ["an array", "[1]"],
  ["a text", '"x"'],
  ["null", "null"],
  ["a single quote", "{'id':1}"],
  ["NaN", '{"id":NaN}'],
  ["deep nesting", `{"id":${"[".repeat(16_000)}`],
];

test.each(malformed)("a body that is %s is refused by every endpoint", async (_title, body) => {
  for (const endpoint of world.endpoints.filter(takesBody)) {
    const { method, path } = endpoint;
    const { status, text } = await inTime(path, world.app.request(method, path, { body }));
    expect([keyOf(endpoint), status, text]).toEqual([keyOf(endpoint), 400, `Failed to pasre uri: /v1.0alpha${path}`]);
  }
});

test("a body that is too large is refused by every endpoint", async () => {
  const bodyBytesMax = world.app.app.config.limits.bodyBytes;
  const body = JSON.stringify({ id: "x".repeat(bodyBytesMax) });
  for (const endpoint of world.endpoints.filter(takesBody)) {
    const { method, path } = endpoint;
    const { status, text } = await inTime(path, world.app.request(method, path, { body }));
    const expected = [keyOf(endpoint), 400, `Request body is bigger than ${bodyBytesMax} bytes.`];
    expect([keyOf(endpoint), status, text]).toEqual(expected);
  }
});

test("paths that resemble endpoints are refused without a hint about existing ones", async () => {
  for (const { method, path } of world.endpoints) {
    for (const wrong of [`${path}/`, `${path}%20`, `${path}//x`, path.toUpperCase(), `${path};x=1`]) {
      const options = method === "POST" || method === "PUT" ? { body: "{}" } : {};
      const { status, text } = await inTime(wrong, world.app.request(method, wrong, options));
      expect([method, wrong, status, text]).toEqual([method, wrong, 401, "Access denied by policy"]);
    }
  }
});

test("none of this was a defect", async () => {
  const { body } = (await world.app.request("GET", "/error_log", { query: { page: 0 } })).json<{ body: unknown[][] }>();
  expect(body.map((row) => row.slice(2))).toEqual([]);
});
