/** Steps with more input values than the server would choose, for which a task asks. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { deleteCluster } from "../../src/clusters/delete-cluster.ts";
import { switchHost } from "../../src/clusters/switch-host.ts";
import { parseConfig } from "../../src/server/config.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import { deleteTask } from "../../src/tasks/delete-task.ts";
import { getTask } from "../../src/tasks/get-task.ts";
import { makeDataset, oneHot, smallTemplate, stateOf, trainBody } from "../support/compute.ts";
import { openRig, over, type Rig } from "../support/compute-rig.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

vi.setConfig({ testTimeout: 120_000 });

const ROWS = 100;
/** More than 83 such samples are a wide step. */
const WIDTH = 200_000;
let app: TestApp;
let dataset: string;

beforeAll(async () => {
  const { limits } = parseConfig({});
  app = await createTestApp({ config: { limits, cpuMemoryBytes: 2 ** 31 } });
  const groups = [
    { name: "picture", width: WIDTH, cell: (row: number, column: number) => Number(column % 1000 === row) },
    { name: "label", width: 8, cell: oneHot },
  ];
  dataset = await makeDataset(app.app, { rows: ROWS, groups, type: "float32" });
});
afterAll(() => app.close());

let names = 0;
const newCluster = async (rig: Rig, host: { uuid: string }) => {
  const input = { name: `cluster ${++names}`, template: base64(smallTemplate), seed: 5, host_uuid: host.uuid };
  return (await createCluster(rig.context, input)).uuid;
};

const train = (rig: Rig, cluster: string, { epochs, batch_size }: { epochs: number; batch_size?: number }) =>
  createTrainTask(rig.context, { time_length: 1, epochs, batch_size, ...trainBody(cluster, dataset) });

test("two trainings at once end like each of them alone; abort and deletion need not wait", async () => {
  const rig = await openRig(app);
  const [host, other] = rig.hosts;
  const wide = { epochs: 1, batch_size: ROWS };
  const clusters = [await newCluster(rig, host), await newCluster(rig, host), await newCluster(rig, other)];
  const tasks = await Promise.all(clusters.map((uuid) => train(rig, uuid, wide)));
  for (const task of tasks) expect(await over(rig, task)).toMatchObject({ state: "finished" });
  const [one, two, alone] = await Promise.all(clusters.map((uuid) => stateOf(rig.context.app, uuid)));
  expect(one!.equals(two!)).toBe(true);
  expect(one!.equals(alone!)).toBe(true);

  const long = await Promise.all(clusters.slice(0, 2).map((uuid) => train(rig, uuid, { ...wide, epochs: 1000 })));
  await deleteCluster(rig.context, { uuid: clusters[0]! });
  await deleteTask(rig.context, long[1]!);
  expect(await getTask(rig.context, long[1]!)).toMatchObject({ state: "aborted" });
});

test("GPU hosts refuse them, before and after a move", async () => {
  const rig = await openRig(app, { types: ["gpu", "cpu"] });
  const [gpu, cpu] = rig.hosts;
  const cluster = await newCluster(rig, gpu);
  const refused = train(rig, cluster, { epochs: 1, batch_size: ROWS });
  await expect(refused).rejects.toThrow(
    "One step would have 100 samples, but with these columns and hexagons at most 83",
  );
  await switchHost(rig.context, { cluster_uuid: cluster, host_uuid: cpu.uuid });
  const task = await train(rig, cluster, { epochs: 1000, batch_size: ROWS });
  await expect.poll(async () => (await getTask(rig.context, task)).current_cycle).toBeGreaterThan(0);
  await switchHost(rig.context, { cluster_uuid: cluster, host_uuid: gpu.uuid });
  expect(await over(rig, task)).toMatchObject({
    state: "failed",
    error_message: expect.stringContaining("Steps of so many input values are possible on the CPU host only"),
  });
});

test("nobody gets one without asking for it, although the smallest default has 16 samples", async () => {
  const rig = await openRig(app);
  const names = Array.from({ length: 6 }, (_, nth) => `input_${nth}`);
  const lines = (texts: string[]) => texts.map((text) => `    ${text}\n`).join("");
  const hexagons = lines(Array.from({ length: 8 }, (_, nth) => `${nth + 1},1,1`));
  const inputs = lines(names.map((name, nth) => `${name}: ${nth + 1},1,1`));
  const template = `version: 1\nsettings:\nhexagons:\n${hexagons}inputs:\n${inputs}outputs:\n    label_hex: 8,1,1\n`;
  const input = { name: "six inputs", template: base64(template), host_uuid: rig.hosts[0].uuid };
  const { uuid } = await createCluster(rig.context, input);
  const body = trainBody(uuid, dataset);
  const plan = {
    time_length: 1,
    epochs: 1,
    ...body,
    inputs: names.map((hexagon_name) => ({ ...body.inputs[0], hexagon_name })),
  };
  await expect(createTrainTask(rig.context, plan)).rejects.toThrow("One step would have 16 samples, but");
  await createTrainTask(rig.context, { ...plan, batch_size: 16 });
});
