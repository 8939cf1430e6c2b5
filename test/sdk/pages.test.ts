import { HanamiClient } from "hanami-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDataset, smallTemplate, startTrain } from "../support/compute.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let client: HanamiClient;
beforeAll(async () => {
  app = await createTestApp();
  const { url } = await app.server.listen();
  client = new HanamiClient({ address: url, user: adminId, passphrase: testPassphrase });
});
afterAll(() => app.close());

test("every list has pages", async () => {
  const dataset = await makeDataset(app.app, { rows: 8 });
  await makeDataset(app.app, { rows: 8 });
  const first = await client.clusters.create({ name: "first cluster", template: smallTemplate });
  const second = await client.clusters.create({ name: "second cluster", template: smallTemplate });
  await startTrain(app, first.uuid, dataset);
  await startTrain(app, first.uuid, dataset);
  const saved = await client.clusters.save({ cluster_uuid: first.uuid, name: "a checkpoint" });
  await client.tasks.wait({ ...saved, cluster_uuid: first.uuid }, { intervalMs: 10 });
  for (const id of ["one_project", "two_project"]) await client.projects.create({ id, name: "some name" });
  for (const id of ["one_user", "two_user"]) await client.users.create({ id, name: id, passphrase: testPassphrase });

  expect(await client.clusters.list({ page: 1, limit: 1 })).toEqual([second]);
  const tasks = async (query?: Parameters<typeof client.tasks.list>[1]) =>
    (await client.tasks.list(first.uuid, query)).map(({ uuid }) => uuid);
  expect(await tasks({ page: 1, limit: 2 })).toEqual((await tasks()).slice(2));
  for (const resource of ["datasets", "checkpoints", "projects", "users"] as const) {
    const whole = await client[resource].list();
    expect(whole.length, resource).toBeGreaterThan(0);
    expect(await client[resource].list({ limit: 1 })).toEqual(whole.slice(0, 1));
    expect(await client[resource].list({ page: 1, limit: 1 })).toEqual(whole.slice(1, 2));
    expect(await client[resource].list({ page: 1 })).toEqual([]);
  }
  expect((await client.hosts.list({ limit: 1 })).length).toBe(1);
  expect(await client.hosts.list({ page: 1, limit: 100 })).toEqual([]);
});
