import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FORWARD_SIDES, neighbour } from "../../src/network/grid.ts";
import { NEURONS_PER_VALUE } from "../../src/network/output-values.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { paths } from "../../src/files/paths.ts";

const page = await readFile(join(paths.root, "docs/templates.md"), "utf8");
const [example = "", error = ""] = [...page.matchAll(/^```\n(.*?)^```$/gms)].map(([, text]) => text);

test("the example of docs/templates.md is valid, and its error has the documented text", () => {
  expect(parseTemplate(example)).toMatchObject({
    settings: { maxConnectionDistance: 2, enableReduction: true },
    hexagons: [{ x: 1 }, { x: 2 }, { x: 3 }, { x: 5 }],
    axons: [{ source: 2, target: 3 }],
    inputs: [{ name: "picture", hexagon: 0, kind: "plain" }],
    outputs: [{ name: "label", hexagon: 3, kind: "plain" }],
  });
  const wrong = example.replace("label: 5,1,1", "label: 4,1,1");
  expect(() => parseTemplate(wrong)).toThrow(error.trim());
});

test("its table of outputs has a row for each kind", () => {
  const [, rows = ""] = /^\| output \|.*\n.*\n((?:\|.*\n)+)/m.exec(page) ?? [];
  const listed = [...rows.matchAll(/^\| (?:`(\w+)`|without a kind) \|/gm)].map(([, kind = "plain"]) => kind);
  expect(listed).toEqual(Object.keys(NEURONS_PER_VALUE));
});

test.each([
  ["even", 0, 1],
  ["odd", 1, 2],
])("the documented neighbours in rows with %s y match the grid", (_, y, column) => {
  const rows = [...page.matchAll(/^\| (?:in its layer|other layers) \|(.*)\|(.*)\|$/gm)];
  const listed = rows.flatMap((row) => [...(row[column] ?? "").matchAll(/`(.*?)`/g)].map(([, text]) => text ?? ""));
  const value = (term: string) => Number(/[+-]\d/.exec(term)?.[0] ?? 0);
  const offsets = listed.map((text) => text.split(",").map(value).join());
  const expected = FORWARD_SIDES.map((side) => neighbour({ x: 0, y, z: 0 }, side)).map((at) =>
    [at.x, at.y - y, at.z].join(),
  );
  expect(offsets.sort()).toEqual(expected.sort());
});
