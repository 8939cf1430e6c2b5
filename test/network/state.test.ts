import { expect, test } from "vitest";
import { MemoryFullError } from "../../src/network/memory-full-error.ts";
import { append, bytesPer, count, createState, STATE_BYTES_MAX, usedBytes } from "../../src/network/state.ts";

test("a network that no file could hold is refused before any memory is allocated", () => {
  const taken: number[] = [];
  const memory = { allocate: (bytes: number) => new Uint8Array(Math.min(taken.push(bytes), 64)), release: () => {} };
  const state = createState(memory);
  const before = taken.length;
  const fitting = Math.floor((STATE_BYTES_MAX - bytesPer("network")) / bytesPer("section"));
  expect(() => append(state, "section", fitting + 1)).toThrow(MemoryFullError);
  expect([taken.length, count(state, "section")]).toEqual([before, 0]);
});

test("every kind of element counts", () => {
  const state = createState();
  append(state, "section", 3);
  append(state, "row", 2);
  const bytes = bytesPer("network") + 3 * bytesPer("section") + 2 * bytesPer("row");
  expect(usedBytes(state)).toBe(bytes);
  const rows = Math.floor((STATE_BYTES_MAX - bytes) / bytesPer("row"));
  expect(() => append(state, "row", rows + 1)).toThrow(
    `a network may have ${STATE_BYTES_MAX} bytes and would have ${bytes + (rows + 1) * bytesPer("row")}`,
  );
});
