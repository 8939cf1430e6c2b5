import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { gpuProcess } from "../../src/hosts/gpu/open-gpu-hosts.ts";
import { processLink } from "../../src/hosts/gpu/process-link.ts";
import type { OpenHostLink } from "../../src/hosts/protocol.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import { deleteTask } from "../../src/tasks/delete-task.ts";
import { getTask } from "../../src/tasks/get-task.ts";
import { makeDataset, oneHot, pixel, smallTemplate, trainBody } from "../support/compute.ts";
import { openRig } from "../support/compute-rig.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

/** The software device is slow on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

let app: TestApp;
beforeAll(async () => (app = await createTestApp()));
afterAll(() => app.close());

/** A GPU host that calls back as soon as it receives rows. */
function listeningLink(onRows: () => void): OpenHostLink {
  const real = processLink(gpuProcess, { software: true });
  return (events) => {
    const link = real(events);
    return {
      ...link,
      post(request, transfer) {
        link.post(request, transfer);
        if (request.method === "keepTable") onRows();
      },
    };
  };
}

test("a task that is aborted while its rows are uploaded to a GPU leaves none of them there", async () => {
  // More than one part of 8 MB.
  const groups = [
    { name: "picture", width: 400, cell: pixel },
    { name: "label", width: 8, cell: oneHot },
  ];
  const dataset = await makeDataset(app.app, { rows: 30_000, groups });
  const rowsCame: (() => void)[] = [];
  const rig = await openRig(app, { types: ["gpu", "cpu"], link: listeningLink(() => rowsCame.shift()?.()) });
  const [gpu] = rig.hosts;
  const made = { name: "aborted", template: base64(smallTemplate), seed: 5, host_uuid: gpu.uuid };
  const { uuid: cluster } = await createCluster(rig.context, made);
  const came = new Promise<void>((resolve) => rowsCame.push(resolve));
  const plan = { time_length: 1, epochs: 2, batch_size: 16, ...trainBody(cluster, dataset) };
  const task = await createTrainTask(rig.context, plan);
  await came;
  await deleteTask(rig.context, task);
  expect(await getTask(rig.context, task)).toMatchObject({ state: "aborted", current_cycle: 0 });

  const [before, after] = await rig.context.app.scheduler.exclusive(cluster, async (network) => {
    // The memory of an idle network counts as free.
    await network.markBusy();
    const { memoryBytesFree } = await gpu.status();
    await gpu.dropTable(cluster);
    return [memoryBytesFree, (await gpu.status()).memoryBytesFree];
  });
  expect(after).toBe(before);
});
