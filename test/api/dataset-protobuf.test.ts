import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  clusterProcessType,
  decodeClusterIO,
  decodeFileUpload,
  decodeFileUploadResponse,
  encodeClusterIO,
  encodeFileUpload,
  encodeFileUploadResponse,
  targetBufferType,
} from "../../src/api/websocket/protobuf.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const unhex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

describe("websocket messages", () => {
  test("have the recorded bytes", () => {
    expect(hex(encodeFileUploadResponse({ success: true, errorMessage: "" }))).toBe("0801");
    const ack = { processType: clusterProcessType.train, values: new Float32Array(1) };
    expect(hex(encodeClusterIO(ack))).toBe("18012801320400000000");
    expect(hex(encodeClusterIO({ ...ack, isLast: true }))).toBe("100118012801320400000000");
    const output = encodeClusterIO({ bufferName: "label_hex", values: new Float32Array(10) });
    expect(hex(output)).toBe(`0a09${hex(Buffer.from("label_hex"))}280a3228${"00".repeat(40)}`);
  });

  test("survive a round trip", () => {
    fc.assert(
      fc.property(
        fc.record({
          bufferName: fc.string({ unit: "grapheme" }),
          isLast: fc.boolean(),
          processType: fc.constantFrom(...Object.values(clusterProcessType)),
          targetBufferType: fc.constantFrom(...Object.values(targetBufferType)),
          values: fc.float32Array({ noNaN: true }),
        }),
        (message) => {
          expect(decodeClusterIO(encodeClusterIO(message))).toEqual({
            ...message,
            numberOfValues: message.values.length,
          });
        },
      ),
    );
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array(), (position, data) => {
        const decoded = decodeFileUpload(encodeFileUpload({ position, data }));
        expect({ ...decoded, data: [...(decoded?.data ?? [])] }).toEqual({ position, data: [...data] });
      }),
    );
    const response = { success: false, errorMessage: "Failed" };
    expect(decodeFileUploadResponse(encodeFileUploadResponse(response))).toEqual(response);
  });

  test.each([
    ["packed", "28 02 32 08 0000803f 00000040", 2, [1, 2]],
    ["not packed", "28 02 35 0000803f 35 00000040", 2, [1, 2]],
    ["packed in pieces", "32 04 0000803f 28 02 32 04 00000040", 2, [1, 2]],
    ["packed and not packed", "32 04 0000803f 28 02 35 00000040", 2, [1, 2]],
    ["one value, not packed", "28 01 35 0000803f", 1, [1]],
    ["more values than they say", "28 01 32 08 0000803f 00000040", 1, [1, 2]],
    ["fewer values than they say", "28 03 32 08 0000803f 00000040", 3, [1, 2]],
    ["none at all", "", 0, []],
    ["an absurd number", "28 ffffffffffffffffff01", 2 ** 64, []],
  ])("values are read when they are %s", (_, bytes, numberOfValues, values) => {
    const message = decodeClusterIO(unhex(bytes));
    expect(message).toMatchObject({ bufferName: "", numberOfValues });
    expect([...(message?.values ?? [])]).toEqual(values);
  });

  test("at any alignment of the received bytes", () => {
    const bytes = encodeClusterIO({ bufferName: "x", values: Float32Array.of(1, 2, 3) });
    for (let shift = 0; shift < 8; shift++) {
      const memory = new Uint8Array(bytes.length + shift);
      memory.set(bytes, shift);
      expect([...(decodeClusterIO(memory.subarray(shift))?.values ?? [])]).toEqual([1, 2, 3]);
    }
  });

  // Decoding them would block all other clients for a tenth of a second and more.
  test.each([
    ["values in very many pieces", "32 04 0000803f"],
    ["names", "0a 00"],
    ["unknown numbers", "48 01"],
    ["unknown texts", "4a 00"],
    ["groups", "4b 4c"],
  ])("a message of very many %s is refused", (_, piece) => {
    const bytes = Buffer.alloc(4_000_000, unhex(piece));
    expect([decodeClusterIO(bytes), decodeFileUpload(bytes)]).toEqual([undefined, undefined]);
  });

  test("a name that is longer than any valid one is refused, even if it is not text", () => {
    for (const byte of [0x61, 0xe4]) {
      const bytes = Buffer.concat([unhex("0a 8080 40"), Buffer.alloc(0x100000, byte)]);
      expect(decodeClusterIO(bytes)).toBeUndefined();
    }
  });

  test("arbitrary bytes are refused or read, but never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const decode of [decodeFileUpload, decodeClusterIO, decodeFileUploadResponse]) decode(bytes);
      }),
      { numRuns: 2_000 },
    );
    expect(decodeFileUpload(Buffer.from("this is not a message"))).toBeUndefined();
    expect(decodeFileUpload(unhex("12 05 01"))).toBeUndefined();
    expect(decodeFileUpload(unhex("08 ffffffffffffffffff01 12 01 00"))).toMatchObject({ position: 2 ** 64 });
    expect(decodeClusterIO(unhex("32 03 000000"))).toBeUndefined();
  });
});
