/** Direct IO with inputs and outputs behind encoders. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { authenticate } from "../../src/accounts/authenticate.ts";
import { openDirectIo } from "../../src/clusters/direct-io.ts";
import { makeCluster } from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

async function open(kind: "class" | "number", rows: object[]) {
  const template = `version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1  1,3,1 2,3,1
    inputs: row: 1,1,1 1,3,1 (table) outputs: answer: 3,1,1 2,3,1 (${kind})`;
  const cluster_uuid = await makeCluster(app, { name: `direct ${kind}`, template });
  for (let turn = 0; turn < 3; turn++)
    (await app.request("POST", "/cluster/learn", { body: { cluster_uuid, rows } })).json();
  const body = { uuid: cluster_uuid, new_state: "DIRECT" };
  (await app.request("PUT", "/cluster/set_mode", { body })).json();
  return openDirectIo({ app: app.app, caller: await authenticate(app.app, app.token) }, cluster_uuid, () => {});
}

const row = (at: number) => ({ size: at % 10, word: at % 2 === 0 ? "odd" : "even", answer: at % 10 < 5 ? "a" : "b" });

test("a row is its cells in the learnt order, an answer the probability of each class", async () => {
  const rows = Array.from({ length: 100 }, (_, at) => row(at));
  const direct = await open("class", rows);
  for (let at = 0; at < 100; at++) {
    direct.setInput("row", Float32Array.of(at % 10, at % 2));
    direct.setExpected("answer", at % 3 === 0 ? Float32Array.of(at % 10 < 5 ? 0 : 1) : oneHot(at));
    await direct.train();
  }
  for (const size of [0, 9]) {
    direct.setInput("row", Float32Array.of(size, size % 2));
    const [answer] = await direct.request();
    const [a, b] = answer!.values;
    expect(a! + b!).toBeCloseTo(1, 5);
    expect(a! > b!).toBe(size === 0);
  }
  direct.setInput("row", Float32Array.of(1, 1));
  direct.setExpected("answer", new Float32Array(200_000));
  await expect(direct.train()).rejects.toThrow("'answer' takes the index of one of 2 classes, or a value for each");
  direct.setInput("row", Float32Array.of(1, 2));
  await expect(direct.request()).rejects.toThrow("but column 'word' has learnt 2 categories");
  direct.setInput("row", Float32Array.of(1, 1, 1));
  await expect(direct.request()).rejects.toThrow("'row' has 3 values, but its table has 2 columns");
  direct.close();
});

const oneHot = (at: number) => (at % 10 < 5 ? Float32Array.of(1, 0) : Float32Array.of(0, 1));

test("a number is sent and answered in its own unit", async () => {
  const rows = Array.from({ length: 100 }, (_, at) => ({ size: at, word: "w", answer: 500 + 10 * at }));
  const direct = await open("number", rows);
  direct.setInput("row", Float32Array.of(90));
  direct.setExpected("answer", Float32Array.of(1400));
  await direct.train();
  const [answer] = await direct.request();
  expect(answer!.values).toHaveLength(1);
  expect(answer!.values[0]).toBeGreaterThan(700);
  direct.setExpected("answer", Float32Array.of(1, 2));
  await expect(direct.train()).rejects.toThrow("it learns one number");
  direct.close();
});
