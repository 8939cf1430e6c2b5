/** Other networks compute at the yield points of one network's call, and each one computes as if it were alone. */
import { afterEach, expect, onTestFinished, test } from "vitest";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { pcg } from "../../src/network/random.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { atYieldPoints } from "../../src/network/yield-point.ts";

/** The first hexagon feeds two others, the second feeds one, and an axon leads back. */
const TEMPLATE = parseTemplate(`version: 1 settings: max_connection_distance: 2
  hexagons: 1,1,1 2,1,1 3,1,1 4,1,1 inputs: in: 1,1,1 outputs: out: 4,1,1`);
const SIMPLE = parseTemplate(`version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1`);

function batch(seed: number, count: number, [width, outputs]: [number, number]) {
  const uniform = (at: number) => pcg(seed * 7919 + at) / 2 ** 32;
  const values = Float32Array.from({ length: count * width }, (_, i) => Math.max(0, Math.ceil(uniform(i) * 40) - 25));
  const shown = Float32Array.from({ length: count * outputs }, (_, i) => (uniform(~i) > 0.5 ? 1 : 0));
  const inputs = [{ index: 0, values, width }];
  return { cycles: count, timeLength: 1, inputs, expected: [{ index: 0, values: shown, width: outputs }] };
}

/** The answers of a step are compared, too. */
type Step = (network: Network) => unknown;
const online = (seed: number, count: number, widths: [number, number]): Step => {
  return (network) => network.train({ ...batch(seed, count, widths), batchSize: 1, schedule: 0.9 });
};
const inBatch = (seed: number, count: number, widths: [number, number]): Step => {
  return (network) => network.train({ ...batch(seed, count, widths), batchSize: 32, schedule: 0.9 });
};
const ask = (seed: number, count: number, widths: [number, number]): Step => {
  return (network) => network.request(batch(seed, count, widths));
};

/** Widths of the interrupted call: every part of it is long enough for several pieces. */
const WIDE: [number, number] = [6000, 700];
const LONG_STEPS = [online(1, 1, WIDE), online(2, 3, WIDE), inBatch(3, 64, WIDE), ask(4, 40, WIDE), ask(5, 1, WIDE)];

const NARROW: [number, number] = [90, 3];
const OTHER_STEPS = [
  online(11, 2, NARROW),
  inBatch(12, 64, NARROW),
  ask(13, 1, NARROW),
  ask(14, 40, NARROW),
  online(15, 1, [900, 5]),
];

/** Runs `work` at the yield points of a call, but not at the yield points of `work` itself. */
function inTheMiddle(work: () => void): void {
  let isBetween = false;
  atYieldPoints(() => {
    if (isBetween) return;
    isBetween = true;
    work();
    isBetween = false;
  });
}

afterEach(() => atYieldPoints(() => {}));

test.each([
  { threads: 1, docks: 64, growth: 0 },
  { threads: 3, docks: 64, growth: 0 },
  { threads: 3, docks: 1, growth: 0 },
  // All docks together may take 64 MiB, less than the long network alone.
  { threads: 3, docks: 64, memoryBytes: 2 ** 28, growth: 100_000 },
])("$threads threads, $docks docks, $growth more values", async ({ growth, ...options }) => {
  const engine = new WasmEngine(options);
  onTestFinished(() => engine.close());
  const makeAll = () => {
    const all = [TEMPLATE, SIMPLE, SIMPLE].map((template, seed) => Network.create(template, seed, engine));
    if (growth > 0) online(9, 1, [growth, 1])(all[0]!);
    return all;
  };

  const [long, ...others] = makeAll() as [Network, Network, Network];
  const carriedOut: [number, Step, unknown][] = [];
  let points = 0;
  inTheMiddle(() => {
    points += 1;
    if (points % 5 > 0) return;
    const nth = carriedOut.length;
    const step = OTHER_STEPS[nth % OTHER_STEPS.length]!;
    carriedOut.push([nth % 2, step, step(others[nth % 2]!)]);
    // A network that is created and disposed of.
    const passing = Network.create(SIMPLE, nth, engine);
    online(nth, 1, NARROW)(passing);
    passing.dispose();
  });
  const answers = LONG_STEPS.map((step) => step(long));
  atYieldPoints(() => {});
  // Several in the middle of each long call, on average.
  expect(carriedOut.length).toBeGreaterThan(5 * LONG_STEPS.length);

  const [longAlone, ...othersAlone] = makeAll() as [Network, Network, Network];
  expect(LONG_STEPS.map((step) => step(longAlone))).toEqual(answers);
  for (const [which, step, answer] of carriedOut) expect(step(othersAlone[which]!)).toEqual(answer);
  expect(Buffer.compare(long.export(), longAlone.export())).toBe(0);
  others.forEach((other, which) => expect(Buffer.compare(other.export(), othersAlone[which]!.export())).toBe(0));
});

test("an error in the middle of another network's call does not affect that network", async () => {
  // Room for the long network, and for little else.
  const engine = new WasmEngine({ threads: 2, memoryBytes: 50_000_000 });
  onTestFinished(() => engine.close());
  const long = Network.create(SIMPLE, 1, engine);
  let failures = 0;
  inTheMiddle(() => {
    if (failures > 3) return;
    const other = Network.create(SIMPLE, 2, engine);
    expect(() => online(1, 1, [400_000, 1])(other)).toThrow("bytes");
    other.dispose();
    failures += 1;
  });
  online(1, 2, [6000, 3])(long);
  expect(failures).toBe(4);
  atYieldPoints(() => {});
  const alone = Network.create(SIMPLE, 1, new WasmEngine());
  online(1, 2, [6000, 3])(alone);
  expect(Buffer.compare(long.export(), alone.export())).toBe(0);
});

test("a wide first sample, and wide outputs, pass yield points all the time", () => {
  const engine = new WasmEngine();
  const count = (widths: [number, number]) => {
    let points = 0;
    atYieldPoints(() => (points += 1));
    online(1, 1, widths)(Network.create(SIMPLE, 1, engine));
    return points;
  };
  // A block of 128 values and one of 128 outputs are at most one piece.
  const few = count([1000, 10]);
  expect(count([65_000, 10]) - few).toBeGreaterThan(64_000 / 128);
  expect(count([1000, 20_010]) - few).toBeGreaterThan(20_000 / 128);
});

test(
  "a network with a memory calls many helper threads in one phase, and they return",
  { timeout: 120_000 },
  async () => {
    // More than a word has bits for, if every call counted.
    const threads = 64;
    const engine = new WasmEngine({ threads });
    onTestFinished(() => engine.close());
    const remembering = parseTemplate(
      "version: 1 settings: refractory_time: 2 hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1",
    );
    const [long, other] = [Network.create(SIMPLE, 1, engine), Network.create(remembering, 2, engine)];
    const steps = Array.from({ length: 2 }, (_, seed) => inBatch(seed, 256, [30_000, 3]));
    let count = 0;
    inTheMiddle(() => inBatch(count++, 16, NARROW)(other));
    for (const step of steps) step(long);
    atYieldPoints(() => {});
    expect(count).toBeGreaterThan(64);
    // One thread: the results are the same, and 64 spend most of their time waiting for a processor.
    const alone = Network.create(SIMPLE, 1, new WasmEngine());
    for (const step of steps) step(alone);
    expect(Buffer.compare(long.export(), alone.export())).toBe(0);
  },
);
