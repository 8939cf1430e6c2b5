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

const OUTPUTS = 1000;

/** Training in steps of 128 and requests of a network with 1000 outputs, of which ten are ever wanted. */
export function manyOutputCases(engine: Engine, digits: Digits): Case[] {
  const samples = SLICE / 4;
  const classes = classesOf(digits);
  const wanted = new Uint8Array(samples * OUTPUTS);
  const run = (network: Network, round: number) => {
    const first = firstRow(digits, samples, round);
    wanted.fill(0);
    for (let row = 0; row < samples; row++) wanted[row * OUTPUTS + classes[first + row]! * 100] = 1;
    const expected = [{ index: 0, values: wanted, width: OUTPUTS }];
    network.train({ ...rowsOf(digits, first, samples), expected, batchSize: 128, schedule: 0.5 });
  };
  const [trained, asked] = [createNetwork(engine), createNetwork(engine)];
  for (let round = 0; round < 8; round++) run(asked, round);
  return [
    { name: `train in steps of 128, ${OUTPUTS} outputs`, samples, run: (round) => run(trained, round) },
    requestCase(`request, ${OUTPUTS} outputs`, asked, digits),
  ];
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
