import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cliSteps, furtherSdkSteps, openStage, sdkSteps, type SeenRequest, type Stage, type Step } from "./steps.ts";
import { conformanceDocument, type Row } from "./table.ts";
import { createWorld, keyOf, sampleOf, type Sample, type World } from "./world.ts";

/**
 * Carries out every endpoint of the contract, every command and every SDK function of the seed, and compares the
 * outcome with docs/conformance.md. With HANAMI_WRITE_CONFORMANCE=1 (`npm run conformance`) it writes that file.
 */

/** The endpoint tables of rest-api.md. */
const contract: Record<string, readonly string[]> = {
  "/token": ["POST", "PUT"],
  "/user": ["POST", "GET", "DELETE"],
  "/user/all": ["GET"],
  "/user/project": ["POST", "DELETE", "GET"],
  "/project": ["POST", "GET", "DELETE"],
  "/project/all": ["GET"],
  "/dataset/upload/mnist": ["POST", "PUT"],
  "/dataset/upload/csv": ["POST", "PUT"],
  "/dataset/progress": ["GET"],
  "/dataset": ["GET", "DELETE"],
  "/dataset/all": ["GET"],
  "/dataset/content": ["GET"],
  "/dataset/check": ["GET"],
  "/cluster": ["POST", "GET", "DELETE"],
  "/cluster/all": ["GET"],
  "/cluster/save": ["POST"],
  "/cluster/load": ["POST"],
  "/cluster/set_mode": ["PUT"],
  "/cluster/switch_host": ["PUT"],
  "/task/train": ["POST"],
  "/task/request": ["POST"],
  "/task": ["GET", "DELETE"],
  "/task/all": ["GET"],
  "/checkpoint": ["GET", "DELETE"],
  "/checkpoint/all": ["GET"],
  "/host/all": ["GET"],
  "/audit_log": ["GET"],
  "/error_log": ["GET"],
  "/power_consumption": ["GET"],
  "/temperature_production": ["GET"],
  "/speed": ["GET"],
  "/threading": ["GET"],
  "/system_info": ["GET"],
};

/** Of rest-api.md; all others are in 9. */
const sections: Record<string, string> = {
  token: "2",
  user: "3",
  project: "4",
  dataset: "5",
  cluster: "6",
  task: "7",
  checkpoint: "8",
  "openapi.json": "–",
};

const who: Record<Sample["access"], string> = {
  public: "everybody",
  anyone: "users",
  admins: "administrators",
  visible: "who sees it",
};

let world: World;
let stage: Stage;
beforeAll(async () => {
  world = await createWorld();
  stage = await openStage();
});
afterAll(async () => {
  await world.close();
  await stage.close();
});

async function stateOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return "works";
  } catch (error) {
    return (error as Error).message;
  }
}

async function endpointRow(key: string): Promise<Row> {
  const endpoint = world.endpoints.find((each) => keyOf(each) === key);
  if (endpoint === undefined) return { cells: [key, "", ""], state: "is not there" };
  const section = sections[endpoint.path.split("/")[1] as string] ?? "9";
  const { access, input, status: wanted = 200 } = sampleOf(endpoint);
  const state = await stateOf(async () => {
    const isUsedUp = endpoint.method === "DELETE" || endpoint.path === "/cluster/set_mode";
    const things = await (isUsedUp ? world.makeThings("admin") : world.things("admin"));
    const values = await input(world, "admin", things);
    const { status, text } = await world.send(endpoint, values, world.tokenOf("admin"));
    if (status !== wanted) throw new Error(`${status} ${text}`);
  });
  return { cells: [key, who[access], section], state };
}

const stepRows = async (steps: Step[]): Promise<Row[]> => {
  const rows: Row[] = [];
  for (const { name, ours, run } of steps) rows.push({ cells: [name, ours], state: await stateOf(run) });
  return rows;
};

const rows: { endpoints: Row[]; added: Row[]; cli: Row[]; sdk: Row[] } = { endpoints: [], added: [], cli: [], sdk: [] };
const failing = (some: Row[]) => some.filter(({ state }) => state !== "works");

test("every endpoint of the contract exists and works", async () => {
  const keys = Object.entries(contract).flatMap(([path, methods]) => methods.map((method) => `${method} ${path}`));
  for (const key of keys) rows.endpoints.push(await endpointRow(key));
  for (const key of world.endpoints.map(keyOf)) if (!keys.includes(key)) rows.added.push(await endpointRow(key));
  expect(failing([...rows.endpoints, ...rows.added])).toEqual([]);
});

test("every command of the seed works", async () => {
  rows.cli.push(...(await stepRows(cliSteps(stage))));
  expect(failing(rows.cli)).toEqual([]);
}, 300_000);

test("every SDK function of the seed works", async () => {
  rows.sdk.push(...(await stepRows([...sdkSteps(stage), ...furtherSdkSteps(stage)])));
  expect(failing(rows.sdk)).toEqual([]);
}, 300_000);

test("the SDK reaches every endpoint of the OpenAPI document, with known keys", () => {
  const seen = new Map<string, SeenRequest[]>();
  for (const request of stage.seen) seen.set(keyOf(request), [...(seen.get(keyOf(request)) ?? []), request]);
  expect([...seen.keys()].sort()).toEqual(world.endpoints.map(keyOf).sort());
  for (const endpoint of world.endpoints) {
    for (const { keys } of seen.get(keyOf(endpoint)) ?? []) {
      expect(Object.keys(endpoint.properties)).toEqual(expect.arrayContaining(keys));
      expect([keyOf(endpoint), keys]).toEqual([keyOf(endpoint), expect.arrayContaining([...endpoint.required])]);
    }
  }
});

test("docs/conformance.md has exactly these rows", async () => {
  // The tests run in the compiled tree.
  const file = join(import.meta.dirname, "../../../docs/conformance.md");
  const document = conformanceDocument(rows);
  if (process.env["HANAMI_WRITE_CONFORMANCE"] === "1") await writeFile(file, document);
  expect(await readFile(file, "utf8"), "out of date: npm run conformance").toBe(document);
});
