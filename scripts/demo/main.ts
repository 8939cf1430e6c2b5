/** The main workflow on real data: upload, train, test. Talks to the server as any client does, through the SDK. */
import { parseArgs } from "node:util";
import { HanamiClient, type Dataset } from "hanami-sdk";
import { drawDigits } from "./digits.ts";
import { encodePair, readMnist, type IdxPair } from "./idx.ts";
import { startServer, useServer, type DemoServer } from "./server.ts";
import { createProgress, formatTable } from "./terminal.ts";

const usage = `Usage: npm run demo -- [options]
  --mnist DIR     use the MNIST files in DIR (packed or not) in place of drawn digits
  --train N       images to draw for training (10000)
  --test N        images to draw for the test (2000)
  --epochs N      passes over the training images (1)
  --data DIR      keep the server's data in DIR
  --address URL   use a running server; login from HANAMI_USER and HANAMI_PASSPHRASE`;

/** Exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

const template = `version: 1
settings:
    neuron_cooldown: 10000000.0
    refractory_time: 1
    max_connection_distance: 1
    enable_reduction: false
hexagons:
    1,1,1
    2,1,1
    3,1,1
inputs:
    picture: 1,1,1
outputs:
    label: 3,1,1
`;

interface Options {
  mnist: string | undefined;
  train: number;
  test: number;
  epochs: number;
  data: string | undefined;
  address: string | undefined;
}

function readOptions(): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      mnist: text,
      train: text,
      test: text,
      epochs: text,
      data: text,
      address: text,
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const count = (name: "train" | "test" | "epochs", initial: number) => {
    const value = Number(values[name] ?? initial);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number above 0.\n${usage}`);
    return value;
  };
  return {
    mnist: values.mnist,
    train: count("train", 10_000),
    test: count("test", 2000),
    epochs: count("epochs", 1),
    data: values.data,
    address: values.address,
  };
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** Runs a step and notes how long it took. */
async function timed<T>(step: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const start = performance.now();
  const result = await step();
  return { result, ms: performance.now() - start };
}

async function loadImages(options: Options): Promise<{ train: IdxPair; test: IdxPair }> {
  if (options.mnist !== undefined) {
    return { train: await readMnist(options.mnist, "train"), test: await readMnist(options.mnist, "t10k") };
  }
  return { train: encodePair(drawDigits(options.train, 1)), test: encodePair(drawDigits(options.test, 2)) };
}

async function upload(client: HanamiClient, name: string, { images, labels }: IdxPair): Promise<Dataset> {
  console.log(`uploading '${name}'`);
  const progress = createProgress("upload");
  const dataset = await client.datasets.uploadMnist(
    { name, images, labels },
    { onProgress: ({ sentBytes, totalBytes }) => progress.update(sentBytes / totalBytes, megabytes(sentBytes)) },
  );
  progress.end();
  return dataset;
}

async function run(client: HanamiClient, options: Options): Promise<string[]> {
  const loaded = await timed(() => loadImages(options));
  const { train, test } = loaded.result;
  const bytes = [train, test].reduce((sum, { images, labels }) => sum + images.length + labels.length, 0);

  const name = `demo ${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, "-")}`;
  const uploaded = await timed(async () => ({
    train: await upload(client, `${name} train`, train),
    test: await upload(client, `${name} test`, test),
  }));
  const cluster = await client.clusters.create({ name, template, seed: 1 });

  const columns = (dataset: Dataset, column: string) => [
    { dataset_uuid: dataset.uuid, dataset_column: column, hexagon_name: column },
  ];
  const trained = await timed(async () => {
    const progress = createProgress("train");
    const task = await client.tasks.train({
      name: `${name} train`,
      cluster_uuid: cluster.uuid,
      inputs: columns(uploaded.result.train, "picture"),
      outputs: columns(uploaded.result.train, "label"),
      epochs: options.epochs,
    });
    const start = performance.now();
    for await (const { current_cycle, percentage_finished } of client.tasks.watch(task, { intervalMs: 200 })) {
      const rate = Math.round(current_cycle / ((performance.now() - start) / 1000));
      progress.update(percentage_finished, `${current_cycle} images, ${rate} per second`);
    }
    progress.end();
    return client.tasks.wait(task);
  });

  const tested = await timed(async () => {
    const task = await client.tasks.request({
      name: `${name} result`,
      cluster_uuid: cluster.uuid,
      inputs: columns(uploaded.result.test, "picture"),
      results: [{ dataset_column: "label", hexagon_name: "label" }],
    });
    await client.tasks.wait(task, { intervalMs: 100 });
    return {
      task,
      accuracy: await client.datasets.check({ uuid: task.uuid, reference_uuid: uploaded.result.test.uuid }),
    };
  });

  const { number_of_blocks, number_of_sections } = await client.clusters.get(cluster.uuid);
  const cycles = trained.result.total_number_of_cycles;
  const perSecond = (count: number, ms: number) => `${Math.round(count / (ms / 1000))} images/s`;
  const rows = [
    [options.mnist === undefined ? "draw" : "read", seconds(loaded.ms), `${train.count} + ${test.count} images`],
    ["upload", seconds(uploaded.ms), megabytes(bytes)],
    ["train", seconds(trained.ms), perSecond(cycles, trained.ms)],
    ["test", seconds(tested.ms), perSecond(test.count, tested.ms)],
  ];
  console.log(`\n${formatTable(rows)}\n`);
  console.log(`accuracy ${tested.result.accuracy.toFixed(2)} % on ${test.count} images that were not learned`);
  return [
    `cluster         ${cluster.uuid} (${number_of_blocks} blocks, ${number_of_sections} sections)`,
    `train dataset   ${uploaded.result.train.uuid}`,
    `test dataset    ${uploaded.result.test.uuid}`,
    `result dataset  ${tested.result.task.uuid}`,
  ];
}

/** Leaves nothing behind: the server stops, and its temporary folder goes. */
function stopOnSignals(server: DemoServer): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      process.exitCode = INTERRUPTED;
      const end = () => process.exit();
      server.stop().then(end, end);
    });
  }
}

async function main(): Promise<void> {
  const options = readOptions();
  const server = options.address === undefined ? await startServer(options.data) : useServer(options.address);
  stopOnSignals(server);
  try {
    const client = new HanamiClient(server);
    for (const { uuid, type } of await client.hosts.list()) console.log(`host     ${uuid} ${type}`);
    const made = await run(client, options);
    console.log(`\n${[...(server.isTemporary ? [] : made), ...server.where].join("\n")}`);
  } finally {
    await server.stop();
  }
}

try {
  await main();
} catch (error) {
  // Whatever failed because the server was stopped under it needs no message.
  if (process.exitCode !== INTERRUPTED) {
    console.error(error instanceof Error ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}
