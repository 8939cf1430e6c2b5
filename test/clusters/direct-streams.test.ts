/** Direct IO learns a stream: samples wait for each other, answers do not. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { authenticate } from "../../src/accounts/authenticate.ts";
import { openDirectIo, type DirectIo } from "../../src/clusters/direct-io.ts";
import { decodeSafetensors } from "../../src/network/safetensors.ts";
import { makeCluster, makeDataset, oneHot, pixel, startTrain, stateOf, untilFinished } from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

async function open(name: string): Promise<{ uuid: string; direct: DirectIo }> {
  const uuid = await makeCluster(app, { name });
  const body = { uuid, new_state: "DIRECT" };
  (await app.request("PUT", "/cluster/set_mode", { body })).json();
  const caller = await authenticate(app.app, app.token);
  return { uuid, direct: await openDirectIo({ app: app.app, caller }, uuid, () => {}) };
}

async function teach(direct: DirectIo, row: number): Promise<void> {
  show(direct, row);
  direct.setExpected(
    "label_hex",
    Float32Array.from({ length: 8 }, (_, column) => oneHot(row, column)),
  );
  await direct.train();
}

const show = (direct: DirectIo, row: number) =>
  direct.setInput(
    "picture_hex",
    Float32Array.from({ length: 16 }, (_, column) => pixel(row, column)),
  );

async function answer(direct: DirectIo, row: number): Promise<number[]> {
  show(direct, row);
  return Array.from((await direct.request())[0]!.values);
}

/** Trained samples in the state that a host exports; those that wait are not among them. */
const learnt = async (uuid: string) => Number(decodeSafetensors(await stateOf(app.app, uuid)).metadata["cycle"]);

test("an answer lacks the samples that wait, unless it is asked for one of them", async () => {
  const { uuid, direct } = await open("in turn");
  for (let row = 0; row < 20; row++) await teach(direct, row);
  expect(await learnt(uuid)).toBe(16);
  const cluster = await app.request("GET", "/cluster", { query: { uuid } });
  expect(cluster.json()).toMatchObject({ number_of_cycles: 20 });
  const before = await answer(direct, 50);
  await teach(direct, 21);
  expect(await answer(direct, 50)).toEqual(before);
  expect(await learnt(uuid)).toBe(16);
  const known = await answer(direct, 21);
  await teach(direct, 21);
  expect(await answer(direct, 21)).not.toEqual(known);
  // No answer changes the network.
  expect(await learnt(uuid)).toBe(16);
  direct.close();
});

test("the first answer counts all samples", async () => {
  const { uuid, direct } = await open("first");
  await teach(direct, 0);
  const one = await answer(direct, 50);
  expect(one).toHaveLength(8);
  await teach(direct, 1);
  expect(await answer(direct, 50)).not.toEqual(one);
  expect(await learnt(uuid)).toBe(0);
  direct.close();
});

test("samples that wait are saved with the network, and learnt before a task", async () => {
  const { uuid, direct } = await open("saved");
  for (let row = 0; row < 18; row++) await teach(direct, row);
  direct.close();
  const { metadata } = decodeSafetensors(await stateOf(app.app, uuid));
  expect(JSON.parse(metadata["stream"]!)).toMatchObject({ waiting: [{}, {}] });
  (await app.request("PUT", "/cluster/set_mode", { body: { uuid, new_state: "TASK" } })).json();
  const { uuid: task } = await startTrain(app, uuid, await makeDataset(app.app, { rows: 40 }));
  await untilFinished(app, uuid, task);
  expect(await learnt(uuid)).toBe(58);
});
