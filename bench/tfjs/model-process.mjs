/**
 * A dense network in TensorFlow.js, in a separate process; its argument is `wasm` or `cpu`. Each message calls one of
 * the functions below; the answer is its result, with wall and processor time in milliseconds.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";

const wasm = fileURLToPath(import.meta.resolve("@tensorflow/tfjs-backend-wasm"));
setWasmPaths(join(dirname(wasm), "/"));
await tf.setBackend(process.argv[2]);
await tf.ready();

const data = new Map();
const models = new Map();

/** Keeps rows of bytes as tensors: pixels 0…1, labels one-hot. */
function load({ name, count, width, pixels, labels }) {
  const x = tf.tidy(() => tf.div(tf.tensor2d(Float32Array.from(pixels), [count, width]), 255));
  data.set(name, { x, y: tf.tensor2d(Float32Array.from(labels), [count, labels.length / count]), labels });
}

function create({ name, inputs, hidden, outputs }) {
  const initializer = (seed) => layers.initializers.glorotUniform({ seed });
  const model = layers.sequential({
    layers: [
      layers.layers.dense({
        inputShape: [inputs],
        units: hidden,
        activation: "relu",
        kernelInitializer: initializer(1),
      }),
      layers.layers.dense({ units: outputs, activation: "softmax", kernelInitializer: initializer(2) }),
    ],
  });
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
  models.set(name, model);
  return { parameters: model.countParams() };
}

const part = ({ x, y }, first, count) => [x, y].map((tensor) => tf.slice(tensor, [first, 0], [count, -1]));

/** One pass over the rows, as in TensorFlow's guide. */
async function train({ name, batchSize }, [x, y]) {
  await models.get(name).fit(x, y, { epochs: 1, batchSize, shuffle: true, verbose: 0, yieldEvery: "never" });
}

async function request({ name, batchSize }, [x]) {
  const answers = models.get(name).predict(x, { batchSize });
  const values = await answers.data();
  answers.dispose();
  return values;
}

/** Share of rows with a correct largest answer. */
async function accuracy({ name, rows }) {
  const { x, y, labels } = data.get(rows);
  const [count] = x.shape;
  const values = await request({ name, batchSize: 1000 }, [x, y]);
  const classes = values.length / count;
  const largest = (row) => row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  let right = 0;
  for (let row = 0; row < count; row++) {
    const at = [row * classes, (row + 1) * classes];
    if (labels[at[0] + largest(values.subarray(...at))] === 1) right += 1;
  }
  return right / count;
}

const calls = { load, create, train, request: async (...given) => void (await request(...given)), accuracy };

async function answer({ call, work }) {
  // Cut before the clock starts: with a large table, cutting takes longer than the work itself.
  const cut = work.count !== undefined && data.has(work.rows);
  const tensors = cut ? part(data.get(work.rows), work.first, work.count) : [];
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  const value = await calls[call](work, tensors);
  const wallMs = performance.now() - before;
  const { user, system } = process.cpuUsage(cpuBefore);
  tf.dispose(tensors);
  process.send({ value, wallMs, cpuMs: (user + system) / 1000 });
}

process.on("message", (message) => void answer(message));
process.on("disconnect", () => process.exit());
process.send({ value: tf.getBackend() });
