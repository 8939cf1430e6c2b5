import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { Network } from "../../src/network/network.ts";
import { updateRule } from "../../src/network/batch-size.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { rows, type Digits } from "./mnist.ts";

/** Three hexagons in a row: input `in`, hidden, output `out`. */
export const THREE_HEXAGONS = `version: 1
settings:
    max_connection_distance: 1
hexagons:
    1,1,1
    2,1,1
    3,1,1
inputs:
    in: 1,1,1
outputs:
    out: 3,1,1
`;

export interface Table {
  count: number;
  x: Float32Array;
  xWidth: number;
  y: Float32Array;
  yWidth: number;
}

export const asTable = ({ count, images, labels }: Digits): Table => ({
  count,
  x: images,
  xWidth: 784,
  y: labels,
  yWidth: 10,
});

/** Trains the first input on the first output, rows in order, epoch after epoch. */
export function train(network: Network, table: Table, batch: number, epochs = 1, first = 0, end = Infinity): void {
  const horizon = table.count * epochs;
  for (let t = first; t < Math.min(horizon, end);) {
    const row = t % table.count;
    const count = Math.min(batch, table.count - row);
    network.train({
      count,
      inputs: [{ index: 0, values: rows(table.x, table.xWidth, row, row + count), width: table.xWidth }],
      expected: [{ index: 0, values: rows(table.y, table.yWidth, row, row + count), width: table.yWidth }],
      update: updateRule(batch),
      rate: 1 - t / horizon,
    });
    t += count;
  }
}

/** Percent of rows whose largest output is at the position of the largest expected value. */
export function accuracy(network: Pick<Network, "request">, { count, x, xWidth, y, yWidth }: Table): number {
  const [output] = network.request({ count, inputs: [{ index: 0, values: x, width: xWidth }] });
  let right = 0;
  for (let row = 0; row < count; row++) {
    const largest = (array: Float32Array) => {
      const values = rows(array, yWidth, row, row + 1);
      return values.indexOf(Math.max(...values));
    };
    if (largest(output!) === largest(y)) right += 1;
  }
  return (100 * right) / count;
}

export const createNetwork = (text = THREE_HEXAGONS, seed = 1) =>
  Network.create(parseTemplate(text), seed, new ReferenceEngine());
