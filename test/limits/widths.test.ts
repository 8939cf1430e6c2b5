/**
 * How wide inputs and outputs may be: of tasks, and of uploaded checkpoints. Direct IO is in
 * `test/clusters/direct-io.test.ts`.
 */
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "../../src/server/config.ts";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { tasks } from "../../src/db/schema/index.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { OUTPUTS_MAX } from "../../src/network/state.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { sendFile } from "../api/dataset-support.ts";
import {
  makeCluster,
  makeDataset,
  oneHot,
  pixel,
  requestBody,
  smallTemplate,
  startTrain,
  trainBody,
  untilFinished,
} from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let url: string;

beforeAll(async () => {
  const { limits } = parseConfig({ HANAMI_MAX_INPUT_VALUES: "16", HANAMI_MAX_OUTPUT_VALUES: "8" });
  app = await createTestApp({ config: { limits } });
  ({ url } = await app.server.listen());
});
afterAll(() => app.close());

const dataset = (inputs: number, outputs: number) =>
  makeDataset(app.app, {
    rows: 20,
    groups: [
      { name: "picture", width: inputs, cell: pixel },
      { name: "label", width: outputs, cell: oneHot },
    ],
  });

test("tasks with columns that are too wide are refused at their creation, and the error names the columns", async () => {
  const cluster = await makeCluster(app);
  const good = await dataset(16, 8);
  const { uuid } = await startTrain(app, cluster, good);
  await untilFinished(app, cluster, uuid);
  const refused = async (path: string, body: object) => {
    const answer = await app.request("POST", path, { body });
    return [answer.status, answer.text];
  };
  expect(await refused("/task/train", trainBody(cluster, await dataset(17, 8)))).toEqual([
    400,
    "Too many columns: 'picture' has 17 values, but an input may have 16",
  ]);
  expect(await refused("/task/train", trainBody(cluster, await dataset(16, 9)))).toEqual([
    400,
    "Too many columns: 'label' has 9 values, but an output may have 8",
  ]);
  expect(await refused("/task/request", requestBody(cluster, await dataset(17, 8)))).toEqual([
    400,
    "Too many columns: 'picture' has 17 values, but an input may have 16",
  ]);
  for (const [path, body] of [
    ["/task/train", trainBody],
    ["/task/request", requestBody],
  ] as const) {
    expect(await refused(path, body(cluster, good, { time_length: 2 }))).toEqual([
      400,
      "Too many columns (in 2 rows): 'picture' has 32 values, but an input may have 16",
    ]);
  }
});

test("a step whose expected values do not fit into memory is refused", async () => {
  const { limits } = parseConfig({});
  const wide = await createTestApp({ config: { limits } });
  try {
    const cluster = await makeCluster(wide, {
      template: smallTemplate.replace("label_hex: 3,1,1", "label_hex: 3,1,1 (int)"),
    });
    const groups = [
      { name: "picture", width: 1, cell: pixel },
      { name: "label", width: 200_000, cell: oneHot },
    ];
    const uuid = await makeDataset(wide.app, { rows: 16, groups });
    const answer = await wide.request("POST", "/task/train", { body: trainBody(cluster, uuid, { batch_size: 16 }) });
    expect([answer.status, answer.text]).toEqual([
      400,
      "One step would have 204800000 expected values, but at most 134217728 are possible",
    ]);
  } finally {
    await wide.close();
  }
});

