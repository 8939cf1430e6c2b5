import { expect, onTestFinished, test } from "vitest";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { HostClient } from "../../src/hosts/host-client.ts";
import { HostClosedError, HostError, HostLostError } from "../../src/hosts/host-errors.ts";
import { smallTemplate } from "../support/compute.ts";
import { cpuWorker } from "../support/compute-rig.ts";
import { sliceOf } from "./slices.ts";

const dyingWorker = new URL("./dying-worker.js", import.meta.url);
const losingWorker = new URL("./losing-worker.js", import.meta.url);

function openHost(script = cpuWorker, threads = 1): HostClient {
  const host = new HostClient({ uuid: "h", type: "cpu", name: "test" }, workerLink(script, "test", { threads }));
  onTestFinished(() => host.close());
  return host;
}

test("the state after a task does not depend on its slices", async () => {
  const host = openHost();
  for (const cluster of ["a", "b"]) await host.create(cluster, { template: smallTemplate, seed: 1 });
  await host.train("a", sliceOf(0, 320));
  for (const [first, cycles] of [
    [0, 16],
    [16, 160],
    [176, 144],
  ] as const) {
    await host.train("b", sliceOf(first, cycles));
  }
  const [a, b] = [await host.exportState("a"), await host.exportState("b")];
  expect(Buffer.from(a).equals(b)).toBe(true);
});

test("a network continues from its exported state without a difference", async () => {
  const host = openHost();
  await host.create("a", { template: smallTemplate, seed: 1 });
  await host.train("a", sliceOf(0, 160));
  const half = await host.exportState("a");
  const info = await host.attach("b", half.slice());
  expect(info).toMatchObject({ template: smallTemplate, figures: { cycle: 160 } });
  expect(info.figures.sections).toBeGreaterThan(0);
  for (const cluster of ["a", "b"]) await host.train(cluster, sliceOf(160, 160));
  expect(Buffer.from(await host.exportState("a")).equals(await host.exportState("b"))).toBe(true);
});

test("rows are transferred instead of copied, and answers come back per output", async () => {
  const host = openHost();
  await host.create("a", { template: smallTemplate, seed: 1 });
  const slice = sliceOf(0, 16);
  const report = await host.train("a", slice);
  expect(report.figures.cycle).toBe(16);
  expect(report.elapsedMs).toBeGreaterThan(0);
  expect(slice.inputs[0]?.rows.length).toBe(0);
  const { inputs } = sliceOf(0, 100);
  const { outputs } = await host.request("a", { cycles: 100, timeLength: 1, inputs });
  expect(outputs).toEqual([{ name: "label_hex", width: 8, values: expect.any(Float32Array) }]);
  expect(outputs[0]?.values.length).toBe(800);
});

test("a view into a larger buffer leaves that buffer intact", async () => {
  const host = openHost();
  await host.create("a", { template: smallTemplate, seed: 1 });
  const shared = new Uint8Array(64);
  await host.request("a", {
    cycles: 1,
    timeLength: 1,
    inputs: [{ index: 0, width: 16, rows: shared.subarray(16, 32) }],
  });
  expect(shared.length).toBe(64);
});

test("failures keep their kind and text, and the host continues", async () => {
  const host = openHost();
  await expect(host.exportState("nobody")).rejects.toMatchObject({ name: "HostError", kind: "unknown_cluster" });
  await host.create("a", { template: smallTemplate, seed: 1 });
  await expect(host.attach("a", new Uint8Array(100))).rejects.toMatchObject({ kind: "state" });
  const short = { ...sliceOf(0, 16), cycles: 17 };
  await expect(host.train("a", short)).rejects.toThrow(HostError);
  expect(await host.request("a", { cycles: 1, timeLength: 1, inputs: [] })).toMatchObject({ remembers: false });
  await host.detach("nobody");
  expect(await host.status()).toMatchObject({ clusters: 1 });
});

test.each(["exit", "throw"])(
  "a host that dies (%s) rejects its pending calls and restarts without clusters",
  async (how) => {
    const host = openHost(dyingWorker);
    await host.create("a", { template: smallTemplate, seed: 1 });
    expect(host.generation).toBe(0);
    const dying = host.detach(how);
    const owed = host.exportState("a");
    await expect(dying).rejects.toThrow(HostLostError);
    await expect(owed).rejects.toThrow(how === "exit" ? "its thread ended with code 3" : "a defect");
    expect(host.generation).toBe(1);
    await expect(host.exportState("a")).rejects.toMatchObject({ kind: "unknown_cluster" });
  },
);

test("the status is answered at once while the host computes", async () => {
  const host = openHost();
  await host.create("a", { template: smallTemplate, seed: 1 });
  let isTraining = true;
  const training = host.train("a", sliceOf(0, 320)).then(() => (isTraining = false));
  const status = await host.status();
  expect(isTraining).toBe(true);
  expect(status).toMatchObject({ clusters: 1 });
  await training;
  expect((await host.status()).load).toBeGreaterThan(0);
});

test("a closed host reports that it is closed", async () => {
  const host = openHost();
  const pending = host.create("a", { template: smallTemplate, seed: 1 });
  await host.close();
  await expect(pending).rejects.toThrow(HostClosedError);
  await expect(host.status()).rejects.toThrow(HostClosedError);
});

test("a host that loses one of its threads in the middle of a step is lost, and restarts", async () => {
  const host = openHost(losingWorker, 2);
  await host.create("a", { template: smallTemplate, seed: 1 });
  // Many phases, in case the thread is too late for the first ones.
  const trained = (async () => {
    for (let cycle = 0; ; cycle += 16_000) await host.train("a", { ...sliceOf(cycle, 16_000), schedule: null });
  })();
  await expect(trained).rejects.toMatchObject({
    name: "HostLostError",
    message: expect.stringContaining("one of its computing threads ended"),
  });
  expect(host.generation).toBe(1);
  await host.create("a", { template: smallTemplate, seed: 1 });
});
