import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCluster, makeDataset } from "../support/compute.ts";
import { createRandom } from "../support/random.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";
import { cases, flatHeap, seed, timeout } from "./setting.ts";
import { oddValue, valueFor } from "./values.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const textOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

interface Operation {
  parameters?: { name: string; schema: object }[];
  requestBody?: { content: Record<string, { schema: { properties: Record<string, object> } }> };
}

test("REST, from the OpenAPI document: never a 500", { timeout }, async () => {
  const random = createRandom(seed);
  const document = (await app.request("GET", "/openapi.json")).json<{
    paths: Record<string, Record<string, Operation>>;
  }>();
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const cluster = await makeCluster(app);
  const uuids = [cluster, await makeDataset(app.app, { rows: 20 }), "00000000-0000-0000-0000-000000000000"];
  const watchHeap = flatHeap(cases);
  for (let count = 0; count < cases; count++) {
    const { method, path, operation } = random.pick(operations);
    const fromBody = Object.entries(operation.requestBody?.content["application/json"]?.schema.properties ?? {});
    const fields = [...fromBody, ...(operation.parameters ?? []).map(({ name, schema }) => [name, schema] as const)];
    const values: [string, unknown][] = fields
      .filter(() => random.int(0, 9) > 0)
      .map(([key, schema]) => [key, random.int(0, 4) === 0 ? oddValue(random) : valueFor(random, schema, uuids)]);
    if (random.int(0, 9) === 0) values.push([textOf(oddValue(random)), oddValue(random)]);
    const takesBody = method === "POST" || method === "PUT";
    const body = random.int(0, 19) === 0 ? textOf(oddValue(random)) : Object.fromEntries(values);
    const query = Object.fromEntries(values.map(([key, value]) => [key, textOf(value)]));
    const { status } = await app.request(method, path, takesBody ? { body } : { query });
    if (![200, 400, 401, 404, 409].includes(status)) {
      throw new Error(`case ${count} of seed ${seed}: ${status} ${method} ${path} ${JSON.stringify(values)}`);
    }
    watchHeap(count + 1);
  }
  expect((await app.request("GET", "/cluster/all")).status).toBe(200);
});
