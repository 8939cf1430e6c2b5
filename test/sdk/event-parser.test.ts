import fc from "fast-check";
import { expect, test } from "vitest";

const root = new URL("../../../", import.meta.url);
const { EventParser } = (await import(
  new URL("sdk/dist/events/parser.js", root).href
)) as typeof import("../../sdk/src/events/parser.ts");

const parse = (pieces: readonly Uint8Array[]) => {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

const text = [
  "\ufeff: a comment\r\n\r\n",
  "id: boot-0\n\n",
  'id: boot-1\nevent: task.queued\ndata: {"name":"größe 桜"}\n\n',
  ": keep-alive\r\r",
  "data: first\r\ndata:second\r\ndata\r\nunknown: x\r\nretry: 5\r\n\r\n",
  "event: nothing\n\n",
  "data:  blank\rid: boot-2\r\r",
  "id: not complete",
].join("");

const events = [
  { id: "boot-0", kind: "message", data: undefined },
  { id: "boot-1", kind: "task.queued", data: '{"name":"größe 桜"}' },
  { id: "boot-1", kind: "message", data: "first\nsecond\n" },
  { id: "boot-2", kind: "message", data: " blank" },
];

test("events are read in all spellings of the format", () => {
  expect(parse([new TextEncoder().encode(text)])).toEqual(events);
});

test("wherever the bytes are cut", () => {
  const bytes = new TextEncoder().encode(text);
  const cuts = fc.uniqueArray(fc.nat(bytes.length), { maxLength: 40 });
  fc.assert(
    fc.property(cuts, (places) => {
      const ends = [...places.sort((a, b) => a - b), bytes.length];
      const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
      expect(parse(pieces)).toEqual(events);
    }),
  );
  expect(parse(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(events);
});
