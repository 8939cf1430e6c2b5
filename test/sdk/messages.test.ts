import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
const root = new URL("../../../", import.meta.url);
const {
  decodeClusterIOMessage,
  decodeFileUploadMessage,
  decodeFileUploadResponseMessage,
  encodeClusterIOMessage,
  encodeFileUploadMessage,
  encodeFileUploadResponseMessage,
} = (await import(new URL("sdk/dist/messages.js", root).href)) as typeof import("../../sdk/src/messages.ts");
const schema = protobuf.loadSync(fileURLToPath(new URL("proto/hanami.proto", root)));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("the module equals the generator's output for proto/hanami.proto", async () => {
  const { messagesSource } = (await import(new URL("scripts/generate-messages.mjs", root).href)) as {
    messagesSource: () => Promise<string>;
  };
  expect(readFileSync(new URL("sdk/src/messages.ts", root), "utf8")).toBe(await messagesSource());
});

test("recorded messages of the original server are understood", () => {
  expect(decodeFileUploadResponseMessage(Buffer.from("0801", "hex"))).toEqual({ success: true, errorMessage: "" });
  const end = {
    bufferName: "",
    isLast: true,
    processType: 1,
    targetBufferType: 0,
    numberOfValues: 1,
    errorMessage: "",
  };
  const bytes = Buffer.from("10011801280132 0400000000".replace(" ", ""), "hex");
  expect(decodeClusterIOMessage(bytes)).toEqual({ ...end, values: new Float32Array(1) });
  expect(
    hex(encodeClusterIOMessage({ ...end, processType: 1, targetBufferType: 0, values: new Float32Array(1) })),
  ).toBe(hex(bytes));
});

test("messages have the same bytes as with reflection, and survive a round trip", () => {
  const ClusterIO = schema.lookupType("hanami.ClusterIO_Message");
  const FileUpload = schema.lookupType("hanami.FileUpload_Message");
  const Response = schema.lookupType("hanami.FileUploadResponse_Message");
  const io = fc.record({
    bufferName: fc.string(),
    isLast: fc.boolean(),
    processType: fc.constantFrom(0 as const, 1 as const),
    targetBufferType: fc.constantFrom(0 as const, 1 as const, 2 as const),
    numberOfValues: fc.maxSafeNat(),
    values: fc.float32Array({ noNaN: true }),
    errorMessage: fc.string(),
  });
  fc.assert(
    fc.property(io, (message) => {
      const bytes = encodeClusterIOMessage(message);
      expect(ClusterIO.toObject(ClusterIO.decode(bytes), { defaults: true, longs: Number, arrays: true })).toEqual({
        ...message,
        values: [...message.values],
      });
      expect(decodeClusterIOMessage(new Uint8Array(bytes))).toEqual(message);
    }),
  );
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.uint8Array(), (position, data) => {
      const bytes = encodeFileUploadMessage({ position, data });
      const read = FileUpload.toObject(FileUpload.decode(bytes), { defaults: true, longs: Number, bytes: Array });
      expect(read).toEqual({ position, data: [...data] });
      const own = decodeFileUploadMessage(new Uint8Array(bytes));
      expect({ position: own.position, data: [...own.data] }).toEqual(read);
    }),
  );
  fc.assert(
    fc.property(fc.boolean(), fc.string(), (success, errorMessage) => {
      const bytes = encodeFileUploadResponseMessage({ success, errorMessage });
      expect(Response.toObject(Response.decode(bytes), { defaults: true })).toEqual({ success, errorMessage });
      expect(decodeFileUploadResponseMessage(bytes)).toEqual({ success, errorMessage });
    }),
  );
});

test("floats may be packed, unpacked and in several pieces", () => {
  const bytes = Buffer.from("350000803f" + "320800000040" + "00004040" + "3500008040", "hex");
  expect([...decodeClusterIOMessage(bytes).values]).toEqual([1, 2, 3, 4]);
});

test("unknown fields are skipped, and truncated messages are refused", () => {
  const bytes = encodeFileUploadMessage({ position: 5, data: Uint8Array.of(1, 2, 3) });
  const extended = Buffer.concat([Buffer.from("7a0161", "hex"), bytes]);
  expect(decodeFileUploadMessage(extended).position).toBe(5);
  for (let length = 1; length < bytes.length; length++) {
    if (length === 2) continue; // Only the position: a whole message.
    expect(() => decodeFileUploadMessage(bytes.subarray(0, length)), `${length} bytes`).toThrow("index out of range");
  }
});
