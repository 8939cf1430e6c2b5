import { describe, expect, test } from "vitest";
import { INPUT_MAX } from "../../src/network/constants.ts";
import { scratchWith, valuesOf, smallModel } from "./small.ts";

describe("unpack", () => {
  test("only positive values are active", () => {
    const model = smallModel({ inputs: 8 });
    const scratch = scratchWith(model, 1, [NaN, -1, -0, 0, 1e-45, 2.5, Infinity, 3e38]);
    const tiny = Math.fround(1e-45);
    expect(valuesOf(scratch, 0).slice(0, 8)).toEqual([0, 0, 0, 0, tiny, 2.5, INPUT_MAX, INPUT_MAX]);
  });

  test("a binary input knows 0 and 1", () => {
    const model = smallModel({ kind: "(binary)", inputs: 4 });
    expect(valuesOf(scratchWith(model, 1, [NaN, -3, 0.001, 1e30]), 0).slice(0, 4)).toEqual([0, 0, 1, 1]);
  });

  test.each([0, 1, 127, 128, 129])("%i values land in blocks of 128, in every sample", (width) => {
    const model = smallModel({ inputs: width });
    const values = Array.from({ length: width * 3 }, (_, i) => i + 1);
    const scratch = scratchWith(model, 3, values);
    for (let q = 0; q < 3; q++) {
      const shown = model.hexagons[0]!.blocks.flatMap((block) => valuesOf(scratch, block, q));
      expect(shown.slice(0, width)).toEqual(values.slice(q * width, (q + 1) * width));
      expect(shown.slice(width).every((value) => value === 0)).toBe(true);
    }
  });

  test("values without room are dropped, missing ones are 0", () => {
    const model = smallModel({ inputs: 2 });
    expect(valuesOf(scratchWith(model, 2, [1, 2, 3, 4, 5, 6]), 0, 1).slice(0, 3)).toEqual([4, 5, 0]);
    expect(valuesOf(scratchWith(model, 2, [1, 2]), 0, 1).slice(0, 3)).toEqual([2, 0, 0]);
  });
});
