import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteRanges } from "../../src/uploads/byte-ranges.ts";

test("byte ranges agree with a plain list of bytes", () => {
  const size = 40;
  const piece = fc.tuple(fc.nat({ max: size }), fc.nat({ max: size }));
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const bytes = Array.from({ length: size }, () => false);
      let ranges = new ByteRanges();
      for (const [start, end] of pieces) {
        const isNew = !ranges.touches(start, end);
        const before = ranges.count;
        ranges.add(start, end);
        expect(ranges.count > before).toBe(isNew && end > start);
        if (end > start) bytes.fill(true, start, end);
        // A round trip through the database changes nothing.
        ranges = new ByteRanges(ranges.toArray());
      }
      const expected: [number, number][] = [];
      for (const [index, isThere] of bytes.entries()) {
        const last = expected.at(-1);
        if (isThere && last?.[1] === index) last[1] = index + 1;
        else if (isThere) expected.push([index, index + 1]);
      }
      expect(ranges.toArray()).toEqual(expected);
      expect(ranges.count).toBe(expected.length);
      expect(ranges.bytes).toBe(bytes.filter(Boolean).length);
      expect(ranges.covers(size)).toBe(bytes.every(Boolean));
      expect(ranges.covers(0)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
