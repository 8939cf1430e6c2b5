import { expect, test } from "vitest";
import { autoEpochs, defaultTemplate } from "../../src/encoders/default-template.ts";
import { neighbour } from "../../src/network/grid.ts";

test("the default template has rows of hexagons that do not touch, from one input to one output", () => {
  const text = defaultTemplate({ input: "row", output: "species", kind: "class" });
  expect(text).toContain("    row: 1,1,1 1,3,1 (table)\n");
  expect(text).toContain("    species: 3,1,1 2,3,1 (class)\n");
  const hexagons = text.slice(text.indexOf("hexagons:"), text.indexOf("inputs:")).match(/\d+,\d+,\d+/g)!;
  expect(hexagons).toHaveLength(5);
  for (const at of hexagons) {
    const [x, y, z] = at.split(",").map(Number) as [number, number, number];
    for (let side = 0; side < 12; side++) {
      const beside = neighbour({ x, y, z }, side);
      if (hexagons.includes(`${beside.x},${beside.y},${beside.z}`)) expect(beside.y).toBe(y);
    }
  }
});

test.each([
  [0, 10, 20],
  [9999, 10, 20],
  [10_000, 10, 19],
  [20_000, 10, 10],
  [50_000, 10, 10],
  [50_001, 9, 9],
  [10_000_000, 2, 2],
])("%i rows of numbers are learnt in %i epochs, of classes in %i", (rows, ofNumbers, ofClasses) => {
  for (const [isClass, epochs] of [
    [false, ofNumbers],
    [true, ofClasses],
  ] as const) {
    expect(autoEpochs({ rows, isClass }).epochs).toBe(epochs);
    expect(autoEpochs({ rows, isClass }).reason).toContain(`${epochs} epochs`);
  }
});
