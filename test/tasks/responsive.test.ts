import { expect, test } from "vitest";
import { makeCluster, makeDataset, startTrain, untilTask } from "../support/compute.ts";
import { createTestApp } from "../support/test-app.ts";

test("requests are answered while slices are computed, and do not wait for them", async () => {
  const app = await createTestApp();
  try {
    const dataset = await makeDataset(app.app, { rows: 500 });
    const cluster = await makeCluster(app);
    // One step of the task takes the host much longer than a request may take.
    const task = await startTrain(app, cluster, dataset, { epochs: 1000, batch_size: 500 });
    await untilTask(app, cluster, task.uuid, ({ current_cycle }) => current_cycle > 0);
    const query = { uuid: task.uuid, cluster_uuid: cluster };
    const cycles = new Set<unknown>();
    const answers = new Map<unknown, number>();
    while (cycles.size < 4) {
      const { current_cycle } = (await app.request("GET", "/task", { query })).json();
      for (const [path, given] of [
        ["/cluster", { uuid: cluster }],
        ["/host/all", {}],
        ["/cluster/all", {}],
      ] as const) {
        expect((await app.request("GET", path, { query: given })).status).toBe(200);
      }
      cycles.add(current_cycle);
      answers.set(current_cycle, (answers.get(current_cycle) ?? 0) + 1);
    }
    // Many rounds of four requests pass between two slices, each of which is one step.
    expect(Math.max(...answers.values())).toBeGreaterThan(3);
  } finally {
    await app.close();
  }
});
