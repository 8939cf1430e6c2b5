import { expect, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { checkRequest, checkTraining } from "../../src/network/check-run.ts";
import { Network } from "../../src/network/network.ts";
import { partOfTraining, RunError, type TrainRun } from "../../src/network/run.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { THREE_HEXAGONS } from "./training.ts";

const template = parseTemplate(THREE_HEXAGONS);

test.each([
  ["the reference", new ReferenceEngine()],
  ["wasm", new WasmEngine()],
])("a window is the concatenation of its rows, and the next one begins a row later: %s", (_, engine) => {
  const values = Float32Array.from({ length: 2 * 21 }, (__, i) => (i * 7) % 11);
  const windows = Float32Array.from({ length: 4 * 20 }, (__, i) => values[Math.floor(i / 4) * 2 + (i % 4)]!);
  const shown = Float32Array.from({ length: 20 }, (__, cycle) => cycle % 2);
  const rule = { cycles: 20, expected: [{ index: 0, width: 1, values: shown }], batchSize: 8, schedule: 1 };
  const learned = (run: Pick<TrainRun, "timeLength" | "inputs">) => {
    const network = Network.create(template, 1, engine);
    network.train({ ...rule, ...run });
    return [network.export(), network.request({ ...run, cycles: 20 })];
  };
  expect(learned({ timeLength: 2, inputs: [{ index: 0, width: 2, values }] })).toEqual(
    learned({ timeLength: 1, inputs: [{ index: 0, width: 4, values: windows }] }),
  );
});

test("exactly the rows of the cycles suffice, one less does not", () => {
  const check = (cycles: number, length: number) => () =>
    checkRequest(
      { cycles, timeLength: 2, inputs: [{ index: 0, width: 2, values: new Float32Array(length) }] },
      template,
    );
  expect(check(2, 6)).not.toThrow();
  expect(check(2, 5)).toThrow(new RunError("input 0 has 5 values where 6 are needed"));
  expect(check(0, 0)).not.toThrow();
});

test("what is no training is refused", () => {
  const run: TrainRun = { cycles: 20, timeLength: 1, inputs: [], expected: [], batchSize: 8, schedule: 1 };
  const check = (change: Partial<TrainRun>) => () => checkTraining({ ...run, ...change }, template);
  expect(check({})).not.toThrow();
  expect(check({ batchSize: 0 })).toThrow("batch size 0 is not a count");
  expect(check({ timeLength: 0 })).toThrow("time length 0 is not a count");
  // The last step begins after 16 cycles.
  expect(check({ schedule: { firstCycle: 4, horizon: 20 } })).not.toThrow();
  expect(check({ schedule: { firstCycle: 5, horizon: 20 } })).toThrow("rate");
  expect(check({ table: { key: "task", order: new Uint32Array(19) } })).toThrow("19 rows were chosen for 20 cycles");
});

test("a part of a training has its rows, its place in the schedule and its picks", () => {
  const bytes = Uint8Array.from({ length: 14 }, (_, i) => i);
  const run: TrainRun = {
    cycles: 6,
    timeLength: 2,
    inputs: [{ index: 0, width: 2, values: bytes }],
    expected: [{ index: 0, width: 1, values: bytes.slice(0, 6) }],
    batchSize: 2,
    schedule: { firstCycle: 10, horizon: 16 },
    table: { key: "task", order: Uint32Array.of(5, 4, 3, 2, 1, 0) },
  };
  expect(partOfTraining(run, { first: 2, cycles: 3 })).toEqual({
    ...run,
    cycles: 3,
    inputs: [{ index: 0, width: 2, values: Uint8Array.of(4, 5, 6, 7, 8, 9, 10, 11) }],
    expected: [{ index: 0, width: 1, values: Uint8Array.of(2, 3, 4) }],
    schedule: { firstCycle: 12, horizon: 16 },
    table: { key: "task", order: Uint32Array.of(3, 2, 1) },
  });
});
