import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCluster, makeDataset, requestBody, trainBody, untilFinished, type TaskBody } from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows: 20 });
});
afterAll(() => app.close());

const post = async (path: string, body: object) => (await app.request("POST", path, { body })).json<TaskBody>().uuid;
const setMode = (uuid: string, new_state: string) =>
  app.request("PUT", "/cluster/set_mode", { body: { uuid, new_state } });

/** Tasks of this kind that ended and were cleaned up. */
async function cleanedUp(kind: string): Promise<number> {
  const { values } = await app.app.metrics.tasksEnded.get();
  return values.filter(({ labels }) => labels.kind === kind).reduce((sum, { value }) => sum + value, 0);
}

test.each([
  ["train", (cluster: string) => post("/task/train", trainBody(cluster, dataset))],
  ["request", (cluster: string) => post("/task/request", requestBody(cluster, dataset))],
  ["save", (cluster: string) => post("/cluster/save", { name: "saved", cluster_uuid: cluster })],
  [
    "restore",
    async (cluster: string) => {
      const checkpoint = await post("/cluster/save", { name: "saved", cluster_uuid: cluster });
      await untilFinished(app, cluster, checkpoint);
      await setMode(cluster, "DIRECT");
      return post("/cluster/load", { cluster_uuid: cluster, checkpoint_uuid: checkpoint });
    },
  ],
])("the end of a %s task is announced once, when it is committed, not after the clean-up", async (kind, create) => {
  const cluster_uuid = await makeCluster(app, { name: `${kind} cluster` });
  if (kind !== "restore") await setMode(cluster_uuid, "DIRECT");
  const uuid = await create(cluster_uuid);
  const before = await cleanedUp(kind);
  const announced: { cleaned: Promise<number>; seen: Promise<string> }[] = [];
  app.app.scheduler.onChanged({ uuid, cluster_uuid }, () => {
    const seen = app.request("GET", "/task", { query: { uuid, cluster_uuid } }).then((it) => it.json<TaskBody>().state);
    announced.push({ cleaned: cleanedUp(kind), seen });
  });
  await setMode(cluster_uuid, "TASK");
  await expect.poll(() => cleanedUp(kind), { interval: 2, timeout: 20_000 }).toBe(before + 1);
  // At its beginning and its end.
  expect(announced).toHaveLength(2);
  expect(await announced[1]!.seen).toBe("finished");
  expect(await announced[1]!.cleaned).toBe(before);
});
