/**
 * Complete files with a correct checksum but impossible contents: kernels use these arrays as indices and would read
 * and write out of bounds. Every array has its entry, so a new one cannot be forgotten.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { readNetwork } from "../../src/clusters/read-network.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { gpuProcess } from "../../src/hosts/gpu/open-gpu-hosts.ts";
import { processLink } from "../../src/hosts/gpu/process-link.ts";
import { HostClient } from "../../src/hosts/host-client.ts";
import { SECTIONS_PER_BLOCK } from "../../src/network/constants.ts";
import { ARRAY_NAMES, type ArrayName, type Arrays, HEADER, LAYOUT } from "../../src/network/layout.ts";
import { Network } from "../../src/network/network.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/network/safetensors.ts";
import { exportState, restoreState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { smallTemplate } from "../support/compute.ts";
import { cpuWorker } from "../support/compute-rig.ts";
import { sliceOf } from "./slices.ts";

/** The software device is slow on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

let state: Uint8Array;

beforeAll(() => {
  const network = Network.create(parseTemplate(smallTemplate), 7, new ReferenceEngine());
  network.train({ ...sliceOf(0, 64, 64), schedule: 1 });
  state = network.export();
});

const FAR = 0xfffffffe;

/** Corruptions for arrays in which the largest number would be valid, or would not be checked. */
const corruptions: Partial<Record<ArrayName, (arrays: Arrays) => void>> = {
  header: ({ header }) => (header[HEADER.reducedSections] = FAR),
  // The first two blocks belong to the input; the end of a list has the largest number.
  places: ({ places, blockSections }) =>
    (places[blockSections.findIndex((used) => used > 0) * SECTIONS_PER_BLOCK] = FAR),
  sectionHead: ({ sectionHead }) => (sectionHead[0] = FAR),
  next: ({ next }) => (next[0] = FAR),
};

/** Seeds are hashed, and numbers of seen samples only limit a table: every number is valid. */
const anythingGoes: readonly ArrayName[] = ["seed", "seenOnline"];

function corrupted(name: ArrayName): Uint8Array {
  const cluster = restoreState(state);
  const { arrays } = cluster.state;
  const corrupt = corruptions[name] ?? (() => (arrays[name][0] = LAYOUT[name].type === "u32" ? FAR : Number.NaN));
  corrupt(arrays);
  return exportState(cluster);
}

test("a file of each of them is refused with the reason, in a separate thread", async () => {
  const folder = await temporaryFolder();
  const owner = { group: "project", user: "user" };
  for (const name of ARRAY_NAMES) {
    if (anythingGoes.includes(name)) continue;
    const path = join(folder, name);
    await writeFile(path, corrupted(name));
    const refused = readNetwork(path, owner).then(
      () => "taken",
      (error: unknown) => error,
    );
    expect(await refused, name).toMatchObject({
      name: "HostError",
      kind: "state",
      message: expect.stringMatching(/\w/),
    });
  }
  await expect(readNetwork(join(folder, "nothing"), owner)).rejects.toMatchObject({ code: "ENOENT" });
  await writeFile(join(folder, "right"), state);
  expect(Buffer.from(await readNetwork(join(folder, "right"), owner)).equals(state)).toBe(true);
});

const open = {
  cpu: () => workerLink(cpuWorker, "test"),
  gpu: () => processLink(gpuProcess, { software: true }),
};

test.each(["cpu", "gpu"] as const)("a %s host refuses bytes that are no network, and continues", async (type) => {
  const host = new HostClient({ uuid: "h", type, name: "test" }, open[type]());
  onTestFinished(() => host.close());
  const tooMany = decodeSafetensors(state.slice());
  const header = tooMany.tensors.get("header")!.bytes;
  new DataView(header.buffer, header.byteOffset).setUint32(HEADER.section * 4, FAR, true);
  for (const bytes of [new Uint8Array(100), state.slice(0, -4), encodeSafetensors(tooMany)])
    await expect(host.attach("a", bytes)).rejects.toMatchObject({ name: "HostError", kind: "state" });
  expect(host.generation).toBe(0);
  await expect(host.exportState("a")).rejects.toMatchObject({ kind: "unknown_cluster" });
  // The host does not verify checksums: its other clusters would have to wait.
  const other = state.slice();
  other[other.length - 1]! ^= 1;
  await expect(host.attach("a", other)).resolves.toMatchObject({ template: smallTemplate });
});

/** Arrays that kernels use as indices, lengths or links. */
const LEADING = [
  "inputWidth",
  "blockHexagon",
  "blockSections",
  "places",
  "sectionHead",
  "source",
  "target",
  "next",
  "ramps",
].concat(["tileBlock", "tileOutput", "tileOutputCount", "tileRow", "outputOwner"]) as ArrayName[];

test.each(LEADING)(
  "a CPU host with a hostile '%s' past all checks refuses to compute it, and continues",
  async (name) => {
    const host = new HostClient(
      { uuid: "h", type: "cpu", name: "test" },
      workerLink(cpuWorker, "test", { threads: 2 }),
    );
    onTestFinished(() => host.close());
    await host.attach("neighbour", state.slice());
    await host.request("neighbour", { cycles: 64, timeLength: 1, inputs: sliceOf(0, 64).inputs });
    const before = await host.exportState("neighbour");

    const refused = { name: "HostError" };
    const attached = await host.attach("hostile", corrupted(name)).then(
      () => true,
      (error: unknown) => expect(error).toMatchObject(refused),
    );
    if (attached === true) {
      const named = {
        ...refused,
        kind: "state",
        message: expect.stringContaining("of cluster 'hostile' cannot be computed"),
      };
      await expect(host.train("hostile", sliceOf(0, 64))).rejects.toMatchObject(named);
      const { inputs } = sliceOf(0, 64);
      await expect(host.request("hostile", { cycles: 64, timeLength: 1, inputs })).rejects.toMatchObject(named);
    }
    expect(Buffer.from(before).equals(await host.exportState("neighbour"))).toBe(true);
    await host.train("neighbour", sliceOf(0, 64));
    expect(host.generation).toBe(0);
  },
);
