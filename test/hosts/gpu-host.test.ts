import { pino } from "pino";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { cpuWorker } from "../support/compute-rig.ts";
import { smallTemplate } from "../support/compute.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { findGpus } from "../../src/hosts/gpu/find-gpus.ts";
import { gpuProcess } from "../../src/hosts/gpu/open-gpu-hosts.ts";
import { processLink } from "../../src/hosts/gpu/process-link.ts";
import { HostClient } from "../../src/hosts/host-client.ts";
import { HostClosedError, HostError } from "../../src/hosts/host-errors.ts";
import type { Host, SliceColumns, TrainSlice } from "../../src/hosts/host.ts";
import type { NetworkModel } from "../../src/network/network-model.ts";
import { writeCycle } from "../../src/network/cycle.ts";
import { exportState, restoreState } from "../../src/network/state-file.ts";
import { expectSameModel } from "../kernels/compare.ts";
import { HORIZON, sliceOf } from "./slices.ts";

/** The software device is slow on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const log = pino({ level: "silent" });

const newGpuHost = (options: object = { software: true }) =>
  new HostClient({ uuid: "g", type: "gpu", name: "test" }, processLink(gpuProcess, options));

let shared: HostClient | undefined;
afterAll(() => shared?.close());

/** The one that the tests share, because each process compiles all kernels. Its networks go with the test. */
function useGpuHost(): HostClient {
  const host = (shared ??= newGpuHost());
  onTestFinished(async () => {
    for (const cluster of ["a", "b", "moves"]) await host.detach(cluster);
  });
  return host;
}

function openCpuHost(): HostClient {
  const host = new HostClient({ uuid: "c", type: "cpu", name: "test" }, workerLink(cpuWorker, "test"));
  onTestFinished(() => host.close());
  return host;
}

/** Percent of the rows from `first` on whose largest output is correct. */
async function accuracy(host: Host, cluster: string, first: number, cycles: number): Promise<number> {
  const { inputs } = sliceOf(first, cycles);
  const { outputs } = await host.request(cluster, { cycles, timeLength: 1, inputs });
  let right = 0;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const shown = outputs[0]!.values.subarray(cycle * 8, cycle * 8 + 8);
    if (shown.indexOf(Math.max(...shown)) === (first + cycle) % 8) right += 1;
  }
  return (100 * right) / cycles;
}

test("the software GPU is found on request only", async () => {
  expect((await findGpus({ software: false, log })).filter(({ isSoftware }) => isSoftware)).toEqual([]);
  const found = await findGpus({ software: true, log });
  expect(found.at(-1)).toMatchObject({ isSoftware: true, vendor: "google", driver: expect.stringContaining("Swift") });
});

test("a GPU host trains, answers and reports its status; the same slices give the same bytes", async () => {
  const host = useGpuHost();
  for (const cluster of ["a", "b"]) await host.create(cluster, { template: smallTemplate, seed: 1 });
  const report = await host.train("a", sliceOf(0, 320));
  expect(report.figures.cycle).toBe(320);
  expect(report.figures.sections).toBeGreaterThan(0);
  expect(report.elapsedMs).toBeGreaterThan(0);
  for (const [first, cycles] of [
    [0, 16],
    [16, 160],
    [176, 144],
  ] as const) {
    await host.train("b", sliceOf(first, cycles));
  }
  expect(Buffer.from(await host.exportState("a")).equals(await host.exportState("b"))).toBe(true);
  expect(await accuracy(host, "a", 1000, 400)).toBeGreaterThan(90);
  const status = await host.status();
  expect(status).toMatchObject({ clusters: 2 });
  expect(status.memoryBytesFree).toBeLessThan(status.memoryBytesTotal);
  await host.detach("a");
  await host.detach("a");
  expect(await host.status()).toMatchObject({ clusters: 1 });
});

test("rows kept on a GPU host train the same as rows sent with the slice; a CPU host keeps none", async () => {
  const [host, cpu] = [useGpuHost(), openCpuHost()];
  const { inputs, expected } = sliceOf(0, 40);
  const table = { key: "task", rowsTotal: 40, first: 0, rows: 40, timeLength: 1, inputs, expected };
  const picks = Uint32Array.from({ length: 64 }, (_, i) => (i * 7) % 40);
  const rule = { cycles: 64, timeLength: 1, batchSize: 16, schedule: { firstCycle: 0, horizon: HORIZON } };
  const kept: TrainSlice = { ...rule, inputs: [], expected: [], table: { key: "task", order: picks } };
  const take = (columns: SliceColumns[]) =>
    columns.map(({ index, width, rows }) => {
      const taken = new Uint8Array(picks.length * width);
      picks.forEach((row, i) => taken.set(rows.subarray(row * width, (row + 1) * width), i * width));
      return { index, width, rows: taken };
    });
  for (const cluster of ["a", "b"]) await host.create(cluster, { template: smallTemplate, seed: 1 });
  await expect(host.train("a", kept)).rejects.toMatchObject({ kind: "table" });
  expect(await host.holdTable("a", table)).toBe(true);
  expect((await host.train("a", kept)).figures.cycle).toBe(64);
  await host.train("b", { ...rule, inputs: take(inputs), expected: take(expected) });
  expect(Buffer.from(await host.exportState("a")).equals(await host.exportState("b"))).toBe(true);
  await host.dropTable("a");
  await expect(host.train("a", kept)).rejects.toMatchObject({ kind: "table" });
  // More than a quarter of the free memory.
  const { memoryBytesFree } = await host.status();
  expect(await host.holdTable("a", { ...table, rowsTotal: Math.ceil(memoryBytesFree / 4 / 16) })).toBe(false);

  await cpu.create("a", { template: smallTemplate, seed: 1 });
  expect(await cpu.holdTable("a", table)).toBe(false);
  await cpu.dropTable("a");
  await expect(cpu.train("a", kept)).rejects.toMatchObject({ kind: "table" });
});

