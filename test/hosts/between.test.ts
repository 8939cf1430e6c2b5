/** Calls that the CPU host answers in the middle of another call. */
import { expect, onTestFinished, test, vi } from "vitest";
import { openCpuHost } from "../../src/hosts/cpu/open-cpu-host.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { HostClient } from "../../src/hosts/host-client.ts";
import { HostHungError, HostLostError } from "../../src/hosts/host-errors.ts";
import type { Host, TrainSlice } from "../../src/hosts/host.ts";
import { smallTemplate } from "../support/compute.ts";
import { HANGS } from "./hangs.ts";
import { sliceOf } from "./slices.ts";

vi.setConfig({ testTimeout: 60_000 });

const network = { template: smallTemplate, seed: 5 };

/** The first sample of a wide network: it takes some hundred milliseconds and as many yield points. */
function wideSlice(): TrainSlice {
  const slice = sliceOf(0, 1, 1);
  const rows = new Float32Array(200_000).fill(1);
  return { ...slice, inputs: [{ index: 0, width: rows.length, rows }], schedule: null };
}

function sliceThat(how: keyof typeof HANGS): TrainSlice {
  const slice = sliceOf(0, 16);
  slice.inputs[0]!.rows[0] = HANGS[how];
  return slice;
}

async function openCpu(): Promise<Host> {
  const host = openCpuHost("a", { threads: 2, memoryBytes: 2 ** 31 });
  onTestFinished(() => host.close());
  for (const cluster of ["wide", "small", "other"]) await host.create(cluster, network);
  return host;
}

test("a call about another cluster is answered in the middle of a call, one about the same cluster afterwards", async () => {
  const host = await openCpu();
  const answers: string[] = [];
  const note = (name: string) => (value: unknown) => {
    answers.push(name);
    return value;
  };
  const wide = host.train("wide", wideSlice());
  const calls = [
    wide.then(note("wide")),
    host.exportState("wide").then(note("state of wide")),
    host.train("small", sliceOf(0, 16)).then(note("small")),
    host.request("other", { cycles: 16, timeLength: 1, inputs: sliceOf(0, 16).inputs }).then(note("other")),
    host.detach("wide").then(note("end of wide")),
  ];
  const [, state] = await Promise.all(calls);
  expect(answers).toEqual(["small", "other", "wide", "state of wide", "end of wide"]);
  // The state includes the whole sample.
  const { figures } = await host.attach("again", state as Uint8Array);
  expect(figures).toEqual((await wide).figures);
  // Each call is charged only its own time, so their sum does not exceed the elapsed time.
  expect((await host.status()).load).toBeLessThanOrEqual(1);
});

test("calls in the middle of another one, and the outer one, compute the same as in sequence", async () => {
  const host = await openCpu();
  const both = async (isAtOnce: boolean) => {
    const wide = host.train("wide", wideSlice());
    if (!isAtOnce) await wide;
    for (let first = 0; first < 64; first += 16) await host.train("small", sliceOf(first, 16));
    await wide;
    const states = [await host.exportState("wide"), await host.exportState("small")];
    for (const cluster of ["wide", "small"]) await host.create(cluster, network);
    return states.map((state) => Buffer.from(state).toString("base64"));
  };
  expect(await both(true)).toEqual(await both(false));
});

test("a call that hangs in the middle of another one is blamed, not the outer one", async () => {
  const hung: unknown[] = [];
  const link = workerLink(new URL("./hanging-worker.js", import.meta.url), "hanging", { threads: 2 });
  const host = new HostClient({ uuid: "a", type: "cpu", name: "test" }, link, {
    timeoutMs: 2000,
    onHung: (call) => hung.push(call),
  });
  onTestFinished(() => host.close());
  for (const cluster of ["wide", "bad", "small"]) await host.create(cluster, network);
  const calls = [
    host.train("wide", wideSlice()),
    host.train("bad", sliceThat("wasm")),
    host.train("small", sliceOf(0, 16)),
  ].map((call) => call.catch((error: unknown) => error));
  const [wide, bad, small] = await Promise.all(calls);
  expect(bad).toBeInstanceOf(HostHungError);
  expect(hung).toMatchObject([{ method: "train", cluster: "bad" }]);
  for (const lost of [wide, small]) {
    expect(lost).toBeInstanceOf(HostLostError);
    expect(lost).not.toBeInstanceOf(HostHungError);
    expect((lost as HostLostError).wasUnderWay).toBe(false);
  }
});
