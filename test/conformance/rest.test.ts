import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cell, makeDataset, oneHot, smallTemplate } from "../support/compute.ts";
import { base64 } from "../support/test-app.ts";
import { examples } from "./rest-examples.ts";
import { createWorld, type World } from "./world.ts";

/** Every status, text and example of rest-api.md, in one world and in the order of the table. */

let world: World;
let names: Map<string, string>;
beforeAll(async () => {
  world = await createWorld();
  const { app } = world;
  const things = await world.things("admin");
  const post = async (name: string, template?: string) =>
    (await app.request("POST", "/cluster", { body: { name, template } })).json<{ uuid: string }>().uuid;
  /** A result whose first rows are right; the others are off by one. */
  const labels = (right: number) => {
    const cell: Cell = (row, column) => oneHot(row < right ? row : row + 1, column);
    return makeDataset(app.app, { rows: 4, groups: [{ name: "label", width: 8, cell }] });
  };
  names = new Map([
    ["cluster", things.cluster],
    ["other cluster", await post("another one", base64(smallTemplate))],
    ["empty cluster", await post("quite empty")],
    ["dataset", things.dataset],
    ["labels", await labels(4)],
    ["half right", await labels(2)],
    ["task", things.task],
    ["checkpoint", things.checkpoint],
    ["csv", things.csv.uuid],
    ["csv file", things.csv.uuid_input_file],
    ["mnist", things.mnist.uuid],
    ["mnist file", things.mnist.uuid_input_file],
    ["host", world.host],
    ["template", base64(smallTemplate)],
  ]);
});
afterAll(() => world.close());

const filled = (text: string) => text.replaceAll(/<([a-z ]+)>/g, (whole, name: string) => names.get(name) ?? whole);

const patterns: Record<string, RegExp> = {
  "<timestamp>": /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
  "<any uuid>": /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  "<token>": /^[\w-]+\.[\w-]+\.[\w-]+$/,
};

/** Whether an answer matches the example. Objects have exactly these keys. */
function matches(answer: unknown, shown: unknown): boolean {
  if (shown === "<any>") return answer !== undefined;
  if (typeof shown === "string") {
    const floats = /^<(\d+) floats>$/.exec(shown);
    if (floats !== null) return Array.isArray(answer) && answer.length === Number(floats[1]);
    return patterns[shown]?.test(String(answer)) ?? answer === filled(shown);
  }
  if (Array.isArray(shown)) {
    if (!Array.isArray(answer)) return false;
    const isOpen = shown.at(-1) === "<rest>";
    const wanted = isOpen ? shown.slice(0, -1) : shown;
    return (isOpen || answer.length === wanted.length) && wanted.every((each, index) => matches(answer[index], each));
  }
  if (typeof shown === "object" && shown !== null) {
    if (typeof answer !== "object" || answer === null) return false;
    const keys = Object.keys(shown).sort();
    if (keys.join() !== Object.keys(answer).sort().join()) return false;
    return keys.every((key) => matches((answer as never)[key], (shown as never)[key]));
  }
  return answer === shown;
}

test.each(examples)("§ $section $request: $id", async ({ request, body, as = "admin", status, answer }) => {
  const [method, path] = filled(request).split(" ") as [string, string];
  const token = as === null ? null : world.tokenOf(as);
  const sent = body === undefined ? {} : { body: typeof body === "string" ? body : filled(JSON.stringify(body)) };
  const isRaw = method === "RAW";
  const response = isRaw
    ? await world.app.server.fetch(new Request(`http://test${path}`))
    : await world.app.request(method, path, { token, ...sent });
  const text =
    "text" in response && typeof response.text === "string" ? response.text : await (response as Response).text();
  expect([response.status, text.slice(0, 1000)]).toEqual([
    status,
    status === 200 ? text.slice(0, 1000) : filled(String(answer)),
  ]);
  const type = status === 200 ? "text/json" : "text/plain";
  expect(response.headers.get("content-type")).toBe(type);
  const got: unknown = status === 200 ? JSON.parse(text) : text;
  const shown = status === 200 ? answer : filled(String(answer));
  expect([got, matches(got, shown)]).toEqual([got, true]);
});

test("keys are sorted alphabetically", async () => {
  const { text } = await world.app.request("GET", "/host/all");
  expect(Object.keys(JSON.parse(text) as object)).toEqual(["body", "header"]);
  const cluster = await world.app.request("GET", "/cluster", { query: { uuid: names.get("cluster") as string } });
  const keys = Object.keys(JSON.parse(cluster.text) as object);
  expect(keys).toEqual([...keys].sort());
});

test("texts that look like another type are returned as texts", async () => {
  for (const id of ["true", "null", "false"]) {
    (await world.app.request("POST", "/project", { body: { id, name: id } })).json();
    expect((await world.app.request("GET", "/project", { query: { id } })).json()).toMatchObject({ id, name: id });
  }
});
