import { expect, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { Network } from "../../src/network/network.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const create = (hexagons = "1,1,1 2,1,1 3,1,1") =>
  Network.create(
    parseTemplate(`version: 1 settings: hexagons: ${hexagons} inputs: in: 1,1,1 outputs: out: 3,1,1`),
    1,
    new ReferenceEngine(),
  );

function train(network: Network, first: number, horizon: number): Network {
  const column = (values: number[]) => ({ index: 0, values: Float32Array.from(values), width: 1 });
  network.train({
    count: 2,
    inputs: [column([3, 5])],
    expected: [column([0, 1])],
    update: "batch",
    rate: { first, horizon },
  });
  return network;
}

const blocks = (network: Network) => network.figures().hexagons.map((hexagon) => hexagon.blocks);

test.each([
  [199_999, 4],
  [200_000, 8],
])("a network whose first task has %i cycles starts with %i hidden blocks", (horizon, hidden) => {
  expect(blocks(train(create(), 0, horizon))).toEqual([0, hidden, 2]);
});

test("a network with some training keeps its shape in a long task", () => {
  expect(blocks(train(train(create(), 0, 10), 0, 1e6))).toEqual([0, 4, 2]);
});

test("hexagons that no other one feeds stay empty in a long task", () => {
  expect(blocks(train(create("1,1,1 2,1,1 3,1,1 9,9,9"), 0, 1e6))).toEqual([0, 8, 2, 0]);
});

test("a long task that was interrupted before or after its first step ends in the same state", () => {
  const straight = train(train(create(), 0, 1e6), 2, 1e6);
  const early = Network.restore(create().export(), new ReferenceEngine());
  const late = Network.restore(train(early, 0, 1e6).export(), new ReferenceEngine());
  expect(Buffer.from(train(late, 2, 1e6).export()).equals(straight.export())).toBe(true);
});
