import { expect, onTestFinished, test } from "vitest";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { getCluster } from "../../src/clusters/get-cluster.ts";
import { listClusters } from "../../src/clusters/list-clusters.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { listHosts } from "../../src/hosts/list-hosts.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import { deleteTask } from "../../src/tasks/delete-task.ts";
import { getTask, listTasks } from "../../src/tasks/get-task.ts";
import { makeDataset, smallTemplate, trainBody } from "../support/compute.ts";
import { openRig } from "../support/compute-rig.ts";
import { base64, createTestApp } from "../support/test-app.ts";

const gatedWorker = new URL("../hosts/gated-worker.js", import.meta.url);

test("every read is answered while the host is in the middle of a slice", async () => {
  const app = await createTestApp();
  onTestFinished(() => app.close());
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const rig = await openRig(app, { link: workerLink(gatedWorker, "gated", { gate }) });
  const dataset = await makeDataset(app.app, { rows: 100 });
  const { context } = rig;
  const cluster = await createCluster(context, { name: "cluster", template: base64(smallTemplate) });
  const body = { time_length: 1, epochs: 1, ...trainBody(cluster.uuid, dataset) };
  const task = await createTrainTask(context, body);
  await expect.poll(() => Atomics.load(gate, 0), { interval: 1, timeout: 30_000 }).toBe(1);

  const behind = await createTrainTask(context, body);
  const key = { uuid: task.uuid, cluster_uuid: cluster.uuid };
  expect(await getTask(context, key)).toMatchObject({ state: "active", current_cycle: 0 });
  const listed = await listTasks(context, key);
  expect(listed).toHaveLength(2);
  // It takes a megabyte for each restore of a cluster with a long template, and there may be any number of them.
  for (const each of listed) expect(each).not.toHaveProperty("plan");
  expect((await getCluster(context, cluster)).figures).toMatchObject({ cycle: 0 });
  expect(await listClusters(context)).toHaveLength(1);
  expect((await listHosts(context))[0]?.status).toMatchObject({ clusters: 1 });
  await deleteTask(context, { uuid: behind.uuid, cluster_uuid: cluster.uuid });

  Atomics.store(gate, 1, 1);
  Atomics.notify(gate, 1);
  await expect.poll(async () => (await getTask(context, key)).state, { interval: 5, timeout: 30_000 }).toBe("finished");
});
