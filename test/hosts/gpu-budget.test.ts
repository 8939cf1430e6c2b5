import { expect, onTestFinished, test, vi } from "vitest";
import { gpuProcess } from "../../src/hosts/gpu/open-gpu-hosts.ts";
import { processLink } from "../../src/hosts/gpu/process-link.ts";
import { GpuStore } from "../../src/hosts/gpu/gpu-store.ts";
import { checkHostRoom } from "../../src/hosts/check-host-room.ts";
import { HostClient } from "../../src/hosts/host-client.ts";
import type { TrainRun } from "../../src/network/run.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { useGpu } from "../kernels/gpu-support.ts";
import { oneHot, pixel, smallTemplate } from "../support/compute.ts";

/** The software device is slow on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

function openGpuHost(memoryBytes: number): HostClient {
  const link = processLink(gpuProcess, { software: true, memoryBytes });
  const host = new HostClient({ uuid: "g", type: "gpu", name: "test" }, link);
  onTestFinished(() => host.close());
  return host;
}

function sliceOf(width: number): TrainRun {
  const cycles = 16;
  const picture = new Uint8Array(cycles * width).map((_, i) => pixel(Math.floor(i / width), i % width));
  const label = new Uint8Array(cycles * 8).map((_, i) => oneHot(Math.floor(i / 8), i % 8));
  return {
    cycles,
    timeLength: 1,
    inputs: [{ index: 0, width, values: picture }],
    expected: [{ index: 0, width: 8, values: label }],
    batchSize: 16,
    schedule: { firstCycle: 0, horizon: 160 },
  };
}

/** Enough for one small network with its pools, which start at 26 MB, but not for a second one. */
const MEMORY_BYTES = 40_000_000;

const room = { name: "HostError", kind: "room", message: expect.stringContaining("has no room for this network") };

test("networks of a GPU host stay within its budget", async () => {
  const network = Network.create(parseTemplate(smallTemplate), 1, new WasmEngine());
  network.train({ ...sliceOf(16), schedule: 1 });
  const state = network.export();

  const host = openGpuHost(MEMORY_BYTES);
  await host.attach("a", state.slice());
  expect((await host.status()).memoryBytesTotal).toBe(MEMORY_BYTES);
  await expect(host.attach("b", state.slice())).rejects.toMatchObject({ ...room, kind: "crowded" });
  expect(await host.status()).toMatchObject({ clusters: 1 });
  await expect(host.train("a", sliceOf(4000))).rejects.toMatchObject(room);
  expect(host.generation).toBe(0);
  // A cluster does the same.
  await host.detach("a");
  await host.attach("a", state.slice());
  const asked = sliceOf(16);
  expect(
    (await host.request("a", { cycles: 16, timeLength: 1, inputs: asked.inputs })).outputs[0]?.values,
  ).toHaveLength(128);
});

test("an idle network leaves a full GPU host, one in use does not, and its memory is counted back", async () => {
  const network = Network.create(parseTemplate(smallTemplate), 1, new WasmEngine());
  network.train({ ...sliceOf(16), schedule: 1 });
  const state = network.export();
  const host = openGpuHost(MEMORY_BYTES);
  const left: string[] = [];
  host.onLeft((cluster) => left.push(cluster));
  const crowded = { ...room, kind: "crowded" };
  await host.attach("a", state.slice());
  const { memoryBytesFree: free } = await host.status();
  await expect(host.attach("b", state.slice())).rejects.toMatchObject(crowded);
  await host.markIdle("a");
  expect((await host.status()).memoryBytesFree).toBe(MEMORY_BYTES);
  await host.markBusy("a");
  await expect(host.attach("b", state.slice())).rejects.toMatchObject(crowded);
  await host.markIdle("a");
  const { inputs } = sliceOf(16);
  await host.request("a", { cycles: 16, timeLength: 1, inputs });
  await host.attach("b", state.slice());
  expect([left, host.has("a"), host.has("b")]).toEqual([["a"], false, true]);
  expect(await host.status()).toMatchObject({ clusters: 1, memoryBytesFree: free });
  expect(Buffer.from(await host.exportState("b")).equals(state)).toBe(true);
  await expect(host.exportState("a")).rejects.toMatchObject({ kind: "unknown_cluster" });
  expect(await host.markBusy("a")).toBe(false);
});

const open = useGpu();

test("a GPU of unknown memory takes clusters until its device is full", async () => {
  const { gpu } = open();
  const giveUp = vi.fn<(reason: string) => void>();
  // Simulates a GPU that is not software and whose largest buffer is smaller than one network needs.
  const unknown = { ...gpu, identity: { ...gpu.identity, isSoftware: false }, maxBufferBytes: 8_000_000 };
  const store = new GpuStore({ gpu: unknown, memoryBytes: null, giveUp });
  onTestFinished(async () => {
    for (const cluster of ["a", "b"]) await store.detach(cluster);
  });
  for (const cluster of ["a", "b"]) {
    const lastStatus = store.status();
    expect(() => checkHostRoom({ uuid: "g", lastStatus }, 1_000_000)).not.toThrow();
    await store.create(cluster, { template: smallTemplate, seed: 1 });
  }
  const { memoryBytesTotal, memoryBytesFree } = store.status();
  expect(memoryBytesFree).toBe(8_000_000);
  expect(memoryBytesTotal).toBeGreaterThan(3 * memoryBytesFree);
  expect(giveUp).not.toHaveBeenCalled();
});

test("the idle network that was used longest ago leaves, and growth waits for those in use", async () => {
  const network = Network.create(parseTemplate(smallTemplate), 1, new WasmEngine());
  network.train({ ...sliceOf(16), schedule: 1 });
  const state = network.export();
  const giveUp = vi.fn<(reason: string) => void>();
  // Two of the three fit.
  const store = new GpuStore({ gpu: open().gpu, memoryBytes: 75_000_000, giveUp });
  onTestFinished(async () => {
    for (const cluster of ["a", "b", "c"]) await store.detach(cluster);
  });
  for (const cluster of ["a", "b"]) {
    await store.attach(cluster, state.slice());
    await store.markIdle(cluster);
  }
  await store.request("a", { cycles: 1, timeLength: 1, inputs: [] });
  await store.attach("c", state.slice());
  expect(store.takeLeft()).toEqual(["b"]);
  await store.markBusy("a");
  await expect(store.train("c", sliceOf(20_000))).rejects.toMatchObject({ kind: "crowded" });
  await store.markIdle("a");
  await store.detach("c");
  await store.attach("c", state.slice());
  await expect(store.train("c", sliceOf(20_000))).rejects.toMatchObject({ kind: "room" });
});

test("a network that becomes wider than the device can compute fails alone", async () => {
  const giveUp = vi.fn<(reason: string) => void>();
  const store = new GpuStore({ gpu: open().gpu, memoryBytes: null, giveUp });
  onTestFinished(async () => {
    for (const cluster of ["a", "b"]) await store.detach(cluster);
  });
  for (const cluster of ["a", "b"]) {
    await store.create(cluster, { template: smallTemplate, seed: 1 });
    await store.train(cluster, sliceOf(16));
  }
  const before = await store.exportState("b");
  const width = 70_000;
  const expected = [{ index: 0, width, values: new Uint8Array(16 * width) }];
  await expect(store.train("a", { ...sliceOf(16), expected })).rejects.toMatchObject({
    kind: "room",
    message: "The host has no room for this network: the device has no room for 70000 outputs",
  });
  expect(giveUp).not.toHaveBeenCalled();
  expect(Buffer.from(await store.exportState("b")).equals(before)).toBe(true);
  await store.train("b", sliceOf(16));
});
