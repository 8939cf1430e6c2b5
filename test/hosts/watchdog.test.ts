/** A host that no longer answers is ended, and only the call that hung is blamed. */
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { processLink } from "../../src/hosts/gpu/process-link.ts";
import { HostClient } from "../../src/hosts/host-client.ts";
import { HostError, HostHungError, HostLostError } from "../../src/hosts/host-errors.ts";
import type { TrainSlice } from "../../src/hosts/host.ts";
import { smallTemplate } from "../support/compute.ts";
import { HANGING_INPUT, HANGS } from "./hangs.ts";
import { sliceOf } from "./slices.ts";

vi.setConfig({ testTimeout: 120_000 });

const hangingWorker = new URL("./hanging-worker.js", import.meta.url);
const network = { template: smallTemplate, seed: 5 };

function openHost(timeoutMs: number, { threads = 2 } = {}) {
  const hung: unknown[] = [];
  const host = new HostClient(
    { uuid: "a", type: "cpu", name: "test" },
    workerLink(hangingWorker, "hanging", { threads }),
    { timeoutMs, onHung: (call) => hung.push(call) },
  );
  onTestFinished(() => host.close());
  return { host, hung };
}

function sliceThat(how: keyof typeof HANGS): TrainSlice {
  const slice = sliceOf(0, 16);
  slice.inputs[0]!.rows[0] = HANGS[how];
  return slice;
}

test.each(["wasm", "script", "helper"] as const)(
  "a hanging thread (%s) is ended, and so are its helper threads",
  async (how) => {
    const { host, hung } = openHost(1000);
    await host.create("good", network);
    await host.create("bad", network);
    const trained = await host.train("good", sliceOf(0, 16));
    const state = await host.exportState("good");
    const calls = [
      host.train("bad", sliceThat(how)),
      host.train("good", sliceOf(16, 16)),
      host.exportState("good"),
    ].map((call) => call.catch((error: unknown) => error));
    const [bad, ...others] = await Promise.all(calls);
    expect(bad).toBeInstanceOf(HostHungError);
    expect(hung).toEqual([{ host: "a", method: "train", cluster: "bad", seconds: 1 }]);
    for (const error of others) {
      expect(error).toBeInstanceOf(HostLostError);
      expect(error).not.toBeInstanceOf(HostHungError);
      expect((error as HostLostError).wasUnderWay).toBe(false);
    }
    expect(host.generation).toBe(1);
    // The next call starts it again, without any networks.
    expect((await host.attach("good", state)).figures).toEqual(trained.figures);
    await expect(host.exportState("bad")).rejects.toThrow(HostError);
    expect((await host.train("good", sliceOf(16, 16))).figures.cycle).toBe(32);
  },
);

test("closing waits for the end of a thread in an endless loop", async () => {
  const link = workerLink(hangingWorker, "hanging", { threads: 2 })({
    reply: () => undefined,
    begun: () => undefined,
    lost: () => undefined,
  });
  link.post({ id: 1, method: "train", args: ["bad", sliceThat("wasm")] }, []);
  await delay(300);
  await link.close(true);
});

test("a process that hangs is killed at once", async () => {
  let pid = 0;
  const script = new URL("./hanging-process.js", import.meta.url);
  const link = processLink(script, {}, { started: (started) => (pid = started) });
  const host = new HostClient({ uuid: "a", type: "gpu", name: "test" }, link, { timeoutMs: 1000 });
  onTestFinished(() => host.close());
  await expect(host.create("bad", network)).rejects.toThrow(HostHungError);
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("the time that a call waits behind another one does not count", async () => {
  // Each takes 1.5 s, and all of them together more than 4.
  const { host, hung } = openHost(4000);
  await host.create("good", network);
  const calls = [1, 2, 3, 4].map(() => host.train("good", sliceThat("slow")));
  expect(await Promise.all(calls)).toHaveLength(4);
  expect(hung).toEqual([]);
});

test("a hanging host has load 1, and a request for its state is answered", async () => {
  const { host } = openHost(3000);
  await host.create("bad", network);
  expect((await host.status()).load).toBeLessThan(1);
  expect(host.silentMs).toBe(0);
  const hung = host.train("bad", sliceThat("wasm")).catch((error: unknown) => error);
  await expect.poll(() => host.silentMs, { timeout: 20_000 }).toBeGreaterThanOrEqual(1500);
  expect(await host.status()).toMatchObject({ load: 1, clusters: 1 });
  expect(await hung).toBeInstanceOf(HostHungError);
  expect(host.silentMs).toBe(0);
  expect(await host.status()).toMatchObject({ clusters: 0 });
});

test("a host whose first call hangs answers no call, but rejects at once", async () => {
  const { host } = openHost(3000);
  const template = smallTemplate.replace("picture_hex", HANGING_INPUT);
  const hung = host.create("bad", { ...network, template }).catch((error: unknown) => error);
  await expect.poll(() => host.silentMs, { timeout: 20_000 }).toBeGreaterThan(0);
  await expect(host.status()).rejects.toThrow(/^It has been busy with one call for \d+ s\.$/);
  expect(await hung).toBeInstanceOf(HostHungError);
});

test("a host in a hurry gets a shorter limit", async () => {
  const { host } = openHost(3_600_000);
  await host.create("bad", network);
  const hung = host.train("bad", sliceThat("wasm")).catch((error: unknown) => error);
  host.hurry();
  expect(await hung).toMatchObject({ seconds: 10 });
});

test("time during which this process does not run does not count", async () => {
  const { host, hung } = openHost(1000);
  await host.create("good", network);
  const slow = host.train("good", sliceThat("slow"));
  // Longer than the limit. No timer can fire meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
  await slow;
  expect(hung).toEqual([]);
});
