/** Memory of the steps of wide networks: what only neurons need has no place for inputs. */
import { expect, test, vi } from "vitest";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import * as slots from "../../src/kernels/wasm/slots.ts";
import { createModel, widenInput, type NetworkModel } from "../../src/network/network-model.ts";
import { emptyScores } from "../../src/network/run-scores.ts";
import type { PreparedRun } from "../../src/network/engine.ts";
import { widenOutput } from "../../src/network/readout.ts";
import { count } from "../../src/network/state.ts";
import { exportState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { THREE_HEXAGONS } from "../network/training.ts";

vi.setConfig({ testTimeout: 300_000 });

const OUTPUTS = 8;

function modelOf(engine: WasmEngine, width: number): NetworkModel {
  const model = createModel(parseTemplate(THREE_HEXAGONS), 5, engine.memoryFor());
  widenInput(model, 0, width);
  widenOutput(model, 0, OUTPUTS);
  return model;
}

/** One step in which `lit` values of each sample are positive. */
function train(engine: WasmEngine, model: NetworkModel, width: number, samples: number, lit: number): void {
  const values = new Uint8Array(width * samples);
  for (let q = 0; q < samples; q++)
    for (let i = 0; i < lit; i++) values[q * width + ((i * 7919) % width)] = 1 + ((q * 7 + i) % 200);
  const run: PreparedRun = {
    cycles: samples,
    timeLength: 1,
    inputs: [{ index: 0, width, values }],
    expected: Float32Array.from({ length: samples * OUTPUTS }, (_, i) => ((i >> 3) % OUTPUTS === i % OUTPUTS ? 1 : 0)),
    muted: new Uint8Array(samples),
    batchSize: samples,
    update: samples === 1 ? "online" : "batch",
    rates: Float32Array.of(0.01),
  };
  engine.train(model, run, emptyScores(model.template));
}

/** The network's wasm memory in its present size: buffers of older arrays keep the size from before it grew. */
function memoryOf({ state: { memory } }: NetworkModel): ArrayBufferLike {
  const region = memory.allocate(0);
  memory.release(region);
  return region.buffer;
}

test("1 048 576 inputs train in steps of 128", async () => {
  const engine = new WasmEngine();
  const model = modelOf(engine, 1_048_576);
  for (let step = 0; step < 2; step++) train(engine, model, 1_048_576, 128, 100);
  expect(count(model.state, "section")).toBeGreaterThan(100);
  engine.release(model);
  await engine.close();
});

test.each([16, 128])("a step of %i samples takes what its values, their lists and columns need", async (samples) => {
  const engine = new WasmEngine();
  const width = 65_536;
  const model = modelOf(engine, width);
  train(engine, model, width, samples, 50);
  // A value takes 4 bytes, its place in the list of active ones 9 / 8, its entries in a column 8, and its row 1. The
  // state, the gaps between columns and the maxima come once; regions are up to a quarter larger than their contents.
  const perSample = 4 + 9 / 8 + 8 + 1;
  const once = 8 * slots.COLUMN_GAP + 84;
  expect(memoryOf(model).byteLength / width).toBeLessThan(1.5 * (samples * perSample + once));
  engine.release(model);
  await engine.close();
});

test.each([1, 5, 33])("what earlier steps left in scratch arrays changes nothing, %i samples", async (samples) => {
  const states = [false, true].map((isPoisoned) => {
    const engine = new WasmEngine();
    const model = modelOf(engine, 300);
    // Neurons come between the blocks of the input.
    train(engine, model, 300, samples, 100);
    widenInput(model, 0, 700);
    for (let step = 0; step < 3; step++) {
      if (isPoisoned) poison(model, samples);
      train(engine, model, 700, samples, 300);
    }
    const state = Buffer.from(exportState(model));
    engine.release(model);
    return state;
  });
  expect(states[0]!.equals(states[1]!)).toBe(true);
});

/** Fills the arrays of the last step that hold nothing for the next one with NaN. */
function poison(model: NetworkModel, samples: number): void {
  const table = new Uint32Array(memoryOf(model), slots.TABLE, slots.SLOT_COUNT);
  const ranks = table[slots.NEURON_BLOCK_COUNT]! + 1;
  const fill = (slot: number, floats: number) => {
    if (table[slot] !== 0) new Float32Array(memoryOf(model), table[slot], floats).fill(NaN);
  };
  fill(slots.AT_DENOMINATOR, ranks * samples * 128);
  fill(slots.AT_DELTA, ranks * samples * 128);
  if (samples === 1) return;
  fill(slots.AT_DELTA_SUM, ranks * 128);
  fill(slots.AT_BIAS_SHIFT, ranks * slots.SOURCE_ITEMS * 128);
  // The blocks of the first step, whose columns are surely there.
  for (const slot of [slots.AT_COLUMN_OFFSET, slots.AT_COLUMN_VALUE])
    fill(slot, 3 * (samples + slots.COLUMN_GAP) * 128);
}
