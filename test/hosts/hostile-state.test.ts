/**
 * Files that are whole and carry the right checksum, but hold what no network can hold: kernels use these arrays as indices
 * and would read and write out of bounds. Every array has its entry, so a new one cannot be forgotten.
 */
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { gpuProcess } from "../../src/hosts/gpu/open-gpu-hosts.ts";
import { processLink } from "../../src/hosts/gpu/process-link.ts";
import { HostClient } from "../../src/hosts/host-client.ts";
import {
  ARRAY_NAMES,
  type ArrayName,
  type Arrays,
  HEADER,
  LAYOUT,
  SECTIONS_PER_BLOCK,
} from "../../src/network/layout.ts";
import { Network } from "../../src/network/network.ts";
import { exportState, restoreState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { smallTemplate } from "../support/compute.ts";
import { cpuWorker } from "../support/compute-rig.ts";
import { sliceOf } from "./slices.ts";

let state: Uint8Array;

beforeAll(() => {
  const network = Network.create(parseTemplate(smallTemplate), 7);
  const { cycles, inputs, expected } = sliceOf(0, 64);
  const values = ({ index, width, rows }: (typeof inputs)[number]) => ({ index, width, values: rows });
  network.train({
    count: cycles,
    inputs: inputs.map(values),
    expected: expected.map(values),
    update: "batch",
    rate: 1,
  });
  state = network.export();
});

const FAR = 0xfffffffe;

/** What to write where the largest number would be nothing unusual, or would not be looked at. */
const corruptions: Partial<Record<ArrayName, (arrays: Arrays) => void>> = {
  header: ({ header }) => (header[HEADER.reducedSections] = FAR),
  // The first two blocks are the input's; the end of a list is the largest number.
  places: ({ places, blockSections }) =>
    (places[blockSections.findIndex((used) => used > 0) * SECTIONS_PER_BLOCK] = FAR),
  sectionHead: ({ sectionHead }) => (sectionHead[0] = FAR),
  next: ({ next }) => (next[0] = FAR),
};

/** Seeds are hashed: every number is as good. */
const anythingGoes: readonly ArrayName[] = ["seed"];

function corrupted(name: ArrayName): Uint8Array {
  const cluster = restoreState(state);
  const { arrays } = cluster.state;
  const corrupt = corruptions[name] ?? (() => (arrays[name][0] = LAYOUT[name].type === "u32" ? FAR : Number.NaN));
  corrupt(arrays);
  return exportState(cluster);
}

const open = {
  cpu: () => workerLink(cpuWorker, "test"),
  gpu: () => processLink(gpuProcess, { software: true }),
};

test.each(["cpu", "gpu"] as const)("a %s host refuses each of them with the reason and goes on", async (type) => {
  const host = new HostClient({ uuid: "h", type, name: "test" }, open[type]());
  onTestFinished(() => host.close());
  for (const name of ARRAY_NAMES) {
    if (anythingGoes.includes(name)) continue;
    const refused = host.attach("a", corrupted(name)).then(
      () => "taken",
      (error: unknown) => error,
    );
    expect(await refused, name).toMatchObject({
      name: "HostError",
      kind: "state",
      message: expect.stringMatching(/\w/),
    });
  }
  expect(host.generation).toBe(0);
  await expect(host.exportState("a")).rejects.toMatchObject({ kind: "unknown_cluster" });
});
