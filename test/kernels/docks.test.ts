/** Which network is in which memory, and how grown memories are released. */
import { expect, test } from "vitest";
import { Dock } from "../../src/kernels/wasm/dock.ts";
import { Docks } from "../../src/kernels/wasm/docks.ts";
import { loadKernels } from "../../src/kernels/wasm/kernels.ts";
import { MemoryBudget } from "../../src/kernels/wasm/memory-budget.ts";
import { NetworkMemory } from "../../src/kernels/wasm/network-memory.ts";
import { type NetworkModel, createModel, widenInput } from "../../src/network/network-model.ts";
import { HEADER } from "../../src/network/layout.ts";
import { StateError } from "../../src/network/state-error.ts";
import { releaseState } from "../../src/network/state.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const TEMPLATE = parseTemplate("version: 1 settings: hexagons: 1,1,1 2,1,1 inputs: in: 1,1,1 outputs: out: 2,1,1");
const MB = 1_000_000;
/** An input's block takes 5.6 KB. */
const valuesOf = (megabytes: number) => (megabytes / 5.6) * 1000 * 128;

const module = loadKernels();
const nobody = { allocate: () => {}, split: () => {} };

function rig({ countMax = 4, bytesMax = 1000 * MB } = {}) {
  const budget = new MemoryBudget(2000 * MB);
  const dropped: number[] = [];
  const docks = new Docks({
    open: (id) => new Dock(id, module, nobody, 1),
    dropped: ({ id }) => dropped.push(id),
    countMax,
    bytesMax,
  });
  const model = (megabytes: number): NetworkModel => {
    const made = createModel(TEMPLATE, 1, new NetworkMemory(budget));
    widenInput(made, 0, valuesOf(megabytes));
    made.state.arrays.bias.fill(1.5);
    return made;
  };
  return { budget, docks, dropped, model };
}

const isDocked = ({ state }: NetworkModel) => state.arrays.bias.buffer instanceof SharedArrayBuffer;

test("the least recently used network rests with its whole state, and its cost stays the same", () => {
  const { budget, docks, model } = rig({ countMax: 2 });
  const models = [model(1), model(1), model(1)] as const;
  const { free } = budget;
  for (const each of models) docks.take(each);
  expect(models.map(isDocked)).toEqual([false, true, true]);
  docks.take(models[1]);
  const dock = docks.take(models[0]);
  expect(models.map(isDocked)).toEqual([true, true, false]);
  expect(docks.find(models[0])).toBe(dock);
  for (const { state } of models) expect(state.arrays.bias.every((value) => value === 1.5)).toBe(true);
  // The first moves drop the spare room of arrays; after that nothing changes.
  const settled = budget.free;
  expect(settled).toBeGreaterThanOrEqual(free);
  for (const each of models) docks.take(each);
  expect(budget.free).toBe(settled);
});

test("memories beyond their common limit are dropped, the oldest first, except for the last one", () => {
  const { docks, dropped, model } = rig({ bytesMax: 25 * MB });
  const models = [model(10), model(10), model(1)];
  for (const each of models) {
    docks.take(each);
    docks.trim();
  }
  expect(models.map(isDocked)).toEqual([true, true, true]);
  widenInput(models[2]!, 0, valuesOf(12));
  docks.trim();
  expect(models.map(isDocked)).toEqual([false, false, true]);
  expect(dropped).toEqual([1, 2]);
  widenInput(models[2]!, 0, valuesOf(40));
  docks.trim();
  expect(models.map(isDocked)).toEqual([false, false, true]);
});

test("a memory that is far too large is not kept for a small network", () => {
  const { docks, dropped, model } = rig({ countMax: 1 });
  const [large, fair, small] = [model(100), model(20), model(1)] as const;
  docks.take(large);
  expect(docks.take(fair).bytes).toBeGreaterThan(100 * MB);
  expect(dropped).toEqual([]);
  expect(docks.take(small).bytes).toBeLessThan(5 * MB);
  expect(dropped).toEqual([1]);
});

test("a few empty memories are kept for the next networks", () => {
  const { budget, docks, dropped, model } = rig({ countMax: 20 });
  const models = Array.from({ length: 12 }, () => model(1));
  for (const each of models) docks.take(each);
  for (const each of models) {
    releaseState(each.state);
    docks.release(each);
  }
  expect(budget.free).toBe(budget.bytesMax);
  expect(dropped).toHaveLength(4);
  expect(docks.take(model(1)).id).toBeLessThanOrEqual(12);
});

test("a state that holds less than its header says is refused, and its dock is free for others", () => {
  const { docks, model } = rig({ countMax: 1 });
  const [wrong, right] = [model(1), model(1)];
  wrong.state.arrays.header[HEADER.section] = 0xfffffffe;
  expect(() => docks.take(wrong)).toThrow(StateError);
  expect(isDocked(wrong)).toBe(false);
  expect(docks.take(right).id).toBe(1);
});
