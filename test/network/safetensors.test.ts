import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors, SafetensorsError, type Tensor } from "../../src/network/safetensors.ts";

const bytes = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);

const example = () => ({
  metadata: { format: "x", kéy: "välue" },
  tensors: new Map<string, Tensor>([
    ["b", { dtype: "U32", shape: [3], bytes: bytes(1, 2, 3) }],
    ["empty", { dtype: "F32", shape: [0, 128], bytes: bytes() }],
    ["a", { dtype: "F32", shape: [1, 2], bytes: bytes(4, 5) }],
  ]),
});

/** A file with any header, followed by `data` zero bytes. */
function fileOf(header: unknown, data = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.byteLength + data);
  new DataView(file.buffer).setUint32(0, json.byteLength, true);
  file.set(json, 8);
  return file;
}

const tensor = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({
  dtype: "U32",
  shape,
  data_offsets: [begin, end],
});

describe("safetensors", () => {
  test("a written file can be read", () => {
    const { metadata, tensors } = decodeSafetensors(encodeSafetensors(example()));
    expect(metadata).toEqual(example().metadata);
    expect([...tensors]).toEqual([...example().tensors]);
  });

  test("the same content gives the same bytes, and the data starts aligned", () => {
    const file = encodeSafetensors(example());
    expect(encodeSafetensors(example())).toEqual(file);
    expect((file.byteLength - 20) % 256).toBe(0);
  });

  test("a file may start anywhere in memory", () => {
    const file = encodeSafetensors(example());
    const shifted = new Uint8Array(file.byteLength + 3);
    shifted.set(file, 3);
    expect(decodeSafetensors(shifted.subarray(3)).tensors.get("b")?.bytes).toEqual(bytes(1, 2, 3));
  });

  test.each<[string, Uint8Array]>([
    ["the file is too short", new Uint8Array(7)],
    ["the header is longer than the file", new Uint8Array(8).fill(255)],
    ["the header is longer than the file", fileOf({}).subarray(0, 9)],
    ["the header is not JSON", fileOf("{")],
    ["the header is not JSON", fileOf("{}").fill(255, 8)],
    ["the header is not an object", fileOf([])],
    ["the header is not an object", fileOf("null")],
    ["the metadata is not an object", fileOf({ __metadata__: 1 })],
    ["metadata 'a' is not a string", fileOf({ __metadata__: { a: 1 } })],
    ["tensor 'a' is not an object", fileOf({ a: null })],
    ["tensor 'a' has an unknown type", fileOf({ a: { ...tensor(0, 4), dtype: "F64" } }, 4)],
    ["tensor 'a' has no valid shape", fileOf({ a: tensor(0, 4, [-1]) }, 4)],
    ["tensor 'a' has no valid shape", fileOf({ a: tensor(0, 4, [0.5]) }, 4)],
    ["tensor 'a' has no valid shape", fileOf({ a: tensor(0, 4, "1") }, 4)],
    ["tensor 'a' has no valid offsets", fileOf({ a: { ...tensor(0, 4), data_offsets: [0] } }, 4)],
    ["tensor 'a' has offsets", fileOf({ a: tensor(0, 8) }, 4)],
    ["tensor 'a' has offsets", fileOf({ a: tensor(0, 4, [2]) }, 4)],
    ["tensor 'a' has offsets", fileOf({ a: tensor(4, 0, [1]) }, 4)],
    ["tensor 'a' has offsets", fileOf({ a: tensor(0, 4, [2 ** 40, 2 ** 40]) }, 4)],
    ["tensor 'b' leaves a gap or overlaps", fileOf({ a: tensor(0, 4), b: tensor(0, 4) }, 4)],
    ["tensor 'b' leaves a gap or overlaps", fileOf({ a: tensor(0, 4), b: tensor(8, 12) }, 12)],
    [
      "the header has too many entries",
      fileOf(
        {
          a: tensor(
            0,
            4,
            Array.from({ length: 10_000 }, () => 1),
          ),
        },
        4,
      ),
    ],
    ["the header has too many entries", fileOf("[".repeat(10_001))],
    ["the header has too many entries", fileOf(`{"a": "\\"", ${'"b": {},'.repeat(5_000)}`)],
    ["the tensors do not fill the file", fileOf({ a: tensor(0, 4) }, 8)],
  ])("%s", (message, file) => {
    expect(() => decodeSafetensors(file)).toThrow(SafetensorsError);
    expect(() => decodeSafetensors(file)).toThrow(message);
  });

  test("text may have any length", () => {
    const text = `"${'{[,:\\"]}'.repeat(10_000)}`;
    expect(decodeSafetensors(encodeSafetensors({ metadata: { text }, tensors: new Map() })).metadata).toEqual({ text });
  });

  test("names with a meaning in JavaScript are only names", () => {
    const file = fileOf('{"__proto__": {"dtype": "U32", "shape": [1], "data_offsets": [0, 4]}}', 4);
    expect([...decodeSafetensors(file).tensors.keys()]).toEqual(["__proto__"]);
  });
});