test("a step that would occupy the host is refused; the default size becomes smaller", async () => {
  const { limits } = parseConfig({});
  const large = await createTestApp({ config: { limits, cpuMemoryBytes: 1_600_000_000 } });
  try {
    const cluster = await makeCluster(large);
    const row = Array.from({ length: 100 }, (_, i) => `${i},1,1`).join("\n");
    const chain = `version: 1\nsettings:\nrefractory_time: 1\nhexagons:\n${row}\ninputs:\npicture_hex: 0,1,1\noutputs:\nlabel_hex: 99,1,1\n`;
    const long = await makeCluster(large, { template: chain, name: "long_cluster" });
    const data = (rows: number, width: number, outputs: number) =>
      makeDataset(large.app, {
        rows,
        groups: [
          { name: "picture", width, cell: () => 1 },
          { name: "label", width: outputs, cell: oneHot },
        ],
      });
    const train = async (uuid: string, dataset: string, more: Record<string, unknown>) => {
      const answer = await large.request("POST", "/task/train", { body: trainBody(uuid, dataset, more) });
      return [answer.status, answer.text];
    };
    const text = (samples: number, most: number) =>
      `One step would have ${samples} samples, but with these columns and hexagons at most ${most} are possible`;
    const few = await data(100, 1, 1);
    expect(await train(cluster, few, { batch_size: 65_536, epochs: 1000 })).toEqual([400, text(65_536, 43_690)]);
    expect(await train(long, few, { batch_size: 1311, epochs: 1000 })).toEqual([400, text(1311, 1310)]);
    // Half of the memory for networks, by 40 bytes for each of 40 000 values.
    expect(await train(cluster, await data(100, 40_000, 1), { batch_size: 501, epochs: 1000 })).toEqual([
      400,
      text(501, 500),
    ]);
    expect(await train(cluster, await data(100, 1, 40_000), { batch_size: 250, epochs: 1000 })).toEqual([
      400,
      text(250, 209),
    ]);
    const { uuid } = await startTrain(large, cluster, await data(2, 200_000, 1), { epochs: 100_000 });
    const [row0] = await large.app.db.select().from(tasks).where(eq(tasks.uuid, uuid));
    expect(row0?.plan).toMatchObject({ batch_size: 64 });
  } finally {
    await large.close();
  }
});

test("more output neurons than a network may have are refused, and nothing is lost", () => {
  const network = Network.create(parseTemplate(smallTemplate), 1, new ReferenceEngine());
  network.ensureOutputWidth(0, OUTPUTS_MAX);
  const reason = `a network may have ${OUTPUTS_MAX} output neurons and would have ${OUTPUTS_MAX + 1}`;
  expect(() => network.ensureOutputWidth(0, OUTPUTS_MAX + 1)).toThrow(reason);
  expect(network.outputs[0]!.width).toBe(OUTPUTS_MAX);
});

test("a narrow task of a network with very wide outputs takes no more memory than a wide one", () => {
  const text = smallTemplate.replace("outputs:", "outputs:\n far: 99,1,1").replace("hexagons:", "hexagons:\n 99,1,1");
  const batch = (first: number, count: number) => {
    const column = (index: number) => ({ index, width: 1, values: new Float32Array(count).fill(1) });
    const schedule = { firstCycle: first, horizon: 1000 };
    return { cycles: count, timeLength: 1, batchSize: 16, inputs: [column(0)], expected: [column(1)], schedule };
  };
  const trained = (...batches: ReturnType<typeof batch>[]) => {
    const network = Network.create(parseTemplate(text), 1, new WasmEngine());
    network.ensureOutputWidth(0, 2 ** 22);
    for (const each of batches) network.train(each);
    return Buffer.from(network.export());
  };
  // 48 samples of 4 Mi output neurons are split into 32 and 16.
  expect(trained(batch(0, 48)).equals(trained(batch(0, 32), batch(32, 16)))).toBe(true);
  const widest = Network.create(parseTemplate(text), 1, new WasmEngine());
  widest.ensureOutputWidth(0, OUTPUTS_MAX - 1);
  expect(() => widest.train(batch(0, 48))).toThrow(`16 samples at once are too many for ${OUTPUTS_MAX} output neurons`);
});

test("a checkpoint with a wider network is refused", async () => {
  for (const [inputs, outputs, reason] of [
    [16, 8, null],
    [17, 8, "its input 'picture_hex' has 17 values, but an input may have 16"],
    [16, 9, "its output 'label_hex' has 9 values, but an output may have 8"],
  ] as const) {
    const network = Network.create(parseTemplate(smallTemplate), 1, new ReferenceEngine());
    network.ensureInputWidth(0, inputs);
    network.ensureOutputWidth(0, outputs);
    const bytes = Buffer.from(network.export());
    const body = { name: "test_upload", input_data_size: bytes.length };
    const upload = await app.request("POST", "/checkpoint/upload", { body });
    const { uuid, uuid_input_file } = upload.json<{ uuid: string; uuid_input_file: string }>();
    await sendFile(url, app.token, uuid_input_file, bytes);
    const answer = await app.request("PUT", "/checkpoint/upload", { body: { uuid, uuid_input_file } });
    if (reason === null) expect(answer.status).toBe(200);
    else expect([answer.status, answer.text]).toEqual([400, `Checkpoint can not be imported: ${reason}`]);
  }
});