test("an invalid call is refused, and nothing changes", async () => {
  const host = useGpuHost();
  await host.create("a", { template: smallTemplate, seed: 1 });
  await host.train("a", sliceOf(0, 32));
  const before = await host.exportState("a");
  await expect(host.request("b", { cycles: 1, timeLength: 1, inputs: [] })).rejects.toMatchObject({
    kind: "unknown_cluster",
  });
  await expect(host.attach("a", new Uint8Array(100))).rejects.toMatchObject({ kind: "state" });
  await expect(host.attach("a", before.slice(0, -4))).rejects.toMatchObject({ kind: "state" });
  await expect(host.train("a", { ...sliceOf(32, 16), cycles: 17 })).rejects.toBeInstanceOf(HostError);
  expect(Buffer.from(await host.exportState("a")).equals(before)).toBe(true);
});

test("a network that moves between CPU and GPU throughout one training learns as well as one that stays", async () => {
  const [cpu, gpu] = [openCpuHost(), useGpuHost()];
  await cpu.create("stays", { template: smallTemplate, seed: 3 });
  await cpu.train("stays", sliceOf(0, HORIZON));
  await cpu.create("moves", { template: smallTemplate, seed: 3 });
  let at: Host = cpu;
  let moves = 0;
  for (let cycle = 0; cycle < HORIZON;) {
    const cycles = Math.min(HORIZON - cycle, 16 * (1 + ((cycle * 7 + 3) % 3)));
    expect((await at.train("moves", sliceOf(cycle, cycles))).figures.cycle).toBe(cycle + cycles);
    cycle += cycles;
    const target: Host = at === cpu ? gpu : cpu;
    const state = await at.exportState("moves");
    const info = await target.attach("moves", state.slice());
    expect(info.figures.cycle).toBe(cycle);
    // A move alone changes no bit.
    expect(Buffer.from(await target.exportState("moves")).equals(state)).toBe(true);
    await at.detach("moves");
    at = target;
    moves += 1;
  }
  expect(moves).toBeGreaterThan(8);
  const [moved, stayed] = [await accuracy(at, "moves", 5000, 400), await accuracy(cpu, "stays", 5000, 400)];
  expect(Math.abs(moved - stayed)).toBeLessThan(3);
});

test("cycles of direct IO change a network as much as on the CPU, and less the longer it was trained", async () => {
  const [cpu, gpu] = [openCpuHost(), useGpuHost()];
  await cpu.create("a", { template: smallTemplate, seed: 3 });
  await cpu.train("a", sliceOf(0, 64));
  const begun = restoreState(await cpu.exportState("a"));
  const before = begun.state.arrays.readout.slice();
  /** The network after six cycles, when its header says that it was trained with this many samples. */
  const learned = async (host: Host, trained: number): Promise<NetworkModel> => {
    writeCycle(begun.state.arrays.header, trained);
    await host.attach("a", exportState(begun));
    for (let cycle = 64; cycle < 70; cycle++) await host.train("a", { ...sliceOf(cycle, 1, 1), schedule: null });
    return restoreState(await host.exportState("a"));
  };
  const change = ({ state }: NetworkModel) =>
    Math.hypot(...state.arrays.readout.subarray(0, before.length).map((weight, i) => weight - before[i]!));
  const changes: number[] = [];
  for (const trained of [0, 45_000]) {
    const [there, here] = [await learned(gpu, trained), await learned(cpu, trained)];
    expectSameModel(there, here, 5e-5, { bias: 5e-4 });
    expect(change(there) / change(here)).toBeCloseTo(1, 4);
    changes.push(change(there));
  }
  // A tenth of the rate.
  expect(changes[1]! / changes[0]!).toBeCloseTo(0.1, 1);
});

test("a device that cannot be opened ends the host's process with the reason", async () => {
  const host = newGpuHost({ adapter: "no such adapter" });
  onTestFinished(() => host.close());
  await expect(host.status()).rejects.toThrow(/no suitable backends found|lost/);
});

test("a process that cannot be started makes its host lost", async () => {
  vi.stubEnv("PATH", "/nowhere");
  onTestFinished(() => void vi.unstubAllEnvs());
  // Hiding a device needs a tool that is missing here.
  const link = processLink(gpuProcess, { software: true }, { hidden: ["/dev/zero"] });
  const host = new HostClient({ uuid: "g", type: "gpu", name: "test" }, link);
  await expect(host.status()).rejects.toThrow(/^The host was lost: spawn unshare ENOENT/);
  expect(host.generation).toBe(1);
  await host.close();
});

test("closing ends the process and rejects pending calls", async () => {
  const host = shared ?? newGpuHost();
  shared = undefined;
  await host.create("a", { template: smallTemplate, seed: 1 });
  await host.close();
  await expect(host.status()).rejects.toBeInstanceOf(HostClosedError);
});
