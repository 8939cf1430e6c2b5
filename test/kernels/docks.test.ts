/** Who is in which memory, and what becomes of memories that grew. */
import { expect, test } from "vitest";
import { Dock } from "../../src/kernels/wasm/dock.ts";
import { Docks } from "../../src/kernels/wasm/docks.ts";
import { loadKernels } from "../../src/kernels/wasm/kernels.ts";
import { MemoryBudget } from "../../src/kernels/wasm/memory-budget.ts";
import { NetworkMemory } from "../../src/kernels/wasm/network-memory.ts";
import { type Cluster, createCluster, widenInput } from "../../src/network/cluster.ts";
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
  const cluster = (megabytes: number): Cluster => {
    const made = createCluster(TEMPLATE, 1, new NetworkMemory(budget));
    widenInput(made, 0, valuesOf(megabytes));
    made.state.arrays.bias.fill(1.5);
    return made;
  };
  return { budget, docks, dropped, cluster };
}

const isDocked = ({ state }: Cluster) => state.arrays.bias.buffer instanceof SharedArrayBuffer;

test("the cluster that was used longest ago goes to rest, with all that it has, and costs what it cost", () => {
  const { budget, docks, cluster } = rig({ countMax: 2 });
  const clusters = [cluster(1), cluster(1), cluster(1)] as const;
  const { free } = budget;
  for (const each of clusters) docks.take(each);
  expect(clusters.map(isDocked)).toEqual([false, true, true]);
  docks.take(clusters[1]);
  const dock = docks.take(clusters[0]);
  expect(clusters.map(isDocked)).toEqual([true, true, false]);
  expect(docks.find(clusters[0])).toBe(dock);
  for (const { state } of clusters) expect(state.arrays.bias.every((value) => value === 1.5)).toBe(true);
  // The first moves leave out the room that arrays had to spare; then nothing changes any more.
  const settled = budget.free;
  expect(settled).toBeGreaterThanOrEqual(free);
  for (const each of clusters) docks.take(each);
  expect(budget.free).toBe(settled);
});

test("memories that have grown beyond what they may have together go, the oldest first, but for the last one", () => {
  const { docks, dropped, cluster } = rig({ bytesMax: 25 * MB });
  const clusters = [cluster(10), cluster(10), cluster(1)];
  for (const each of clusters) {
    docks.take(each);
    docks.trim();
  }
  expect(clusters.map(isDocked)).toEqual([true, true, true]);
  widenInput(clusters[2]!, 0, valuesOf(12));
  docks.trim();
  expect(clusters.map(isDocked)).toEqual([false, false, true]);
  expect(dropped).toEqual([1, 2]);
  widenInput(clusters[2]!, 0, valuesOf(40));
  docks.trim();
  expect(clusters.map(isDocked)).toEqual([false, false, true]);
});

test("a memory that is far too large is not kept for a small cluster", () => {
  const { docks, dropped, cluster } = rig({ countMax: 1 });
  const [large, fair, small] = [cluster(100), cluster(20), cluster(1)] as const;
  docks.take(large);
  expect(docks.take(fair).bytes).toBeGreaterThan(100 * MB);
  expect(dropped).toEqual([]);
  expect(docks.take(small).bytes).toBeLessThan(5 * MB);
  expect(dropped).toEqual([1]);
});

test("a few empty memories wait for the next clusters", () => {
  const { budget, docks, dropped, cluster } = rig({ countMax: 20 });
  const clusters = Array.from({ length: 12 }, () => cluster(1));
  for (const each of clusters) docks.take(each);
  for (const each of clusters) {
    releaseState(each.state);
    docks.release(each);
  }
  expect(budget.free).toBe(budget.bytesMax);
  expect(dropped).toHaveLength(4);
  expect(docks.take(cluster(1)).id).toBeLessThanOrEqual(12);
});

test("a state that holds less than it says does not come in, and its dock is there for others", () => {
  const { docks, cluster } = rig({ countMax: 1 });
  const [wrong, right] = [cluster(1), cluster(1)];
  wrong.state.arrays.header[HEADER.section] = 0xfffffffe;
  expect(() => docks.take(wrong)).toThrow(StateError);
  expect(isDocked(wrong)).toBe(false);
  expect(docks.take(right).id).toBe(1);
});
