import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "../../src/server/config.ts";
import { expectLinear } from "../support/linear-time.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
beforeAll(async () => {
  const { limits } = parseConfig({ HANAMI_MAX_BODY_BYTES: String(32 * 2 ** 20) });
  app = await createTestApp({ config: { limits } });
});
afterAll(() => app.close());

const uuid = "12345678-1234-1234-1234-123456789abc";

/** Every kind of text that a pattern checks: the request, and the error for a long one. */
const texts: [string, "POST" | "PUT" | "GET", string, (text: string) => object, RegExp][] = [
  ["passphrase", "POST", "/token", (passphrase) => ({ id: "asdf", passphrase }), /is longer than 4096|doesn't match/],
  ["id", "POST", "/token", (id) => ({ id, passphrase: "AAAABBBB" }), /is longer than 254|doesn't match/],
  ["project", "POST", "/project", (id) => ({ id, name: "name" }), /is longer than 254|doesn't match/],
  ["name", "POST", "/project", (name) => ({ id: "some_id", name }), /is longer than 254|doesn't match/],
  ["uuid", "PUT", "/token", (project_id) => ({ project_id }), /is longer than 254|doesn't match/],
  ["dataset", "PUT", "/dataset/upload/csv", (text) => ({ uuid: text, uuid_input_file: uuid }), /doesn't match/],
  ["template", "POST", "/cluster", (template) => ({ name: "name", template }), /Uploaded template|Error-Message/],
  [
    "template's text",
    "POST",
    "/cluster",
    (text) => ({ name: "name", template: Buffer.from(text).toString("base64") }),
    /Uploaded template|Error-Message/,
  ],
  ["mode", "PUT", "/cluster/set_mode", (new_state) => ({ uuid, new_state }), /doesn't match/],
  ["key", "POST", "/project", (key) => ({ [key]: 1 }), /is not in the list of allowed keys/],
];

/** Texts of the maximum length, valid ones and near misses that make a pattern backtrack. */
const shapes: [string, (length: number) => string][] = [
  ["letters", (length) => "A".repeat(length)],
  ["letters and a mark", (length) => `${"A".repeat(length)}!`],
  ["digits", (length) => "1".repeat(length)],
  ["padding", (length) => "=".repeat(length)],
  ["letters and padding", (length) => "AAA=".repeat(length / 4)],
  ["blanks", (length) => `a${" ".repeat(length)}`],
  ["comments", (length) => "# \n".repeat(length / 3)],
  ["line ends", (length) => "\n".repeat(length)],
];

const cases = texts.flatMap((text) => shapes.map((shape) => [text[0], shape[0], text, shape] as const));

test.each(cases)("%s of many %s: refused, in time linear in its length", { timeout: 60_000 }, async (...each) => {
  const [, , [, method, path, body, said], [, shape]] = each;
  await expectLinear(1_000_000, async (length) => {
    const answer = await app.request(method, path, { body: body(shape(length)) });
    const ends = [answer.text.slice(0, 500), answer.text.slice(-500)];
    expect([answer.status, ends.some((text) => said.test(text))]).toEqual([400, true]);
  });
});
