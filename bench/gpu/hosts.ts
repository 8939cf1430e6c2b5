import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { allocateSources } from "../../src/network/add-sections.ts";
import { openCpuHost } from "../../src/hosts/cpu/open-cpu-host.ts";
import { gpuProcess } from "../../src/hosts/gpu/open-gpu-hosts.ts";
import { processLink } from "../../src/hosts/gpu/process-link.ts";
import { HostClient } from "../../src/hosts/host-client.ts";
import type { Host } from "../../src/hosts/host.ts";
import { createModel, widenInput } from "../../src/network/network-model.ts";
import { bytesPer } from "../../src/network/state.ts";
import { exportState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { rowsOf, type Digits } from "../harness/digits.ts";
import { TEMPLATE } from "../harness/template.ts";

const BATCH = 128;

export interface ClustersRow {
  clusters: number;
  samplesPerSecond: number;
}

/** Times of one move there and back, in seconds; `error` says why it did not happen. */
export interface MoveRow {
  megabytes: number;
  exportCpu?: number;
  attachGpu?: number;
  exportGpu?: number;
  attachCpu?: number;
  error?: string;
}

/** Runs `work` with a GPU host in its own process and a CPU host. */
export async function withHosts<T>(
  { software }: { software: boolean },
  work: (hosts: { gpu: Host; cpu: Host }) => Promise<T>,
): Promise<T> {
  const gpu = new HostClient(
    { uuid: "gpu", type: "gpu", name: "GPU" },
    processLink(gpuProcess, software ? { software } : {}),
  );
  const cpu = openCpuHost("cpu", { threads: undefined, memoryBytes: 8e9 });
  try {
    return await work({ gpu, cpu });
  } finally {
    await gpu.close();
    await cpu.close();
  }
}

/** Samples per second of all clusters together that one host trains in turn, with `slices` slices each. */
export async function clustersRow(
  host: Host,
  digits: Digits,
  { clusters, slices, samples }: { clusters: number; slices: number; samples: number },
): Promise<ClustersRow> {
  const names = Array.from({ length: clusters }, (_, i) => `cluster ${i}`);
  for (const [seed, name] of names.entries()) await host.create(name, { template: TEMPLATE, seed });
  const trainAll = async (name: string, from: number, to: number) => {
    for (let nth = from; nth < to; nth++) {
      const { inputs, expected } = rowsOf(digits, (nth * samples) % (digits.count - samples + 1), samples);
      const fresh = (all: typeof inputs) => all.map((rows) => ({ ...rows, values: rows.values.slice() }));
      await host.train(name, {
        cycles: samples,
        timeLength: 1,
        inputs: fresh(inputs),
        expected: fresh(expected),
        batchSize: BATCH,
        schedule: { firstCycle: 0, horizon: samples * 1000 },
      });
    }
  };
  await Promise.all(names.map((name) => trainAll(name, 0, 2)));
  const start = performance.now();
  await Promise.all(names.map((name) => trainAll(name, 2, 2 + slices)));
  const seconds = (performance.now() - start) / 1000;
  for (const name of names) await host.detach(name);
  return { clusters, samplesPerSecond: (clusters * slices * samples) / seconds };
}

/** Moves a state of about this size from the CPU to the GPU and back, as `switch_host` does. */
export async function moveRow({ gpu, cpu }: { gpu: Host; cpu: Host }, megabytes: number): Promise<MoveRow> {
  const row: MoveRow = { megabytes };
  const time = async <T>(key: "exportCpu" | "attachGpu" | "exportGpu" | "attachCpu", work: () => Promise<T>) => {
    const start = performance.now();
    const result = await work();
    row[key] = (performance.now() - start) / 1000;
    return result;
  };
  try {
    const state = stateOf(megabytes * 1e6);
    row.megabytes = Math.round(state.byteLength / 1e6);
    await cpu.attach("moves", state);
    const there = await time("exportCpu", () => cpu.exportState("moves"));
    await cpu.detach("moves");
    await time("attachGpu", () => gpu.attach("moves", there));
    const back = await time("exportGpu", () => gpu.exportState("moves"));
    await gpu.detach("moves");
    await time("attachCpu", () => cpu.attach("moves", back));
    await cpu.detach("moves");
  } catch (error) {
    row.error = error instanceof Error ? error.message : String(error);
  }
  return row;
}

/** A network of about this many bytes: as many inputs as that takes, each with its section. */
function stateOf(bytes: number): Uint8Array {
  const model = createModel(parseTemplate(TEMPLATE), 1, new WasmEngine().memoryFor());
  widenInput(model, 0, Math.ceil(bytes / (bytesPer("section") + (2 * bytesPer("block")) / 512)));
  allocateSources(model, model.hexagons[0]!, (id) => id < model.state.arrays.inputWidth[0]!);
  return exportState(model);
}
