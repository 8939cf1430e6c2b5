import { expect, test } from "vitest";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { unreachedOutputs } from "../../src/tasks/unreached-outputs.ts";

interface Plan {
  hexagons: string[];
  axons?: string[];
  inputs: string[];
  outputs: string[];
  distance?: number;
}

/** The outputs that are missed from inputs `a`, `b`, …; outputs are called `x`, `y`, …, in this order. */
function missed({ hexagons, axons = [], inputs, outputs, distance = 1 }: Plan, bound?: string[]): string[] {
  const named = (places: string[], names: string) => places.map((place, at) => `${names[at]}: ${place}`);
  const template = parseTemplate(
    [
      `version: 1 settings: max_connection_distance: ${distance}`,
      `hexagons: ${hexagons.join(" ")}`,
      axons.length > 0 ? `axons: ${axons.join(" ")}` : "",
      `inputs: ${named(inputs, "abcd").join(" ")}`,
      `outputs: ${named(outputs, "xyz").join(" ")}`,
    ].join("\n"),
  );
  const all = template.outputs.map(({ name }) => name);
  return unreachedOutputs(template, { inputs: bound ?? template.inputs.map(({ name }) => name), outputs: all });
}

test("a row of hexagons leads to its end, a gap does not", () => {
  expect(missed({ hexagons: ["1,1,1", "2,1,1", "3,1,1"], inputs: ["1,1,1"], outputs: ["3,1,1"] })).toEqual([]);
  expect(missed({ hexagons: ["1,1,1", "2,1,1", "4,1,1"], inputs: ["1,1,1"], outputs: ["4,1,1"] })).toEqual(["x"]);
});

test("signals do not go back, unless an axon leads there", () => {
  const back = { hexagons: ["1,1,1", "2,1,1", "3,1,1"], inputs: ["3,1,1"], outputs: ["1,1,1"] };
  expect(missed(back)).toEqual(["x"]);
  expect(missed({ ...back, axons: ["3,1,1->2,1,1"] })).toEqual(["x"]);
  expect(missed({ ...back, axons: ["3,1,1->2,1,1", "2,1,1->1,1,1"] })).toEqual([]);
});

test("an axon takes the place of the way forward", () => {
  const axons = ["1,1,1->8,1,1"];
  const hexagons = ["1,1,1", "2,1,1", "8,1,1"];
  expect(missed({ hexagons, axons, inputs: ["1,1,1"], outputs: ["8,1,1", "2,1,1"] })).toEqual(["y"]);
});

test("signals end at an output and at an input, but longer paths pass them", () => {
  const beyond = { hexagons: ["1,1,1", "2,1,1", "3,1,1"], inputs: ["1,1,1"], outputs: ["2,1,1", "3,1,1"] };
  expect(missed(beyond)).toEqual(["y"]);
  expect(missed({ ...beyond, distance: 2 })).toEqual([]);
  const hexagons = ["1,1,1", "2,1,1", "3,1,1"];
  const byInput = { hexagons, axons: ["3,1,1->1,1,1"], inputs: ["3,1,1", "1,1,1"], outputs: ["2,1,1"] };
  expect(missed(byInput, ["a"])).toEqual(["x"]);
  expect(missed({ ...byInput, distance: 2 }, ["a"])).toEqual([]);
  expect(missed(byInput, ["b"])).toEqual([]);
});

test("only the inputs of the task count", () => {
  const rows = ["1,1,1", "2,1,1", "1,5,1", "2,5,1"];
  const twoRows = { hexagons: rows, inputs: ["1,1,1", "1,5,1"], outputs: ["2,1,1", "2,5,1"] };
  expect(missed(twoRows)).toEqual([]);
  expect(missed(twoRows, ["b"])).toEqual(["x"]);
});
