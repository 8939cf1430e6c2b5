import type { Engine } from "../../src/network/engine.ts";
import { Network } from "../../src/network/network.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { rowsOf, type Digits } from "./digits.ts";
import { TEMPLATE } from "./template.ts";

/** Rows passed to the kernels at a time: a multiple of all usual step sizes. */
const SLICE = 2048;

export const createNetwork = (engine: Engine, seed = 1): Network =>
  Network.create(parseTemplate(TEMPLATE), seed, engine);

/** Some of the rows of a table. */
interface Part {
  first: number;
  count: number;
}

/** Trains on rows in their order, at the rate of a task whose only epoch consists of these digits. */
export function learn(
  network: Network,
  digits: Digits,
  batchSize: number,
  part: Part = { first: 0, count: digits.count },
): void {
  for (const { first, count } of slicesOf(part)) {
    const schedule = { firstCycle: first, horizon: digits.count };
    network.train({ ...rowsOf(digits, first, count), batchSize, schedule });
  }
}

/** Returns the network's outputs for each of the rows. */
export function ask(network: Network, digits: Digits, part: Part = { first: 0, count: digits.count }): Float32Array {
  const width = digits.labels.length / digits.count;
  const shown = new Float32Array(part.count * width);
  for (const { first, count } of slicesOf(part)) {
    const [values] = network.request(rowsOf(digits, first, count));
    shown.set(values!, (first - part.first) * width);
  }
  return shown;
}

function* slicesOf({ first, count }: Part): Generator<Part> {
  for (let done = 0; done < count; done += SLICE) yield { first: first + done, count: Math.min(SLICE, count - done) };
}
