import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Engine } from "../../src/network/engine.ts";
import type { Network } from "../../src/network/network.ts";
import { classesOf, rowsOf, type Digits } from "../harness/digits.ts";
import { createNetwork } from "../harness/network.ts";

/** Samples of one round of a case: some tens of milliseconds. */
export const SLICE = 2048;

/** One case: `run` processes `samples` samples, different ones in each round. */
export interface Case {
  name: string;
  samples: number;
  run(round: number): void;
}

/** Selects a different part of the rows in every round. */
const firstRow = (digits: Digits, samples: number, round: number) =>
  (round % Math.floor(digits.count / samples)) * samples;

export function trainCase(name: string, engine: Engine, digits: Digits, batchSize: number, samples = SLICE) {
  const network = createNetwork(engine);
  const run = (round: number) =>
    network.train({
      ...rowsOf(digits, firstRow(digits, samples, round), samples),
      batchSize,
      schedule: 1 - Math.min(0.9, (round * samples) / 60_000),
    });
  return { network, name, samples, run };
}

export function requestCase(name: string, network: Network, digits: Digits): Case {
  const run = (round: number) => {
    network.request(rowsOf(digits, firstRow(digits, SLICE, round), SLICE));
  };
  return { name, samples: SLICE, run };
}

interface YardstickNet {
  train(x: Float32Array, y: Uint8Array, from: number, count: number, width: number): void;
  test(x: Float32Array, y: Uint8Array, from: number, count: number, width: number): number;
}

/** The loops of the module in `file`: "yardstick, train" and "yardstick, request". */
export async function yardstickCases(file: string, digits: Digits): Promise<Case[]> {
  const { Net } = (await import(pathToFileURL(resolve(file)).href)) as {
    Net: new (seed: number, sections: number, inputs: number) => YardstickNet;
  };
  const net = new Net(1, 4096, digits.width);
  const x = Float32Array.from(digits.pixels);
  const y = classesOf(digits);
  const yardstick = (kind: string, run: (from: number) => void): Case => ({
    name: `yardstick, ${kind}`,
    samples: SLICE,
    run: (round) => run(firstRow(digits, SLICE, round)),
  });
  return [
    yardstick("train", (from) => net.train(x, y, from, SLICE, digits.width)),
    yardstick("request", (from) => void net.test(x, y, from, SLICE, digits.width)),
  ];
}
