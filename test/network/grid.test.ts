import { describe, expect, test } from "vitest";
import { FORWARD_SIDES, neighbour, neighbourFinder } from "../../src/network/grid.ts";

describe("grid", () => {
  test.each([
    { x: 5, y: 4, z: 3 },
    { x: 5, y: 5, z: 3 },
    { x: -2, y: -3, z: -1 },
  ])("opposite sides lead back, from $x,$y,$z", (position) => {
    const around = new Set<string>();
    for (let side = 0; side < 12; side++) {
      const next = neighbour(position, side);
      expect(neighbour(next, 11 - side)).toEqual(position);
      around.add(`${next.x},${next.y},${next.z}`);
    }
    expect(around.size).toBe(12);
  });

  test("there is no side 12", () => {
    expect(() => neighbour({ x: 0, y: 0, z: 0 }, 12)).toThrow(RangeError);
  });

  test("rows with odd y are shifted towards +x", () => {
    expect(neighbour({ x: 1, y: 2, z: 1 }, 5)).toEqual({ x: 1, y: 3, z: 1 });
    expect(neighbour({ x: 1, y: 1, z: 1 }, 5)).toEqual({ x: 2, y: 2, z: 1 });
    expect(neighbour({ x: 1, y: -1, z: 1 }, 5)).toEqual({ x: 2, y: 0, z: 1 });
  });

  test("neighbours in x touch, every second one does not", () => {
    const find = neighbourFinder([
      { x: 1, y: 1, z: 1 },
      { x: 2, y: 1, z: 1 },
      { x: 3, y: 1, z: 1 },
    ]);
    const around = (hexagon: number) => Array.from({ length: 12 }, (_, side) => find(hexagon, side));
    expect(around(0)).toEqual([-1, -1, -1, -1, 1, -1, -1, -1, -1, -1, -1, -1]);
    expect(find(1, 4)).toBe(2);
    expect(find(1, 7)).toBe(0);
    expect(find(2, 7)).toBe(1);
  });

  test("no forward side leads to smaller x within a row", () => {
    for (const side of FORWARD_SIDES)
      for (const y of [2, 3]) expect(neighbour({ x: 5, y, z: 1 }, side).x).toBeGreaterThanOrEqual(5);
  });
});
