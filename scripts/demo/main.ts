/** The main workflow: upload, train, test. Talks to the server through the SDK, like any client. */
import { parseArgs } from "node:util";
import { type ClusterDetails, type Dataset, HanamiClient, type Host, type Task } from "hanami-sdk";
import { drawDigits } from "./digits.ts";
import { encodePair, readMnist, type IdxPair } from "./idx.ts";
import { startServer, useServer, type DemoServer } from "./server.ts";
import { createProgress, formatTable } from "./terminal.ts";

const usage = `Usage: npm run demo -- [options]
  --mnist DIR     use the MNIST files in DIR (packed or not) in place of drawn digits
  --train N       images to draw for training (10000)
  --test N        images to draw for the test (2000)
  --epochs N      passes over the training images (1)
  --move          train once more on the other host, and move to the first one on the way; images to draw: 3000
                  (a server of our own brings a software GPU along)
  --data DIR      keep the server's data in DIR
  --address URL   use a running server; login from HANAMI_USER and HANAMI_PASSPHRASE`;

/** Exit code after Ctrl-C. */
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
  move: boolean;
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
      move: { type: "boolean", default: false },
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
    train: count("train", values.move ? 3000 : 10_000),
    test: count("test", 2000),
    epochs: count("epochs", 1),
    move: values.move,
    data: values.data,
    address: values.address,
  };
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** Runs a step and measures its time. */
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

/** Share of the training after which a cluster moves. */
const MOVE_AT = 0.3;

interface Learned {
  cluster: ClusterDetails;
  task: Task;
  result: Task;
  trainMs: number;
  testMs: number;
  /** Percent of the test images. */
  accuracy: number;
}

/** Trains a new cluster and tests it. With `move` it starts on one host and moves to the other while it trains. */
async function learn(
  client: HanamiClient,
  work: { name: string; train: Dataset; test: Dataset; epochs: number; move?: { from: Host; to: Host } },
): Promise<Learned> {
  const { name, epochs, move } = work;
  const columns = (dataset: Dataset, column: string) => [
    { dataset_uuid: dataset.uuid, dataset_column: column, hexagon_name: column },
  ];
  const from = move === undefined ? {} : { host_uuid: move.from.uuid };
  const cluster = await client.clusters.create({ name, template, seed: 1, ...from });
  const trained = await timed(async () => {
    const progress = createProgress("train");
    const task = await client.tasks.train({
      name: `${name} train`,
      cluster_uuid: cluster.uuid,
      inputs: columns(work.train, "picture"),
      outputs: columns(work.train, "label"),
      epochs,
    });
    const start = performance.now();
    let target = move?.to;
    const intervalMs = move === undefined ? 200 : 20;
    for await (const { current_cycle, percentage_finished, state } of client.tasks.watch(task, { intervalMs })) {
      const rate = Math.round(current_cycle / ((performance.now() - start) / 1000));
      progress.update(percentage_finished, `${current_cycle} images, ${rate} per second`);
      if (target === undefined || percentage_finished < MOVE_AT) continue;
      if (state === "finished")
        throw new Error("The training was over before it could move: more images with --train.");
      await client.clusters.switchHost({ cluster_uuid: cluster.uuid, host_uuid: target.uuid });
      console.log(`\nmoved to the ${target.type} host after ${current_cycle} images or a little later`);
      target = undefined;
    }
    progress.end();
    return client.tasks.wait(task);
  });
  const tested = await timed(async () => {
    const task = await client.tasks.request({
      name: `${name} result`,
      cluster_uuid: cluster.uuid,
      inputs: columns(work.test, "picture"),
      results: [{ dataset_column: "label", hexagon_name: "label" }],
    });
    await client.tasks.wait(task, { intervalMs: 100 });
    return { task, accuracy: await client.datasets.check({ uuid: task.uuid, reference_uuid: work.test.uuid }) };
  });
  return {
    cluster: await client.clusters.get(cluster.uuid),
    task: trained.result,
    result: tested.result.task,
    trainMs: trained.ms,
    testMs: tested.ms,
    accuracy: tested.result.accuracy,
  };
}

async function run(client: HanamiClient, options: Options): Promise<string[]> {
  const [first, other] = await client.hosts.list();
  if (options.move && other === undefined) throw new Error("There is only one host, so nothing can move.");
  const loaded = await timed(() => loadImages(options));
  const { train, test } = loaded.result;
  const bytes = [train, test].reduce((sum, { images, labels }) => sum + images.length + labels.length, 0);

  const name = `demo ${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, "-")}`;
  const uploaded = await timed(async () => ({
    train: await upload(client, `${name} train`, train),
    test: await upload(client, `${name} test`, test),
  }));
  const work = { ...uploaded.result, epochs: options.epochs };
  const learned = await learn(client, { ...work, name });
  const { trainMs, testMs, accuracy } = learned;

  const { number_of_blocks, number_of_sections } = learned.cluster;
  const perSecond = (count: number, ms: number) => `${Math.round(count / (ms / 1000))} images/s`;
  const rows = [
    [options.mnist === undefined ? "draw" : "read", seconds(loaded.ms), `${train.count} + ${test.count} images`],
    ["upload", seconds(uploaded.ms), megabytes(bytes)],
    ["train", seconds(trainMs), perSecond(learned.task.total_number_of_cycles, trainMs)],
    ["test", seconds(testMs), perSecond(test.count, testMs)],
  ];
  console.log(`\n${formatTable(rows)}\n`);
  console.log(`accuracy ${accuracy.toFixed(2)} % on ${test.count} images that were not learned`);
  if (options.move && first !== undefined && other !== undefined) {
    console.log(`the same once more, begun on the ${other.type} host`);
    const moved = await learn(client, { ...work, name: `${name} moved`, move: { from: other, to: first } });
    console.log(
      `accuracy ${moved.accuracy.toFixed(2)} % of the cluster that moved, ${accuracy.toFixed(2)} % of the other`,
    );
  }
  return [
    `cluster         ${learned.cluster.uuid} (${number_of_blocks} blocks, ${number_of_sections} sections)`,
    `train dataset   ${uploaded.result.train.uuid}`,
    `test dataset    ${uploaded.result.test.uuid}`,
    `result dataset  ${learned.result.uuid}`,
  ];
}

/** Cleans up after a signal: stops the server, which removes its temporary folder. */
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
  const server =
    options.address === undefined
      ? await startServer(options.data, { softwareGpu: options.move })
      : useServer(options.address);
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
  // An error caused by stopping the server needs no message.
  if (process.exitCode !== INTERRUPTED) {
    console.error(error instanceof Error ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}
