import { describe, expect, test } from "vitest";
import { TARGET_COUNT, targetLists } from "../../src/network/targets.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const line = (settings: string, axons = "") =>
  parseTemplate(`version: 1 settings: ${settings} hexagons: 1,1,1 2,1,1 3,1,1 4,1,1 5,1,1 ${axons}
    inputs: in: 1,1,1 outputs: out: 5,1,1`);

const share = (list: number[] | undefined, value: number) =>
  (list ?? []).filter((each) => each === value).length / TARGET_COUNT;

describe("targetLists", () => {
  test("distance 1 is the direct neighbour", () => {
    const lists = targetLists(line("max_connection_distance: 1"), 1);
    expect(lists.map((list) => [...new Set(list)])).toEqual([[1], [2], [3], [4], []]);
    expect(lists[0]).toHaveLength(TARGET_COUNT);
  });

  test("distance 2 reaches two hexagons, the nearer one about every second time", () => {
    const [list] = targetLists(line("max_connection_distance: 2"), 1);
    expect(new Set(list)).toEqual(new Set([1, 2]));
    expect(share(list, 1)).toBeGreaterThan(0.3);
    expect(share(list, 1)).toBeLessThan(0.7);
  });

  test("a long distance stops at the end of the line", () => {
    const [list] = targetLists(line("max_connection_distance: 1000000000"), 1);
    expect(new Set(list)).toEqual(new Set([1, 2, 3, 4]));
    expect(share(list, 1)).toBeGreaterThan(share(list, 4));
  });

  test("an axon's jump is the first step", () => {
    expect(new Set(targetLists(line("", "axons: 1,1,1 -> 4,1,1"), 1)[0])).toEqual(new Set([3]));
    const [list] = targetLists(line("max_connection_distance: 2", "axons: 1,1,1 -> 4,1,1"), 1);
    expect(new Set(list)).toEqual(new Set([3, 4]));
  });

  test("axons may lead back, but never into an input", () => {
    const lists = targetLists(line("", "axons: 4,1,1 -> 2,1,1 3,1,1 -> 1,1,1"), 1);
    expect(new Set(lists[3])).toEqual(new Set([1]));
    expect(lists[2]).toEqual([]);
  });

  test("layers connect both ways, and walks never end where they began", () => {
    const template = parseTemplate(`version:1 settings: max_connection_distance: 3
      hexagons: 1,2,1 1,2,2 2,2,1 inputs: in: 2,2,1 outputs: out: 1,2,2`);
    const lists = targetLists(template, 1);
    expect(new Set(lists[0])).toEqual(new Set([1]));
    expect(lists[2]).toEqual([]);
  });

  test("the seed decides", () => {
    const template = line("max_connection_distance: 2");
    expect(targetLists(template, 1)).toEqual(targetLists(template, 1));
    expect(targetLists(template, 1)).not.toEqual(targetLists(template, 2));
  });

  test("an empty template has none", () => {
    expect(targetLists(parseTemplate(""), 1)).toEqual([]);
  });
});
