import { beforeAll, describe, expect, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { checksum, checkState, exportState, restoreState } from "../../src/network/state-file.ts";
import type { NetworkModel } from "../../src/network/network-model.ts";
import { ARRAY_NAMES, HEADER, type ArrayName, type Arrays } from "../../src/network/layout.ts";
import { Network } from "../../src/network/network.ts";
import { StateError } from "../../src/network/state-error.ts";
import { decodeSafetensors, encodeSafetensors, type Tensors } from "../../src/network/safetensors.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const TEMPLATE = `version: 1 settings: refractory_time: 2 hexagons: 1,1,1 2,1,1 3,1,1
  inputs: in: 1,1,1 outputs: out: 3,1,1`;

let file: Uint8Array;

beforeAll(() => {
  const network = Network.create(parseTemplate(TEMPLATE), 7, new ReferenceEngine());
  const values = Float32Array.from({ length: 40 * 130 }, (_, i) => (i * 37) % 11);
  const expected = Float32Array.from({ length: 40 * 2 }, (_, i) => i % 2);
  network.train({
    cycles: 40,
    timeLength: 1,
    batchSize: 40,
    inputs: [{ index: 0, values, width: 130 }],
    expected: [{ index: 0, values: expected, width: 2 }],
    update: "batch",
    schedule: 1,
  });
  file = network.export();
});

/** A file with an error, but a correct checksum. */
function tampered(change: (arrays: Arrays, model: NetworkModel) => void): Uint8Array {
  const model = restoreState(file);
  change(model.state.arrays, model);
  return exportState(model);
}

/** The file with other metadata or tensors and the old checksum. */
function rewritten(change: (content: Tensors) => void): Uint8Array {
  const content = decodeSafetensors(file.slice());
  change(content);
  return encodeSafetensors(content);
}

describe("a saved state", () => {
  test("survives a round trip", () => {
    expect(Buffer.from(exportState(restoreState(file))).equals(file)).toBe(true);
    const network = Network.restore(file, new ReferenceEngine());
    expect(network.seed).toBe(7);
    expect(network.cycle).toBe(40);
    expect(network.inputs[0]?.width).toBe(130);
    expect(network.outputs[0]?.width).toBe(2);
  });

  test("has one tensor per array and readable metadata", () => {
    const { metadata, tensors } = decodeSafetensors(file);
    expect([...tensors.keys()].sort()).toEqual([...ARRAY_NAMES].sort());
    expect(metadata).toMatchObject({
      format: "hanami-network",
      version: "1",
      seed: "7",
      cycle: "40",
      template: TEMPLATE,
    });
  });

  test("a cycle beyond 32 bit survives", () => {
    const later = tampered(({ header }) => header.set([1, 2], HEADER.cycleLow));
    expect(Network.restore(later, new ReferenceEngine()).cycle).toBe(2 ** 33 + 1);
  });
});

/** The file as a program wrote it that knew nothing of the arrays of the online rule. */
const old = (...names: ArrayName[]) =>
  rewritten((content) => {
    for (const name of names) content.tensors.delete(name);
    const { checksum: _, ...metadata } = content.metadata;
    content.metadata["checksum"] = checksum({ ...content, metadata });
  });

describe("a file of an older program", () => {
  const missing = ["deltaMean", "rampMean", "seenOnline"] as const;

  test("loads with zeros in the place of the arrays that it lacks", () => {
    const bytes = old(...missing);
    expect(checkState(bytes)).toEqual(checkState(file));
    const { state } = restoreState(bytes);
    for (const name of missing) expect(state.arrays[name].every((value) => value === 0)).toBe(true);
    expect(state.arrays.weight.some((value) => value !== 0)).toBe(true);
    const again = decodeSafetensors(exportState(restoreState(bytes)));
    expect([...again.tensors.keys()].sort()).toEqual([...ARRAY_NAMES].sort());
  });

  test("learns on, online and in batches", () => {
    for (const batchSize of [1, 16]) {
      const network = Network.restore(old(...missing), new ReferenceEngine());
      const values = Float32Array.from({ length: 32 * 130 }, (_, i) => (i * 37) % 11);
      const expected = Float32Array.from({ length: 64 }, (_, i) => i % 2);
      network.train({
        cycles: 32,
        timeLength: 1,
        batchSize,
        inputs: [{ index: 0, values, width: 130 }],
        expected: [{ index: 0, values: expected, width: 2 }],
        schedule: 1,
      });
      expect(network.cycle).toBe(72);
      expect(() => checkState(network.export())).not.toThrow();
    }
  });

  test("lacks no other array", () => {
    for (const name of ARRAY_NAMES)
      if (!(missing as readonly string[]).includes(name))
        expect(() => restoreState(old(name))).toThrow(`tensor '${name}' is missing`);
  });

  test("has no others in their place", () => {
    const hostile = rewritten(({ tensors }) => {
      tensors.set("other", tensors.get("rampMean")!);
      tensors.delete("rampMean");
    });
    expect(() => checkState(hostile)).toThrow("the file holds unknown tensors");
  });
});

describe("an invalid state is refused", () => {
  test.each<[string, (content: Tensors) => void]>([
    ["does not hold a network", ({ metadata }) => (metadata["format"] = "other")],
    ["this program reads version 1", ({ metadata }) => (metadata["version"] = "2")],
    ["the checksum does not match", ({ metadata }) => (metadata["template"] = TEMPLATE.replace("2", "3"))],
    ["the checksum does not match", ({ metadata }) => delete metadata["checksum"]],
    ["the checksum does not match", ({ tensors }) => (tensors.get("weight")!.bytes[0]! ^= 1)],
    ["tensor 'weight' is missing", ({ tensors }) => tensors.delete("weight")],
  ])("%s", (message, change) => {
    expect(() => Network.restore(rewritten(change), new ReferenceEngine())).toThrow(StateError);
    expect(() => Network.restore(rewritten(change), new ReferenceEngine())).toThrow(message);
  });

  test("every truncated file", () => {
    for (const length of [0, 7, 8, 100, file.length - 1])
      expect(() => Network.restore(file.subarray(0, length), new ReferenceEngine())).toThrow(StateError);
  });

  test("every flipped bit", () => {
    for (let i = 0; i < 200; i++) {
      const broken = file.slice();
      const at = Math.floor((i / 200) * file.length);
      broken[at]! ^= 1 << (i % 8);
      expect(() => Network.restore(broken, new ReferenceEngine()), `byte ${at}`).toThrow(StateError);
    }
  });

  test.each(["seed", "cycle"] as const)("metadata with another %s", (name) => {
    const hostile = rewritten((content) => {
      const metadata: Record<string, string> = { ...content.metadata, [name]: "99999999999999999999" };
      delete metadata["checksum"];
      content.metadata = { ...metadata, checksum: checksum({ ...content, metadata }) };
    });
    expect(() => Network.restore(hostile, new ReferenceEngine())).toThrow(`the ${name} is not the network's`);
  });

  test.each(["block", "section", "row", "output"] as const)("a count of %ss without matching tensors", (per) => {
    const hostile = rewritten((content) => {
      const { bytes } = content.tensors.get("header")!;
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(HEADER[per] * 4, 0xffffffff, true);
      const { checksum: _, ...metadata } = content.metadata;
      content.metadata["checksum"] = checksum({ ...content, metadata });
    });
    expect(() => Network.restore(hostile, new ReferenceEngine())).toThrow(
      /^tensor '\w+' is not (u32|f32) \[4294967295/,
    );
  });
});

test("an array that is not aligned in its file can be read", () => {
  const shifted = new Uint8Array(file.length + 1);
  shifted.set(file, 1);
  expect(() => checkState(shifted.subarray(1))).not.toThrow();
  expect(Buffer.from(exportState(restoreState(shifted.subarray(1)))).equals(file)).toBe(true);
});

test("tensors that are hashed in pieces have the same checksum", () => {
  const content = decodeSafetensors(file.slice());
  expect(checksum(content, 1000)).toBe(checksum(content));
});
