/** Growth of wide networks: its time is linear in the width, and the devices find the same places. */
import { expect, test, vi } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { GpuNetwork } from "../../src/kernels/webgpu/gpu-network.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { MemoryFullError } from "../../src/network/memory-full-error.ts";
import { Network } from "../../src/network/network.ts";
import { restoreState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { THREE_HEXAGONS } from "../network/training.ts";
import { expectSame } from "./compare.ts";
import { useGpu } from "./gpu-support.ts";

/** Tolerance for a busy machine. Quadratic growth is far beyond it: 64 times as slow, or more. */
const SLOWER_MAX = 16;
const LINKS = ["blockHexagon", "blockSections", "places", "sectionHead", "source", "target", "next", "seed"] as const;
const outputs = new Float32Array(8).fill(0.5);
const inputs = (width: number) => new Float32Array(width).fill(0.5);

vi.setConfig({ testTimeout: 300_000 });

const open = useGpu();

/** Processor time in ms, which other work on the machine affects least. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function sample(network: Network, width: number): number {
  const started = usedMs();
  network.train({
    count: 1,
    inputs: [{ index: 0, values: inputs(width), width }],
    expected: [{ index: 0, values: outputs, width: outputs.length }],
    update: "online",
    rate: 0.7,
  });
  return usedMs() - started;
}

const newNetwork = (engine: WasmEngine) => Network.create(parseTemplate(THREE_HEXAGONS), 5, engine);

function firstSample(engine: WasmEngine, width: number): number {
  const network = newNetwork(engine);
  const ms = sample(network, width);
  network.dispose();
  return ms;
}

/** The best of several runs, which excludes the load of a busy machine. */
const best = (engine: WasmEngine, width: number) =>
  Math.min(...Array.from({ length: 5 }, () => firstSample(engine, width)));

test("a first sample that is 64 times as wide takes about 64 times as long", () => {
  const engine = new WasmEngine();
  const narrow = best(engine, 4000);
  expect(firstSample(engine, 64 * 4000) / (64 * narrow)).toBeLessThan(SLOWER_MAX);
});

test("growth takes about as long where memory is too short for arrays of twice the size", () => {
  const width = 16_000;
  const roomy = best(new WasmEngine(), width);
  // The network takes 21 MB, and there is no room for another 21 MB.
  expect(firstSample(new WasmEngine({ memoryBytes: 38_000_000 }), width) / roomy).toBeLessThan(SLOWER_MAX);
});

test("a sample that can never fit is refused at once, and the engine continues", () => {
  const engine = new WasmEngine();
  const known = best(engine, 8000);
  const network = newNetwork(engine);
  const started = usedMs();
  expect(() => sample(network, 3_900_000)).toThrow(MemoryFullError);
  expect((usedMs() - started) / known).toBeLessThan(1000);
  network.dispose();
  firstSample(engine, 100);
});

test("a device finds the same places as the reference, where most blocks are full", async () => {
  const width = 2400;
  const network = await GpuNetwork.create(open(), parseTemplate(THREE_HEXAGONS), 5);
  await network.train({
    inputs: [{ index: 0, width, rows: inputs(width) }],
    expected: [{ index: 0, width: outputs.length, rows: outputs.slice() }],
    cycles: 1,
    timeLength: 1,
    batchSize: 1,
    update: "online",
    rateAt: () => 0.7,
  });
  const reference = Network.create(parseTemplate(THREE_HEXAGONS), 5, new ReferenceEngine());
  sample(reference, width);
  const [found, expected] = [await network.export(), reference.export()].map(
    (bytes) => restoreState(bytes).state.arrays,
  );
  for (const name of LINKS) expectSame(found![name], expected![name], name);
  network.destroy();
});
