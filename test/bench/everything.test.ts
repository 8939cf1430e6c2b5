import { expect, test } from "vitest";
import { bestPeer, estimate } from "../../bench/learning/everything/measures.ts";
import { finder, kept, show, type Line } from "../../bench/learning/everything/show.ts";

const line: Line = {
  part: "pictures",
  name: "MNIST",
  unit: "percent",
  on: "validation rows",
  values: [97, 98, 99],
  peers: { forest: 96, MLP: 96.5 },
};

test("a mean has the standard error of its values, and none for a single one", () => {
  expect(estimate([97, 98, 99])).toEqual({ mean: 98, error: expect.closeTo(1 / Math.sqrt(3), 12) });
  expect(estimate([5])).toEqual({ mean: 5 });
});

test("the best peer has the most percent or the least error", () => {
  expect(bestPeer(line)).toEqual(["MLP", 96.5]);
  expect(bestPeer({ ...line, unit: "error" })).toEqual(["forest", 96]);
  expect(bestPeer({ unit: "percent" })).toBeUndefined();
});

test("the table has the line of the newest result that knows it, whatever else is kept", () => {
  const before = finder([
    { lines: [kept({ ...line, on: "test rows", values: [1] })] },
    { lines: [kept({ ...line, values: [96, 97] })] },
    { lines: [kept({ ...line, values: [90] })] },
    {},
  ]);
  expect(show([line, { ...line, name: "new", unit: "error", values: [0.012345], peers: {} }], before)).toBe(
    `| part | what | measured on | ours | before | best peer |
|---|---|---|---|---|---|
| pictures | MNIST | validation rows | 98.00 ± 0.58 | 96.50 ± 0.50 | 96.50 MLP |
| pictures | new | validation rows | 0.0123 |  |  |`,
  );
});
